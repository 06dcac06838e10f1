"""Where the code of a store names its state and its map, and what it does with them there."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.project.state_changes import WHOLE, Handling
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call, as_call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.variables import uses_of

_KEYED = frozenset({"get", "fetch", "has_key?", "fetch!", "get_lazy"})
_PLAIN = frozenset({"atom", "integer", "string", "boolean", "identifier", "tuple", "alias"})


class Role(StrEnum):
    """What is done with the map, or with the state that holds it, where it is named."""

    STATE = "state"
    STEP = "step"
    KEYED = "keyed"
    WHOLE = "whole"
    UNKNOWN = "unknown"


class Use(NamedTuple):
    """One place. `node` is the map (`state.entries`, or the variable itself), `variable` the name in it.

    A keyed use reads the entry of `key` alone; for `get_in(state, [:entries, key])` `node` is the whole call.
    """

    role: Role
    variable: Node
    node: Node
    key: Node | None = None


def uses_in(handling: Handling, place: str) -> Iterator[Use]:
    """Every place in a clause's body where the state or the map at `place` is named, in source order."""
    clause = handling.clause
    data = clause.file.data
    found: list[Use] = []
    for name, at in handling.names.items():
        for statement in clause.statements:
            for variable in uses_of(name, statement, data):
                if _is_bound_here(variable):
                    continue
                if at is None:
                    found.append(Use(Role.UNKNOWN, variable, variable))
                elif at == WHOLE:
                    found.append(_of_state(handling, place, variable))
                elif at == place:
                    found.append(_of_map(handling, place, variable, variable))
    yield from sorted(found, key=lambda use: use.variable.start_byte)


def is_plain(node: Node) -> bool:
    """Whether an expression may be written twice: variables and literals."""
    return node.type in _PLAIN and not any(nodes.descendants(node, "call", "interpolation"))


def _is_bound_here(variable: Node) -> bool:
    """Whether it is the left side of an assignment."""
    parent = variable.parent
    return (
        parent is not None
        and nodes.is_operator(parent, "=")
        and parent.child_by_field_name("left") == variable
    )


def _of_state(handling: Handling, place: str, variable: Node) -> Use:
    file, parent = handling.clause.file, variable.parent
    if parent is not None and parent.type == "dot" and parent.child_by_field_name("left") == variable:
        right, call = parent.child_by_field_name("right"), parent.parent
        if right is None or call is None or call.type != "call" or place == WHOLE:
            return Use(Role.UNKNOWN, variable, variable)
        if file.text(right) != place:
            return Use(Role.STATE, variable, variable)
        return _of_map(handling, place, variable, call)
    if parent is not None and parent.type == "access_call" and place != WHOLE:
        key = parent.child_by_field_name("key")
        if parent.child_by_field_name("target") == variable and key is not None and key.type == "atom":
            if file.text(key) != f":{place}":
                return Use(Role.STATE, variable, variable)
            return _of_map(handling, place, variable, parent)
    if place == WHOLE:
        return _of_map(handling, place, variable, variable)
    if path := _path_read(file, variable, place):
        return Use(Role.KEYED, variable, path[0], path[1])
    named = _field_call(file, variable)
    if named is not None and named[1] == place and named[0].name in ("get", "fetch!"):
        return _of_map(handling, place, variable, named[0].expression)
    if named is not None and (named[1] != place or named[0].name == "put"):
        return Use(Role.STATE, variable, variable)
    if _is_result(handling, variable) or _is_updated(variable) or _is_in_step(handling, place, variable):
        return Use(Role.STATE, variable, variable)
    if _is_handed_to_others(handling, place, variable):
        return Use(Role.STATE, variable, variable)
    return Use(Role.UNKNOWN, variable, variable)


def _field_call(file: ElixirFile, variable: Node) -> tuple[Call, str] | None:
    """The call and the field of `Map.put(state, :field, ...)`, `Map.get(state, :field)` and their like."""
    parent = variable.parent
    node = parent.parent if parent is not None and parent.type == "arguments" else parent
    call = as_call(file, node) if node is not None else None
    if call is None or call.module != "Map" or len(call.all_args) < 2 or call.all_args[0] != variable:
        return None
    field = nodes.atom_literal(call.all_args[1], file.data) if call.all_args[1].type == "atom" else None
    return (call, field) if field is not None else None


def _is_handed_to_others(handling: Handling, place: str, variable: Node) -> bool:
    """Whether the state is given to a function of the module that reads other fields of it, and nothing else."""
    file, arguments, module = handling.clause.file, variable.parent, handling.clause.module
    node = arguments.parent if arguments is not None and arguments.type == "arguments" else None
    call = as_call(file, node) if node is not None else None
    if module is None or call is None or not call.is_local or variable not in call.args:
        return False
    clauses = module.clauses(call.name, len(call.args))
    param = clauses[0].params[call.args.index(variable)] if len(clauses) == 1 else None
    name = nodes.identifier(param, file.data)
    if name is None or clauses[0].guard is not None:
        return False
    return all(
        use.parent is not None
        and use.parent.type == "dot"
        and use.parent.child_by_field_name("left") == use
        and not file.text(use.parent).endswith(f".{place}")
        for statement in clauses[0].statements
        for use in uses_of(name, statement, file.data)
    )


def _of_map(handling: Handling, place: str, variable: Node, node: Node) -> Use:
    parent = node.parent
    if place == WHOLE and _is_result(handling, node):
        return Use(Role.STATE, variable, node)
    if parent is not None and nodes.is_operator(parent, "=") and parent.child_by_field_name("right") == node:
        # Another name for it, whose own uses are seen.
        return Use(Role.STATE, variable, node)
    if _is_in_step(handling, place, node) or _is_put_back(handling, node):
        return Use(Role.STEP, variable, node)
    key = _keyed(handling.clause.file, node)
    # A map is a value: wherever it goes, another with the same entries may go in its place.
    return Use(Role.WHOLE, variable, node) if key is None else Use(Role.KEYED, variable, node, key)


def _is_put_back(handling: Handling, node: Node) -> bool:
    """`entries` of `%{state | entries: entries}` in a result."""
    pair = node.parent
    return (
        pair is not None
        and pair.type == "pair"
        and any(
            result.state_node is not None and nodes.encloses(result.state_node, node)
            for result in handling.results
        )
    )


def _is_result(handling: Handling, node: Node) -> bool:
    return any(result.state_node == node for result in handling.results)


def _is_updated(variable: Node) -> bool:
    """`%{state | ...}`."""
    parent = variable.parent
    return (
        parent is not None
        and nodes.is_operator(parent, "|")
        and parent.child_by_field_name("left") == variable
        and parent.parent is not None
        and parent.parent.type == "map_content"
    )


def _is_in_step(handling: Handling, place: str, node: Node) -> bool:
    """Whether a node is the map (or state) that a step is made from, and not a part of its key or value."""
    return any(
        nodes.encloses(step.node, node)
        and not any(part is not None and nodes.encloses(part, node) for part in (step.key, step.value))
        for step in handling.steps
        if step.place == place
    )


def _path_read(file: ElixirFile, variable: Node, place: str) -> tuple[Node, Node] | None:
    """The call and the key of `get_in(state, [:entries, key])`."""
    arguments = variable.parent
    node = arguments.parent if arguments is not None and arguments.type == "arguments" else None
    call = as_call(file, node) if node is not None else None
    if node is None or call is None or not call.is_local or call.name != "get_in" or call.piped is not None:
        return None
    if len(call.args) != 2 or call.args[0] != variable or call.args[1].type != "list":
        return None
    keys = nodes.named(call.args[1])
    if len(keys) != 2 or file.text(keys[0]) != f":{place}":
        return None
    return (node, keys[1]) if is_plain(keys[1]) else None


def _keyed(file: ElixirFile, node: Node) -> Node | None:
    """The key, when the map is named only to read the entry of one key."""
    key = _key_of_read(file, node)
    return key if key is not None and is_plain(key) else None


def _key_of_read(file: ElixirFile, node: Node) -> Node | None:
    parent = node.parent
    if parent is None:
        return None
    if parent.type == "access_call":
        return parent.child_by_field_name("key") if parent.child_by_field_name("target") == node else None
    outer = parent.parent if parent.type == "arguments" else parent
    call = as_call(file, outer) if outer is not None else None
    if call is None or not call.all_args or call.all_args[0] != node:
        return None
    if call.module == "Map" and call.name in _KEYED and len(call.all_args) >= 2:
        return call.all_args[1]
    if call.is_local and call.name == "is_map_key" and len(call.all_args) == 2:
        return call.all_args[1]
    if call.is_local and len(call.all_args) == 2 and call.piped is None and reads_one(file, call):
        return call.all_args[1]
    if call.is_local and call.name == "case" and len(call.all_args) == 1 and call.do_block is not None:
        return _key_of_case(file, call.do_block)
    return None


def reads_one(file: ElixirFile, call: Call) -> bool:
    """Whether a function of the module reads, of the map that it is given first, the key that comes second."""
    module = call.enclosing_module
    clauses = module.clauses(call.name, 2) if module is not None else []
    names = [nodes.identifier(param, file.data) for param in clauses[0].params] if len(clauses) == 1 else []
    if len(names) != 2 or None in names or names[0] == names[1] or clauses[0].guard is not None:
        return False
    uses = [
        use for statement in clauses[0].statements for use in uses_of(str(names[0]), statement, file.data)
    ]
    return bool(uses) and all(
        (key := _key_of_read(file, use)) is not None and nodes.identifier(key, file.data) == names[1]
        for use in uses
    )


def _key_of_case(file: ElixirFile, block: Node) -> Node | None:
    """The `key` of `case map do %{^key => value} -> ...; _ -> ... end`, when no clause asks for another."""
    keys: list[Node] = []
    for clause in nodes.block_statements(block):
        left = clause.child_by_field_name("left") if clause.type == "stab_clause" else None
        if left is not None and nodes.is_operator(left, "when"):
            left = left.child_by_field_name("left")
        patterns = nodes.named(left) if left is not None and left.type == "arguments" else []
        if len(patterns) != 1:
            return None
        pattern = patterns[0]
        if pattern.type == "identifier" and file.text(pattern).startswith("_"):
            continue
        content = nodes.child_of_type(pattern, "map_content") if pattern.type == "map" else None
        entries = nodes.named(content) if content is not None else []
        if pattern.type == "map" and not entries:
            continue
        if len(entries) != 1 or not nodes.is_operator(entries[0], "=>"):
            return None
        pinned = entries[0].child_by_field_name("left")
        key = pinned.child_by_field_name("operand") if pinned is not None else None
        if key is None or not nodes.is_operator(pinned, "^"):
            return None
        keys.append(key)
    return keys[0] if keys and len({file.text(key) for key in keys}) == 1 else None
