"""Lists that are loaded whole, of which only a number, a first row or a part is wanted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.project.query_shapes import QueryShape, shape_of
from otpwise_analyzers.project.repo_calls import repo_calls
from otpwise_analyzers.project.sql_calls import assignments_of
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.variables import uses_of


class Want(StrEnum):
    """What is wanted of the rows."""

    COUNT = "count"
    EXISTS = "exists"
    NONE = "none"
    FIRST = "first"
    LAST = "last"
    SOME = "some"
    SUM = "sum"
    EXTREME = "extreme"
    MATCHING = "matching"


class LoadedList(NamedTuple):
    """`Repo.all(query)` and what becomes of it.

    `outer` is the whole expression that could be asked of the database, `name` the function or operator that
    reduces the rows, `query` what is loaded and `assignment` the `users = Repo.all(query)` in between, if any.
    """

    call: Call
    want: Want
    outer: Node
    name: str
    query: Node
    shape: QueryShape | None
    assignment: Node | None = None
    number: int | None = None


# Queries that say themselves how many rows they answer with: a page, the first, one that counts.
_BOUNDED = re.compile(r"limit|\bfirst\b|\blast\b|\block\b|paginat|\bpage\b|\b(count|sum|avg|max|min)\(")


def loaded_lists(file: ElixirFile) -> Iterator[LoadedList]:
    """The lists of a file that `Repo.all` loads whole although less is wanted."""
    for call in repo_calls(file, frozenset({"all"})):
        if call.capture_arity is not None or not call.all_args:
            continue
        query = call.all_args[0]
        shape = shape_of(file, query)
        if _is_bounded(file, query, shape):
            continue
        found = _consumed(file, call, call.expression, query, shape, None)
        if found is None:
            found = _through_variable(file, call, query, shape)
        if found is not None and not _needs_more_than_seen(found):
            yield found


def _is_bounded(file: ElixirFile, query: Node, shape: QueryShape | None) -> bool:
    if shape is not None and shape.clauses & {"limit", "lock", "first", "last"}:
        return True
    texts = [file.text(query)]
    name = nodes.identifier(nodes.pipeline(query)[0], file.data)
    if name is not None:
        texts.extend(file.text(given) for given in assignments_of(file, name, query))
    return any(_BOUNDED.search(text) is not None for text in texts)


def _needs_more_than_seen(loaded: LoadedList) -> bool:
    """Groups are not counted by `count(*)`; and a query from elsewhere may answer with one row anyway."""
    shape = loaded.shape
    if loaded.want is Want.COUNT:
        return shape is not None and bool(shape.clauses & {"group_by", "distinct", "union", "union_all"})
    return shape is None and loaded.want in (Want.FIRST, Want.LAST)


def _through_variable(
    file: ElixirFile, call: Call, query: Node, shape: QueryShape | None
) -> LoadedList | None:
    """What becomes of the rows by way of a variable that is used once."""
    assignment = call.expression.parent
    if assignment is None or not nodes.is_operator(assignment, "=") or assignment.parent is None:
        return None
    name = nodes.identifier(assignment.child_by_field_name("left"), file.data)
    definition = call.definition
    if name is None or definition is None or assignment.parent.type not in ("do_block", "body"):
        return None
    uses = [use for use in uses_of(name, definition.node, file.data) if not nodes.encloses(assignment, use)]
    if len(uses) != 1 or uses[0].start_byte < assignment.end_byte:
        return None
    if any(ancestor.type == "anonymous_function" for ancestor in _between(uses[0], definition.node)):
        return None
    return _consumed(file, call, uses[0], query, shape, assignment)


def _between(node: Node, stop: Node) -> Iterator[Node]:
    for ancestor in nodes.ancestors(node):
        if ancestor == stop:
            return
        yield ancestor


def _consumed(
    file: ElixirFile, call: Call, rows: Node, query: Node, shape: QueryShape | None, assignment: Node | None
) -> LoadedList | None:
    """What the expression around `rows` wants of them."""
    parent = rows.parent
    if parent is None:
        return None

    def found(want: Want, outer: Node, name: str, number: int | None = None) -> LoadedList:
        return LoadedList(call, want, outer, name, query, shape, assignment, number)

    def found_any(want: Want, outer: Node, name: str) -> LoadedList:
        """The same under any `not` or `!`, which turn the question round."""
        while True:
            around = _unwrapped_parent(outer)
            if around is None or nodes.operator_of(around) not in ("not", "!"):
                return found(want, outer, name)
            want = Want.NONE if want is Want.EXISTS else Want.EXISTS
            outer = around

    operator = nodes.operator_of(parent)
    if operator in ("==", "!="):
        other = _other_side(parent, rows)
        if other is not None and file.text(other) == "[]":
            return found_any(Want.NONE if operator == "==" else Want.EXISTS, parent, f"{operator} []")
        return None
    step = _step(file, parent, rows)
    if step is None:
        return None
    name, rest, outer = step
    if name in ("Enum.count", "length", "Kernel.length") and not rest:
        compared = _compared(file, outer)
        if compared is not None:
            return found_any(*compared, name)
        return found(Want.COUNT, outer, name)
    if name in ("Enum.empty?", "Enum.any?") and not rest:
        return found_any(Want.NONE if name == "Enum.empty?" else Want.EXISTS, outer, name)
    if name in ("List.first", "hd", "Kernel.hd") and not rest:
        return found(Want.FIRST, outer, name)
    if name in ("Enum.at", "Enum.fetch!") and len(rest) == 1 and file.text(rest[0]) == "0":
        return found(Want.FIRST, outer, name)
    if name == "List.last" and not rest:
        return found(Want.LAST, outer, name)
    if name == "Enum.take" and len(rest) == 1:
        number = (
            int(file.text(rest[0])) if rest[0].type == "integer" and file.text(rest[0]).isdigit() else None
        )
        return found(Want.SOME, outer, name, number)
    summed = outer if name == "Enum.sum_by" else _summed(file, outer) if name == "Enum.map" else None
    if summed is not None and len(rest) == 1 and _field_of(file, rest[0]) is not None:
        return found(Want.SUM, summed, "Enum.sum")
    if name in ("Enum.max_by", "Enum.min_by") and len(rest) == 1 and _field_of(file, rest[0]) is not None:
        return found(Want.EXTREME, outer, name)
    if name in ("Enum.filter", "Enum.reject", "Enum.find", "Enum.count", "Enum.any?") and len(rest) == 1:
        if is_plain_condition(file, rest[0], shape):
            return found(Want.MATCHING, outer, name)
    return None


def _unwrapped_parent(node: Node) -> Node | None:
    """The parent, any parentheses around the node passed over."""
    parent = node.parent
    while parent is not None and parent.type == "block" and len(nodes.named(parent)) == 1:
        parent = parent.parent
    return parent


def _other_side(comparison: Node, side: Node) -> Node | None:
    left, right = comparison.child_by_field_name("left"), comparison.child_by_field_name("right")
    return right if left == side else left


def _step(file: ElixirFile, parent: Node, rows: Node) -> tuple[str, list[Node], Node] | None:
    """The function that is given the rows first, its other arguments, and the whole call or pipe."""
    if nodes.is_operator(parent, "|>") and parent.child_by_field_name("left") == rows:
        call = parent.child_by_field_name("right")
        if call is not None and call.type == "identifier":
            return file.text(call), [], parent
        if call is None or call.type != "call":
            return None
        return _name(file, call), nodes.arguments_of(call), parent
    if parent.type == "arguments" and parent.parent is not None and parent.parent.type == "call":
        arguments = nodes.named(parent)
        if arguments[0] == rows and nodes.child_of_type(parent.parent, "do_block") is None:
            return _name(file, parent.parent), arguments[1:], parent.parent
    return None


def _name(file: ElixirFile, call: Node) -> str:
    target = call.child_by_field_name("target")
    if target is None:
        return ""
    if target.type == "dot":
        left, right = target.child_by_field_name("left"), target.child_by_field_name("right")
        if left is not None and right is not None and left.type == "alias":
            return f"{file.module_name(left)}.{file.text(right)}"
        return ""
    return file.text(target)


_AT_LEAST_ONE = {(">", "0"), ("!=", "0"), ("!==", "0"), (">=", "1")}
_NONE_AT_ALL = {("==", "0"), ("===", "0"), ("<", "1"), ("<=", "0")}
_TURNED = {">": "<", "<": ">", ">=": "<=", "<=": ">="}


def _compared(file: ElixirFile, count: Node) -> tuple[Want, Node] | None:
    """`count > 0` and the like: whether there are rows, or none."""
    while count.parent is not None and count.parent.type == "block" and len(nodes.named(count.parent)) == 1:
        count = count.parent
    parent = count.parent
    operator = nodes.operator_of(parent) if parent is not None else None
    if parent is None or operator is None:
        return None
    other = _other_side(parent, count)
    if other is None:
        return None
    if parent.child_by_field_name("right") == count:
        operator = _TURNED.get(operator, operator)
    if (operator, file.text(other)) in _AT_LEAST_ONE:
        return Want.EXISTS, parent
    if (operator, file.text(other)) in _NONE_AT_ALL:
        return Want.NONE, parent
    return None


def _summed(file: ElixirFile, mapped: Node) -> Node | None:
    """The `Enum.sum` of a mapped list, when that is what becomes of it."""
    step = _step(file, mapped.parent, mapped) if mapped.parent is not None else None
    return step[2] if step is not None and step[0] == "Enum.sum" and not step[1] else None


_FIELD = re.compile(r"&\s?&1\.(\w+)$|fn (?P<v>\w+) -> (?P=v)\.(\w+) end$")


def _field_of(file: ElixirFile, function: Node) -> str | None:
    match = _FIELD.match(file.text(function))
    return (match.group(1) or match.group(3)) if match is not None else None


# -- conditions that SQL has words for ------------------------------------------------------------------

_COMPARING = frozenset({"==", "!=", "<", ">", "<=", ">=", "and", "or", "&&", "||", "in", "===", "!=="})
_VALUES = frozenset({"integer", "float", "string", "atom", "boolean", "nil", "list", "sigil"})


def is_plain_condition(file: ElixirFile, function: Node, shape: QueryShape | None) -> bool:
    """Whether a function compares fields of the row with values, and does nothing else."""
    if nodes.is_operator(function, "&"):
        inside = nodes.named(function)
        return len(inside) == 1 and _is_plain(file, inside[0], "&1", shape)
    if function.type != "anonymous_function":
        return False
    clauses = [child for child in function.named_children if child.type == "stab_clause"]
    if len(clauses) != 1:
        return False
    left, right = clauses[0].child_by_field_name("left"), clauses[0].child_by_field_name("right")
    params = nodes.named(left) if left is not None else []
    body = nodes.block_statements(right) if right is not None else []
    row = nodes.identifier(params[0], file.data) if len(params) == 1 else None
    return row is not None and len(body) == 1 and _is_plain(file, body[0], row, shape)


def _is_plain(file: ElixirFile, node: Node, row: str, shape: QueryShape | None) -> bool:
    """A comparison of fields and values, or a field by itself."""
    seen_field = False
    stack = [nodes.unwrap(node)]
    while stack:
        current = nodes.unwrap(stack.pop())
        operator = nodes.operator_of(current)
        if operator in _COMPARING or operator in ("not", "!"):
            stack.extend(nodes.named(current))
        elif _is_field(file, current, row, shape):
            seen_field = True
        elif current.type == "call" and file.text(current).startswith("is_nil("):
            stack.extend(nodes.arguments_of(current))
        elif (current.type == "identifier" and file.text(current) != row) or (
            current.type == "call" and _is_chain(file, current) and not file.text(current).startswith(row)
        ):
            continue
        elif current.type not in _VALUES:
            return False
    return seen_field


def _is_field(file: ElixirFile, node: Node, row: str, shape: QueryShape | None) -> bool:
    match = re.fullmatch(rf"{re.escape(row)}\.(\w+)", file.text(node))
    if match is None:
        return False
    schema = file.project.schema(shape.schema) if shape is not None and shape.schema is not None else None
    return schema is None or match.group(1) == "id" or match.group(1) in schema.fields


def _is_chain(file: ElixirFile, node: Node) -> bool:
    """`user.team_id`, `socket.assigns.id`: a value that was there before."""
    return re.fullmatch(r"[a-z_]\w*(\.[a-z_]\w*)+", file.text(node)) is not None
