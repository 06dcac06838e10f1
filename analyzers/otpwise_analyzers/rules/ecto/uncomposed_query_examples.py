"""Modules that repeat a base, and what the fix makes of them."""

from __future__ import annotations

from otpwise_analyzers.rules.base import Example

REPO = """\
defmodule Shop.Repo do
  use Ecto.Repo, otp_app: :shop, adapter: Ecto.Adapters.Postgres
end
"""

USER = """\
defmodule Shop.Accounts.User do
  use Ecto.Schema

  schema "users" do
    field :name, :string
    field :email, :string
    field :status, :string
    field :role, :string
    field :team_id, :id
    field :deleted_at, :utc_datetime
    timestamps()
  end
end
"""

PERMISSION = """\
defmodule Shop.Permission do
  use Ecto.Schema

  schema "permissions" do
    field :room_id, :id
    field :user_id, :id
    field :role, :string
    timestamps()
  end
end
"""

INCORRECT = (
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def «list_users», do: Repo.all(from(u in User, where: is_nil(u.deleted_at), order_by: u.name))

          def count_users do
            User
            |> where([user], is_nil(user.deleted_at))
            |> Repo.aggregate(:count)
          end

          def get_user_by_email(email) do
            Repo.one(from(u in User, where: u.email == ^email and is_nil(u.deleted_at)))
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others={
            "lib/shop/repo.ex": REPO,
            "lib/shop/accounts/user.ex": USER,
        },
        fixed="""\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def list_users do
            UserQuery.base()
            |> UserQuery.not_deleted()
            |> order_by([user: u], u.name)
            |> Repo.all()
          end

          def count_users do
            UserQuery.base()
            |> UserQuery.not_deleted()
            |> Repo.aggregate(:count)
          end

          def get_user_by_email(email) do
            UserQuery.base()
            |> where([user: u], u.email == ^email)
            |> UserQuery.not_deleted()
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
              def base, do: from(u in User, as: :user)

              @doc "Those without `deleted_at`."
              def not_deleted(query), do: where(query, [user: u], is_nil(u.deleted_at))
            end
            """,
        },
    ),
    Example(
        """\
        defmodule Shop.Search do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def «names»(team_id) do
            User
            |> where(team_id: ^team_id)
            |> where([u], u.status == :active and u.role != :guest)
            |> select([u], u.name)
            |> Repo.all()
          end

          def any?(id) do
            Repo.exists?(from(u in User, where: u.team_id == ^id, where: u.status == :active))
          end

          def close(team) do
            from(u in User, where: u.status == :active, where: u.team_id == ^team.id)
            |> Repo.update_all(set: [status: :closed])
          end
        end
        """,
        path="lib/shop/search.ex",
        others={
            "lib/shop/repo.ex": REPO,
            "lib/shop/accounts/user.ex": USER,
        },
        fixed="""\
        defmodule Shop.Search do
          import Ecto.Query

          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def names(team_id) do
            UserQuery.base()
            |> UserQuery.by_team(team_id)
            |> UserQuery.active()
            |> where([u], u.role != :guest)
            |> select([u], u.name)
            |> Repo.all()
          end

          def any?(id) do
            UserQuery.base() |> UserQuery.by_team(id) |> UserQuery.active() |> Repo.exists?()
          end

          def close(team) do
            UserQuery.base()
            |> UserQuery.active()
            |> UserQuery.by_team(team.id)
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

              @doc "Those whose `status` is `:active`."
              def active(query), do: where(query, [user: u], u.status == :active)
            end
            """,
        },
    ),
    Example(
        """\
        defmodule Shop.Permissions do
          import Ecto.Query

          alias Shop.{Permission, Repo}

          def «get»(room, user) do
            Repo.one(from(p in Permission, where: p.room_id == ^room and p.user_id == ^user))
          end

          def moderator?(room_id, user_id) do
            query =
              from(p in Permission,
                where: p.user_id == ^user_id and p.room_id == ^room_id and p.role == :moderator
              )

            Repo.exists?(query)
          end

          def revoke(room, user) do
            Permission
            |> where(room_id: ^room.id, user_id: ^user.id)
            |> Repo.delete_all()
          end
        end
        """,
        path="lib/shop/permissions.ex",
        others={
            "lib/shop/repo.ex": REPO,
            "lib/shop/permission.ex": PERMISSION,
        },
        fixed="""\
        defmodule Shop.Permissions do
          import Ecto.Query

          alias Shop.PermissionQuery
          alias Shop.Repo

          def get(room, user) do
            PermissionQuery.base()
            |> PermissionQuery.by_room(room)
            |> PermissionQuery.by_user(user)
            |> Repo.one()
          end

          def moderator?(room_id, user_id) do
            query =
              PermissionQuery.base()
              |> PermissionQuery.by_user(user_id)
              |> PermissionQuery.by_room(room_id)
              |> where([permission: p], p.role == :moderator)

            Repo.exists?(query)
          end

          def revoke(room, user) do
            PermissionQuery.base()
            |> PermissionQuery.by_room(room.id)
            |> PermissionQuery.by_user(user.id)
            |> Repo.delete_all()
          end
        end
        """,
        fixed_others={
            "lib/shop/permission_query.ex": """\
            defmodule Shop.PermissionQuery do
              @moduledoc "Queries of permissions, to be composed: each function takes a query and returns one."

              import Ecto.Query

              alias Shop.Permission

              @doc "All permissions; a query calls them `:permission`."
              def base, do: from(p in Permission, as: :permission)

              @doc "Those whose `room_id` is the given one."
              def by_room(query, room_id), do: where(query, [permission: p], p.room_id == ^room_id)

              @doc "Those whose `user_id` is the given one."
              def by_user(query, user_id), do: where(query, [permission: p], p.user_id == ^user_id)
            end
            """,
        },
    ),
    Example(
        """\
        defmodule Shop.TeamMembers do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def «list»(team_id) do
            # Guests are shown elsewhere.
            User
            |> where([u], u.team_id == ^team_id and is_nil(u.deleted_at))
            |> where([u], u.role != "guest")
            |> Repo.all()
          end

          def count(team_id) do
            from(u in User, where: is_nil(u.deleted_at), where: u.team_id == ^team_id)
            |> Repo.aggregate(:count)
          end

          def named(team_id, name), do: team_id |> members() |> where(name: ^name) |> Repo.all()

          def any?(team_id) do
            Repo.exists?(from u in User, where: is_nil(u.deleted_at) and u.team_id == ^team_id)
          end

          defp members(team_id) do
            where(User, [u], is_nil(u.deleted_at) and u.team_id == ^team_id)
          end
        end
        """,
        path="lib/shop/team_members.ex",
        others={
            "lib/shop/repo.ex": REPO,
            "lib/shop/accounts/user.ex": USER,
            "lib/shop/accounts/user_query.ex": """\
            defmodule Shop.Accounts.UserQuery do
              @moduledoc "Queries of users."

              import Ecto.Query

              alias Shop.Accounts.User

              def base, do: from(u in User, as: :user)

              @doc "Those who may sign in."
              def current(query), do: where(query, [u], is_nil(u.deleted_at))
            end
            """,
        },
        fixed="""\
        defmodule Shop.TeamMembers do
          import Ecto.Query

          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def list(team_id) do
            # Guests are shown elsewhere.
            UserQuery.base()
            |> UserQuery.by_team(team_id)
            |> UserQuery.current()
            |> where([u], u.role != "guest")
            |> Repo.all()
          end

          def count(team_id) do
            UserQuery.base()
            |> UserQuery.current()
            |> UserQuery.by_team(team_id)
            |> Repo.aggregate(:count)
          end

          def named(team_id, name), do: team_id |> members() |> where(name: ^name) |> Repo.all()

          def any?(team_id) do
            UserQuery.base() |> UserQuery.current() |> UserQuery.by_team(team_id) |> Repo.exists?()
          end

          defp members(team_id) do
            UserQuery.base() |> UserQuery.current() |> UserQuery.by_team(team_id)
          end
        end
        """,
        fixed_others={
            "lib/shop/accounts/user_query.ex": """\
            defmodule Shop.Accounts.UserQuery do
              @moduledoc "Queries of users."

              import Ecto.Query

              alias Shop.Accounts.User

              def base, do: from(u in User, as: :user)

              @doc "Those who may sign in."
              def current(query), do: where(query, [u], is_nil(u.deleted_at))

              @doc "Those whose `team_id` is the given one."
              def by_team(query, team_id), do: where(query, [user: u], u.team_id == ^team_id)
            end
            """,
        },
    ),
    Example(
        """\
        defmodule Shop.Reminders do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def «due» do
            Repo.all(from u in User, where: fragment("? % 7 = 0", u.id), select: u.email)
          end

          def due_count do
            Repo.aggregate(from(u in User, where: fragment("? % 7 = 0", u.id)), :count)
          end

          def due?(id) do
            User
            |> where([u], u.id == ^id and fragment("? % 7 = 0", u.id))
            |> Repo.exists?()
          end
        end
        """,
        path="lib/shop/reminders.ex",
        others={
            "lib/shop/repo.ex": REPO,
            "lib/shop/accounts/user.ex": USER,
        },
        fixed="""\
        defmodule Shop.Reminders do
          import Ecto.Query

          alias Shop.Accounts.UserQuery
          alias Shop.Repo

          def due do
            UserQuery.base() |> UserQuery.matching() |> select([user: u], u.email) |> Repo.all()
          end

          def due_count do
            UserQuery.base() |> UserQuery.matching() |> Repo.aggregate(:count)
          end

          def due?(id) do
            UserQuery.base()
            |> where([u], u.id == ^id)
            |> UserQuery.matching()
            |> Repo.exists?()
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

              # TODO: name this for what the condition means.
              @doc "Those that fit."
              def matching(query), do: where(query, [user: u], fragment("? % 7 = 0", u.id))
            end
            """,
        },
    ),
)
