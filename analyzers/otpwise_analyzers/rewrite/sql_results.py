"""What the code does with the result of a call that runs SQL, where a query's own result can take its place."""

from __future__ import annotations

import re
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.rewrite.sql_result_patterns import by_name, in_case, in_with, loaded
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile


class Use(NamedTuple):
    """`node` becomes the query's result, behind `left =` when that is not empty; `edits` change what takes it.

    `wants` is `rows` (a list of lists), `one` (the only value of the only row), `count` (the number of rows
    that a statement changed), `pair` (the same, by patterns), `structs` (of the schema `loads`), `maps`
    (by the columns' names), `dropped` (nothing) or `result` (returned by a function that nobody calls). What goes begins at `start`, if not with the
    node.
    """

    node: Node
    wants: str
    left: str = ""
    edits: tuple[Edit, ...] = ()
    start: int | None = None
    loads: str = ""


_NAME = r"[a-z_]\w*"
_ROWS = re.compile(
    rf"%(?:[\w.]+)?\{{rows: (?P<rows>{_NAME}|\[{_NAME}\]|\[\[{_NAME}(?:, {_NAME})*\](?: \| {_NAME})?\])\}}"
)
_VARIABLE = re.compile(_NAME)
_COUNT = re.compile(rf"%(?:[\w.]+)?\{{num_rows: (?P<count>{_NAME})\}}")
_ONE = re.compile(rf"\[\[(?P<name>{_NAME})\]\]")
_STAGE = re.compile(r"Map\.(?:fetch!|get)\(:(rows|num_rows)\)|then\(& ?&1\.(rows|num_rows)\)")


def use_of(file: ElixirFile, call: Call, context: FixContext) -> Use | None:
    """How the result is used; None for what is not known."""
    node = call.expression
    raises = call.name.endswith("!")
    parent = node.parent
    if parent is None:
        return None
    if nodes.is_operator(parent, "=") and parent.child_by_field_name("right") == node:
        return _matched(file, parent, raises=raises) if nodes.value_is_dropped(parent) else None
    parts = in_case(file, node, raises=raises) or in_with(file, node, raises=raises)
    if parts is not None:
        return Use(node, "pair" if parts.wants == "count" else "rows", edits=parts.edits)
    if not raises:
        return None
    if parent.type == "dot" and parent.parent is not None and parent.parent.type == "call":
        right = parent.child_by_field_name("right")
        name = file.text(right) if right is not None else ""
        outer = parent.parent
        if nodes.arguments_node(outer) is None and name in ("rows", "num_rows"):
            return _assigned(file, outer, "rows" if name == "rows" else "count")
        return None
    if nodes.is_operator(parent, "|>") and parent.child_by_field_name("left") == node:
        stage = parent.child_by_field_name("right")
        match = _STAGE.fullmatch(file.text(stage)) if stage is not None else None
        if match is None:
            return None
        return _assigned(file, parent, "rows" if "rows" in (match[1], match[2]) else "count")
    if layout.is_statement(node):
        if nodes.value_is_dropped(node):
            return Use(node, "dropped")
        return Use(node, "result") if _is_nobodys(file, call, node, context) else None
    return None


def _matched(file: ElixirFile, match: Node, *, raises: bool) -> Use | None:
    left = match.child_by_field_name("left")
    pattern = " ".join(file.text(left).split()) if left is not None else ""
    if not raises:
        inner = re.fullmatch(r"\{:ok, (.*)\}", pattern)
        if inner is None:
            return None
        pattern = inner[1]
    taken = loaded(file, match) if raises else None
    if taken is not None:
        following, schema, target = taken
        if schema is None:
            return Use(following, "maps", target, start=match.start_byte)
        full = file.module_name(schema) or ""
        return Use(following, "structs", target, start=match.start_byte, loads=full)
    if _VARIABLE.fullmatch(pattern):
        named = by_name(file, match, pattern)
        return Use(match, named[0], named[1], named[2]) if named is not None else None
    rows, count = _ROWS.fullmatch(pattern), _COUNT.fullmatch(pattern)
    if rows is not None:
        return Use(match, "one" if _ONE.fullmatch(rows["rows"]) else "rows", rows["rows"])
    return Use(match, "count", count["count"]) if count is not None else None


def _assigned(file: ElixirFile, node: Node, wants: str) -> Use:
    parent = node.parent
    if nodes.is_operator(parent, "=") and parent is not None and layout.is_statement(parent):
        left = parent.child_by_field_name("left")
        if left is not None and nodes.identifier(left, file.data) is not None:
            return Use(parent, wants, file.text(left))
    return Use(node, wants)


def only_name(left: str) -> str | None:
    """The `count` of `[[count]]`."""
    match = _ONE.fullmatch(left)
    return match["name"] if match is not None else None


def _is_nobodys(file: ElixirFile, call: Call, node: Node, context: FixContext) -> bool:
    """Whether the result is that of a function which nothing in the project names, so that nobody relies on
    its shape."""
    definition = call.definition
    if definition is None or not definition.name or context.project.is_package:
        return False
    if not definition.statements or definition.statements[-1] != node:
        return False
    if not context.project.is_known:
        return False
    name = re.compile(rb"(?<![\w@])" + re.escape(definition.name.encode()) + rb"(?![\w?!])")
    own = [one for one in file.definitions if one.name == definition.name]
    if len(own) != 1 or len(name.findall(file.data)) != 1:
        return False
    paths = {located.path for located in context.project.modules()} - {file.path}
    return not any(name.search(context.read(path) or b"") for path in paths)
