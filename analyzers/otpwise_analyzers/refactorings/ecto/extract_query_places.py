"""Where a query stands, and the comments in it."""

from __future__ import annotations

from otpwise_analyzers.refactorings.ecto.extract_query_files import SHOP, TEAM
from otpwise_analyzers.rules.base import Example

EXAMPLES = (
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def list_users(team_id) do
            from(u in User,
              # Closed accounts stay for the books.
              where: u.status != :closed,
              «where»: u.team_id == ^team_id,
              # The newest is what support asks for.
              order_by: [desc: u.inserted_at]
            )
            |> Repo.all()
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        fixed="""\
        defmodule Shop.Accounts do
          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def list_users(team_id) do
            UserQuery.base()
            # Closed accounts stay for the books.
            |> UserQuery.not_closed()
            |> UserQuery.by_team(team_id)
            # The newest is what support asks for.
            |> UserQuery.newest_first()
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

              @doc "Those whose `status` is not `:closed`."
              def not_closed(query), do: where(query, [user: u], u.status != :closed)

              @doc "Those whose `team_id` is the given one."
              def by_team(query, team_id), do: where(query, [user: u], u.team_id == ^team_id)

              @doc "The newest first."
              def newest_first(query), do: order_by(query, [user: u], desc: u.inserted_at)
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

          def fetch_user(team_id, email) do
            case «Repo.one»(
                   from u in User, where: u.team_id == ^team_id and u.email == ^email, preload: [:team]
                 ) do
              nil -> {:error, :not_found}
              user -> {:ok, user}
            end
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others={**SHOP, "lib/shop/accounts/team.ex": TEAM},
        fixed="""\
        defmodule Shop.Accounts do
          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def fetch_user(team_id, email) do
            case UserQuery.base()
                 |> UserQuery.by_team(team_id)
                 |> UserQuery.by_email(email)
                 |> UserQuery.with_team()
                 |> Repo.one() do
              nil -> {:error, :not_found}
              user -> {:ok, user}
            end
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

              @doc "Those whose `email` is the given one."
              def by_email(query, email), do: where(query, [user: u], u.email == ^email)

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

          def newest do
            Repo.all(limit(«where»(User, [u], u.status in [:active, :closed]), 5))
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

          def newest do
            UserQuery.base() |> UserQuery.active_or_closed() |> limit(5) |> Repo.all()
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

              @doc "Those whose `status` is `:active` or `:closed`."
              def active_or_closed(query), do: where(query, [user: u], u.status in [:active, :closed])
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

          def team_size(team_id) do
            {:ok,
             Repo.aggregate(
               from(u in User,
                 «where»: u.team_id == ^team_id and is_nil(u.deleted_at)
               ),
               :count,
               :id
             )}
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        fixed="""\
        defmodule Shop.Accounts do
          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def team_size(team_id) do
            {:ok,
             UserQuery.base()
             |> UserQuery.by_team(team_id)
             |> UserQuery.not_deleted()
             |> Repo.aggregate(:count, :id)}
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

          def list_users(team_id, opts) do
            query = from u in User, where: u.team_id == ^team_id and is_nil(u.deleted_at)
            notify_listed(team_id)

            query
            |> «where»([u], u.confirmed and u.age >= ^opts.min_age)
            |> order_by([u], desc: u.inserted_at)
            |> Repo.all()
          end

          defp notify_listed(team_id), do: send(self(), {:listed, team_id})
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        fixed="""\
        defmodule Shop.Accounts do
          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def list_users(team_id, opts) do
            query = UserQuery.base() |> UserQuery.by_team(team_id) |> UserQuery.not_deleted()
            notify_listed(team_id)

            query
            |> UserQuery.confirmed()
            |> UserQuery.with_min_age(opts.min_age)
            |> UserQuery.newest_first()
            |> Repo.all()
          end

          defp notify_listed(team_id), do: send(self(), {:listed, team_id})
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

              @doc "Those whose `confirmed` is true."
              def confirmed(query), do: where(query, [user: u], u.confirmed)

              @doc "Those whose `age` is at least the given one."
              def with_min_age(query, min_age), do: where(query, [user: u], u.age >= ^min_age)

              @doc "The newest first."
              def newest_first(query), do: order_by(query, [user: u], desc: u.inserted_at)
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

          def page_of_admins(page, per_page) do
            offset = (page - 1) * per_page

            query =
              from u in User,
                where: u.role == "admin",
                limit: ^per_page,
                «offset»: ^offset

            {Repo.all(query), page}
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        fixed="""\
        defmodule Shop.Accounts do
          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def page_of_admins(page, per_page) do
            query =
              UserQuery.base()
              |> UserQuery.with_role_admin()
              |> UserQuery.paginate(page, per_page)

            {Repo.all(query), page}
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

              @doc "Those whose `role` is `admin`."
              def with_role_admin(query), do: where(query, [user: u], u.role == "admin")

              @doc "One page of 20 rows, or of `per_page`; the first page is 1."
              def paginate(query, page, per_page \\\\ 20) do
                query |> limit(^per_page) |> offset(^((page - 1) * per_page))
              end
            end
            """,
        },
    ),
)
