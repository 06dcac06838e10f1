"""The examples of phoenix/writes-without-transaction."""

from __future__ import annotations

from otpwise_analyzers.rules.base import Example

_REPO = """\
defmodule Shop.Repo do
  use Ecto.Repo, otp_app: :shop, adapter: Ecto.Adapters.Postgres
end
"""
_ORDER = """\
defmodule Shop.Orders.Order do
  use Ecto.Schema

  schema "orders" do
    field(:total, :integer)
  end
end
"""

INCORRECT = (
    Example(
        """\
            defmodule Shop.Orders do
              alias Shop.Orders.Order
              alias Shop.Repo

              def place_order(attrs) do
                case Repo.insert(Order.changeset(%Order{}, attrs)) do
                  {:ok, order} ->
                    # The warehouse reads these.
                    «Repo.insert!(%Shop.Orders.Pick{order_id: order.id})»
                    {:ok, order}

                  {:error, changeset} ->
                    {:error, changeset}
                end
              end
            end
            """,
        path="lib/shop/orders.ex",
        others={"lib/shop/repo.ex": _REPO, "lib/shop/orders/order.ex": _ORDER},
        fixed="""\
            defmodule Shop.Orders do
              alias Ecto.Multi
              alias Shop.Orders.Order
              alias Shop.Repo

              def place_order(attrs) do
                Multi.new()
                |> Multi.insert(:order, Order.changeset(%Order{}, attrs))
                |> Multi.insert(:pick, fn %{order: order} ->
                  %Shop.Orders.Pick{order_id: order.id}
                end)
                |> Repo.transaction()
                |> case do
                  {:ok, %{order: order}} ->
                    # The warehouse reads these.
                    {:ok, order}

                  {:error, _step, changeset, _changes} ->
                    {:error, changeset}
                end
              end
            end
            """,
    ),
    Example(
        """\
            defmodule Shop.Orders do
              import Ecto.Query

              alias Shop.Orders.{Line, Order}
              alias Shop.Repo

              def add_line(order, product) do
                line = Repo.insert!(%Line{order_id: order.id, product_id: product.id})
                «Repo.update_all(where(Order, id: ^order.id), inc: [lines: 1])»
                {:ok, line}
              end
            end
            """,
        path="lib/shop/orders.ex",
        others={"lib/shop/repo.ex": _REPO, "lib/shop/orders/order.ex": _ORDER},
        fixed="""\
            defmodule Shop.Orders do
              import Ecto.Query

              alias Shop.Orders.{Line, Order}
              alias Shop.Repo

              def add_line(order, product) do
                Repo.transaction(fn ->
                  line = Repo.insert!(%Line{order_id: order.id, product_id: product.id})
                  Repo.update_all(where(Order, id: ^order.id), inc: [lines: 1])
                  line
                end)
              end
            end
            """,
    ),
    Example(
        """\
            defmodule Shop.Orders do
              alias Shop.Orders.{Address, Order}
              alias Shop.Repo

              def place_order(order_attrs, address_attrs) do
                with {:ok, order} <- Repo.insert(Order.changeset(%Order{}, order_attrs)),
                     {:ok, _address} <-
                       «Repo.insert(Address.changeset(%Address{order_id: order.id}, address_attrs))» do
                  {:ok, order}
                end
              end
            end
            """,
        path="lib/shop/orders.ex",
        others={"lib/shop/repo.ex": _REPO, "lib/shop/orders/order.ex": _ORDER},
        fixed="""\
            defmodule Shop.Orders do
              alias Ecto.Multi
              alias Shop.Orders.{Address, Order}
              alias Shop.Repo

              def place_order(order_attrs, address_attrs) do
                Multi.new()
                |> Multi.insert(:order, Order.changeset(%Order{}, order_attrs))
                |> Multi.insert(:address, fn %{order: order} ->
                  Address.changeset(%Address{order_id: order.id}, address_attrs)
                end)
                |> Repo.transaction()
                |> case do
                  {:ok, %{order: order}} ->
                    {:ok, order}

                  {:error, _step, changeset, _changes} ->
                    {:error, changeset}
                end
              end
            end
            """,
    ),
    Example(
        """\
            defmodule Shop.Orders do
              alias Shop.Orders.{Address, Order}
              alias Shop.Repo

              def move(order, address) do
                with {:ok, order} <- Repo.update(Order.changeset(order, %{moved: true})),
                     {:ok, _address} <- «Repo.update(Address.changeset(address, %{current: true}))» do
                  {:ok, order}
                end
              end
            end
            """,
        path="lib/shop/orders.ex",
        others={
            "lib/shop/repo.ex": _REPO,
            "lib/shop/orders/order.ex": _ORDER,
            "mix.exs": """\
            defmodule Shop.MixProject do
              use Mix.Project

              def project, do: [app: :shop, version: "1.0.0", deps: deps()]
              defp deps, do: [{:ecto, "~> 3.13"}]
            end
            """,
        },
        fixed="""\
            defmodule Shop.Orders do
              alias Shop.Orders.{Address, Order}
              alias Shop.Repo

              def move(order, address) do
                Repo.transact(fn ->
                  with {:ok, order} <- Repo.update(Order.changeset(order, %{moved: true})),
                       {:ok, _address} <- Repo.update(Address.changeset(address, %{current: true})) do
                    {:ok, order}
                  end
                end)
              end
            end
            """,
    ),
)
CORRECT = (
    Example(
        """\
            defmodule Shop.Orders do
              alias Shop.Orders.Order
              alias Shop.Repo

              def save(order, attrs) do
                if order,
                  do: Repo.update(Order.changeset(order, attrs)),
                  else: Repo.insert(Order.changeset(%Order{}, attrs))
              end
            end
            """,
        path="lib/shop/orders.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="only one of the two branches runs",
    ),
    Example(
        """\
            defmodule Shop.Orders do
              alias Shop.Orders.{Line, Order}
              alias Shop.Repo

              def place(order, line), do: Repo.transaction(fn -> write(order, line) end)

              defp write(order, line) do
                order = Repo.insert!(Order.changeset(order, %{}))
                Repo.insert!(Line.changeset(line, %{order_id: order.id}))
              end
            end
            """,
        path="lib/shop/orders.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="the caller holds the transaction",
    ),
    Example(
        """\
            defmodule Shop.Orders do
              alias Shop.Orders.Order
              alias Shop.Repo

              def pay(order) do
                order = Repo.update!(Order.changeset(order, %{state: :paying}))
                {:ok, charge} = Shop.PaymentClient.charge(order.total)
                Repo.update!(Order.changeset(order, %{state: :paid, charge: charge.id}))
              end
            end
            """,
        path="lib/shop/orders.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="no transaction should be held open while another service is waited for",
    ),
    Example(
        """\
            defmodule Shop.Orders do
              import Ecto.Query

              alias Shop.Orders.{Basket, Visit}
              alias Shop.Repo

              def forget(user) do
                Repo.delete_all(where(Visit, user_id: ^user.id))
                Repo.delete_all(where(Basket, user_id: ^user.id))
              end
            end
            """,
        path="lib/shop/orders.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="bulk deletions may be repeated without harm",
    ),
    Example(
        """\
            defmodule Shop.Orders do
              alias Shop.Orders.Order
              alias Shop.Repo

              def create(attrs) do
                case Repo.insert(Order.changeset(%Order{}, attrs)) do
                  {:ok, order} -> {:ok, order}
                  {:error, changeset} -> Repo.insert(Order.rejected(changeset))
                end
              end
            end
            """,
        path="lib/shop/orders.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="the second write is made instead of the first, which failed",
    ),
    Example(
        """\
            defmodule Shop.Orders do
              alias Shop.Orders.{Carrier, Order}
              alias Shop.Repo

              def prepare(order) do
                case Repo.get(Order, order.id) do
                  nil -> Repo.insert!(order)
                  order -> order
                end

                case Repo.get_by(Carrier, order_id: order.id) do
                  nil -> Repo.insert!(%Carrier{name: "post"})
                  carrier -> carrier
                end
              end

              def discard(order, carrier) do
                with {:error, reason} <- Repo.delete(order), do: Logger.error(inspect(reason))
                with {:error, reason} <- Repo.delete(carrier), do: Logger.error(inspect(reason))
              end
            end
            """,
        path="lib/shop/orders.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="rows that are made on a condition each, and removals of which each may fail, depend on nothing",
    ),
    Example(
        """\
            defmodule Shop.Orders do
              import Ecto.Query

              alias Shop.Orders.Order
              alias Shop.Repo

              # The number is for display; not transactional, it may drift.
              def view(order) do
                Repo.update_all(where(Order, id: ^order.id), inc: [views: 1])
                Repo.insert!(%Shop.Orders.View{order_id: order.id})
              end
            end
            """,
        path="lib/shop/orders.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="the comment says that it was decided",
    ),
    Example(
        """\
            defmodule Shop.Orders do
              alias Shop.Orders.Order
              alias Shop.Repo

              def attach(attrs) do
                order = Repo.insert!(Order.changeset(%Order{}, attrs))
                Repo.update!(Order.file_changeset(order, attrs))
              end
            end
            """,
        path="lib/shop/orders.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="an upload needs the row's id, and a transaction should not wait for it",
    ),
)
