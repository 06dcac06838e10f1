"""Where a byte lies in the lines of a text, as each of the three LSP encodings counts."""

from __future__ import annotations

import re
from bisect import bisect_right
from enum import StrEnum
from itertools import accumulate
from typing import NamedTuple

from otpwise_analyzers.source.edits import Span

_SEPARATOR = re.compile(rb"\r\n|\n|\r")
_CONTINUATION = bytes(range(0x80, 0xC0))


class Encoding(StrEnum):
    """The unit in which a position counts the characters of a line."""

    UTF8 = "utf-8"
    UTF16 = "utf-16"
    UTF32 = "utf-32"


class Position(NamedTuple):
    """`line` from 0; `character` from 0 in code units of the encoding that was asked for."""

    line: int
    character: int


class LineIndex:
    """The lines of one text, separated by `\\n`, `\\r\\n` and `\\r` and by nothing else.

    Positions out of range are clamped as LSP wants it: a character beyond the end of its line is the
    end of that line, before the separator; a line beyond the last is the end of the text. A position
    inside a character (a UTF-8 sequence, a surrogate pair) is the start of that character. No method
    raises.
    """

    __slots__ = ("_ascii", "data", "starts")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._ascii = data.isascii()
        self.starts = _starts(data)

    def __len__(self) -> int:
        """The number of lines; a text that ends in a separator has an empty last line."""
        return len(self.starts)

    def line_of(self, offset: int) -> int:
        """The line, from 0, that holds the byte at `offset`; a separator belongs to the line it ends."""
        return max(0, bisect_right(self.starts, offset) - 1)

    def span(self, line: int) -> Span:
        """The bytes of a line without its separator; the empty range at the end for a line too many."""
        if line < 0:
            line = 0
        if line >= len(self.starts):
            return Span(len(self.data), len(self.data))
        start = self.starts[line]
        if line + 1 == len(self.starts):
            return Span(start, len(self.data))
        end = self.starts[line + 1] - 1
        if end > start and self.data[end] == 0x0A and self.data[end - 1] == 0x0D:
            end -= 1
        return Span(start, end)

    def full_span(self, line: int) -> Span:
        """The bytes of a line with its separator."""
        start = self.span(line).start
        following = max(line, 0) + 1
        end = self.starts[following] if following < len(self.starts) else len(self.data)
        return Span(start, max(start, end))

    def text(self, line: int) -> str:
        """A line without its separator; bytes that are not UTF-8 become U+FFFD."""
        start, end = self.span(line)
        return self.data[start:end].decode("utf-8", "replace")

    def position(self, offset: int, encoding: Encoding = Encoding.UTF16) -> Position:
        """The position of a byte offset, which is clamped to the text."""
        offset = min(max(offset, 0), len(self.data))
        line = bisect_right(self.starts, offset) - 1
        start, end = self.span(line)
        if self._ascii:
            return Position(line, min(offset, end) - start)
        before = self.data[start : self._boundary(min(offset, end), start)]
        return Position(line, _units(before, encoding))

    def offset(self, line: int, character: int, encoding: Encoding = Encoding.UTF16) -> int:
        """The byte offset of a position."""
        if line < 0:
            return 0
        if line >= len(self.starts):
            return len(self.data)
        start, end = self.span(line)
        character = max(character, 0)
        if encoding is Encoding.UTF8 or self._ascii:
            return self._boundary(min(start + character, end), start)
        content = self.data[start:end]
        if content.isascii():
            return start + min(character, len(content))
        return start + _bytes_of(content, character, encoding)

    def _boundary(self, offset: int, floor: int) -> int:
        """`offset`, or the start of the character that it lies in. A sequence has at most 4 bytes."""
        if self._ascii:
            return offset
        data = self.data
        at = offset
        while at > floor and at < len(data) and offset - at < 3 and data[at] in _CONTINUATION:
            at -= 1
        if at < offset and data[at] < 0xC0:
            # Stray continuation bytes belong to no character: each stands for itself.
            return offset
        return at


def _starts(data: bytes) -> list[int]:
    if b"\r" in data:
        return [0, *(match.end() for match in _SEPARATOR.finditer(data))]
    lengths = [len(line) + 1 for line in data.split(b"\n")]
    lengths.pop()
    return list(accumulate(lengths, initial=0))


def _units(data: bytes, encoding: Encoding) -> int:
    if encoding is Encoding.UTF8 or data.isascii():
        return len(data)
    text = data.decode("utf-8", "replace")
    if encoding is Encoding.UTF32:
        return len(text)
    return len(text.encode("utf-16-le")) // 2


def _bytes_of(content: bytes, units: int, encoding: Encoding) -> int:
    """How many bytes the first `units` code units take; whole characters only, never past the end."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return _bytes_of_broken(content, units, encoding)
    if encoding is Encoding.UTF32:
        return len(text[:units].encode())
    head = text.encode("utf-16-le")[: units * 2]
    # A high surrogate that is cut off from its low one is dropped with "ignore".
    return len(head.decode("utf-16-le", "ignore").encode())


def _bytes_of_broken(content: bytes, units: int, encoding: Encoding) -> int:
    """As `_bytes_of`, for bytes that are not UTF-8: the longest prefix that has at most `units`."""
    low, high = 0, len(content)
    while low < high:
        middle = (low + high + 1) // 2
        if _units(content[:middle], encoding) <= units:
            low = middle
        else:
            high = middle - 1
    return low
