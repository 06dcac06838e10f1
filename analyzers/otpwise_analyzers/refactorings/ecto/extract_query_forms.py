"""Queries as they are written: keywords, pipelines, on one line and on several."""

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

          def search_users(term, page) when is_binary(term) do
            Repo.all(
              from(u in «»User,
                where: u.status == :active and ilike(u.name, ^"%#{term}%"),
                order_by: [desc: u.inserted_at],
                limit: 20,
                offset: ^((page - 1) * 20)
              )
            )
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        fixed="""\
        defmodule Shop.Accounts do
          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def search_users(term, page) when is_binary(term) do
            UserQuery.base()
            |> UserQuery.active()
            |> UserQuery.search(term)
            |> UserQuery.newest_first()
            |> UserQuery.paginate(page)
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

              @doc "Those whose `status` is `:active`."
              def active(query), do: where(query, [user: u], u.status == :active)

              @doc "Those whose `name` contains the term."
              def search(query, term) when is_binary(term) do
                where(query, [user: u], ilike(u.name, ^"%#{escape_like(term)}%"))
              end

              @doc "The newest first."
              def newest_first(query), do: order_by(query, [user: u], desc: u.inserted_at)

              @doc "One page of 20 rows, or of `per_page`; the first page is 1."
              def paginate(query, page, per_page \\\\ 20) do
                query |> limit(^per_page) |> offset(^((page - 1) * per_page))
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

          def list_users(team_id, page, per_page) do
            User
            |> where(team_id: ^team_id)
            |> where([u], is_nil(u.deleted_at) and u.role in ["admin", "owner"])
            |> order_by([u], asc: u.name)
            |> «limit»(^per_page)
            |> offset(^((page - 1) * per_page))
            |> preload(:team)
            |> Repo.all()
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others={**SHOP, "lib/shop/accounts/team.ex": TEAM},
        fixed="""\
        defmodule Shop.Accounts do
          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def list_users(team_id, page, per_page) do
            UserQuery.base()
            |> UserQuery.by_team(team_id)
            |> UserQuery.not_deleted()
            |> UserQuery.with_role_admin_or_owner()
            |> UserQuery.ordered_by_name()
            |> UserQuery.paginate(page, per_page)
            |> UserQuery.with_team()
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

              @doc "Those without `deleted_at`."
              def not_deleted(query), do: where(query, [user: u], is_nil(u.deleted_at))

              @doc "Those whose `role` is `admin` or `owner`."
              def with_role_admin_or_owner(query), do: where(query, [user: u], u.role in ["admin", "owner"])

              @doc "In the order of `name`."
              def ordered_by_name(query), do: order_by(query, [user: u], asc: u.name)

              @doc "One page of 20 rows, or of `per_page`; the first page is 1."
              def paginate(query, page, per_page \\\\ 20) do
                query |> limit(^per_page) |> offset(^((page - 1) * per_page))
              end

              @doc "With `team` loaded."
              def with_team(query), do: preload(query, :team)
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

          def busy_authors(min, since) do
            Repo.all(
              from u in User,
                join: p in assoc(u, :posts),
                «where»: u.age >= ^min and p.inserted_at > ^since,
                group_by: u.id,
                order_by: [desc: count(p.id)],
                select: %{id: u.id, name: u.name, posts: count(p.id)}
            )
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others={**SHOP, "lib/shop/blog/post.ex": POST},
        fixed="""\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def busy_authors(min, since) do
            UserQuery.base()
            |> join(:inner, [user: u], p in assoc(u, :posts), as: :post)
            |> UserQuery.with_min_age(min)
            |> where([post: p], p.inserted_at > ^since)
            |> group_by([user: u], u.id)
            |> order_by([post: p], desc: count(p.id))
            |> select([user: u, post: p], %{id: u.id, name: u.name, posts: count(p.id)})
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

              @doc "Those whose `age` is at least the given one."
              def with_min_age(query, min_age), do: where(query, [user: u], u.age >= ^min_age)
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

          def member?(team, email) do
            Repo.exists?(from u in User, where: u.team_id == ^team.id «and» u.email == ^email)
          end

          def delete_closed, do: Repo.delete_all(from(u in User, where: u.status == :closed))
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        fixed="""\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def member?(team, email) do
            UserQuery.base() |> UserQuery.by_team(team.id) |> UserQuery.by_email(email) |> Repo.exists?()
          end

          def delete_closed, do: Repo.delete_all(from(u in User, where: u.status == :closed))
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

              @doc "Those whose `email` is the given one."
              def by_email(query, email), do: where(query, [user: u], u.email == ^email)
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

          def confirmed_ids, do: Repo.all(from u in User, where: «u».confirmed == true, select: u.id)
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        fixed="""\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def confirmed_ids do
            UserQuery.base()
            |> UserQuery.confirmed()
            |> select([user: u], u.id)
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

              @doc "Those whose `confirmed` is true."
              def confirmed(query), do: where(query, [user: u], u.confirmed == true)
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

          def close_stale(team, seen_before) do
            from(u in User, «where: u.team_id == ^team.id, where: u.updated_at < ^seen_before»)
            |> Repo.update_all(set: [status: :closed])
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        fixed="""\
        defmodule Shop.Accounts do
          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def close_stale(team, seen_before) do
            UserQuery.base()
            |> UserQuery.by_team(team.id)
            |> UserQuery.updated_before(seen_before)
            |> Repo.update_all(set: [status: :closed])
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

              @doc "Those whose `updated_at` is before the given time."
              def updated_before(query, time), do: where(query, [user: u], u.updated_at < ^time)
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

          def count_users(status, opts) do
            query = from «u» in User, where: u.status == ^status and not is_nil(u.deleted_at)

            query
            |> maybe_named(opts)
            |> Repo.aggregate(:count)
          end

          defp maybe_named(query, opts) do
            Enum.reduce(opts, query, fn {:name, name}, query -> where(query, [u], u.name == ^name) end)
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

          def count_users(status, opts) do
            query = UserQuery.base() |> UserQuery.by_status(status) |> UserQuery.deleted()

            query
            |> maybe_named(opts)
            |> Repo.aggregate(:count)
          end

          defp maybe_named(query, opts) do
            Enum.reduce(opts, query, fn {:name, name}, query -> where(query, [u], u.name == ^name) end)
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

              @doc "Those whose `status` is the given one."
              def by_status(query, status), do: where(query, [user: u], u.status == ^status)

              @doc "Those with `deleted_at`."
              def deleted(query), do: where(query, [user: u], not is_nil(u.deleted_at))
            end
            """,
        },
    ),
)
