"""The other clauses of a query that become functions: an order, a preload, a page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tree_sitter import Node

from otpwise_analyzers.rewrite.naming import spoken
from otpwise_analyzers.rewrite.query_chain import Chain, Stage
from otpwise_analyzers.rewrite.query_filters import BINDING, Filter, is_participle
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile

PER_PAGE = "20"
"""The rows of a page where nobody says how many, as in the guide."""

_PAGE = re.compile(r"(?:max\()?\(?(?P<page>[a-z_][\w.]*) - 1\)?")


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


def page_of(chain: Chain) -> tuple[Stage, Stage, tuple[str, str]] | None:
    """The limit and the offset of a page, and the texts of its number and of the rows of one."""
    stages = chain.stages[: chain.known]
    limits = [stage for stage in stages if stage.word == "limit"]
    offsets = [stage for stage in stages if stage.word == "offset"]
    if len(limits) != 1 or len(offsets) != 1:
        return None
    limit, offset = limits[0], offsets[0]
    if limit.value is None or offset.value is None or limit.comments or offset.comments:
        return None
    per_page = _plain(chain.file, limit.value)
    skipped = _pinned(chain.file, offset.value)
    if per_page is None or skipped is None or nodes.operator_of(skipped) != "*":
        return None
    left, right = skipped.child_by_field_name("left"), skipped.child_by_field_name("right")
    if left is None or right is None:
        return None
    for pages, rows in ((left, right), (right, left)):
        inner = nodes.unwrap(pages)
        matched = _PAGE.fullmatch(chain.file.text(inner))
        if nodes.operator_of(inner) == "-" and matched is not None and chain.file.text(rows) == per_page:
            return limit, offset, (matched["page"], per_page)
    return None


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
