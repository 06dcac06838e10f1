"""Puts statements of a LiveView under `if connected?(socket)`."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.rewrite.bodies import deepened
from otpwise_analyzers.rewrite.spacing import apart
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition
from otpwise_analyzers.syntax.variables import bound_by


def socket_of(definition: Definition, index: int) -> str | None:
    """The variable that holds the socket, given as parameter `index`; None when none does."""
    if index >= len(definition.params):
        return None
    param = definition.params[index]
    data = definition.file.data
    if nodes.is_operator(param, "="):
        names = [name for side in nodes.named(param) if (name := nodes.identifier(side, data))]
    else:
        names = [name for name in [nodes.identifier(param, data)] if name]
    return next((name for name in names if not name.startswith("_")), None)


def statement_of(file: ElixirFile, expression: Node) -> Node | None:
    """The whole-line statement that an expression is, `:ok =` before it included, when nothing uses its value."""
    node = expression
    parent = node.parent
    if parent is not None and nodes.is_operator(parent, "="):
        left = parent.child_by_field_name("left")
        if left is None or parent.child_by_field_name("right") != node or bound_by(left, file.data):
            return None
        node = parent
    if not layout.is_statement(node) or not nodes.value_is_dropped(node) or node.parent is None:
        return None
    if node.parent.type == "source" or not layout.starts_line(file, node.start_byte):
        return None
    behind = file.data[node.end_byte : layout.line_end(file, node.end_byte)].strip()
    return node if not behind or behind.startswith(b"#") else None


def when_connected(
    context: FixContext, definition: Definition, statements: Sequence[Node], socket: str
) -> Change:
    """`statements` follow one another in one block of `definition`."""
    file = context.file
    first, last = statements[0], statements[-1]
    head = f"if connected?({socket})"
    text = file.text(first)
    start, end = layout.line_start(file, first.start_byte), layout.line_end(file, last.end_byte)
    indent = layout.indent_of(file, first)
    rest = file.data[first.end_byte : end].decode()
    short = f"{head}, do: {text}"
    if first == last and first.type == "call" and layout.fits(short + rest.rstrip(), indent):
        return (layout.change_of(file, [Edit(first.start_byte, first.start_byte, f"{head}, do: ")]),)
    edits = [
        Edit(start, start, f"{indent}{head} do\n"),
        *deepened(file, definition.node, Span(start, end)),
        Edit(end, end, f"\n{indent}end"),
    ]
    around = list(dict.fromkeys([*apart(file, first), *apart(file, last)]))
    before = [edit for edit in around if edit.start <= start]
    after = [edit for edit in around if edit.start >= end]
    return (layout.change_of(file, [*before, *edits, *after]),)
