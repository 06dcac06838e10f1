"""Lines that move to another callback, and the variables that have to come along in a message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.source.edits import Edit, Span, apply
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition
from otpwise_analyzers.syntax.variables import uses_of, visible_at


class Carried(NamedTuple):
    """The variables that moved code needs, in the order of their first use."""

    names: tuple[str, ...]

    def tagged(self, tag: str) -> str:
        """The message that carries them, which is its pattern too: `:load`, `{:load, url, key}`."""
        return f"{{:{tag}, {', '.join(self.names)}}}" if self.names else f":{tag}"


def carried_into(definition: Definition, moved: list[Node], without: frozenset[str] = frozenset()) -> Carried:
    """The variables bound before `moved` (neighbouring statements, or one expression) that it uses."""
    data = definition.file.data
    first_uses: list[tuple[int, str]] = []
    for name in visible_at(definition, moved[0]) - without:
        uses = [use for node in moved for use in uses_of(name, node, data)]
        if uses:
            first_uses.append((min(use.start_byte for use in uses), name))
    return Carried(tuple(name for _, name in sorted(first_uses)))


def lines_with_comments(file: ElixirFile, first: Node, last: Node) -> Span | None:
    """The whole lines of some statements, from the comments directly above the first to what stands behind
    the last. None when they share a line with other code."""
    if not layout.starts_line(file, first.start_byte):
        return None
    start = layout.line_start(file, first.start_byte)
    while start > 0:
        above = layout.line_start(file, start - 1)
        if not file.data[above:start].lstrip().startswith(b"#"):
            break
        start = above
    end = layout.line_end(file, last.end_byte)
    behind = file.data[last.end_byte : end].strip()
    if behind and not behind.startswith(b"#"):
        return None
    return Span(start, end)


def dedented_lines(file: ElixirFile, span: Span, edits: Iterable[Edit] = ()) -> str | None:
    """The text of whole lines after `edits` (in bytes of the file), without their indentation.

    None for lines that stand further left than the first: the inside of a string.
    """
    local = [Edit(edit.start - span.start, edit.end - span.start, edit.new) for edit in edits]
    text = apply(file.data[span.start : span.end], local).decode().replace("\r\n", "\n")
    indent = text[: len(text) - len(text.lstrip())]
    lines = text.split("\n")
    if any(line.strip() and not line.startswith(indent) for line in lines):
        return None
    return "\n".join(line[len(indent) :] if line.strip() else "" for line in lines)


def would_be_joined(file: ElixirFile, moved: Iterable[Node], left: int) -> bool:
    """Whether an expression that was broken for its length fits on one line, `left` columns further left."""
    for statement in moved:
        for node in (
            statement,
            *nodes.descendants(statement, "tuple", "call", "binary_operator", "list", "map"),
        ):
            if node.start_point.row == node.end_point.row or nodes.is_operator(node, "|>"):
                continue
            if nodes.child_of_type(node, "do_block") is not None:
                continue
            line = " ".join(file.text(node).split())
            behind = layout.line_end(file, node.end_byte) - node.end_byte
            length = layout.column(file, node.start_byte) + len(line) + behind
            if layout.WIDTH < length <= layout.WIDTH + left:
                return True
    return False
