"""A LiveView that subscribes in the HTTP request, too."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial

from tree_sitter import Node

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level, Related
from otpwise_analyzers.project.places import is_production_code
from otpwise_analyzers.project.roles import Role, has_role
from otpwise_analyzers.project.subscriptions import asks, is_guarded, subscribes_itself
from otpwise_analyzers.rewrite.connected_guard import socket_of, statement_of, when_connected
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Reference, Rule
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

_NAME = re.compile(rb"(maybe_)?subscribe(_\w+)?!?")

_FEED = """\
defmodule Shop.Feed do
  @topic "orders"

  def subscribe, do: Phoenix.PubSub.subscribe(Shop.PubSub, @topic)

  def subscribe_to(order), do: listen("#{@topic}:#{order.id}")

  defp listen(topic), do: Phoenix.PubSub.subscribe(Shop.PubSub, topic)
end
"""


class SubscribeWithoutConnected(Rule):
    name = "phoenix/subscribe-without-connected"
    summary = "a LiveView's mount/3 that subscribes before the socket is connected"
    impact = Impact.MEDIUM
    detects = (
        "`subscribe` of `Phoenix.PubSub` or of an endpoint in the `mount/3` of a LiveView that does not ask "
        "`connected?/1`: directly, in a function of the same module that `mount/3` calls, or through a function of "
        "the project that subscribes."
    )
    why = (
        "`mount/3` runs twice for each page: in the HTTP request that renders the HTML, and again when the socket "
        "connects. In the request nobody handles messages: the subscription is made for nothing, its messages lie in "
        "the mailbox of a process that only answers HTTP, and every crawler makes one more."
    )
    fine_when = (
        "The LiveView is never rendered over HTTP, as one that only `live_render/3` with a socket starts"
    )
    trade_off = (
        "Between the HTML and the connection nothing is received; what is loaded in the second mount has it."
    )
    fix_note = FixNote(
        writes="The statement, and those of its kind beside it, under `if connected?(socket)`.",
        because="Safe: the first, dead rendering of a page has no process that lives to get a message.",
        leaves="A statement whose value is used, and a `mount/3` where no variable holds the socket.",
    )
    references = (
        Reference(
            "Phoenix.LiveView.connected?/1",
            "https://hexdocs.pm/phoenix_live_view/Phoenix.LiveView.html#connected?/1",
        ),
        Reference(
            "LiveView life-cycle",
            "https://hexdocs.pm/phoenix_live_view/Phoenix.LiveView.html#module-life-cycle",
        ),
    )

    definitions = frozenset({"mount"})
    needles = (b"subscribe",)

    incorrect = (
        Example(
            """\
                defmodule ShopWeb.OrdersLive do
                  use ShopWeb, :live_view

                  @impl true
                  def mount(_params, _session, socket) do
                    «Phoenix.PubSub.subscribe(Shop.PubSub, "orders")»
                    {:ok, assign(socket, :orders, Shop.Orders.list_orders())}
                  end
                end
                """,
            path="lib/shop_web/live/orders_live.ex",
            fixed="""\
                defmodule ShopWeb.OrdersLive do
                  use ShopWeb, :live_view

                  @impl true
                  def mount(_params, _session, socket) do
                    if connected?(socket), do: Phoenix.PubSub.subscribe(Shop.PubSub, "orders")
                    {:ok, assign(socket, :orders, Shop.Orders.list_orders())}
                  end
                end
                """,
        ),
        Example(
            """\
                defmodule ShopWeb.OrderLive do
                  use ShopWeb, :live_view

                  alias Shop.{Feed, Orders}
                  alias ShopWeb.Endpoint

                  def mount(%{"id" => id}, %{"user_id" => user_id}, %{assigns: _} = sock) do
                    order = Orders.get_order!(id)
                    # Whatever happens to it is shown at once.
                    «:ok = Feed.subscribe_to(order)»
                    Endpoint.subscribe("users:#{user_id}")
                    {:ok, assign(sock, order: order)}
                  end
                end
                """,
            path="lib/shop_web/live/order_live.ex",
            others={"lib/shop/feed.ex": _FEED},
            fixed="""\
                defmodule ShopWeb.OrderLive do
                  use ShopWeb, :live_view

                  alias Shop.{Feed, Orders}
                  alias ShopWeb.Endpoint

                  def mount(%{"id" => id}, %{"user_id" => user_id}, %{assigns: _} = sock) do
                    order = Orders.get_order!(id)

                    # Whatever happens to it is shown at once.
                    if connected?(sock) do
                      :ok = Feed.subscribe_to(order)
                      Endpoint.subscribe("users:#{user_id}")
                    end

                    {:ok, assign(sock, order: order)}
                  end
                end
                """,
        ),
        Example(
            """\
                defmodule ShopWeb.StockLive do
                  use Phoenix.LiveView

                  def mount(params, _session, socket) do
                    if connected?(socket), do: :timer.send_interval(1_000, self(), :tick)
                    {:ok, listen(socket, params["warehouse"])}
                  end

                  defp listen(socket, warehouse) do
                    «Phoenix.PubSub.subscribe(Shop.PubSub, "the stock of the warehouse #{warehouse}")»
                    assign(socket, :warehouse, warehouse)
                  end
                end
                """,
            path="lib/shop_web/live/stock_live.ex",
            fixed="""\
                defmodule ShopWeb.StockLive do
                  use Phoenix.LiveView

                  def mount(params, _session, socket) do
                    if connected?(socket), do: :timer.send_interval(1_000, self(), :tick)
                    {:ok, listen(socket, params["warehouse"])}
                  end

                  defp listen(socket, warehouse) do
                    if connected?(socket) do
                      Phoenix.PubSub.subscribe(Shop.PubSub, "the stock of the warehouse #{warehouse}")
                    end

                    assign(socket, :warehouse, warehouse)
                  end
                end
                """,
        ),
        Example(
            """\
                defmodule ShopWeb.TicketLive do
                  use ShopWeb, :live_view

                  def mount(%{"id" => id}, _session, socket) do
                    case «ShopWeb.Endpoint.subscribe("tickets:#{id}")» do
                      :ok -> {:ok, assign(socket, :id, id)}
                      {:error, _reason} -> {:ok, redirect(socket, to: "/")}
                    end
                  end
                end
                """,
            path="lib/shop_web/live/ticket_live.ex",
        ),
    )
    correct = (
        Example(
            """\
                defmodule ShopWeb.OrdersLive do
                  use ShopWeb, :live_view

                  def mount(_params, _session, socket) do
                    socket = assign(socket, :live?, connected?(socket))

                    if socket.assigns.live? do
                      Phoenix.PubSub.subscribe(Shop.PubSub, "orders")
                    end

                    {:ok, socket}
                  end

                  def handle_params(%{"id" => id}, _uri, socket) do
                    Phoenix.PubSub.subscribe(Shop.PubSub, "orders:#{id}")
                    {:noreply, socket}
                  end
                end
                """,
            path="lib/shop_web/live/orders_live.ex",
            why="the clause asks, if by a detour; other callbacks have reasons of their own",
        ),
        Example(
            """\
                defmodule ShopWeb.ParcelLive do
                  use ShopWeb, :live_view

                  alias Shop.Feed

                  def mount(_params, _session, socket) do
                    if connected?(socket), do: follow(socket)
                    {:ok, socket |> refollow() |> Feed.subscribe_socket()}
                  end

                  defp follow(socket), do: Phoenix.PubSub.subscribe(Shop.PubSub, socket.assigns.topic)

                  defp refollow(socket) do
                    connected?(socket) && Phoenix.PubSub.subscribe(Shop.PubSub, "parcels")
                    socket
                  end
                end
                """,
            path="lib/shop_web/live/parcel_live.ex",
            others={
                "lib/shop/feed.ex": """\
                defmodule Shop.Feed do
                  def subscribe_socket(socket) do
                    if Phoenix.LiveView.connected?(socket), do: Phoenix.PubSub.subscribe(Shop.PubSub, "a")
                    socket
                  end
                end
                """
            },
            why="helpers are called when connected, or ask themselves",
        ),
        Example(
            """\
                defmodule ShopWeb.NewsletterLive do
                  use ShopWeb, :live_view

                  def mount(%{"token" => token}, _session, socket) do
                    Shop.Newsletter.subscribe(token)
                    {:ok, assign(socket, :done, true)}
                  end
                end
                """,
            path="lib/shop_web/live/newsletter_live.ex",
            others={
                "lib/shop/newsletter.ex": """\
                defmodule Shop.Newsletter do
                  def subscribe(token), do: Shop.Repo.insert!(%Shop.Reader{token: token})
                end
                """
            },
            why="somebody subscribes to a newsletter, not a process to a topic",
        ),
        Example(
            """\
                defmodule ShopWeb.RoomChannel do
                  use Phoenix.Channel

                  def join("room:" <> id, _params, socket) do
                    ShopWeb.Endpoint.subscribe("room:#{id}")
                    {:ok, mount(id, %{}, socket)}
                  end

                  def mount(_id, _params, socket), do: socket
                end
                """,
            path="lib/shop_web/channels/room_channel.ex",
            why="a channel is always connected",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not is_production_code(file.path):
            return
        for module in file.modules:
            mounts = [clause for clause in module.clauses("mount", 3) if clause.arity == 3]
            if not mounts or not has_role(module, Role.LIVE_VIEW):
                continue
            for calls, mount in _runs(file, module, mounts):
                yield self._finding(module, calls, mount)

    def _finding(self, module: Module, calls: list[Call], mount: Definition) -> Finding:
        call = calls[0]
        definition = call.definition
        assert definition is not None
        via = "" if definition.name == "mount" else f" through `{definition.name}/{definition.arity}`"
        message = (
            f"`{module.name}.mount/3` calls `{_written(call)}`{via} in the HTTP request too, where nobody handles "
            "its messages: `mount/3` runs once for the page and once for the socket."
        )
        statement = statement_of(call.file, call.expression)
        return self.finding(
            statement or call.node,
            message,
            Level.INFORMATION,
            related=[
                Related(Span(other.node.start_byte, other.node.end_byte), f"`{_written(other)}` too")
                for other in calls[1:]
            ],
            fixes=_fixes(module, definition, calls),
        )


def _written(call: Call) -> str:
    receiver = call.module or (call.file.text(call.receiver) if call.receiver is not None else None)
    return f"{receiver}.{call.name}/{call.arity}" if receiver is not None else f"{call.name}/{call.arity}"


def _runs(
    file: ElixirFile, module: Module, mounts: list[Definition]
) -> Iterable[tuple[list[Call], Definition]]:
    """The subscriptions that `mount/3` makes, those together that are statements side by side."""
    names = [name.decode() for name in file.names if _NAME.fullmatch(name)]
    runs: list[tuple[list[Call], Definition]] = []
    last: Node | None = None
    for call in file.calls(*names):
        if call.enclosing_module is not module or call.quoted or not _subscribes(call) or is_guarded(call):
            continue
        mount = _mount_of(call, mounts)
        if mount is None:
            continue
        statement = statement_of(file, call.expression)
        before = statement.prev_named_sibling if statement is not None else None
        if last is not None and before == last:
            runs[-1][0].append(call)
        else:
            runs.append(([call], mount))
        last = statement
    return runs


def _subscribes(call: Call) -> bool:
    if subscribes_itself(call):
        return True
    module = call.module
    if module is None or not call.is_invocation or call.receiver is None:
        return False
    located = call.file.project.module(module)
    if located is not None:
        return call.name in located.facts.subscribes
    # An alias of `Phoenix.PubSub` that another file brings.
    return module == "PubSub" and call.name == "subscribe"


def _mount_of(call: Call, mounts: list[Definition]) -> Definition | None:
    """The clause of `mount/3` that makes the call: the one around it, or one that calls the function around it."""
    definition = call.definition
    if definition is None:
        return None
    if definition in mounts:
        return definition
    if asks(definition):
        return None
    for caller in call.file.calls(definition.name):
        if caller.is_local and caller.definition in mounts and caller.arity == definition.arity:
            if not is_guarded(caller):
                return caller.definition
    return None


def _fixes(module: Module, definition: Definition, calls: list[Call]) -> list[Fix]:
    file = module.file
    statements = [statement_of(file, call.expression) for call in calls]
    socket = _socket(definition)
    if socket is None or module.defines("connected?", 1) or not module.uses:
        return []
    kept = [statement for statement in statements if statement is not None]
    if len(kept) != len(calls):
        return []
    many = "Subscribe" if len(calls) > 1 else f"Call {calls[0].name}/{calls[0].arity}"
    return [
        Fix(
            f"{many} only when the socket is connected",
            Applicability.SAFE,
            partial(when_connected, definition=definition, statements=kept, socket=socket),
        )
    ]


def _socket(definition: Definition) -> str | None:
    if definition.name == "mount":
        return socket_of(definition, 2)
    names = [socket_of(definition, index) for index in range(len(definition.params))]
    return "socket" if "socket" in names else None
