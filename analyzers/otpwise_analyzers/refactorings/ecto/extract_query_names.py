"""What functions and modules are called where the first name is taken."""

from __future__ import annotations

from otpwise_analyzers.refactorings.ecto.extract_query_files import SHOP
from otpwise_analyzers.rules.base import Example

EXAMPLES = (
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query, only: [from: 2]

          alias Shop.Accounts.User, as: Person
          alias Shop.Repo

          def newest(team_id, count) do
            Repo.all(
              from p in Person,
                where: p.team_id == ^team_id,
                order_by: [desc: p.inserted_at],
                «limit»: ^count,
                select: {p.id, p.name}
            )
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        fixed="""\
        defmodule Shop.Accounts do
          import Ecto.Query, only: [limit: 2, select: 3]

          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def newest(team_id, count) do
            UserQuery.base()
            |> UserQuery.by_team(team_id)
            |> UserQuery.newest_first()
            |> limit(^count)
            |> select([user: p], {p.id, p.name})
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
          alias Shop.Forms.UserQuery
          alias Shop.Repo

          def list_users(%UserQuery{} = form) do
            Repo.all(from u in User, where: u.«name» == ^form.name, where: is_nil(u.deleted_at))
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        fixed="""\
        defmodule Shop.Accounts do
          alias Shop.Forms.UserQuery
          alias Shop.Repo

          def list_users(%UserQuery{} = form) do
            Shop.Accounts.UserQuery.base()
            |> Shop.Accounts.UserQuery.by_name(form.name)
            |> Shop.Accounts.UserQuery.not_deleted()
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

              @doc "Those whose `name` is the given one."
              def by_name(query, name), do: where(query, [user: u], u.name == ^name)

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

          def list(first) do
            Repo.all(
              from u in User,
                where: u.status == ^first,
                where: u.role == "first",
                «where»: u.status == :base
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

          def list(first) do
            UserQuery.base()
            |> UserQuery.by_status(first)
            |> UserQuery.with_role_first()
            |> UserQuery.with_status_base()
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

              @doc "Those whose `status` is the given one."
              def by_status(query, status), do: where(query, [user: u], u.status == ^status)

              @doc "Those whose `role` is `first`."
              def with_role_first(query), do: where(query, [user: u], u.role == "first")

              @doc "Those whose `status` is `:base`."
              def with_status_base(query), do: where(query, [user: u], u.status == :base)
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

          def count_confirmed(team_id) do
            from(u in User, where: u.team_id == ^team_id, «where»: u.confirmed == true)
            |> Repo.aggregate(:count)
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others={
            **SHOP,
            "lib/shop/accounts/user/query.ex": """\
            defmodule Shop.Accounts.User.Query do
              import Ecto.Query

              alias Shop.Accounts.User

              def build(criteria), do: Enum.reduce(criteria, User, &compose/2)

              defp compose({:confirmed, value}, query), do: where(query, confirmed: ^value)
              defp compose({:name, name}, query), do: where(query, name: ^name)
            end
            """,
        },
        fixed="""\
        defmodule Shop.Accounts do
          alias Shop.Accounts.User
          alias Shop.Repo

          def count_confirmed(team_id) do
            User.Query.base()
            |> User.Query.by_team(team_id)
            |> User.Query.confirmed()
            |> Repo.aggregate(:count)
          end
        end
        """,
        fixed_others={
            "lib/shop/accounts/user/query.ex": """\
            defmodule Shop.Accounts.User.Query do
              import Ecto.Query

              alias Shop.Accounts.User

              def build(criteria), do: Enum.reduce(criteria, User, &compose/2)

              @doc "All users; a query calls them `:user`."
              def base, do: from(u in User, as: :user)

              @doc "Those whose `team_id` is the given one."
              def by_team(query, team_id), do: where(query, [user: u], u.team_id == ^team_id)

              @doc "Those whose `confirmed` is true."
              def confirmed(query), do: where(query, [user: u], u.confirmed == true)

              defp compose({:confirmed, value}, query), do: where(query, confirmed: ^value)
              defp compose({:name, name}, query), do: where(query, name: ^name)
            end
            """,
        },
    ),
)
