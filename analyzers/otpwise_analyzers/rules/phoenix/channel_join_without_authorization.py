"""`join/3` that lets every client into every topic."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tree_sitter import Node

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level
from otpwise_analyzers.project.channels import (
    Topic,
    channels_in,
    joins_of,
    messages_of,
    reached_from,
    short_name,
    topic_of,
)
from otpwise_analyzers.project.places import is_production_code
from otpwise_analyzers.rewrite.join_authorization import guarded_join
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Reference, Rule
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.results import is_tagged, results_of

_PRIVATE_WORDS = frozenset(
    {"user", "account", "customer", "private", "conversation", "direct", "inbox", "admin"}
)
_ASKS = re.compile(
    r"verif|auth(?!or(s|_|$))|can_|_can\b|can\?|member|permi|allow|policy|token|guardian|current_|owner|check|valid|access"
)
_LOOKUP = re.compile(r"(get|fetch|find|load|one|decode|verify|check|ensure|authori[sz]e|require)\w*!")
_REGISTERS = re.compile(r"track|subscribe|monitor|register|update|start|insert")
_DELEGATES = frozenset({"super", "apply", "join", "raise", "throw", "exit", "reraise"})


class ChannelJoinWithoutAuthorization(Rule):
    name = "phoenix/channel-join-without-authorization"
    summary = "`join/3` lets every connected client into any topic"
    impact = Impact.HIGH
    detects = (
        'A `join/3` clause for a topic with a variable part (`"room:" <> room_id`) that always answers '
        "`{:ok, socket}`: nothing looks at who the client is, nothing refuses, nothing fails for a wrong id. "
        "The channel must take messages, keep the id, or carry a topic that is private by its name."
    )
    why = (
        "A topic is chosen by the client: whoever has a socket sends `phx_join` with any id and from then on reads "
        "every broadcast of that topic and may send into it. Ids are often small integers, so all rooms of a "
        "deployment are joined by a loop in the browser's console. Signing the user in on `connect/3` answers who "
        "it is, not what it may see."
    )
    fine_when = "The topic is public, as a feed of prices is, and no client can write to it."
    trade_off = (
        "One more check, often one query, for each join (not for each message). It must be repeated in mind when "
        "rights are withdrawn: a joined channel stays joined until it is closed, so broadcast a `disconnect`."
    )
    fix_note = FixNote(
        writes=(
            '`if ... do` around the body, and `{:error, %{reason: "unauthorized"}}` as the refusal. It calls '
            "the project's own check when one fits by name and parameters (`Rooms.can_access_room?/2`); else "
            "it adds `authorized?/2`, which refuses everyone until you have written it."
        ),
        because="Scaffold: who may join is the decision, and until it is made nobody may.",
        leaves=(
            "Clauses for lobbies and public topics are not reported. The socket's `connect/3` is another "
            "rule's."
        ),
    )
    references = (
        Reference(
            "Phoenix.Channel: Authorization",
            "https://hexdocs.pm/phoenix/Phoenix.Channel.html#module-authorization",
        ),
        Reference(
            "Phoenix guides: Joining Channels", "https://hexdocs.pm/phoenix/channels.html#joining-channels"
        ),
    )
    definitions = frozenset({"join"})
    needles = (b"def join",)

    incorrect = (
        Example(
            """\
            defmodule MyAppWeb.RoomChannel do
              use Phoenix.Channel

              @impl true
              def «join("room:" <> room_id, _params, socket)» do
                # the messages so far come in a push of their own
                send(self(), :after_join)
                {:ok, assign(socket, :room_id, room_id)}
              end

              @impl true
              def handle_info(:after_join, socket), do: {:noreply, socket}
            end
            """,
            path="lib/my_app_web/channels/room_channel.ex",
            fixed="""\
            defmodule MyAppWeb.RoomChannel do
              use Phoenix.Channel

              @impl true
              def join("room:" <> room_id, _params, socket) do
                if authorized?(socket, room_id) do
                  # the messages so far come in a push of their own
                  send(self(), :after_join)
                  {:ok, assign(socket, :room_id, room_id)}
                else
                  {:error, %{reason: "unauthorized"}}
                end
              end

              @impl true
              def handle_info(:after_join, socket), do: {:noreply, socket}

              # TODO: decide who may join, from the user in `socket.assigns` and the id.
              # Until then everyone is refused.
              defp authorized?(_socket, _id), do: false
            end
            """,
        ),
        Example(
            """\
            defmodule MyAppWeb.RoomChannel do
              use Phoenix.Channel

              def «join("room:" <> _id, _params, socket)», do: {:ok, socket}

              def handle_in("wave", _params, socket) do
                broadcast!(socket, "waved", %{user_id: socket.assigns.current_user.id})
                {:noreply, socket}
              end
            end
            """,
            path="lib/my_app_web/channels/room_channel.ex",
            others={
                "lib/my_app/rooms.ex": """\
                defmodule MyApp.Rooms do
                  def can_delete_room?(user, room_id), do: user.admin and room_id != "lobby"
                  def can_access_room?(user, room_id), do: room_id in user.room_ids
                end
                """,
            },
            fixed="""\
            defmodule MyAppWeb.RoomChannel do
              use Phoenix.Channel

              def join("room:" <> id, _params, socket) do
                if MyApp.Rooms.can_access_room?(socket.assigns.current_user, id) do
                  {:ok, socket}
                else
                  {:error, %{reason: "unauthorized"}}
                end
              end

              def handle_in("wave", _params, socket) do
                broadcast!(socket, "waved", %{user_id: socket.assigns.current_user.id})
                {:noreply, socket}
              end
            end
            """,
        ),
        Example(
            """\
            defmodule MyAppWeb.InboxChannel do
              use MyAppWeb, :channel

              # {:error, %{reason: "unauthorized"}} once accounts are there
              def «join("inbox:" <> owner, params, socket)» do
                if params["compact"] do
                  {:ok, %{compact: true}, socket}
                else
                  {:ok, %{owner: owner}, socket}
                end
              end
            end
            """,
            path="lib/my_app_web/channels/inbox_channel.ex",
        ),
    )
    correct = (
        Example(
            """\
            defmodule MyAppWeb.RoomChannel do
              use Phoenix.Channel

              def join("room:" <> room_id, _params, socket) do
                if MyApp.Rooms.open?(room_id) do
                  {:ok, assign(socket, :room_id, room_id)}
                else
                  {:error, %{reason: "closed"}}
                end
              end

              def handle_in("wave", _params, socket), do: {:noreply, socket}
            end
            """,
            why="a branch refuses, whatever the check is called",
        ),
        Example(
            """\
            defmodule MyAppWeb.PriceChannel do
              use Phoenix.Channel

              def join("prices:" <> _symbol, _params, socket), do: {:ok, socket}
            end
            """,
            why="a public feed: no message is taken and nothing is kept",
        ),
        Example(
            """\
            defmodule MyAppWeb.DeviceChannel do
              use Phoenix.Channel

              def join("device:" <> _id, _params, %{assigns: %{device: device}} = socket) do
                {:ok, assign(socket, :topic, device.topic)}
              end

              def handle_in("state", _params, socket), do: {:noreply, socket}
            end
            """,
            why="the id in the topic is ignored: the device comes from the authenticated socket",
        ),
        Example(
            """\
            defmodule MyAppWeb.BoardChannel do
              use Phoenix.Channel

              def join("board:" <> id, _params, socket), do: enter(id, socket)

              def handle_in("move", _params, socket), do: {:noreply, socket}

              defp enter(id, socket) do
                board = MyApp.Boards.get_board!(id)
                {:ok, assign(socket, :board, board)}
              end
            end
            """,
            why="a function of the module decides, and a lookup that raises refuses the join",
        ),
        Example(
            """\
            defmodule MyAppWeb.LobbyChannel do
              use Phoenix.Channel

              def join("lobby", _params, socket), do: {:ok, socket}
              def join("room:" <> _id, _params, _socket), do: {:error, %{reason: "use the lobby"}}

              def handle_in("wave", _params, socket), do: {:noreply, socket}
            end
            """,
            why="a fixed topic that everybody shares, and a clause that only refuses",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not is_production_code(file.path):
            return
        for module in channels_in(file):
            for clause in joins_of(module):
                topic = topic_of(clause.params[0], file.data)
                if topic is None or not _lets_everyone_in(clause):
                    continue
                if messages_of(module) or _keeps(clause, topic) or set(topic.words) & _PRIVATE_WORDS:
                    assert clause.head is not None
                    yield self.finding(
                        clause.head,
                        _message(module, clause, topic),
                        Level.WARNING,
                        fixes=[_fix(clause, topic)],
                    )


def _message(module: Module, clause: Definition, topic: Topic) -> str:
    which = f'any `"{topic.prefix}"` topic' if topic.prefix else "any topic"
    name = nodes.text_of(topic.variable, clause.file.data)
    who = (
        f"nobody compares `{name}` with the client" if not name.startswith("_") else "the id is not even read"
    )
    return f"`{short_name(module)}.join/3` lets every connected client into {which}: {who}."


def _fix(clause: Definition, topic: Topic) -> Fix:
    return Fix(
        "Refuse clients that may not join this topic",
        Applicability.SCAFFOLD,
        lambda ctx: guarded_join(ctx, clause, topic),
    )


def _lets_everyone_in(clause: Definition) -> bool:
    """Every branch answers `{:ok, ...}`, and nothing on the way asks who the client is."""
    data = clause.file.data
    if clause.guard is not None and _asks(clause.guard, data):
        return False
    if any(_asks(param, data) for param in clause.params[1:]):
        return False
    answers = results_of(clause)
    if not answers or not all(_is_ok(answer, data) for answer in answers):
        return False
    for part in reached_from(clause):
        bodies = [*part.statements, *part.clause_blocks]
        if any(_asks(body, data) or _may_refuse(body, part) for body in bodies):
            return False
    return True


def _is_ok(node: Node, data: bytes) -> bool:
    return is_tagged(node, "ok", data)


def _within(node: Node, *kinds: str) -> Iterator[Node]:
    if not kinds or node.type in kinds:
        yield node
    yield from nodes.descendants(node, *kinds)


def _called_name(call: Node, data: bytes) -> str:
    target = call.child_by_field_name("target")
    if target is not None and target.type == "dot":
        target = target.child_by_field_name("right")
    return nodes.text_of(target, data) if target is not None else ""


def _asks(node: Node, data: bytes) -> bool:
    """Whether something here has to do with who the client is."""
    for call in _within(node, "call"):
        name = _called_name(call, data)
        if name == "assigns" or _ASKS.search(name.lower()):
            return True
    for alias in _within(node, "alias"):
        if re.search(r"Auth|Guardian|Policy|Token|Permission|Bodyguard|Canada", nodes.text_of(alias, data)):
            return True
    return any(nodes.keyword_name(key, data) == "assigns" for key in _within(node, "keyword"))


def _may_refuse(node: Node, clause: Definition) -> bool:
    """Whether a branch refuses, raises, or leaves the decision to somebody else."""
    data = clause.file.data
    for atom in _within(node, "atom"):
        if nodes.atom_literal(atom, data) == "error":
            return True
    for call in _within(node, "call"):
        name = _called_name(call, data)
        if name in _DELEGATES or _LOOKUP.fullmatch(name):
            return True
    return any(_is_demanding_match(match, data) for match in _within(node, "binary_operator"))


def _is_demanding_match(match: Node, data: bytes) -> bool:
    """`{:ok, room} = fetch(id)`: a wrong id ends the join. `{:ok, _} = Presence.track(...)` asks nothing."""
    if not nodes.is_operator(match, "="):
        return False
    left, right = match.child_by_field_name("left"), match.child_by_field_name("right")
    if left is None or right is None or right.type == "identifier":
        return False
    refutable = is_tagged(left, "ok", data) or (
        left.type == "map" and nodes.child_of_type(left, "struct") is not None
    )
    if not refutable:
        return False
    return not any(_REGISTERS.search(_called_name(call, data)) for call in _within(right, "call"))


def _keeps(clause: Definition, topic: Topic) -> bool:
    """Whether the id from the topic goes into the socket's assigns."""
    data = clause.file.data
    name = nodes.text_of(topic.variable, data)
    return any(
        nodes.text_of(used, data) == name
        for call in clause.calls("assign")
        if call.arguments is not None
        for used in _within(call.arguments, "identifier")
    )
