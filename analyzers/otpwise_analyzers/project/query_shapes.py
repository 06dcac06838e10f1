"""What an Ecto query consists of, as far as the function that runs it shows."""

from __future__ import annotations

import re
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.project.sql_calls import assignments_of
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile

_CLAUSES = frozenset(
    {
        *("where", "or_where", "select", "select_merge", "order_by", "group_by", "having", "or_having"),
        *("distinct", "preload", "limit", "offset", "lock", "windows", "union", "union_all", "first", "last"),
        *("join", "inner_join", "left_join", "right_join", "full_join", "cross_join", "left_lateral_join"),
        *("inner_lateral_join", "except", "intersect", "with_cte", "reverse_order", "exclude", "update"),
    }
)
_JOINS = re.compile(r"(\w+_)?join$")
# What else may stand in `from`: they add nothing to the rows.
_NEUTRAL = frozenset({"as", "prefix", "hints", "on"})


class QueryShape(NamedTuple):
    """A query: the full name of the schema that it reads (None for a table or something unknown), and its
    clauses by name; `join` stands for all kinds of them."""

    schema: str | None
    clauses: frozenset[str]

    def has_only(self, *clauses: str) -> bool:
        return self.clauses <= set(clauses)


def shape_of(file: ElixirFile, query: Node, before: Node | None = None, depth: int = 0) -> QueryShape | None:
    """The shape of a schema, a `from`, a pipeline of clauses on one of these, or a variable that was given
    one in the same function. None when a part of it is made elsewhere.

    `before` is the expression ahead of which a variable's assignment is looked for; the query itself when None.
    """
    query = nodes.unwrap(query)
    stages = nodes.pipeline(query)
    found = _base(file, stages[0], before or query, depth)
    for stage in stages[1:]:
        if found is None:
            return None
        name = _called(file, stage)
        if name not in _CLAUSES:
            return None
        found = QueryShape(found.schema, found.clauses | {_kind(name)})
    return found


def _base(file: ElixirFile, node: Node, before: Node, depth: int) -> QueryShape | None:
    node = nodes.unwrap(node)
    if node.type == "alias":
        return QueryShape(file.resolve(file.text(node), node.start_byte), frozenset())
    if node.type == "string":
        return QueryShape(None, frozenset())
    if node.type == "identifier" and depth < 4:
        given = assignments_of(file, file.text(node), before)
        # Given twice, it is another query for each branch.
        return shape_of(file, given[0], given[0], depth + 1) if len(given) == 1 else None
    if node.type != "call":
        return None
    name = _called(file, node)
    arguments = nodes.arguments_of(node)
    if not arguments:
        return None
    if name == "from":
        return _from(file, arguments, before, depth)
    if name in _CLAUSES:
        inner = shape_of(file, arguments[0], before, depth + 1)
        return QueryShape(inner.schema, inner.clauses | {_kind(name)}) if inner is not None else None
    return None


def _from(file: ElixirFile, arguments: list[Node], before: Node, depth: int) -> QueryShape | None:
    source = nodes.unwrap(arguments[0])
    if nodes.operator_of(source) == "in":
        right = source.child_by_field_name("right")
        if right is None:
            return None
        source = right
    base = shape_of(file, source, before, depth + 1)
    if base is None:
        return None
    clauses = set(base.clauses)
    for argument in arguments[1:]:
        if argument.type != "keywords":
            return None
        for name in nodes.keyword_pairs(argument, file.data):
            if name in _CLAUSES:
                clauses.add(_kind(name))
            elif name not in _NEUTRAL:
                return None
    return QueryShape(base.schema, frozenset(clauses))


def _called(file: ElixirFile, node: Node) -> str | None:
    """The name of a clause's macro, written by itself or as `Ecto.Query.where`."""
    target = node.child_by_field_name("target") if node.type == "call" else None
    if target is None:
        return None
    if target.type == "identifier":
        return file.text(target)
    left, right = target.child_by_field_name("left"), target.child_by_field_name("right")
    if left is None or right is None or file.module_name(left) != "Ecto.Query":
        return None
    return file.text(right)


def _kind(name: str) -> str:
    return "join" if _JOINS.match(name) else name
