"""The examples of phoenix/repo-in-web."""

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

_QUERYING = """\
defmodule ShopWeb.{name}Controller do
  use Phoenix.Controller

  def index(conn, _params), do: render(conn, :index, rows: Shop.Repo.all(Shop.{name}))
end
"""
_STYLE = {
    f"lib/shop_web/controllers/{name.lower()}_controller.ex": _QUERYING.replace("{name}", name)
    for name in ("Cart", "Invoice", "Parcel", "Review", "Stock")
}

INCORRECT = (
    Example(
        """\
            defmodule ShopWeb.OrderController do
              use ShopWeb, :controller

              alias Shop.Orders.Order
              alias Shop.Repo

              def show(conn, %{"id" => id}) do
                order = «Repo.get!(Order, id)»
                render(conn, :show, order: order)
              end
            end
            """,
        path="lib/shop_web/controllers/order_controller.ex",
        others={"lib/shop/repo.ex": _REPO, "lib/shop/orders/order.ex": _ORDER},
        fixed="""\
            defmodule ShopWeb.OrderController do
              use ShopWeb, :controller

              alias Shop.Orders

              def show(conn, %{"id" => id}) do
                order = Orders.get_order!(id)
                render(conn, :show, order: order)
              end
            end
            """,
        fixed_others={
            "lib/shop/orders.ex": """\
            defmodule Shop.Orders do
              @moduledoc "What the application does with orders."

              alias Shop.Orders.Order
              alias Shop.Repo

              @doc "Gets one order by its id; raises when there is none."
              def get_order!(id), do: Repo.get!(Order, id)
            end
            """
        },
    ),
    Example(
        """\
            defmodule ShopWeb.OrderController do
              def create(conn, params) do
                changeset = Order.changeset(%Order{}, params)

                case «Repo.insert(changeset)» do
                  {:ok, order} ->
                    Repo.insert!(%Receipt{kind: "order_placed", order_id: order.id})
                    Shop.Mailer.confirm(order)
                    json(conn, %{data: %{id: order.id}})
                end
              end
            end
            """,
        path="lib/shop_web/controllers/order_controller.ex",
        others={"lib/shop/repo.ex": _REPO},
        fixed="""\
            defmodule ShopWeb.OrderController do
              alias Shop.Orders

              def create(conn, params) do
                case Orders.create_order(params) do
                  {:ok, order} ->
                    json(conn, %{data: %{id: order.id}})

                  {:error, changeset} ->
                    errors = Ecto.Changeset.traverse_errors(changeset, &elem(&1, 0))
                    conn |> put_status(422) |> json(%{errors: errors})
                end
              end
            end
            """,
        fixed_others={
            "lib/shop/orders.ex": """\
            defmodule Shop.Orders do
              @moduledoc "What the application does with orders."

              alias Ecto.Multi
              alias Shop.Mailer
              alias Shop.Repo

              @doc "Creates an order."
              def create_order(params) do
                Multi.new()
                |> Multi.insert(:order, Order.changeset(%Order{}, params))
                |> Multi.insert(:receipt, fn %{order: order} ->
                  %Receipt{kind: "order_placed", order_id: order.id}
                end)
                |> Repo.transaction()
                |> case do
                  {:ok, %{order: order}} ->
                    Mailer.confirm(order)
                    {:ok, order}

                  {:error, _step, changeset, _changes} ->
                    {:error, changeset}
                end
              end
            end
            """
        },
    ),
    Example(
        """\
            defmodule ShopWeb.OrderLive do
              use Phoenix.LiveView

              alias Shop.{Orders.Order, Repo}

              @impl true
              def mount(%{"id" => id}, _session, socket) do
                {:ok, assign(socket, :order, «Repo.get!(Order, id)»)}
              end
            end
            """,
        path="lib/shop_web/live/order_live.ex",
        others={
            "lib/shop/repo.ex": _REPO,
            "lib/shop/orders/order.ex": _ORDER,
            "lib/shop/orders.ex": """\
            defmodule Shop.Orders do
              alias Shop.Orders.Order

              def fetch_order(order_id), do: Shop.Repo.get!(Order, order_id)
            end
            """,
        },
        fixed="""\
            defmodule ShopWeb.OrderLive do
              use Phoenix.LiveView

              alias Shop.Orders

              @impl true
              def mount(%{"id" => id}, _session, socket) do
                {:ok, assign(socket, :order, Orders.fetch_order(id))}
              end
            end
            """,
    ),
    Example(
        """\
            defmodule ShopWeb.OrderJSON do
              alias Shop.Repo

              def show(%{order: order}) do
                order = «Repo.preload(order, :lines)»
                %{id: order.id, lines: length(order.lines)}
              end
            end
            """,
        path="lib/shop_web/controllers/order_json.ex",
        others={"lib/shop/repo.ex": _REPO},
    ),
    Example(
        '''\
            defmodule ShopWeb.OrderComponents do
              use ShopWeb, :html

              alias Shop.Repo

              def lines(assigns) do
                ~H"""
                <ul class="lines">
                  <li :for={line <- «Repo.preload(@order, :lines)».lines}>{line.title}</li>
                </ul>
                """
              end
            end
            ''',
        path="lib/shop_web/components/order_components.ex",
        others={"lib/shop/repo.ex": _REPO},
    ),
    Example(
        """\
            <h1>Vouchers</h1>
            <%= for voucher <- «Repo.all(Shop.Voucher)» do %>
              <p class="{plain}"><%= voucher.code %></p>
            <% end %>
            """,
        path="lib/shop_web/controllers/voucher_html/index.html.heex",
        others={
            "lib/shop/repo.ex": _REPO,
            "lib/shop_web/controllers/voucher_html.ex": """\
            defmodule ShopWeb.VoucherHTML do
              use ShopWeb, :html

              alias Shop.Repo

              embed_templates("voucher_html/*")
            end
            """,
        },
    ),
    Example(
        """\
            defmodule ShopWeb.VoucherController do
              use Phoenix.Controller

              def index(conn, _params), do: render(conn, :index, vouchers: «Shop.Repo.all(Shop.Voucher)»)
            end
            """,
        path="lib/shop_web/controllers/voucher_controller.ex",
        others={"lib/shop/repo.ex": _REPO, **_STYLE},
        profile="strict",
    ),
)

CORRECT = (
    Example(
        """\
            defmodule ShopWeb.UserSocket do
              use Phoenix.Socket

              def connect(%{"token" => token}, socket, _info) do
                {:ok, id} = Phoenix.Token.verify(socket, "user", token, max_age: 86_400)
                {:ok, assign(socket, :user, Shop.Repo.get!(Shop.Accounts.User, id))}
              end
            end
            """,
        path="lib/shop_web/channels/user_socket.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="a socket loads whom it authenticates",
    ),
    Example(
        """\
            defmodule ShopWeb.OrderChannel do
              use Phoenix.Channel

              alias Shop.Orders.Order
              alias Shop.Repo

              def join("order:" <> id, _params, socket),
                do: if(may_watch?(socket.assigns.user, id), do: {:ok, socket}, else: {:error, %{}})

              defp may_watch?(user, id), do: Repo.get_by(Order, id: id, user_id: user.id) != nil
            end
            """,
        path="lib/shop_web/channels/order_channel.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="`join/3` asks the database who may come in, here through a function that only it calls",
    ),
    Example(
        """\
            defmodule ShopWeb.OrderController do
              use Phoenix.Controller

              alias Shop.Orders.Order
              alias Shop.Repo

              plug :load_order
              def show(conn, _params), do: render(conn, :show, order: conn.assigns.order)

              def profile(conn, _params),
                do: render(conn, :profile, user: Repo.preload(conn.assigns.current_user, :addresses))

              defp load_order(conn, _opts), do: assign(conn, :order, Repo.get!(Order, conn.params["id"]))
            end
            """,
        path="lib/shop_web/controllers/order_controller.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="a plug loads before the action runs, and a preload completes what one has loaded",
    ),
    Example(
        """\
            defmodule ShopWeb.HealthController do
              use Phoenix.Controller

              def show(conn, _), do: json(conn, %{up: match?({:ok, _}, Shop.Repo.query("SELECT 1"))})
            end
            """,
        path="lib/shop_web/controllers/health_controller.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="whether the database answers is no business rule",
    ),
    Example(
        """\
            defmodule ShopWeb.ExportController do
              use Phoenix.Controller

              def index(conn, _params) do
                {:ok, conn} =
                  Shop.Repo.transaction(fn ->
                    Shop.Repo.stream(Shop.Orders.Order)
                    |> Enum.reduce(send_chunked(conn, 200), &elem(chunk(&2, &1.number), 1))
                  end)

                conn
              end
            end
            """,
        path="lib/shop_web/controllers/export_controller.ex",
        others={"lib/shop/repo.ex": _REPO},
        why="the transaction must stay open while the answer is streamed",
    ),
    Example(
        """\
            defmodule ShopWeb.OrderController do
              use Phoenix.Controller

              def update(conn, %{"id" => id}) do
                repo = conn.assigns.store
                render(conn, :show, order: repo.get(id), prices: GithubRepo.all(id))
              end
            end
            """,
        path="lib/shop_web/controllers/order_controller.ex",
        others={
            "lib/shop/repo.ex": _REPO,
            "lib/shop/github_repo.ex": "defmodule GithubRepo do\n  def all(id), do: [id]\nend\n",
        },
        why="a value called repo, and a module whose name merely ends so, are no Ecto repos",
    ),
    Example(
        """\
            defmodule ShopWeb.VoucherController do
              use Phoenix.Controller

              def index(conn, _params), do: render(conn, :index, vouchers: Shop.Repo.all(Shop.Voucher))
            end
            """,
        path="lib/shop_web/controllers/voucher_controller.ex",
        others={"lib/shop/repo.ex": _REPO, **_STYLE},
        why="most controllers of this project query: that is how it is built",
    ),
    Example(
        """\
            <%!-- Shop.Repo.all(Shop.Voucher) would be a query. --%>
            <p title="{Shop.Repo.one(Shop.Voucher)}">Shop.Repo.one(Shop.Voucher)</p>
            <pre phx-no-curly-interpolation>{Shop.Repo.one(Shop.Voucher)}</pre>
            <p :for={voucher <- @vouchers}>{voucher.code}</p>
            """,
        path="lib/shop_web/live/voucher_live.html.heex",
        others={"lib/shop/repo.ex": _REPO},
        why="comments, texts and quoted attributes are no code",
    ),
    Example(
        """\
            <%= for release <- Repo.all(@project) do %>
              <li><%= release %></li>
            <% end %>
            """,
        path="lib/shop_web/snippets/releases.html.eex",
        others={"lib/shop/repo.ex": _REPO},
        why="nobody knows which module this template is compiled into, and what `Repo` means there",
    ),
)
