"""What a client sent, or a whole user, goes to everybody on a topic."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.findings import Applicability, Change, Confidence, Finding, Fix, Level
from otpwise_analyzers.project.channels import (
    BROADCASTS,
    channels_in,
    event_of,
    is_as_generated,
    is_pipe,
    messages_of,
    short_name,
    topics_of,
)
from otpwise_analyzers.project.places import is_production_code
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.broadcast_payload import explicit_payload, identifier_instead
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Reference, Rule
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

_USERS = frozenset({"current_user", "user", "current_account", "current_customer", "current_member"})
_SHARED = re.compile(
    r"room|lobby|chat|thread|board|group|team|game|forum|conversation|event|document|doc\b|canvas"
)
_OWN = re.compile(r"\b(user|account|inbox|customer)s?:")


class _Shown(NamedTuple):
    """A user's struct in a payload: the pair that holds it (None for the payload itself)."""

    value: Node
    pair: Node | None


class RawBroadcast(Rule):
    name = "phoenix/raw-broadcast"
    summary = "a client's untouched payload, or a whole user, broadcast to a topic"
    impact = Impact.HIGH
    detects = (
        "In a channel's `handle_in/3`: a `broadcast` of the second argument as it came, on a topic that several users "
        "share; and a `broadcast` that carries the socket's user itself (`user: socket.assigns.current_user`)."
    )
    why = (
        "What a client sends is trusted by no one but shown by all: with the payload passed through, a client sets the "
        "name, the id or the HTML that the others see, and nothing bounds its size, which is copied to each subscriber. "
        "A schema's struct is either refused by the JSON encoder, which crashes the channel, or encoded field by "
        "field, with the e-mail address and the password's hash."
    )
    fine_when = (
        "The channel is a pipe between machines of one owner, or the struct derives its encoder with `only:`. "
        "The second is not seen from here."
    )
    trade_off = "The keys are named twice, here and where they are read; a new one must be added here too."
    fix_note = FixNote(
        writes=(
            "An explicit map with the keys that this clause matches or reads, and the sender's id from the "
            "socket."
        ),
        because=(
            "Scaffold: check that the clients read `user_id` where they read the user or a claimed name "
            "before, and no further key."
        ),
        leaves="The clients, and payloads that were made anew from known keys, which are not reported.",
    )
    references = (
        Reference(
            "Phoenix.Channel: broadcast/3", "https://hexdocs.pm/phoenix/Phoenix.Channel.html#broadcast/3"
        ),
        Reference(
            "OWASP: Excessive data exposure",
            "https://owasp.org/API-Security/editions/2019/en/0xa3-excessive-data-exposure/",
        ),
    )
    definitions = frozenset({"handle_in"})
    needles = (b"broadcast",)

    incorrect = (
        Example(
            """\
            defmodule MyAppWeb.RoomChannel do
              use Phoenix.Channel

              def handle_in("say", %{"body" => body}, socket) do
                broadcast!(socket, "said", %{body: body, «user: socket.assigns.current_user»})
                {:noreply, socket}
              end
            end
            """,
            path="lib/my_app_web/channels/room_channel.ex",
            fixed="""\
            defmodule MyAppWeb.RoomChannel do
              use Phoenix.Channel

              def handle_in("say", %{"body" => body}, socket) do
                broadcast!(socket, "said", %{body: body, user_id: socket.assigns.current_user.id})
                {:noreply, socket}
              end
            end
            """,
        ),
        Example(
            """\
            defmodule MyAppWeb.RoomChannel do
              use Phoenix.Channel

              def handle_in("say", %{"body" => body, "reply_to" => parent} = payload, socket) do
                MyApp.Messages.post_message(socket.assigns.current_user, body, parent)
                broadcast!(socket, "said", «payload»)
                {:noreply, socket}
              end
            end
            """,
            path="lib/my_app_web/channels/room_channel.ex",
            fixed="""\
            defmodule MyAppWeb.RoomChannel do
              use Phoenix.Channel

              def handle_in("say", %{"body" => body, "reply_to" => parent}, socket) do
                MyApp.Messages.post_message(socket.assigns.current_user, body, parent)

                # TODO: name all that the others may see.
                broadcast!(socket, "said", %{
                  body: body,
                  reply_to: parent,
                  user_id: socket.assigns.current_user.id
                })

                {:noreply, socket}
              end
            end
            """,
        ),
        Example(
            """\
            defmodule MyAppWeb.LobbyChannel do
              use Phoenix.Channel

              def handle_in("shout", payload, socket) do
                MyApp.Messages.create_message(payload)
                broadcast(socket, "shout", «payload»)
                {:noreply, socket}
              end
            end
            """,
            path="lib/my_app_web/channels/lobby_channel.ex",
            fixed="""\
            defmodule MyAppWeb.LobbyChannel do
              use Phoenix.Channel

              def handle_in("shout", payload, socket) do
                MyApp.Messages.create_message(payload)
                # TODO: name all that the others may see.
                broadcast(socket, "shout", %{body: payload["body"]})
                {:noreply, socket}
              end
            end
            """,
        ),
    )
    correct = (
        Example(
            """\
            defmodule MyAppWeb.RoomChannel do
              use Phoenix.Channel

              def handle_in("say", payload, socket) do
                payload = Map.take(payload, ["body"])
                broadcast!(socket, "said", payload)
                {:noreply, socket}
              end
            end
            """,
            why="the payload was rebuilt under the same name",
        ),
        Example(
            """\
            defmodule MyAppWeb.ShellChannel do
              use Phoenix.Channel

              def handle_in("input", payload, socket) do
                broadcast_from!(socket, "input", payload)
                {:noreply, socket}
              end
            end
            """,
            why="a pipe between a device and its owner, no topic that users share",
        ),
        Example(
            """\
            defmodule MyAppWeb.RoomChannel do
              use Phoenix.Channel

              def handle_in("typing", _payload, socket) do
                broadcast_from!(socket, "typing", %{user: socket.assigns.current_user.name})
                {:noreply, socket}
              end

              def handle_in("echo", payload, socket) do
                push(socket, "echo", payload)
                {:reply, {:ok, %{user: socket.assigns.current_user}}, socket}
              end
            end
            """,
            why="one field of the user, and answers that only the sender gets",
        ),
        Example(
            """\
            defmodule MyAppWeb.RoomChannel do
              use Phoenix.Channel

              def handle_in("say", %{"body" => body}, socket) do
                user = MyApp.Accounts.public(socket.assigns.current_user)
                broadcast!(socket, "said", %{body: body, user: user})
                {:noreply, socket}
              end
            end
            """,
            why="what a function made of the user is not the user",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not is_production_code(file.path):
            return
        for module in channels_in(file):
            topics = topics_of(module)
            for clause in messages_of(module):
                for call in clause.calls(*BROADCASTS):
                    payload = _payload(call)
                    if payload is None:
                        continue
                    if _is_shared(module, topics) and _is_untouched(payload, clause):
                        yield self._raw(module, clause, call, payload)
                    elif not _OWN.search(topics):
                        for shown in _users_in(payload, clause):
                            yield self._user(module, clause, shown)

    def _raw(self, module: Module, clause: Definition, call: Call, payload: Node) -> Finding:
        def build(ctx: FixContext) -> Change | None:
            return explicit_payload(ctx, module, clause, call, payload)

        return self.finding(
            payload,
            f"`{short_name(module)}` passes what the client sent{_event(clause)} on to everyone in the topic: "
            "any key, any value, any size, under anybody's name.",
            Level.HINT if is_as_generated(module) else Level.INFORMATION,
            confidence=Confidence.LIKELY,
            fixes=[Fix("Broadcast an explicit map", Applicability.SCAFFOLD, build)],
        )

    def _user(self, module: Module, clause: Definition, shown: _Shown) -> Finding:
        value = clause.file.text(shown.value)

        def build(ctx: FixContext) -> Change | None:
            return identifier_instead(ctx, module, clause, shown.value, shown.pair)

        return self.finding(
            shown.pair or shown.value,
            f"`{short_name(module)}` broadcasts the whole `{value}`{_event(clause)}: the JSON encoder sends every field "
            "of it to everyone in the topic, or crashes the channel.",
            Level.INFORMATION,
            confidence=Confidence.LIKELY,
            fixes=[Fix("Broadcast the user's id", Applicability.SCAFFOLD, build)],
        )


def _event(clause: Definition) -> str:
    event = event_of(clause)
    return f' with `"{event}"`' if event is not None else ""


def _is_shared(module: Module, topics: str) -> bool:
    """Whether several users are in the topic, to judge by its name and the channel's."""
    name = short_name(module).removesuffix("Channel").lower()
    if is_pipe(module):
        return False
    return _SHARED.search(f"{topics} {name}") is not None


def _payload(call: Call) -> Node | None:
    """What `broadcast(socket, event, payload)` or `Endpoint.broadcast(topic, event, payload)` sends."""
    if len(call.all_args) != 3 or not call.is_invocation:
        return None
    if not call.is_local and not (call.module or "").endswith(("Endpoint", "Phoenix.Channel")):
        return None
    payload = call.all_args[2]
    return None if nodes.encloses(payload, call.node) else nodes.unwrap(payload)


def _is_untouched(payload: Node, clause: Definition) -> bool:
    """Whether it is the second parameter of the clause, and bound to nothing else in between."""
    data = clause.file.data
    name = nodes.identifier(payload, data)
    if name is None or len(clause.params) < 3 or name not in _whole_names(clause.params[1], data):
        return False
    return not any(
        nodes.text_of(node, data) == name
        for match in nodes.descendants(clause.node, "binary_operator", "stab_clause")
        if (nodes.is_operator(match, "=") or match.type == "stab_clause")
        and match.start_byte > clause.params[2].end_byte
        for left in (match.child_by_field_name("left"),)
        if left is not None
        for node in (left, *nodes.descendants(left, "identifier"))
    )


def _whole_names(pattern: Node, data: bytes) -> list[str]:
    """The names under which a parameter as a whole is known."""
    if nodes.is_operator(pattern, "="):
        sides = (pattern.child_by_field_name("left"), pattern.child_by_field_name("right"))
        return [name for side in sides if side is not None for name in _whole_names(side, data)]
    name = nodes.identifier(pattern, data)
    return [name] if name is not None else []


def _users_in(payload: Node, clause: Definition) -> Iterator[_Shown]:
    if _is_user(payload, clause):
        yield _Shown(payload, None)
        return
    if payload.type != "map" or nodes.child_of_type(payload, "struct") is not None:
        return
    for content in nodes.named(payload):
        for entry in nodes.descendants(content, "pair", "binary_operator"):
            if entry.parent is None or not _is_direct(entry, payload):
                continue
            value = entry.child_by_field_name("value")
            if nodes.is_operator(entry, "=>"):
                value = entry.child_by_field_name("right")
            if value is not None and _is_user(value, clause):
                yield _Shown(value, entry)


def _is_direct(entry: Node, payload: Node) -> bool:
    """Whether a pair belongs to this map and not to one inside of it."""
    for ancestor in nodes.ancestors(entry):
        if ancestor == payload:
            return True
        if ancestor.type not in ("keywords", "map_content"):
            return False
    return False


def _is_user(value: Node, clause: Definition) -> bool:
    """`socket.assigns.current_user`, `socket.assigns[:user]`, or a variable that is just that."""
    file = clause.file
    if value.type == "identifier":
        bound = [
            right
            for match in nodes.descendants(clause.node, "binary_operator")
            if nodes.is_operator(match, "=") and match.start_byte < value.start_byte
            for left in (match.child_by_field_name("left"),)
            for right in (match.child_by_field_name("right"),)
            if left is not None and right is not None and file.text(left) == file.text(value)
        ]
        return bool(bound) and bound[-1].type != "identifier" and _is_user(bound[-1], clause)
    text = file.text(value)
    match = re.fullmatch(r"\w+\.assigns(?:\.(\w+)|\[:(\w+)\])", text)
    return match is not None and (match.group(1) or match.group(2)) in _USERS
