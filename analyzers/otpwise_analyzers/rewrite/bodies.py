"""Putting an expression around a body, and a function behind the others of a module."""

from __future__ import annotations

from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.rewrite.layout import indent_of, line_end, line_start, reindent
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

_HEREDOCS = ('"""', "'''")


class Body(NamedTuple):
    """The lines of a `do` body with their comments: from the start of the first to the end of the last."""

    span: Span
    indent: str


def body_of(definition: Definition) -> Body | None:
    """The lines between `do` and `end` (or `rescue` ...); None when they share a line with either."""
    file, block = definition.file, definition.do_block
    if block is None:
        return None
    inside = [
        child
        for child in block.named_children
        if child.type not in nodes.CLAUSE_BLOCKS and child.start_point.row > block.start_point.row
    ]
    if not definition.statements or definition.statements[0] not in inside:
        return None
    after = [child for child in block.children if child.start_byte >= inside[-1].end_byte]
    if not after or after[0].start_point.row == inside[-1].end_point.row:
        return None
    start = line_start(file, inside[0].start_byte)
    return Body(Span(start, line_end(file, inside[-1].end_byte)), indent_of(file, definition.statements[0]))


def deepened(file: ElixirFile, within: Node, span: Span) -> list[Edit]:
    """Indents the lines of `span` by two blanks (a tab where there are tabs); the inside of a multi-line string stays as it is."""
    fixed: set[int] = set()
    for node in nodes.descendants(within, "string", "charlist", "sigil"):
        if node.start_point.row == node.end_point.row:
            continue
        start = node.child_by_field_name("quoted_start")
        if start is None or file.text(start) not in _HEREDOCS:
            fixed.update(range(node.start_point.row + 1, node.end_point.row + 1))
    edits: list[Edit] = []
    row = file.data.count(b"\n", 0, span.start)
    at = span.start
    while at < span.end:
        end = line_end(file, at)
        if file.data[at:end].strip() and row not in fixed:
            edits.append(Edit(at, at, "\t" if file.data[at : at + 1] == b"\t" else "  "))
        following = file.data.find(b"\n", at)
        if following < 0:
            break
        at, row = following + 1, row + 1
    return edits


def wrapped_in(definition: Definition, before: str, after: str) -> list[Edit] | None:
    """Edits that put the lines `before` and `after` around a clause's body, in either form of it.

    Both are dedented code without a final newline. None when the body's lines cannot be told apart.
    """
    file = definition.file
    indent = indent_of(file, definition.node)
    body = body_of(definition)
    if body is not None:
        return [
            Edit(body.span.start, body.span.start, reindent(before, body.indent) + "\n"),
            *deepened(file, definition.node, body.span),
            Edit(body.span.end, body.span.end, "\n" + reindent(after, body.indent)),
        ]
    expression = definition.keyword_body
    head = definition.guard if definition.guard is not None else definition.head
    if expression is None or head is None or expression.start_point.row != expression.end_point.row:
        return None
    if expression.end_byte != definition.node.end_byte:
        return None
    if b"#" in file.data[head.end_byte : expression.start_byte]:
        return None
    inner = indent + "  "
    return [
        Edit(
            head.end_byte,
            expression.start_byte,
            f" do\n{reindent(before, inner)}\n{inner}  ",
        ),
        Edit(expression.end_byte, expression.end_byte, f"\n{reindent(after, inner)}\n{indent}end"),
    ]


def appended(module: Module, code: str) -> Edit | None:
    """Adds dedented `code` as the last thing of a module, behind an empty line.

    None for a module whose `end` shares its line with something.
    """
    file, block = module.file, module.do_block
    if block is None or not block.children:
        return None
    end = block.children[-1]
    start = line_start(file, end.start_byte)
    if end.type != "end" or file.data[start : end.start_byte].strip():
        return None
    inner = indent_of(file, module.node) + "  "
    lead = "\n" if module.statements else ""
    return Edit(start, start, f"{lead}{reindent(code, inner)}\n")
