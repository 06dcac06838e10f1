"""An action that builds a query or a transaction itself."""

from __future__ import annotations

from collections.abc import Iterable

from tree_sitter import Node

from otpwise_analyzers.findings import Finding, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.project.roles import roles_of
from otpwise_analyzers.project.web_repo_calls import (
    USUAL_SHARE,
    answers_requests,
    comes_before_actions,
    repo_calls_by_definition,
    streams,
)
from otpwise_analyzers.rules.base import Example, Impact, Reference, Rule
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

_CLAUSES = frozenset(
    {"where", "or_where", "order_by", "select", "join", "group_by", "preload", "limit", "dynamic"}
)
# What every module of a web layer says of itself, or of its `use`.
_WEB_WORDS = (b"Web", b"Controller", b"Phoenix", b"Live", b"Channel")
_STEPS = frozenset({"new", "insert", "update", "delete", "insert_all", "update_all", "delete_all", "run"})

_REPO = """\
defmodule Shop.Repo do
  use Ecto.Repo, otp_app: :shop, adapter: Ecto.Adapters.Postgres
end
"""

_QUERYING = """\
defmodule ShopWeb.{name}Controller do
  use Phoenix.Controller

  def index(conn, _params), do: render(conn, :index, rows: Shop.Repo.all(Shop.{name}))
end
"""


class EctoInWeb(Rule):
    name = "phoenix/ecto-in-web"
    summary = "a controller, LiveView, channel or view that builds an Ecto query or Multi itself"
    impact = Impact.HIGH
    detects = (
        "`from` and the other macros of `Ecto.Query`, and `Ecto.Multi`, in functions of controllers, LiveViews, "
        "components, channels and views; one finding a function. Where the function also calls the repo, "
        "`phoenix/repo-in-web` speaks instead."
    )
    why = (
        "A query knows tables, joins and who may see which row. Built in an action it is not there for the next one, "
        "and a renamed column has to be looked for in the web layer as well. A context's function gives it a name, "
        "and a test that needs no request."
    )
    fine_when = (
        "`Ecto.Changeset` belongs to forms and is not reported. Plugs, `join/3` and `connect/3` are spared, as are "
        "projects of which more than 30 % of the controllers query; those are only reported in the strict profile."
    )
    trade_off = (
        "One more function in the context; a filter that only this page has makes its arguments longer."
    )
    no_fix = (
        "A query without its repo call is half of a function; `phoenix/repo-in-web` moves both together "
        "where the call stands beside it."
    )
    references = (
        Reference("Phoenix: Contexts", "https://hexdocs.pm/phoenix/contexts.html"),
        Reference("Ecto.Query", "https://hexdocs.pm/ecto/Ecto.Query.html"),
    )

    calls = frozenset({"from", *_CLAUSES, "new"})
    needles = _WEB_WORDS

    incorrect = (
        Example(
            """\
                defmodule ShopWeb.OrderController do
                  use ShopWeb, :controller

                  import Ecto.Query

                  alias Shop.Orders
                  alias Shop.Orders.Order

                  def index(conn, %{"state" => state}) do
                    query = «from(o in Order, where: o.state == ^state, order_by: o.id)»
                    render(conn, :index, orders: Orders.list(query))
                  end
                end
                """,
            path="lib/shop_web/controllers/order_controller.ex",
        ),
        Example(
            """\
                defmodule ShopWeb.CheckoutLive do
                  use ShopWeb, :live_view

                  alias Ecto.{Changeset, Multi}
                  alias Shop.Orders

                  def handle_event("pay", params, socket) do
                    changeset = Changeset.change(socket.assigns.order, %{paid: true})

                    «Multi.new()»
                    |> Multi.update(:order, changeset)
                    |> Multi.run(:charge, fn _repo, _changes -> Orders.charge(params) end)
                    |> Orders.commit()

                    {:noreply, socket}
                  end
                end
                """,
            path="lib/shop_web/live/checkout_live.ex",
        ),
        Example(
            """\
                defmodule ShopWeb.PickerComponent do
                  use ShopWeb, :live_component

                  require Ecto.Query
                  import Ecto.Query, only: [where: 3, limit: 2]

                  def update(assigns, socket) do
                    products = Shop.Product |> «where([p], p.shop_id == ^assigns.shop_id)» |> limit(20)
                    {:ok, assign(socket, :products, Shop.Search.run(products))}
                  end
                end
                """,
            path="lib/shop_web/live/picker_component.ex",
        ),
        Example(
            """\
                defmodule ShopWeb.VoucherController do
                  use Phoenix.Controller

                  import Ecto.Query

                  def index(conn, _params) do
                    render(conn, :index, vouchers: Shop.Vouchers.all(«from(v in "vouchers", select: v.id)»))
                  end
                end
                """,
            path="lib/shop_web/controllers/voucher_controller.ex",
            others={
                "lib/shop/repo.ex": _REPO,
                **{
                    f"lib/shop_web/controllers/{name.lower()}_controller.ex": _QUERYING.replace(
                        "{name}", name
                    )
                    for name in ("Cart", "Invoice", "Parcel", "Review", "Stock")
                },
            },
            profile="strict",
        ),
    )
    correct = (
        Example(
            """\
                defmodule ShopWeb.OrderController do
                  use ShopWeb, :controller

                  import Ecto.Query

                  alias Shop.Orders.Order

                  def index(conn, %{"state" => state}) do
                    query = from(o in Order, where: o.state == ^state)
                    render(conn, :index, orders: Shop.Repo.all(query))
                  end
                end
                """,
            path="lib/shop_web/controllers/order_controller.ex",
            others={"lib/shop/repo.ex": _REPO},
            why="the call of the repo is the finding there, and its fix takes the query along",
        ),
        Example(
            """\
                defmodule ShopWeb.ProfileLive do
                  use ShopWeb, :live_view

                  alias Ecto.Changeset
                  alias Shop.Accounts

                  def handle_event("check", %{"user" => params}, socket) do
                    changeset = Accounts.change_user(socket.assigns.user, params)
                    {:noreply, assign(socket, :name, Changeset.get_field(changeset, :name))}
                  end
                end
                """,
            path="lib/shop_web/live/profile_live.ex",
            why="a changeset is what a form is made of",
        ),
        Example(
            """\
                defmodule ShopWeb.ContactController do
                  use ShopWeb, :controller

                  import Swoosh.Email

                  def create(conn, %{"mail" => address, "days" => days}) do
                    mail = new() |> from(address) |> subject("A question")
                    shown = conn.assigns.calendar |> where(days) |> Multi.new()
                    json(conn, %{sent: mail.subject, shown: shown})
                  end

                  defp where(calendar, days), do: Map.get(calendar, days)
                end
                """,
            path="lib/shop_web/controllers/contact_controller.ex",
            why="a mail is from somebody, and a function of one's own may be called as it likes",
        ),
        Example(
            """\
                defmodule ShopWeb.OrderController do
                  use ShopWeb, :controller

                  import Ecto.Query

                  plug :scope_orders

                  def index(conn, _params), do: render(conn, :index, orders: Shop.Orders.list(conn.assigns.scope))

                  defp scope_orders(conn, _opts) do
                    assign(conn, :scope, from(o in "orders", where: o.shop_id == ^conn.assigns.shop.id))
                  end
                end
                """,
            path="lib/shop_web/controllers/order_controller.ex",
            why="a plug prepares what the actions may see",
        ),
        Example(
            """\
                defmodule Shop.Orders do
                  import Ecto.Query

                  def open, do: from(o in "orders", where: o.state == "open", select: o.id)
                end
                """,
            path="lib/shop/orders.ex",
            why="a context is where queries live",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path) or not _may_build(file):
            return
        modules = [module for module in file.modules if answers_requests(module, roles_of(module))]
        if not modules:
            return
        asking = {definition.node.start_byte for definition, _ in repo_calls_by_definition(file)}
        for module in modules:
            for definition, built in _built_in(module):
                if definition.node.start_byte in asking or streams(definition):
                    continue
                if comes_before_actions(module, definition):
                    continue
                first = built[0]
                yield self.finding(
                    first.node,
                    _message(module, definition, first),
                    Level.HINT,
                    related=[
                        Related(Span(call.node.start_byte, call.node.end_byte), "and here")
                        for call in built[1:]
                        if call.name in ("from", "new") or call.name in _CLAUSES
                    ],
                    strict_only=file.project.repo_share_of_controllers > USUAL_SHARE,
                )


def _may_build(file: ElixirFile) -> bool:
    """The cheap question: most files of a web layer only have names that mean something else there."""
    data, names = file.data, file.names
    return (
        b"from" in names
        or b"where" in names
        or b"Ecto.Query" in data
        or (b"new" in names and b"Multi" in data)
    )


def _message(module: Module, definition: Definition, call: Call) -> str:
    who = f"`{module.name}.{definition.name}/{definition.arity}`"
    if call.module == "Ecto.Multi":
        return (
            f"{who} puts a transaction together itself: what has to be written with what is a rule of the "
            "business, and belongs into a context."
        )
    return (
        f"{who} builds a query with `{call.name}` itself; a function of a context would give it a name that "
        "other callers and tests can use."
    )


def _built_in(module: Module) -> list[tuple[Definition, list[Call]]]:
    """The queries and transactions that each clause of a module builds, the outermost of nested ones."""
    found: dict[int, tuple[Definition, list[Call]]] = {}
    end = -1
    for call in module.file.calls("from", *_CLAUSES, "new"):
        definition = call.definition
        if call.enclosing_module is not module or definition is None or call.quoted:
            continue
        if call.node.start_byte < end or not (_is_query(module, call) or _is_multi(call)):
            continue
        end = call.node.end_byte
        found.setdefault(definition.node.start_byte, (definition, []))[1].append(call)
    return list(found.values())


def _is_multi(call: Call) -> bool:
    return call.name in _STEPS and call.module == "Ecto.Multi"


def _is_query(module: Module, call: Call) -> bool:
    if call.name == "new" or not call.all_args:
        return False
    if call.receiver is not None:
        return call.module == "Ecto.Query"
    if "Ecto.Query" not in module.imports or module.defines(call.name):
        return False
    if call.name == "from":
        return _is_source(call.args[0]) or not {"where", "select", "order_by", "join", "preload"}.isdisjoint(
            call.keywords
        )
    # `preload` and `limit` alone, and names such as `select`, may be others' as well.
    return call.name == "dynamic" or call.arity >= 2


def _is_source(argument: Node) -> bool:
    return nodes.is_operator(argument, "in")
