"""Where the keys and values of a TOML document stand: `tomllib` reads them but does not say."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from otpwise_analyzers.source.edits import Span

Path = tuple[str | int, ...]
"""The keys from the top of the document, and for an item of an array its index."""


class Place(NamedTuple):
    """Bytes of a key (of an array's item: the item itself) and of its value. A table's value is its header."""

    key: Span
    value: Span


class _Token(NamedTuple):
    kind: str
    start: int
    end: int
    text: bytes


_TOKEN = re.compile(
    rb"""
      (?P<blank>[ \t\r]+|\#[^\n]*)
    | (?P<newline>\n)
    | (?P<string>
          \"\"\"(?:\\.|[^\\])*?\"{3,5}
        | '''.*?'{3,5}
        | "(?:\\.|[^"\\\n])*"
        | '[^'\n]*'
      )
    | (?P<mark>[\[\]{},=.])
    | (?P<bare>[^\s\[\]{},=.\#"']+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_END = _Token("end", 0, 0, b"")


def places(data: bytes) -> dict[Path, Place]:
    """The place of every key, and of every item of an array, of a document that `tomllib` accepts.

    Of one that it does not accept, the places up to somewhere near the mistake. Arrays of tables
    (`[[name]]`) are told apart by no index: the last one's places are kept.
    """
    scanner = _Scanner(data)
    with suppress(RecursionError, StopIteration):
        scanner.document()
    return scanner.found


class _Scanner:
    def __init__(self, data: bytes) -> None:
        self.found: dict[Path, Place] = {}
        self._given: set[Path] = set()
        self._tokens = _tokens(data)
        self._now = _END
        self._end = 0
        self._next()

    def document(self) -> None:
        table: Path = ()
        while self._now.kind != "end":
            if self._now.text == b"[" and self._now.kind == "mark":
                start = self._now.start
                while self._is(b"["):
                    self._next()
                table, key = self._key(())
                while self._is(b"]"):
                    self._next()
                self.found[table] = Place(key, Span(start, self._end))
            elif self._now.kind in ("bare", "string"):
                self._pair(table)
            self._skip_line()

    def _pair(self, table: Path) -> None:
        path, key = self._key(table)
        if self._is(b"="):
            self._next()
            value = self._value(path)
            # A key that is given twice is a mistake; the first is the one that may still apply.
            if path not in self._given:
                self._given.add(path)
                self.found[path] = Place(key, value)

    def _key(self, table: Path) -> tuple[Path, Span]:
        """The path that a dotted key leads to from `table`, and the bytes of the whole key."""
        start, path = self._now.start, table
        while self._now.kind in ("bare", "string"):
            first = not path or path == table
            path = (*path, _name(self._now))
            self._next()
            if first or path not in self.found:
                self.found.setdefault(path, Place(Span(start, self._end), Span(start, self._end)))
            if not self._is(b"."):
                break
            self._next()
        # After a mark without a name, what was read last ends before the place where the name is missing.
        return path, Span(start, max(start, self._end))

    def _value(self, path: Path) -> Span:
        start = self._now.start
        if self._is(b"["):
            self._next()
            index = 0
            while not self._closes(b"]"):
                item = self._value((*path, index))
                self.found[(*path, index)] = Place(item, item)
                index += 1
                self._comma()
        elif self._is(b"{"):
            self._next()
            while not self._closes(b"}"):
                if self._now.kind not in ("bare", "string"):
                    raise StopIteration
                self._pair(path)
                self._comma()
        elif self._now.kind == "string":
            self._next()
        else:
            while self._now.kind == "bare" or self._is(b"."):
                self._next()
            if self._end <= start:
                raise StopIteration
        return Span(start, self._end)

    def _closes(self, mark: bytes) -> bool:
        self._skip_newlines()
        if self._is(mark):
            self._next()
            return True
        if self._now.kind == "end":
            raise StopIteration
        return False

    def _comma(self) -> None:
        self._skip_newlines()
        if self._is(b","):
            self._next()

    def _is(self, mark: bytes) -> bool:
        return self._now.kind == "mark" and self._now.text == mark

    def _skip_newlines(self) -> None:
        while self._now.kind == "newline":
            self._next()

    def _skip_line(self) -> None:
        while self._now.kind not in ("newline", "end"):
            self._next()
        self._skip_newlines()

    def _next(self) -> None:
        self._end = self._now.end
        self._now = next(self._tokens, _END)


def _tokens(data: bytes) -> Iterator[_Token]:
    for match in _TOKEN.finditer(data):
        if match.lastgroup is not None and match.lastgroup != "blank":
            yield _Token(match.lastgroup, match.start(), match.end(), match.group())


def _name(token: _Token) -> str:
    text = token.text.decode("utf-8", "replace")
    if token.kind == "bare":
        return text
    try:
        return str(tomllib.loads(f"key = {text}")["key"])
    except tomllib.TOMLDecodeError:
        return text
