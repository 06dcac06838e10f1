"""Where text stands on its lines: indentation, newlines, whole statements.

Fixes write `\\n` and plain dedented code; `change_of` and `reindent` make it fit the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from textwrap import dedent

from tree_sitter import Node

from otpwise_analyzers.findings import FileChange
from otpwise_analyzers.source.edits import Edit, Span, apply
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile

WIDTH = 98
"""Code points that `mix format` allows on a line unless `.formatter.exs` says otherwise."""

_NEWLINE = re.compile("\r\n|\r|\n")
_BLANKS = b" \t"


def newline(file: ElixirFile) -> str:
    """The line ending of the file's first line; `\\n` for a file of one line."""
    end = file.data.find(b"\n")
    return "\r\n" if end > 0 and file.data[end - 1 : end] == b"\r" else "\n"


def with_newlines_of(file: ElixirFile, text: str) -> str:
    """`text` with the file's line ending in place of each of its own."""
    ending = newline(file)
    if ending == "\n" and "\r" not in text:
        return text
    return _NEWLINE.sub(lambda _: ending, text)


def change_of(file: ElixirFile, edits: Iterable[Edit]) -> FileChange:
    """The change of `file` by these edits, their new text in the file's own line endings."""
    return FileChange(
        file.path, tuple(Edit(edit.start, edit.end, with_newlines_of(file, edit.new)) for edit in edits)
    )


def line_start(file: ElixirFile, at: int) -> int:
    """The first byte of the line that holds byte `at`."""
    return file.data.rfind(b"\n", 0, at) + 1


def line_end(file: ElixirFile, at: int) -> int:
    """The byte of the line ending (its `\\r` when it has one) after byte `at`, or the length of the text."""
    end = file.data.find(b"\n", at)
    if end < 0:
        return len(file.data)
    return end - 1 if end > at and file.data[end - 1 : end] == b"\r" else end


def indent_at(file: ElixirFile, at: int) -> str:
    """The blanks that the line of byte `at` begins with."""
    start = line_start(file, at)
    line = file.data[start : line_end(file, start)]
    return line[: len(line) - len(line.lstrip(_BLANKS))].decode()


def indent_of(file: ElixirFile, node: Node) -> str:
    """The blanks that the line begins with on which the node begins."""
    return indent_at(file, node.start_byte)


def column(file: ElixirFile, at: int) -> int:
    """The code points between the start of the line and byte `at`."""
    return len(file.data[line_start(file, at) : at].decode("utf-8", "replace"))


def reindent(text: str, indent: str) -> str:
    """`text` with its common indentation replaced by `indent`; blank lines stay empty.

    For generated code: the inside of a multi-line string (no heredoc) would be moved as well.
    """
    lines = dedent(text).split("\n")
    return "\n".join(indent + line if line.strip() else "" for line in lines)


def is_one_line(file: ElixirFile, node: Node) -> bool:
    """Whether the node begins and ends on the same line."""
    return node.start_point.row == node.end_point.row


def starts_line(file: ElixirFile, at: int) -> bool:
    """Whether only blanks stand before byte `at` on its line."""
    return not file.data[line_start(file, at) : at].strip(_BLANKS)


def ends_line(file: ElixirFile, at: int) -> bool:
    """Whether only blanks stand from byte `at` to the end of its line."""
    return not file.data[at : line_end(file, at)].strip(_BLANKS)


def statement_span(file: ElixirFile, node: Node) -> Span:
    """The bytes to remove with a statement: its whole lines when it is alone on them.

    A comment behind it stays, on a line of its own. Of the blank lines around it at most one stays, and
    none at the start or end of a block, as the formatter has it.
    """
    return span_to_remove(file, node.start_byte, node.end_byte)


def span_to_remove(file: ElixirFile, start: int, end: int) -> Span:
    """The same for several statements that follow each other, from the first byte to behind the last."""
    data = file.data
    if not starts_line(file, start):
        return _behind_another(file, start, end)
    if not ends_line(file, end):
        rest = data[end : line_end(file, end)]
        blanks = len(rest) - len(rest.lstrip(b" \t;"))
        return Span(start, end + blanks)
    return lines_span(file, start, end)


def lines_span(file: ElixirFile, start: int, end: int) -> Span:
    """The bytes to remove with the whole lines from byte `start` to byte `end`, as in `statement_span`."""
    data = file.data
    start = line_start(file, start)
    end = _after_newline(file, end)
    blank_before = start > 0 and not data[line_start(file, start - 1) : start].strip()
    blank_after = end < len(data) and not data[end : _after_newline(file, end)].strip()
    if blank_after and (blank_before or _opens_block(file, start)):
        end = _after_newline(file, end)
    elif blank_before and (end >= len(data) or _closes_block(file, end)):
        start = line_start(file, start - 1)
    return Span(start, end)


def delete_statement(file: ElixirFile, node: Node) -> Edit:
    """Removes a statement that has others beside it; see `statement_span`."""
    return Edit(*statement_span(file, node), "")


def delete_lines(file: ElixirFile, span: Span) -> Edit:
    """Removes whole lines (`span` goes from the start of the first to the end of the last) that stand before
    other code. Of the blank lines around them at most one stays, and none where a block begins."""
    start, end = span.start, _after_newline(file, span.end)
    blank_before = start > 0 and not data_line(file, start - 1)
    blank_after = end < len(file.data) and not data_line(file, end)
    if blank_after and (blank_before or _opens_block(file, start)):
        end = _after_newline(file, end)
    return Edit(start, end, "")


def data_line(file: ElixirFile, at: int) -> bytes:
    """The line that holds byte `at`, without the blanks around it."""
    return file.data[line_start(file, at) : line_end(file, at)].strip()


def above_comments(file: ElixirFile, at: int) -> int:
    """The start of the lines of comment that stand directly above the line of byte `at`, or of that line."""
    start = line_start(file, at)
    while start > 0:
        above = line_start(file, start - 1)
        if not file.data[above:start].lstrip().startswith(b"#"):
            break
        start = above
    return start


def _after_newline(file: ElixirFile, at: int) -> int:
    end = file.data.find(b"\n", at)
    return len(file.data) if end < 0 else end + 1


def _behind_another(file: ElixirFile, start: int, end: int) -> Span:
    """`first; second` loses `; second`."""
    before = file.data[line_start(file, start) : start].rstrip(_BLANKS)
    if before.endswith(b";"):
        return Span(line_start(file, start) + len(before) - 1, end)
    return Span(start, end)


def _opens_block(file: ElixirFile, start: int) -> bool:
    before = file.data[:start].rstrip()
    return not before or before.endswith((b" do", b"->", b"\ndo", b"else", b"rescue", b"catch", b"after"))


_CLOSING = re.compile(rb"[ \t]*(?:(?:end|else|rescue|catch|after)\b|[)\]}])")


def _closes_block(file: ElixirFile, end: int) -> bool:
    return _CLOSING.match(file.data, end) is not None


def blank_lines_around(file: ElixirFile, node: Node) -> list[Edit]:
    """The blank lines that a statement needs around it once it takes several lines.

    Two insertions at most: above it (and above its comments) and below, where other code is next to it.
    """
    start = line_start(file, node.start_byte)
    while start > 0 and _line_at(file, line_start(file, start - 1)).startswith(b"#"):
        start = line_start(file, start - 1)
    return [*blank_line_above(file, start), *blank_line_below(file, node.end_byte)]


def blank_line_above(file: ElixirFile, start: int) -> list[Edit]:
    """An empty line above the line that begins at byte `start`, where other code is next to it."""
    if start > 0 and _line_at(file, line_start(file, start - 1)) and not _opens_block(file, start):
        return [Edit(start, start, "\n")]
    return []


def blank_line_below(file: ElixirFile, end: int) -> list[Edit]:
    """An empty line below the line of byte `end`, where other code is next to it."""
    below = _after_newline(file, line_end(file, end))
    if below < len(file.data) and _line_at(file, below) and not _closes_block(file, below):
        return [Edit(below, below, "\n")]
    return []


def _line_at(file: ElixirFile, start: int) -> bytes:
    return file.data[start : line_end(file, start)].strip()


def fits(text: str, indent: str = "", *, behind: int = 0) -> bool:
    """Whether one-line `text` stays within the formatter's width behind `indent`, with room for `behind`."""
    return "\n" not in text and len(indent) + len(text) + behind <= WIDTH


def widens(file: ElixirFile, edits: Iterable[Edit]) -> bool:
    """Whether the edits make a line that is wider than the formatter allows."""
    before = set(file.data.splitlines())
    return any(
        len(line.decode("utf-8", "replace")) > WIDTH
        for line in apply(file.data, edits).splitlines()
        if line not in before
    )


def is_statement(node: Node) -> bool:
    """Whether the node stands in a body of its own right, be it the last, and is no part of an expression."""
    parent = node.parent
    return parent is None or parent.type in ("source", "do_block", "body", "block", *nodes.CLAUSE_BLOCKS)


def only_statement(node: Node) -> bool:
    """Whether the node is the whole body that it stands in, so that removing it would leave an empty one."""
    parent = node.parent
    if parent is None or parent.type == "source":
        return False
    return nodes.block_statements(parent) == [node]
