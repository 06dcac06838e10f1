"""A channel that broadcasts or writes whatever comes, as fast as it comes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tree_sitter import Node

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level
from otpwise_analyzers.project.channels import (
    BROADCASTS,
    channels_in,
    event_of,
    is_pipe,
    messages_of,
    reached_from,
    short_name,
)
from otpwise_analyzers.project.places import is_production_code
from otpwise_analyzers.project.roles import is_web_name
from otpwise_analyzers.rewrite.message_limit import limited_messages
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Reference, Rule
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

_REPO_WRITES = (
    *("insert", "insert!", "update", "update!", "delete", "delete!", "insert_or_update", "insert_or_update!"),
    *("insert_all", "update_all", "delete_all", "transaction", "transact"),
)
_CONTEXT_WRITE = re.compile(
    r"(create|insert|update|delete|add|post|send|save|remove|register|publish|store)_\w+!?"
)
_WORDS = re.compile(r"[a-z]+|[A-Z][a-z]*")
_LIMITER_WORDS = frozenset(
    [
        "rate",
        "rates",
        "rated",
        "ratelimit",
        "ratelimiter",
        "limiter",
        "limited",
        "throttle",
        "throttled",
        "throttler",
        "throttling",
        "hammer",
        "quota",
        "flood",
        "debounce",
        "debounced",
    ]
)


class UnlimitedChannelMessages(Rule):
    name = "phoenix/unlimited-channel-messages"
    summary = "a channel that broadcasts or writes as fast as a client can send"
    impact = Impact.HIGH
    detects = (
        "Once for each channel: a `handle_in/3` that broadcasts or writes to the database, itself or through functions "
        "of its module, when nothing in the module speaks of a rate, a limit, a throttle or a quota."
    )
    why = (
        "A WebSocket has no limit of its own: a script in the browser's console sends thousands of messages a second. "
        "Each is copied to every subscriber of the topic, so 1,000 messages in a room of 500 are 500,000 pushes, and "
        "each write holds one of the (by default 10) database connections. One client is enough to make all wait."
    )
    fine_when = (
        "The clients are your own devices or services, or a proxy in front counts WebSocket frames. "
        "A limiter has to reset, though: a `rate_limited?` that compares a count which nothing ever sets back silences "
        "a client for good after its fifth message."
    )
    trade_off = (
        "A client that is truly fast (drawing, typing, moving a cursor) is cut off unless its events have a limit of "
        "their own. A count in the socket is for one connection; a client may open several. Hammer counts by user."
    )
    fix_note = FixNote(
        writes=(
            "One `handle_in/3` that counts each message in a fixed window (`System.monotonic_time/1`, kept in "
            "the socket's assigns, five in a second until you decide) and hands on to the clauses as they "
            'were, or replies `{:error, %{reason: "rate_limited"}}`. The window really starts anew. With '
            "Hammer among the dependencies it counts with Hammer, by user where the socket has one."
        ),
        because="Scaffold: how many in which time is marked for you. A client that gets the reply has to know it.",
        leaves=(
            "The clauses themselves. Counted by socket, one user with ten tabs has ten windows; only Hammer's "
            "form counts by user. Not offered with `@decorate` or defaults on the clauses."
        ),
    )
    references = (
        Reference(
            "Phoenix.Channel: handle_in/3", "https://hexdocs.pm/phoenix/Phoenix.Channel.html#c:handle_in/3"
        ),
        Reference("Hammer", "https://hexdocs.pm/hammer/readme.html"),
    )
    definitions = frozenset({"handle_in"})

    incorrect = (
        Example(
            """\
            defmodule MyAppWeb.RoomChannel do
              use Phoenix.Channel

              @impl true
              def «handle_in("say", %{"body" => body}, socket)» do
                broadcast!(socket, "said", %{body: body})
                {:noreply, socket}
              end

              @impl true
              def handle_in("ping", _params, socket), do: {:reply, :ok, socket}

              @impl true
              def handle_info(:tick, socket), do: {:noreply, socket}
            end
            """,
            path="lib/my_app_web/channels/room_channel.ex",
            fixed="""\
            defmodule MyAppWeb.RoomChannel do
              use Phoenix.Channel

              # TODO: how many messages one client may send in a window of this length.
              @max_messages 5
              @rate_window_ms 1_000

              @impl true
              def handle_in(event, payload, socket) do
                case count_message(socket) do
                  {:ok, socket} -> on_event(event, payload, socket)
                  :rate_limited -> {:reply, {:error, %{reason: "rate_limited"}}, socket}
                end
              end

              defp on_event("say", %{"body" => body}, socket) do
                broadcast!(socket, "said", %{body: body})
                {:noreply, socket}
              end

              defp on_event("ping", _params, socket), do: {:reply, :ok, socket}

              @impl true
              def handle_info(:tick, socket), do: {:noreply, socket}

              # A fixed window for each socket: once it is over, the count starts anew.
              defp count_message(socket) do
                now = System.monotonic_time(:millisecond)
                {started, count} = Map.get(socket.assigns, :rate_window, {now, 0})

                cond do
                  now - started >= @rate_window_ms -> {:ok, assign(socket, :rate_window, {now, 1})}
                  count < @max_messages -> {:ok, assign(socket, :rate_window, {started, count + 1})}
                  true -> :rate_limited
                end
              end
            end
            """,
        ),
        Example(
            """\
            defmodule MyAppWeb.NoteChannel do
              use Phoenix.Channel

              alias MyApp.Notes

              def «handle_in("save", params, socket)», do: save(params, socket)

              defp save(params, socket) do
                {:ok, note} = Notes.create_note(socket.assigns.current_user, params)
                {:reply, {:ok, %{id: note.id}}, socket}
              end
            end
            """,
            path="lib/my_app_web/channels/note_channel.ex",
            others={
                "lib/my_app/notes.ex": """\
                defmodule MyApp.Notes do
                  def create_note(user, params), do: {:ok, Map.put(params, :id, user.id)}
                end
                """,
                "mix.exs": """\
                defmodule MyApp.MixProject do
                  use Mix.Project

                  def project, do: [app: :my_app, version: "0.1.0", deps: deps()]

                  defp deps, do: [{:phoenix, "~> 1.7"}, {:hammer, "~> 6.1"}]
                end
                """,
            },
            fixed="""\
            defmodule MyAppWeb.NoteChannel do
              use Phoenix.Channel

              alias MyApp.Notes

              # TODO: how many messages one client may send in a window of this length.
              @max_messages 5
              @rate_window_ms 1_000

              def handle_in(event, payload, socket) do
                case count_message(socket) do
                  {:ok, socket} -> on_event(event, payload, socket)
                  :rate_limited -> {:reply, {:error, %{reason: "rate_limited"}}, socket}
                end
              end

              defp on_event("save", params, socket), do: save(params, socket)

              defp save(params, socket) do
                {:ok, note} = Notes.create_note(socket.assigns.current_user, params)
                {:reply, {:ok, %{id: note.id}}, socket}
              end

              defp count_message(socket) do
                bucket = "channel_messages:#{socket.assigns.current_user.id}"

                case Hammer.check_rate(bucket, @rate_window_ms, @max_messages) do
                  {:allow, _count} -> {:ok, socket}
                  _denied -> :rate_limited
                end
              end
            end
            """,
        ),
        Example(
            """\
            defmodule MyAppWeb.RoomChannel do
              # Says it to everyone.
              def «handle_in("say", %{"body" => body}, socket)» do
                MyAppWeb.Endpoint.broadcast("room:1", "said", %{body: body})
                {:noreply, socket}
              end
            end
            """,
            path="lib/my_app_web/channels/room_channel.ex",
        ),
    )
    correct = (
        Example(
            """\
            defmodule MyAppWeb.RoomChannel do
              use Phoenix.Channel

              alias MyAppWeb.RateLimit

              def handle_in("say", %{"body" => body}, socket) do
                with :ok <- RateLimit.check(socket) do
                  broadcast!(socket, "said", %{body: body})
                  {:noreply, socket}
                end
              end
            end
            """,
            path="lib/my_app_web/channels/room_channel.ex",
            why="a limiter, to judge by its name",
        ),
        Example(
            """\
            defmodule MyAppWeb.RoomChannel do
              use Phoenix.Channel

              def handle_in("recent", %{"limit" => limit}, socket) do
                {:reply, {:ok, %{messages: MyApp.Messages.list_recent(limit)}}, socket}
              end
            end
            """,
            path="lib/my_app_web/channels/room_channel.ex",
            why="only reads and answers the one who asked",
        ),
        Example(
            """\
            defmodule MyAppWeb.DeviceConsoleChannel do
              use Phoenix.Channel

              def handle_in("keys", payload, socket) do
                MyAppWeb.Endpoint.broadcast("device:#{socket.assigns.device_id}", "keys", payload)
                {:noreply, socket}
              end
            end
            """,
            path="lib/my_app_web/channels/device_console_channel.ex",
            why="a byte pipe to one's own device: a limit would swallow keys",
        ),
        Example(
            """\
            defmodule MyAppWeb.SearchChannel do
              use Phoenix.Channel

              def handle_in("state:blur", _params, socket) do
                Process.send_after(self(), :blurred, 500)
                {:noreply, socket}
              end
            end
            """,
            path="lib/my_app_web/channels/search_channel.ex",
            why="`send_after` writes nothing, as no function of a library does here",
        ),
        Example(
            """\
            defmodule MyApp.Relay do
              use GenServer

              def handle_in(event, payload, socket) do
                MyAppWeb.Endpoint.broadcast(event, "relayed", payload)
                {:noreply, socket}
              end

              def init(opts), do: {:ok, opts}
            end
            """,
            why="no channel",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not is_production_code(file.path):
            return
        for module in channels_in(file):
            if _has_limiter(module) or is_pipe(module):
                continue
            clauses = messages_of(module)
            found = next(((c, does) for c in clauses if (does := _effect(c)) is not None), None)
            if found is not None and found[0].head is not None:
                clause, does = found
                yield self.finding(
                    clause.head or clause.node,
                    _message(module, clause, does),
                    Level.HINT,
                    fixes=[_fix(module)],
                )


def _fix(module: Module) -> Fix:
    return Fix(
        "Limit how many messages one client may send",
        Applicability.SCAFFOLD,
        lambda ctx: limited_messages(ctx, module),
    )


def _message(module: Module, clause: Definition, does: str) -> str:
    event = event_of(clause)
    what = f'`"{event}"`' if event is not None else "every message"
    return (
        f"`{short_name(module)}` {does} on {what} as fast as a client sends: "
        "nothing in the module counts, so one client can keep all others waiting."
    )


def _effect(clause: Definition) -> str | None:
    """What answering a message does to others: `broadcasts`, `writes`, or None."""
    file = clause.file
    for part in reached_from(clause):
        for call in part.calls(*BROADCASTS):
            if call.is_invocation and len(call.all_args) >= 2:
                return "broadcasts"
        for call in part.calls(*_REPO_WRITES):
            if call.is_invocation and _is_repo(file, call.module):
                return "writes to the database"
        for node in nodes.descendants(part.node, "dot"):
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if left is None or right is None or left.type != "alias" or right.type != "identifier":
                continue
            if _CONTEXT_WRITE.fullmatch(file.text(right)) and _is_context(file, left, file.text(right)):
                return f"calls `{file.text(left)}.{file.text(right)}`"
    return None


def _is_context(file: ElixirFile, module: Node, function: str) -> bool:
    """Whether a function is the project's own, outside of its web layer."""
    name = file.module_name(module)
    if name is None or is_web_name(name):
        return False
    return file.project.function(name, function) is not None


def _is_repo(file: ElixirFile, module: str | None) -> bool:
    return bool(file.project.is_repo(module))


def _has_limiter(module: Module) -> bool:
    """Whether a name in the module (no comment, no string) speaks of a limit."""
    file = module.file
    for node in nodes.descendants(module.node, "identifier", "alias", "atom"):
        words = {word.lower() for word in _WORDS.findall(file.text(node))}
        if words & _LIMITER_WORDS or ("limit" in words and len(words) > 1):
            return True
        if {"ex", "rated"} <= words or {"plug", "attack"} <= words:
            return True
    return any("limit" in used.lower() or "throttl" in used.lower() for used in module.all_uses)
