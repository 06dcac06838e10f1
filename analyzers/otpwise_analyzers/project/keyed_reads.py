"""Reads of one entry that callers ask a server for, although nothing about them needs the server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.project.processes import registered_name
from otpwise_analyzers.project.state_changes import WHOLE, Handling
from otpwise_analyzers.project.store_uses import Role, reads_one, uses_in
from otpwise_analyzers.project.stores import handling_of
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call, as_call
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.results import is_tagged
from otpwise_analyzers.syntax.variables import uses_of

_PURE_MODULES = frozenset({"Map", "Access"})
_PURE = frozenset({"get_in", "is_map_key", "case", "if", "unless", "is_nil", "not", "is_map"})

_CLOCKS = frozenset({"System", "DateTime", "NaiveDateTime"})


class KeyedRead(NamedTuple):
    """A clause of `handle_call/3` that answers with one entry of the map at `place`, and who asks for it.

    `variables` are those of its message, in order; `asking` are the `GenServer.call`s of the module.
    """

    handling: Handling
    place: str
    variables: tuple[str, ...]
    asking: tuple[Call, ...]

    @property
    def clause(self) -> Definition:
        return self.handling.clause

    @property
    def clients(self) -> list[Definition]:
        """The public functions in which the server is asked."""
        found = [call.definition for call in self.asking if call.definition is not None]
        return [definition for definition in found if not definition.is_private]


def keyed_reads(module: Module) -> list[KeyedRead]:
    """The clauses that only look up an entry: no change of the state, no effect, no other work."""
    found: list[KeyedRead] = []
    for clause in module.clauses("handle_call", 3):
        variables = _variables(clause)
        if variables is None or not _is_pure(clause):
            continue
        handling = handling_of(clause)
        if not handling.is_known or handling.steps or not _only_replies(handling):
            continue
        place = next((p for p in _candidates(handling) if _reads_entries(handling, p, variables)), None)
        if place is not None:
            found.append(KeyedRead(handling, place, variables, tuple(_asking(module, clause))))
    return found


def _variables(clause: Definition) -> tuple[str, ...] | None:
    """The variables of a message `{:get, key}`; None for any other message."""
    message, file = clause.params[0], clause.file
    items = nodes.named(message) if message.type == "tuple" else []
    if clause.guard is not None or len(items) < 2 or items[0].type != "atom":
        return None
    names = [nodes.identifier(item, file.data) for item in items[1:]]
    known = [name for name in names if name is not None and not name.startswith("_")]
    return tuple(known) if len(known) == len(names) == len(set(known)) else None


def _only_replies(handling: Handling) -> bool:
    data = handling.clause.file.data
    return all(
        is_tagged(result.node, "reply", data) and len(nodes.named(result.node)) == 3
        for result in handling.results
    )


def _is_pure(clause: Definition) -> bool:
    """Whether the clause does nothing but to look into maps and to branch on what it finds."""
    return all(
        _is_lookup(clause, call) or (call.is_local and _is_pure_helper(clause, call))
        for call in _calls_in(clause)
    ) and not any(
        any(nodes.descendants(statement, "anonymous_function", "sigil")) for statement in clause.statements
    )


def _calls_in(clause: Definition) -> Iterator[Call]:
    for statement in clause.statements:
        for node in (statement, *nodes.descendants(statement, "call")):
            call = as_call(clause.file, node) if node.type == "call" else None
            if call is not None:
                yield call


def _is_lookup(clause: Definition, call: Call) -> bool:
    if call.is_local:
        return call.name in _PURE and not (clause.module is not None and clause.module.defines(call.name))
    return not call.is_invocation or call.module in _PURE_MODULES


def _is_pure_helper(clause: Definition, call: Call) -> bool:
    """Whether a function of the module reads the entry of a key, and asks at most for the time beside that."""
    if clause.module is None or not reads_one(clause.file, call):
        return False
    helper = clause.module.clauses(call.name, 2)[0]
    return all(_is_lookup(helper, inner) or inner.module in _CLOCKS for inner in _calls_in(helper))


def _candidates(handling: Handling) -> list[str]:
    """The places that a clause may read: the state itself, and the fields that it names."""
    file = handling.clause.file
    fields = [place for place in handling.names.values() if place]
    for name, place in handling.names.items():
        if place != WHOLE:
            continue
        for statement in handling.clause.statements:
            for use in uses_of(name, statement, file.data):
                fields.extend(_fields_at(handling, use))
    return [WHOLE, *dict.fromkeys(fields)]


def _fields_at(handling: Handling, use: Node) -> Iterator[str]:
    file, parent = handling.clause.file, use.parent
    if parent is None:
        return
    if parent.type == "dot":
        right = parent.child_by_field_name("right")
        if right is not None:
            yield file.text(right)
    for atom in nodes.descendants(parent, "atom"):
        yield file.text(atom)[1:]


def _reads_entries(handling: Handling, place: str, variables: tuple[str, ...]) -> bool:
    """Whether of the map at a place only entries are read whose key is in the message."""
    uses = list(uses_in(handling, place))
    keyed = [use for use in uses if use.role is Role.KEYED]
    if not keyed or any(use.role not in (Role.KEYED, Role.STATE) for use in uses):
        return False
    file = handling.clause.file
    for use in keyed:
        names = {
            file.text(node)
            for node in ([use.key, *nodes.descendants(use.key, "identifier")] if use.key is not None else [])
            if node.type == "identifier"
        }
        if not names or not names <= set(variables):
            return False
    return True


def _asking(module: Module, clause: Definition) -> Iterator[Call]:
    """The calls in the module that send the message which a clause takes."""
    file, message = module.file, clause.params[0]
    items = nodes.named(message)
    for call in file.calls("call"):
        if call.module != "GenServer" or call.enclosing_module is not module or call.piped is not None:
            continue
        if len(call.args) < 2 or call.args[1].type != "tuple" or not _is_server(module, call.args[0]):
            continue
        sent = nodes.named(call.args[1])
        if len(sent) == len(items) and file.text(sent[0]) == file.text(items[0]):
            yield call


def _is_server(module: Module, node: Node) -> bool:
    """Whether a node names the module's own process."""
    if nodes.is_operator(node, "@"):
        return True
    name = module.file.module_name(node)
    return name is not None and name in (module.name, registered_name(module))
