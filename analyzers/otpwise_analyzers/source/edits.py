"""Replacements of byte ranges, and how several of them become one new text."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of bytes, from 0."""

    start: int
    end: int

    def touches(self, other: Span) -> bool:
        """Whether the two share a byte, or one is empty and lies in or at the edge of the other."""
        if self.start == self.end or other.start == other.end:
            return self.start <= other.end and other.start <= self.end
        return self.start < other.end and other.start < self.end


class Edit(NamedTuple):
    """`new` (UTF-8) takes the place of the bytes from `start` up to `end`."""

    start: int
    end: int
    new: str


class OverlappingEditsError(ValueError):
    """Two edits of one file claim the same bytes; `first` and `second` say which."""

    def __init__(self, first: Edit, second: Edit) -> None:
        super().__init__(
            f"edits overlap: bytes {first.start}-{first.end} and bytes {second.start}-{second.end}"
        )
        self.first = first
        self.second = second


def in_order(edits: Iterable[Edit]) -> list[Edit]:
    """The edits by position, duplicates dropped; insertions at one place keep their given order.

    Raises OverlappingEditsError when two claim the same bytes.
    """
    unique = list(dict.fromkeys(edits))
    ordered = sorted(unique, key=lambda edit: (edit.start, edit.end))
    for first, second in pairwise(ordered):
        if second.start < first.end:
            raise OverlappingEditsError(first, second)
    return ordered


def apply(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The text after all edits, which are all relative to `data`.

    Raises OverlappingEditsError, and ValueError for an edit outside of the text.
    """
    pieces: list[bytes] = []
    position = 0
    for edit in in_order(edits):
        if not 0 <= edit.start <= edit.end <= len(data):
            raise ValueError(f"edit of bytes {edit.start}-{edit.end} in a text of {len(data)} bytes")
        pieces.append(data[position : edit.start])
        pieces.append(edit.new.encode())
        position = edit.end
    pieces.append(data[position:])
    return b"".join(pieces)


def in_line_endings(data: bytes, edits: Iterable[Edit]) -> list[Edit]:
    """The edits as they fit into a text with CRLF: none parts one, and where most lines have it, so have the new
    ones. A new file has it when a part of it was taken from such a text."""
    crlf = data.count(b"\r\n")
    has_most = crlf * 2 > data.count(b"\n")
    found = []
    for start, end, new in edits:
        if has_most or (not data and "\r\n" in new):
            new = new.replace("\r\n", "\n").replace("\n", "\r\n")
        found.append(
            Edit(_before_crlf(data, start), _before_crlf(data, end), new) if crlf else Edit(start, end, new)
        )
    return found


def _before_crlf(data: bytes, offset: int) -> int:
    """Who looks for a line feed alone means the end of the line, as do the positions of LSP."""
    return offset - 1 if data[offset - 1 : offset + 1] == b"\r\n" and offset else offset
