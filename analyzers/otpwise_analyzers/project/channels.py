"""Phoenix channels and sockets: which modules they are, their clauses, and the topics they join."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.project.roles import Role, has_role
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

BROADCASTS = ("broadcast", "broadcast!", "broadcast_from", "broadcast_from!")


_PIPES = re.compile(r"console|terminal|shell|serial|device|binary|stream|signal|webrtc|proxy|tunnel|socket")


class Topic(NamedTuple):
    """`"room:" <> room_id`: the fixed part, and the variable that takes the rest."""

    prefix: str
    variable: Node

    @property
    def words(self) -> list[str]:
        """The words of the fixed part: `["video", "debate"]` of `"video_debate:"`."""
        return [word for word in re.split(r"[^a-z0-9]+", self.prefix.lower()) if word]


def channels_in(file: ElixirFile) -> list[Module]:
    """The channels; a module that `use`s nothing counts by its name and its callbacks."""
    return [module for module in file.modules if has_role(module, Role.CHANNEL)]


def sockets_in(file: ElixirFile) -> list[Module]:
    """The endpoint's sockets; a module that `use`s nothing counts by its name and `connect`."""
    return [module for module in file.modules if has_role(module, Role.SOCKET)]


def joins_of(module: Module) -> list[Definition]:
    """The clauses of `join/3`."""
    return [clause for clause in module.clauses("join", 3) if clause.arity == 3 and not clause.is_private]


def topic_of(pattern: Node, data: bytes) -> Topic | None:
    """The topic that a first parameter of `join/3` matches; None when it is one fixed topic."""
    if nodes.is_operator(pattern, "="):
        for side in ("left", "right"):
            part = pattern.child_by_field_name(side)
            if part is not None and nodes.is_operator(part, "<>"):
                return topic_of(part, data)
        return None
    prefix = ""
    while nodes.is_operator(pattern, "<>"):
        left, right = pattern.child_by_field_name("left"), pattern.child_by_field_name("right")
        literal = nodes.string_literal(left, data) if left is not None else None
        if right is None or literal is None:
            return None
        prefix += literal
        pattern = right
    if pattern.type == "identifier":
        return Topic(prefix, pattern)
    return None


def messages_of(module: Module) -> list[Definition]:
    """The clauses that answer a client's message: those of `handle_in/3`, and those of a function of
    this module that `handle_in/3` hands all three of its arguments to."""
    found = [clause for clause in module.clauses("handle_in", 3) if clause.arity == 3]
    for clause in list(found):
        names = [nodes.identifier(param, clause.file.data) for param in clause.params]
        if None in names:
            continue
        for other in reached_from(clause):
            if other is not clause and other.arity == 3 and other.name != "handle_in" and other not in found:
                if _is_handed_on(clause, other.name, names):
                    found.append(other)
    return found


def _is_handed_on(clause: Definition, name: str, params: list[str | None]) -> bool:
    for call in clause.calls(name):
        if call.is_local and [nodes.identifier(arg, clause.file.data) for arg in call.all_args] == params:
            return True
    return any(captured == name for captured in _captures(clause))


def _captures(clause: Definition) -> Iterator[str]:
    """The names of local functions captured as `&name/2`."""
    data = clause.file.data
    for node in nodes.descendants(clause.node, "unary_operator"):
        operand = node.child_by_field_name("operand")
        if nodes.is_operator(node, "&") and operand is not None and nodes.is_operator(operand, "/"):
            name = nodes.identifier(operand.child_by_field_name("left"), data)
            if name is not None:
                yield name


def reached_from(clause: Definition) -> list[Definition]:
    """The clause and all clauses of its module that it calls or captures, directly or not."""
    module = clause.module
    if module is None:
        return [clause]
    found = [clause]
    names = {definition.name for definition in module.definitions if definition.name}
    for current in found:
        called = {
            (call.name, call.arity)
            for name in names
            if name.encode() in clause.file.names
            for call in current.calls(name)
            if call.is_local
        }
        for name, arity in sorted(called):
            found.extend(one for one in module.clauses(name, arity) if one not in found)
        for name in _captures(current):
            found.extend(one for one in module.clauses(name) if one not in found)
    return found


def topics_of(module: Module) -> str:
    """The fixed parts of all topics joined here, with a blank between, in lower case."""
    data = module.file.data
    found = []
    for clause in joins_of(module):
        topic = topic_of(clause.params[0], data)
        found.append(
            topic.prefix if topic is not None else nodes.string_literal(clause.params[0], data) or ""
        )
    return " ".join(found).lower()


def is_pipe(module: Module) -> bool:
    """Whether a channel carries bytes between machines of one owner (a device's console), by its names."""
    return (
        _PIPES.search(f"{topics_of(module)} {short_name(module).removesuffix('Channel').lower()}") is not None
    )


def is_as_generated(module: Module) -> bool:
    """Whether a channel is what `mix phx.gen.channel` wrote, and nobody has begun on it yet: one fixed topic,
    `"ping"` answered, `"shout"` passed on, and the check that its comment asks to be written."""
    if {definition.name for definition in module.definitions} != {"join", "handle_in", "authorized?"}:
        return False
    if any(topic_of(clause.params[0], module.file.data) is not None for clause in joins_of(module)):
        return False
    events = [event_of(clause) for clause in module.clauses("handle_in")]
    return sorted(event or "" for event in events) == ["ping", "shout"] and all(
        len(clause.statements) <= 2 for clause in module.clauses("handle_in")
    )


def event_of(clause: Definition) -> str | None:
    """`new_msg` of `handle_in("new_msg", ...)`; None for a variable."""
    return nodes.string_literal(clause.params[0], clause.file.data) if clause.params else None


def short_name(module: Module) -> str:
    """`RoomChannel` of `MyAppWeb.RoomChannel`."""
    return module.name.rpartition(".")[2]
