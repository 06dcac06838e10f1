"""Controller actions, and where the values that they answer with come from."""

from __future__ import annotations

import re

from tree_sitter import Node

from otpwise_analyzers.project.roles import Role, has_role
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition
from otpwise_analyzers.syntax.results import is_tagged

REPO_WRITES = ("insert", "update", "delete", "insert_or_update")
_REPO_READS = ("get", "get!", "get_by", "get_by!", "one", "one!", "reload", "reload!")
_REPO_STRUCTS = (*REPO_WRITES, *(f"{name}!" for name in REPO_WRITES), *_REPO_READS)
_CONTEXT = re.compile(
    r"(?:get|fetch|find|create|insert|register|update|upsert|delete)_(\w+?)(?:_by(?:_\w+)?)?!?"
)


def action_of(call: Call) -> Definition | None:
    """The clause around a call when it is one of a controller's and takes the connection first."""
    definition = call.definition
    if definition is None or definition.module is None or not definition.params or call.quoted:
        return None
    if connection_of(definition) is None or not has_role(definition.module, Role.CONTROLLER):
        return None
    return definition


def connection_of(definition: Definition) -> str | None:
    """The variable of the connection: `conn` of `conn` and of `%{assigns: assigns} = conn`."""
    first = definition.params[0]
    sides = [first]
    if nodes.is_operator(first, "="):
        sides = [side for side in nodes.named(first) if side.type == "identifier"]
    for side in sides:
        name = nodes.identifier(side, definition.file.data)
        if name is not None and "conn" in name:
            return name
    return None


def call_at(file: ElixirFile, node: Node) -> Call | None:
    """The call that an expression ends in: the last stage of a pipe, or the call itself."""
    node = nodes.unwrap(node)
    if nodes.is_operator(node, "|>"):
        right = node.child_by_field_name("right")
        if right is None:
            return None
        node = right
    if node.type != "call":
        return None
    target = node.child_by_field_name("target")
    if target is not None and target.type == "dot":
        target = target.child_by_field_name("right")
    if target is None:
        return None
    return next((call for call in file.calls(file.text(target)) if call.node == node), None)


def origin_of(definition: Definition, value: Node) -> Node | None:
    """The expression that a variable (perhaps within `{:ok, variable}`) was last bound to before `value`."""
    file = definition.file
    name = file.text(value)
    best: tuple[int, Node] | None = None
    for match in nodes.descendants(definition.node, "binary_operator", "stab_clause"):
        if match.start_byte >= value.start_byte:
            break
        left = match.child_by_field_name("left")
        if left is None:
            continue
        if match.type == "stab_clause":
            if not nodes.encloses(match, value) or not _binds(left, name, file):
                continue
            source = _subject(match)
        elif nodes.operator_of(match) in ("=", "<-") and _binds(left, name, file):
            if nodes.encloses(match, value):
                continue
            source = match.child_by_field_name("right")
        else:
            continue
        if best is None or match.start_byte >= best[0]:
            best = (match.start_byte, source) if source is not None else None
    return best[1] if best is not None else None


def _binds(pattern: Node, name: str, file: ElixirFile) -> bool:
    """Whether a pattern is the variable, `{:ok, variable}`, or either with `%Struct{} =` beside it."""
    if pattern.type == "arguments":
        inner = nodes.named(pattern)
        return len(inner) == 1 and _binds(inner[0], name, file)
    if nodes.is_operator(pattern, "when"):
        left = pattern.child_by_field_name("left")
        return left is not None and _binds(left, name, file)
    if nodes.is_operator(pattern, "="):
        return any(_binds(side, name, file) for side in nodes.named(pattern))
    if is_tagged(pattern, "ok", file.data):
        items = nodes.named(pattern)
        return len(items) == 2 and _binds(items[1], name, file)
    return pattern.type == "identifier" and file.text(pattern) == name


def _subject(clause: Node) -> Node | None:
    """What a `case` looks at, for one of its clauses."""
    block = clause.parent
    call = block.parent if block is not None else None
    if block is None or block.type != "do_block" or call is None or call.type != "call":
        return None
    return subject_of(call)


def subject_of(case: Node) -> Node | None:
    """`value` of `case value do` and of `value |> case do`; None for any other call."""
    target = case.child_by_field_name("target")
    if target is None or target.type != "identifier" or target.text != b"case":
        return None
    arguments = nodes.arguments_of(case)
    if arguments:
        return arguments[0]
    parent = case.parent
    if nodes.is_operator(parent, "|>") and parent is not None:
        return parent.child_by_field_name("left")
    return None


def schema_behind(definition: Definition, source: Node, depth: int = 0) -> tuple[bool, str | None]:
    """Whether an expression gives a schema's struct (perhaps as `{:ok, struct}`), and of which module."""
    file = definition.file
    call = call_at(file, source)
    if call is None or depth > 4:
        return False, None
    if file.project.is_repo(call.module):
        if call.name == "preload" and call.all_args:
            return _of_value(definition, call.all_args[0], depth)
        if call.name not in _REPO_STRUCTS or not call.all_args:
            return False, None
        schema = _schema_named_in(definition, call.all_args[0], depth)
        # A query may select anything; what was written is a struct for sure.
        return (schema is not None or call.name.rstrip("!") in REPO_WRITES), schema
    match = _CONTEXT.fullmatch(call.name)
    if match is None or call.module is None or not _gives_struct(call):
        return False, None
    noun = "".join(part.capitalize() for part in match.group(1).split("_"))
    parent = call.module.rpartition(".")[0]
    for candidate in (f"{call.module}.{noun}", f"{parent}.{noun}"):
        if file.project.schema(candidate) is not None:
            return True, candidate
    return False, None


def _gives_struct(call: Call) -> bool:
    """Whether a context's function is likely to give the struct that its name speaks of: `get_user!(id)`,
    and writes. A lookup by several arguments often puts an answer together."""
    if call.name.startswith(("get_", "fetch_", "find_")):
        return call.arity == 1
    return call.arity <= 3


def _of_value(definition: Definition, value: Node, depth: int) -> tuple[bool, str | None]:
    if value.type == "identifier":
        origin = origin_of(definition, value)
        return schema_behind(definition, origin, depth + 1) if origin is not None else (False, None)
    return schema_behind(definition, value, depth + 1)


def _schema_named_in(definition: Definition, node: Node, depth: int) -> str | None:
    """The schema in `User`, `%User{}`, `User.changeset(%User{}, attrs)`, or in what a variable holds."""
    file = definition.file
    node = nodes.unwrap(node)
    if node.type == "identifier":
        origin = origin_of(definition, node)
        return _schema_named_in(definition, origin, depth + 1) if origin is not None and depth < 4 else None
    for stage in nodes.pipeline(node)[:2]:
        for one in (stage, *nodes.descendants(stage, "alias")):
            if one.type == "alias":
                name = file.module_name(one)
                if name is not None and (file.project.schema(name) is not None or one.parent is None):
                    return name
    if node.type == "alias":
        return file.module_name(node)
    return None
