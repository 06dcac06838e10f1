"""An action that talks to the database itself."""

from __future__ import annotations

from collections.abc import Iterable

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.project.repo_calls import READS, TRANSACTIONS, WRITES
from otpwise_analyzers.project.roles import Role, roles_of
from otpwise_analyzers.project.web_repo_calls import (
    USUAL_SHARE,
    answers_requests,
    comes_before_actions,
    presents,
    repo_calls_by_definition,
    streams,
)
from otpwise_analyzers.rewrite.context import contexts_for
from otpwise_analyzers.rewrite.extract import extraction
from otpwise_analyzers.rules.base import Example, Impact, Reference, Rule
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

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


class RepoInWeb(Rule):
    name = "phoenix/repo-in-web"
    summary = "a controller, LiveView, channel or view that calls the repo itself"
    impact = Impact.HIGH
    detects = (
        "Calls of an Ecto repo in controllers, LiveViews, components, channels and views, one finding a "
        "function. A query while something is rendered is a warning, a write an information, a read a hint."
    )
    why = (
        "What an action does with the database is a rule of the business: who else needs it (a channel, a job, "
        "a console) writes it again, a little differently, and a test needs a connection to reach it. In a view "
        "it is worse: the query runs once for each rendered item, and for every change that a LiveView renders."
    )
    fine_when = (
        "A socket's `connect/3`, plugs and `join/3` load whom they authenticate; health checks ask `SELECT 1`; "
        "a streamed download must hold its transaction open while it answers. None of these is reported. Where "
        "more than 30 % of the controllers query, reads are taken for the project's style and only reported "
        "in the strict profile."
    )
    trade_off = "One more function and one more place to look; a context that only forwards is worth little."
    fix_note = (
        "Unsafe: moves the call into the context above its schema, with the assignments, aliases and imports that "
        "it needs, and calls it from there; writes that belong together become one `Ecto.Multi`. Names are a "
        "proposal. Not offered when something of the request (`conn`, a private function) cannot be passed."
    )
    references = (
        Reference("Phoenix: Contexts", "https://hexdocs.pm/phoenix/contexts.html"),
        Reference("Ecto.Multi", "https://hexdocs.pm/ecto/Ecto.Multi.html"),
    )

    calls = READS | WRITES | TRANSACTIONS
    needles = (b"Repo",)

    incorrect = (
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
    correct = (
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
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        # Most files are not of the web: asking for their roles is cheaper than for their calls.
        roles = {module.node.start_byte: roles_of(module) for module in file.modules}
        if not any(answers_requests(module, roles[module.node.start_byte]) for module in file.modules):
            return
        for definition, calls in repo_calls_by_definition(file):
            module = definition.module
            if module is None:
                continue
            key = module.node.start_byte
            if not answers_requests(module, roles[key]):
                continue
            if comes_before_actions(module, definition) or streams(definition):
                continue
            yield from self._judge(file, module, definition, roles[key], calls)

    def _judge(
        self,
        file: ElixirFile,
        module: Module,
        definition: Definition,
        roles: frozenset[Role],
        calls: list[Call],
    ) -> Iterable[Finding]:
        writes = [call for call in calls if call.name in WRITES | TRANSACTIONS]
        presented = presents(definition, roles)
        project_style = not writes and not presented and file.project.repo_share_of_controllers > USUAL_SHARE
        first = (writes or calls)[0]
        related = tuple(
            Related(Span(call.node.start_byte, call.node.end_byte), f"`{_written(call)}` is called here too")
            for call in calls
            if call is not first
        )
        level = Level.WARNING if presented else Level.INFORMATION if writes else Level.HINT
        message = _message(module, definition, first, presented=presented)
        fixes = () if presented else _fixes(file, definition, calls)
        yield self.finding(
            first.node, message, level, related=related, fixes=fixes, strict_only=project_style
        )


def _fixes(file: ElixirFile, definition: Definition, calls: list[Call]) -> tuple[Fix, ...]:
    at = definition.node.start_byte
    return tuple(
        Fix(f"Extract into {context}", Applicability.UNSAFE, extraction(at, context))
        for context in contexts_for(file, definition, calls)
    )


def _written(call: Call) -> str:
    return f"{call.module}.{call.name}/{call.arity}"


def _message(module: Module, definition: Definition, call: Call, *, presented: bool) -> str:
    who = f"`{module.name}.{definition.name}/{definition.arity}`"
    if presented:
        return (
            f"{who} calls `{_written(call)}` while it renders: a query for each time that it is shown. "
            "Load the data where the assigns are made."
        )
    if call.name in WRITES | TRANSACTIONS:
        return (
            f"{who} writes through `{_written(call)}` itself: whoever needs the same change elsewhere has to "
            "repeat its rules. That is a context's work."
        )
    return f"{who} reads through `{_written(call)}` itself; in a context the query would have a name."
