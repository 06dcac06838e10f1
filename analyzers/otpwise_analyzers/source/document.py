"""One file's text as it changes, from the disk or from an editor."""

from __future__ import annotations

import re
from typing import NamedTuple

from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.source.lines import Encoding, LineIndex, Position

_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_SURROGATE = re.compile("[\ud800-\udfff]")


class NotUtf8Error(ValueError):
    """A file is not UTF-8, as Elixir's compiler wants it.

    `offset` is the first byte that cannot be read, `line` and `column` (in bytes) are its place, all
    from 0.
    """

    def __init__(self, offset: int, line: int, column: int, reason: str) -> None:
        super().__init__(f"{reason} at line {line + 1}, byte {column + 1}")
        self.offset = offset
        self.line = line
        self.column = column
        self.reason = reason


class TreeEdit(NamedTuple):
    """What tree-sitter's `Tree.edit` takes.

    Points are (row, column in bytes), where a row ends with `\\n` only: tree-sitter's own count, which
    differs from LSP's lines in a text with a bare `\\r`.
    """

    start_byte: int
    old_end_byte: int
    new_end_byte: int
    start_point: tuple[int, int]
    old_end_point: tuple[int, int]
    new_end_point: tuple[int, int]


class Document:
    """A text with the version that its owner counts, changed in place.

    `data` is UTF-8 without a byte order mark; line separators are kept as they are. `data` itself is
    never mutated, so a reference to it is a snapshot.
    """

    __slots__ = ("_lines", "bom", "data", "version")

    def __init__(self, data: bytes, version: int = 0, *, bom: bool = False) -> None:
        self.data = data
        self.version = version
        self.bom = bom
        self._lines: LineIndex | None = None

    @classmethod
    def from_text(cls, text: str, version: int = 0) -> Document:
        """The document of a string; a surrogate without its other half becomes U+FFFD."""
        return cls(encoded(text), version)

    @classmethod
    def from_disk(cls, raw: bytes) -> Document:
        """The document of a file's bytes.

        Raises NotUtf8Error, which says where.
        """
        if raw.startswith(_UTF16_BOMS):
            raise NotUtf8Error(0, 0, 0, "the file is UTF-16, not UTF-8")
        bom = raw.startswith(_BOM)
        data = raw.removeprefix(_BOM)
        if not data.isascii():
            try:
                data.decode()
            except UnicodeDecodeError as error:
                row, column = _point(data, error.start)
                skipped = len(_BOM) if bom else 0
                reason = f"byte 0x{data[error.start]:02X} is not UTF-8"
                raise NotUtf8Error(error.start + skipped, row, column, reason) from error
        return cls(data, bom=bom)

    @property
    def raw(self) -> bytes:
        """The bytes as they belong on the disk."""
        return _BOM + self.data if self.bom else self.data

    @property
    def text(self) -> str:
        """The text as a string; what is not UTF-8 becomes U+FFFD."""
        return self.data.decode("utf-8", "replace")

    @property
    def lines(self) -> LineIndex:
        if self._lines is None:
            self._lines = LineIndex(self.data)
        return self._lines

    def replace(self, start: int, end: int, new: bytes) -> TreeEdit:
        """Puts `new` in the place of the bytes from `start` up to `end`, both clamped to the text."""
        old = self.data
        start = min(max(start, 0), len(old))
        end = min(max(end, start), len(old))
        data = b"".join((old[:start], new, old[end:]))
        new_end = start + len(new)
        edit = TreeEdit(start, end, new_end, _point(old, start), _point(old, end), _point(data, new_end))
        self.data = data
        self._lines = None
        return edit

    def change(
        self, first: Position, last: Position, text: str, encoding: Encoding = Encoding.UTF16
    ) -> TreeEdit:
        """Puts `text` in the place of the range; a range that runs backwards is turned around."""
        lines = self.lines
        start = lines.offset(first.line, first.character, encoding)
        end = lines.offset(last.line, last.character, encoding)
        return self.replace(min(start, end), max(start, end), encoded(text))

    def overwrite(self, text: str) -> None:
        """Makes `text` the whole of the document; no old tree can be kept."""
        self.data = encoded(text)
        self._lines = None

    def range(self, span: Span, encoding: Encoding = Encoding.UTF16) -> tuple[Position, Position]:
        """The two positions of a byte range."""
        lines = self.lines
        return lines.position(span.start, encoding), lines.position(span.end, encoding)


def encoded(text: str) -> bytes:
    """UTF-8; a surrogate without its other half becomes U+FFFD, which is as long in every encoding."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub("�", text).encode()


def _point(data: bytes, offset: int) -> tuple[int, int]:
    return data.count(b"\n", 0, offset), offset - (data.rfind(b"\n", 0, offset) + 1)
