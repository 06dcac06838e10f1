"""The value in a function's answer, bound to a name before it is answered with."""

from __future__ import annotations

import re

from tree_sitter import Node

from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition


def assignment_of(file: ElixirFile, made: Node, name: str, indent: str) -> list[str] | None:
    """The lines of `name = made`; none when the value is that variable already.

    None when the value's lines cannot be moved to stand below the assignment.
    """
    if nodes.identifier(made, file.data) == name:
        return []
    text = file.text(made)
    if "\n" not in text:
        line = f"{indent}{name} = {text}"
        return [line] if layout.fits(line) else None
    # Only a map or list whose lines stand below its own opening can be moved as a whole.
    if made.type not in ("map", "list") or not layout.starts_line(file, made.start_byte):
        return None
    if any(nodes.descendants(made, "string", "charlist", "sigil", "comment")) and re.search(
        r'"""|\'\'\'|~\w"""|#', text
    ):
        return None
    shift = layout.column(file, made.start_byte) - len(indent)
    lines = text.replace("\r\n", "\n").split("\n")
    if shift < 0 or any(line.strip() and not line.startswith(" " * shift) for line in lines[1:]):
        return None
    return [f"{indent}{name} = {lines[0]}", *(line[shift:] for line in lines[1:])]


def answered_with(clause: Definition, lines: list[str]) -> list[Edit]:
    """The last expression of a function's body replaced by these lines, in either form of body."""
    file, last = clause.file, clause.statements[-1]
    if clause.do_block is not None:
        indent = layout.indent_of(file, last)
        text = layout.reindent("\n".join(lines), indent).removeprefix(indent)
        return [Edit(last.start_byte, last.end_byte, text)]
    head = clause.guard or clause.head or clause.node
    indent = layout.indent_of(file, clause.node)
    body = "\n" + layout.reindent("\n".join(lines), indent + "  ")
    top = layout.above_comments(file, clause.start_with_attributes)
    return [
        *layout.blank_line_above(file, top),
        Edit(head.end_byte, clause.node.end_byte, f" do{body}\n{indent}end"),
        *layout.blank_line_below(file, clause.node.end_byte),
    ]
