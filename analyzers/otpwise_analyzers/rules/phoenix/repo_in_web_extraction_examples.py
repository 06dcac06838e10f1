"""Examples of phoenix/repo-in-web that show what its fix makes of the shapes that code has."""

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
    has_many(:lines, Shop.Orders.Line)
  end
end
"""
_ORDERS = """\
defmodule Shop.Orders do
  alias Shop.Orders.Order
  alias Shop.Repo

  def get_order!(id), do: Repo.get!(Order, id)
end
"""
_OTHERS = {
    "lib/shop/repo.ex": _REPO,
    "lib/shop/orders/order.ex": _ORDER,
    "lib/shop/orders.ex": _ORDERS,
}

EXTRACTIONS = (
    Example(
        """\
            defmodule ShopWeb.OrderLive do
              use Phoenix.LiveView

              alias Shop.{Orders, Repo}

              @impl true
              def handle_params(%{"id" => id}, _uri, socket) do
                order = Orders.get_order!(id) |> «Repo.preload([:lines])»
                {:noreply, assign(socket, :order, order)}
              end
            end
            """,
        path="lib/shop_web/live/order_live.ex",
        others=_OTHERS,
        fixed="""\
            defmodule ShopWeb.OrderLive do
              use Phoenix.LiveView

              alias Shop.Orders

              @impl true
              def handle_params(%{"id" => id}, _uri, socket) do
                order = Orders.get_order_with_lines!(id)
                {:noreply, assign(socket, :order, order)}
              end
            end
            """,
        fixed_others={
            "lib/shop/orders.ex": """\
            defmodule Shop.Orders do
              alias Shop.Orders.Order
              alias Shop.Repo

              def get_order!(id), do: Repo.get!(Order, id)

              @doc "As `get_order!`, with its lines loaded."
              def get_order_with_lines!(id), do: get_order!(id) |> Repo.preload([:lines])
            end
            """
        },
    ),
    Example(
        """\
            defmodule ShopWeb.OrderController do
              use Phoenix.Controller

              import Ecto.Query

              alias Shop.Orders.Order
              alias Shop.Repo

              @page 20

              def index(conn, %{"state" => state}) do
                render(conn, :index, orders: open_orders(state))
              end

              # The newest first, as the shop's window shows them.
              defp open_orders(state) do
                query = newest(where(Order, state: ^state))
                «Repo.all(query)»
              end

              defp newest(query), do: query |> order_by(desc: :id) |> limit(@page)
            end
            """,
        path="lib/shop_web/controllers/order_controller.ex",
        others=_OTHERS,
        fixed="""\
            defmodule ShopWeb.OrderController do
              use Phoenix.Controller

              alias Shop.Orders

              def index(conn, %{"state" => state}) do
                render(conn, :index, orders: Orders.open_orders(state))
              end
            end
            """,
        fixed_others={
            "lib/shop/orders.ex": """\
            defmodule Shop.Orders do
              import Ecto.Query

              alias Shop.Orders.Order
              alias Shop.Repo

              def get_order!(id), do: Repo.get!(Order, id)

              @page 20

              # The newest first, as the shop's window shows them.
              @doc "Open orders."
              def open_orders(state) do
                query = newest(where(Order, state: ^state))
                Repo.all(query)
              end

              defp newest(query), do: query |> order_by(desc: :id) |> limit(@page)
            end
            """
        },
    ),
)
