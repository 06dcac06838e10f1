"""Clauses and conditions: what gets a name, and what stays."""

from __future__ import annotations

from otpwise_analyzers.refactorings.ecto.extract_query_files import POST, SHOP, TEAM
from otpwise_analyzers.rules.base import Example

EXAMPLES = (
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def visible(term, now) do
            User
            |> where([u], is_nil(u.deleted_at) and (u.role == "admin" or u.updated_at > ^now))
            |> «or_where»([u], u.email == ^term)
            |> Repo.all()
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        fixed="""\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def visible(term, now) do
            UserQuery.base()
            |> UserQuery.not_deleted()
            |> where([u], u.role == "admin" or u.updated_at > ^now)
            |> or_where([u], u.email == ^term)
            |> Repo.all()
          end
        end
        """,
        fixed_others={
            "lib/shop/accounts/user_query.ex": """\
            defmodule Shop.Accounts.UserQuery do
              @moduledoc "Queries of users, to be composed: each function takes a query and returns one."

              import Ecto.Query

              alias Shop.Accounts.User

              @doc "All users; a query calls them `:user`."
              def base, do: from(u in User, as: :user)

              @doc "Those without `deleted_at`."
              def not_deleted(query), do: where(query, [user: u], is_nil(u.deleted_at))
            end
            """,
        },
    ),
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          @spec get_user(integer(), String.t()) :: User.t() | nil
          def get_user(team_id, prefix) do
            Repo.one(from u in User, where: u.team_id == ^team_id, «where»: like(u.email, ^(prefix <> "%")))
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        fixed="""\
        defmodule Shop.Accounts do
          alias Shop.Accounts.User
          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          @spec get_user(integer(), String.t()) :: User.t() | nil
          def get_user(team_id, prefix) do
            UserQuery.base()
            |> UserQuery.by_team(team_id)
            |> UserQuery.with_email_prefix(prefix)
            |> Repo.one()
          end
        end
        """,
        fixed_others={
            "lib/shop/accounts/user_query.ex": """\
            defmodule Shop.Accounts.UserQuery do
              @moduledoc "Queries of users, to be composed: each function takes a query and returns one."

              import Ecto.Query

              alias Shop.Accounts.User

              @doc "All users; a query calls them `:user`."
              @spec base() :: Ecto.Query.t()
              def base, do: from(u in User, as: :user)

              @doc "Those whose `team_id` is the given one."
              @spec by_team(Ecto.Queryable.t(), term()) :: Ecto.Query.t()
              def by_team(query, team_id), do: where(query, [user: u], u.team_id == ^team_id)

              @doc "Those whose `email` begins with the term."
              @spec with_email_prefix(Ecto.Queryable.t(), String.t()) :: Ecto.Query.t()
              def with_email_prefix(query, term) when is_binary(term) do
                where(query, [user: u], like(u.email, ^"#{escape_like(term)}%"))
              end

              defp escape_like(term), do: String.replace(to_string(term), ["\\\\", "%", "_"], &("\\\\" <> &1))
            end
            """,
        },
    ),
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def authors do
            from(u in User,
              as: :author,
              where: u.«confirmed» and is_nil(u.deleted_at),
              where: exists(from(p in "posts", where: parent_as(:author).id == p.user_id, select: 1))
            )
            |> Repo.all()
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        fixed="""\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def authors do
            UserQuery.base()
            |> UserQuery.confirmed()
            |> UserQuery.not_deleted()
            |> where(exists(from(p in "posts", where: parent_as(:author).id == p.user_id, select: 1)))
            |> Repo.all()
          end
        end
        """,
        fixed_others={
            "lib/shop/accounts/user_query.ex": """\
            defmodule Shop.Accounts.UserQuery do
              @moduledoc "Queries of users, to be composed: each function takes a query and returns one."

              import Ecto.Query

              alias Shop.Accounts.User

              @doc "All users; a query calls them `:author`."
              def base, do: from(u in User, as: :author)

              @doc "Those whose `confirmed` is true."
              def confirmed(query), do: where(query, [author: u], u.confirmed)

              @doc "Those without `deleted_at`."
              def not_deleted(query), do: where(query, [author: u], is_nil(u.deleted_at))
            end
            """,
        },
    ),
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def recent(ids, me) do
            query =
              from(u in User,
                where: u.id in ^ids and u.id != ^me.id and u.inserted_at > ago(30, "day"),
                «where»: u.confirmed == true and u.role not in ["bot", "guest"],
                lock: "FOR UPDATE"
              )

            Repo.all(query)
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        fixed="""\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def recent(ids, me) do
            query =
              UserQuery.base()
              |> UserQuery.by_ids(ids)
              |> UserQuery.excluding_id(me.id)
              |> UserQuery.inserted_within_30_days()
              |> UserQuery.confirmed()
              |> UserQuery.with_role_other_than_bot_or_guest()
              |> lock("FOR UPDATE")

            Repo.all(query)
          end
        end
        """,
        fixed_others={
            "lib/shop/accounts/user_query.ex": """\
            defmodule Shop.Accounts.UserQuery do
              @moduledoc "Queries of users, to be composed: each function takes a query and returns one."

              import Ecto.Query

              alias Shop.Accounts.User

              @doc "All users; a query calls them `:user`."
              def base, do: from(u in User, as: :user)

              @doc "Those whose `id` is one of the given."
              def by_ids(query, ids), do: where(query, [user: u], u.id in ^ids)

              @doc "Those whose `id` is another than the given one."
              def excluding_id(query, id), do: where(query, [user: u], u.id != ^id)

              @doc "Those whose `inserted_at` is within 30 days."
              def inserted_within_30_days(query), do: where(query, [user: u], u.inserted_at > ago(30, "day"))

              @doc "Those whose `confirmed` is true."
              def confirmed(query), do: where(query, [user: u], u.confirmed == true)

              @doc "Those whose `role` is not `bot` or `guest`."
              def with_role_other_than_bot_or_guest(query) do
                where(query, [user: u], u.role not in ["bot", "guest"])
              end
            end
            """,
        },
    ),
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def search(term), do: Repo.all(from u in User, where: «like»(u.name, ^"%#{term}%"))
        end
        """,
        path="lib/shop/accounts.ex",
        others={
            **SHOP,
            "lib/shop/repo.ex": """\
            defmodule Shop.Repo do
              use Ecto.Repo, otp_app: :shop, adapter: Ecto.Adapters.SQLite3
            end
            """,
        },
        fixed="""\
        defmodule Shop.Accounts do
          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def search(term) do
            UserQuery.base()
            |> UserQuery.search("%#{term}%")
            |> Repo.all()
          end
        end
        """,
        fixed_others={
            "lib/shop/accounts/user_query.ex": """\
            defmodule Shop.Accounts.UserQuery do
              @moduledoc "Queries of users, to be composed: each function takes a query and returns one."

              import Ecto.Query

              alias Shop.Accounts.User

              @doc "All users; a query calls them `:user`."
              def base, do: from(u in User, as: :user)

              @doc "Those whose `name` matches the pattern."
              def search(query, pattern), do: where(query, [user: u], like(u.name, ^pattern))
            end
            """,
        },
    ),
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def report(team_id, oldest, youngest) do
            Repo.all(
              from u in User,
                left_join: t in Shop.Accounts.Team,
                on: t.id == u.team_id and is_nil(t.archived_at),
                left_join: p in assoc(u, :posts),
                as: :posting,
                where: u.team_id == ^team_id and u.age < ^oldest and u.age > ^youngest,
                «where»: is_nil(p.id) or p.views > 10,
                distinct: true,
                select: [u.id, t.name, p.title]
            )
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others={**SHOP, "lib/shop/accounts/team.ex": TEAM, "lib/shop/blog/post.ex": POST},
        fixed="""\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def report(team_id, oldest, youngest) do
            UserQuery.base()
            |> join(:left, [user: u], t in Shop.Accounts.Team,
              on: t.id == u.team_id and is_nil(t.archived_at),
              as: :team
            )
            |> join(:left, [user: u], p in assoc(u, :posts), as: :posting)
            |> UserQuery.by_team(team_id)
            |> UserQuery.with_age_below(oldest)
            |> UserQuery.with_age_above(youngest)
            |> where([posting: p], is_nil(p.id) or p.views > 10)
            |> distinct(true)
            |> select([user: u, team: t, posting: p], [u.id, t.name, p.title])
            |> Repo.all()
          end
        end
        """,
        fixed_others={
            "lib/shop/accounts/user_query.ex": """\
            defmodule Shop.Accounts.UserQuery do
              @moduledoc "Queries of users, to be composed: each function takes a query and returns one."

              import Ecto.Query

              alias Shop.Accounts.User

              @doc "All users; a query calls them `:user`."
              def base, do: from(u in User, as: :user)

              @doc "Those whose `team_id` is the given one."
              def by_team(query, team_id), do: where(query, [user: u], u.team_id == ^team_id)

              @doc "Those whose `age` is less than the given one."
              def with_age_below(query, age), do: where(query, [user: u], u.age < ^age)

              @doc "Those whose `age` is more than the given one."
              def with_age_above(query, age), do: where(query, [user: u], u.age > ^age)
            end
            """,
        },
    ),
)
