"""The other clauses of a query that become functions: an order, a preload, a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.project.sql_calls import assignments_of
from otpwise_analyzers.rewrite.layout import is_statement, starts_line
from otpwise_analyzers.rewrite.naming import spoken
from otpwise_analyzers.rewrite.query_chain import Chain, Stage
from otpwise_analyzers.rewrite.query_filters import BINDING, Filter, is_participle
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.variables import bound_in_statement, uses_of

PER_PAGE = "20"
"""The rows of a page where nobody says how many, as in the guide."""

_PAGE = re.compile(r"([a-z_][\w.]*) - 1")


class Page(NamedTuple):
    """A limit and an offset that are a page: the texts of its number and of the rows of one.

    `statement` is the one that worked out the offset ahead, for nothing else.
    """

    limit: Stage
    offset: Stage
    number: str
    rows: str
    statement: Node | None


def ordering_of(file: ElixirFile, value: Node, base: str | None) -> Filter | None:
    """The order by one field that has a name: `newest_first`, `ordered_by_name`."""
    value = nodes.unwrap(value)
    if value.type == "list":
        inner = nodes.named(value)
        if len(inner) != 1:
            return None
        value = inner[0]
    direction = "asc"
    if value.type == "keywords":
        pairs = nodes.keyword_pairs(value, file.data)
        if len(pairs) != 1 or len(nodes.named(value)) != 1:
            return None
        ((direction, value),) = pairs.items()
    field = nodes.atom_literal(value, file.data) or _field(file, value, base)
    if field is None or not re.fullmatch(r"[a-z][a-z0-9_]*", field) or direction not in ("asc", "desc"):
        return None
    stem = field.removesuffix("_at")
    by = f"{BINDING}.{field}"
    if field == "inserted_at":
        names = ("newest_first",) if direction == "desc" else ("oldest_first",)
        doc = "The newest first." if direction == "desc" else "The oldest first."
    elif direction == "asc":
        names, doc = (f"ordered_by_{field}",), f"In the order of `{field}`."
    elif stem != field and is_participle(stem):
        names, doc = (f"last_{stem}_first",), f"The last {spoken(stem)} first."
    else:
        return None
    return Filter(names, f"{direction}: {by}", doc, word="order_by")


def _field(file: ElixirFile, node: Node, base: str | None) -> str | None:
    target = node.child_by_field_name("target") if node.type == "call" else None
    if target is None or target.type != "dot" or base is None or nodes.arguments_node(node) is not None:
        return None
    if nodes.identifier(target.child_by_field_name("left"), file.data) != base:
        return None
    return nodes.identifier(target.child_by_field_name("right"), file.data)


def preload_of(file: ElixirFile, value: Node) -> Filter | None:
    """One or two associations that are preloaded by name alone."""
    value = nodes.unwrap(value)
    items = nodes.named(value) if value.type == "list" else [value]
    names = [nodes.atom_literal(item, file.data) for item in items]
    found = [name for name in names if name is not None and re.fullmatch(r"[a-z][a-z0-9_]*", name)]
    if len(found) != len(items) or not 0 < len(found) <= 2:
        return None
    clause = f":{found[0]}" if len(found) == 1 else f"[{', '.join(f':{name}' for name in found)}]"
    said = " and ".join(f"`{name}`" for name in found)
    return Filter((f"with_{'_and_'.join(found)}",), clause, f"With {said} loaded.", word="preload")


def page_of(chain: Chain) -> Page | None:
    """The page that a chain asks for with `limit` and `offset`, if it does."""
    stages = chain.stages[: chain.known]
    limits = [stage for stage in stages if stage.word == "limit"]
    offsets = [stage for stage in stages if stage.word == "offset"]
    if len(limits) != 1 or len(offsets) != 1:
        return None
    limit, offset = limits[0], offsets[0]
    if limit.value is None or offset.value is None or limit.comments or offset.comments:
        return None
    rows = _plain(chain.file, limit.value)
    skipped = _pinned(chain.file, offset.value)
    statement: Node | None = None
    if skipped is not None and skipped.type == "identifier":
        statement = _ahead(chain, skipped)
        skipped = statement.child_by_field_name("right") if statement is not None else None
    number = _number(chain.file, skipped, rows) if skipped is not None and rows is not None else None
    return Page(limit, offset, number, rows, statement) if number is not None and rows is not None else None


def _number(file: ElixirFile, skipped: Node, rows: str) -> str | None:
    """`page` of `(page - 1) * per_page`."""
    left, right = skipped.child_by_field_name("left"), skipped.child_by_field_name("right")
    if nodes.operator_of(skipped) != "*" or left is None or right is None:
        return None
    for pages, by in ((left, right), (right, left)):
        inner = nodes.unwrap(pages)
        matched = _PAGE.fullmatch(file.text(inner))
        if nodes.operator_of(inner) == "-" and matched is not None and file.text(by) == rows:
            return matched[1]
    return None


def _ahead(chain: Chain, offset: Node) -> Node | None:
    """`offset = (page - 1) * per_page`, when it stands by itself in the same block and serves the query alone."""
    definition = chain.definition
    file, name = chain.file, chain.file.text(offset)
    values = assignments_of(file, name, chain.whole)
    statement = values[0].parent if len(values) == 1 else None
    if statement is None or definition is None or not is_statement(statement):
        return None
    if statement.parent is None or not nodes.encloses(statement.parent, chain.whole):
        return None
    left = statement.child_by_field_name("left")
    uses = [use for use in uses_of(name, definition.node, file.data) if use != left]
    between = [
        bound
        for one in nodes.named(statement.parent)
        if statement.end_byte <= one.start_byte < chain.whole.start_byte
        for bound in bound_in_statement(one, file.data)
    ]
    needed = {file.text(one) for one in nodes.descendants(statement, "identifier")}
    is_alone = uses == [offset] and needed.isdisjoint(between) and not _is_commented(file, statement)
    return statement if is_alone and starts_line(file, statement.start_byte) else None


def _is_commented(file: ElixirFile, statement: Node) -> bool:
    before = statement.prev_named_sibling
    return before is not None and before.type == "comment"


def _plain(file: ElixirFile, value: Node) -> str | None:
    value = nodes.unwrap(value)
    if value.type == "integer":
        return file.text(value)
    pinned = _pinned(file, value)
    return file.text(pinned) if pinned is not None and "\n" not in file.text(pinned) else None


def _pinned(file: ElixirFile, value: Node) -> Node | None:
    value = nodes.unwrap(value)
    operand = value.child_by_field_name("operand") if nodes.is_operator(value, "^") else None
    return nodes.unwrap(operand) if operand is not None else None


def paginate(page: str, per_page: str) -> Filter:
    """The page as a step of its own."""
    arguments: Sequence[str] = (page,) if per_page == PER_PAGE else (page, per_page)
    doc = f"One page of {PER_PAGE} rows, or of `per_page`; the first page is 1."
    return Filter(
        ("paginate",), "", doc, ("page", f"per_page \\\\ {PER_PAGE}"), tuple(arguments), word="paginate"
    )
