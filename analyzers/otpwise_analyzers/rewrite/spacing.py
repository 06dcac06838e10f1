"""The empty lines that the formatter wants around an expression of several lines."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.rewrite.layout import line_end, line_start
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax.file import ElixirFile


def apart(file: ElixirFile, statement: Node) -> list[Edit]:
    """Sets a statement that comes to span several lines apart from its neighbours in the same block.

    Comments directly above it stay with it.
    """
    edits: list[Edit] = []
    first = statement
    before = statement.prev_named_sibling
    while before is not None and before.type == "comment" and _touches(before, first):
        first, before = before, before.prev_named_sibling
    if before is not None and _touches(before, first):
        at = line_start(file, first.start_byte)
        edits.append(Edit(at, at, "\n"))
    after = statement.next_named_sibling
    if after is not None and _touches(statement, after):
        at = line_end(file, statement.end_byte)
        edits.append(Edit(at, at, "\n"))
    return edits


def _touches(first: Node, second: Node) -> bool:
    return second.start_point.row - first.end_point.row == 1
