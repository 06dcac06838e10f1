"""Where nothing is offered."""

from __future__ import annotations

from otpwise_analyzers.refactorings.ecto.extract_query_files import SHOP
from otpwise_analyzers.rules.base import Example

SILENT = (
    Example(
        """\
        defmodule ShopWeb.UserController do
          use Phoenix.Controller

          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def index(conn, %{"team" => team_id}) do
            render(conn, :index, users: Repo.all(from u in User, «where»: u.team_id == ^team_id))
          end
        end
        """,
        path="lib/shop_web/controllers/user_controller.ex",
        others=SHOP,
        why="the web layer: the query belongs into a context first",
    ),
    Example(
        """\
        defmodule Shop.Accounts.User do
          use Ecto.Schema

          import Ecto.Query

          alias Shop.Accounts.User

          schema "users" do
            field :name, :string
          end

          def named(name), do: from(u in User, «where»: u.name == ^name)
        end
        """,
        path="lib/shop/accounts/user.ex",
        others={**SHOP},
        why="the schema's own module composes already",
    ),
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def list_users(query, name), do: query |> «where»([u], u.name == ^name) |> Repo.all()
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        why="the query comes from elsewhere",
    ),
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def all_names(team_id) do
            Repo.all(
              from u in User,
                where: u.team_id == ^team_id,
                select: u.name,
                «union»: ^from(t in "teams", select: t.name)
            )
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        why="a union: what comes behind it is no part of the first query",
    ),
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def list_users, do: Repo.all(from u in User, «order_by»: u.name)
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        why="nothing but an order: a function says no more",
    ),
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          defmacro users(name) do
            quote do
              from(u in User, «where»: u.name == ^unquote(name))
            end
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        why="quoted code is another module's",
    ),
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def late(now) do
            Repo.all(from u in User, «where»: fragment("? + interval '1 day' < ?", u.updated_at, ^now))
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        why="what the fragment means has no name here",
    ),
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def first_of_each(team_ids) do
            Repo.all(
              from u in User,
                as: :user,
                inner_lateral_join: p in subquery(from p in "posts", limit: 1, select: %{id: p.id}),
                on: true,
                «where»: u.team_id in ^team_ids
            )
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        why="a lateral join looks back at the query by its name",
    ),
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def ranked(team_id) do
            User
            |> «windows»([u], team: [partition_by: u.team_id])
            |> where([u], u.team_id == ^team_id)
            |> Repo.all()
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        why="a window sees the rows that the conditions leave",
    ),
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def in_team(team_id), do: Repo.all(from u in User, where: u.«team_id» == ^team_id, select: u.id)
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        why="one plain equality: a function for it would not be shorter",
    ),
    Example(
        """\
        defmodule Shop.Accounts do
          import Ecto.Query

          alias Shop.Accounts.User
          alias Shop.Repo

          def list_users(opts) do
            query =
              if opts[:confirmed],
                do: from(u in User, where: u.confirmed),
                else: from(u in User, where: not u.confirmed)

            query |> «where»([u], is_nil(u.deleted_at)) |> Repo.all()
          end
        end
        """,
        path="lib/shop/accounts.ex",
        others=SHOP,
        why="the variable holds one of two queries",
    ),
)
