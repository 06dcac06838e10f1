"""What is looked for with LIKE: a term that a pattern contains, or the pattern itself."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from otpwise_analyzers.rewrite.query_filters import Filter
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile


def search_of(
    file: ElixirFile, parts: Sequence[tuple[str, str, Node, str]], *, escapes: bool
) -> Filter | None:
    """The filter of one or more `ilike(u.name, ^pattern)` with the same pattern, of which one must hold.

    Each part is the function, the field, the value without its pin, and its text. With `escapes` a term that is put
    between `%` is escaped by the filter.
    """
    kinds = {kind for kind, _, _, _ in parts}
    texts = {text for _, _, _, text in parts}
    if len(kinds) != 1 or len(texts) != 1:
        return None
    fields = [field for _, field, _, _ in parts]
    condition = " or ".join(f"{kinds.copy().pop()}(_.{field}, ^0)" for field in fields)
    said = " or ".join(f"`{field}`" for field in fields)
    names = ("search", f"search_{'_and_'.join(fields[:3])}")
    term = _contained(file, parts[0][2]) if escapes else None
    if term is None:
        doc = f"Those whose {said} matches the pattern."
        return Filter(names, condition, doc, ("pattern",), (texts.pop(),))
    shape, argument, guard = term
    does = {"#{}%": "begins with", "%#{}": "ends with"}.get(shape, "contains")
    if shape != "%#{}%":
        names = (
            f"with_{'_or_'.join(fields[:3])}_{'prefix' if shape.startswith('#') else 'suffix'}",
            names[1],
        )
    doc = f"Those whose {said} {does} the term."
    return Filter(names, condition, doc, ("term",), (argument,), guard, shape)


def operands(node: Node) -> list[Node]:
    """The operands of `a or b or c`, without their parentheses."""
    inner = nodes.unwrap(node)
    if nodes.operator_of(inner) != "or":
        return [inner]
    return [operand for child in nodes.named(inner) for operand in operands(child)]


def _concatenated(node: Node) -> list[Node]:
    if nodes.operator_of(node) != "<>":
        return [node]
    return [piece for child in nodes.named(node) for piece in _concatenated(child)]


def _contained(file: ElixirFile, node: Node) -> tuple[str, str, str] | None:
    """The shape (`%#{}%`), the term and its guard of `"%#{term}%"` and of `"%" <> term <> "%"`."""
    if node.type == "string":
        holes = [child for child in node.named_children if child.type == "interpolation"]
        if len(holes) != 1:
            return None
        inner = nodes.named(holes[0])
        if len(inner) != 1 or inner[0].type not in ("identifier", "call") or _is_escaped(file, inner[0]):
            return None
        start, end = holes[0].start_byte, holes[0].end_byte
        before = file.data[node.start_byte + 1 : start].decode("utf-8", "replace")
        behind = file.data[end : node.end_byte - 1].decode("utf-8", "replace")
        if {before, behind} <= {"", "%"} and before + behind:
            term = file.text(inner[0])
            return f"{before}#{{}}{behind}", term, "is_binary" if _is_binary(file, node, term) else ""
        return None
    pieces = _concatenated(node)
    terms = [piece for piece in pieces if nodes.string_literal(piece, file.data) != "%"]
    if len(terms) != 1 or len(pieces) < 2 or terms[0].type not in ("identifier", "call"):
        return None
    if _is_escaped(file, terms[0]):
        return None
    shape = "".join("#{}" if piece is terms[0] else "%" for piece in pieces)
    # Only a binary can be put together with others.
    return shape, file.text(terms[0]), "is_binary"


def _is_binary(file: ElixirFile, node: Node, term: str) -> bool:
    """Whether a guard of the function says so."""
    definition = file.definition_at(node.start_byte)
    guard = definition.guard if definition is not None else None
    return guard is not None and f"is_binary({term})" in file.text(guard)


def _is_escaped(file: ElixirFile, node: Node) -> bool:
    text = file.text(node)
    return "\n" in text or "escape" in text or "sanitize" in text or "replace" in text
