"""Where in a SQL text a value stands: read just far enough to tell a value from a name.

No parser: a tokenizer for the dialects that Ecto speaks, and for each hole what stands around it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from otpwise_analyzers.syntax.strings import Template


class Place(Enum):
    """What a hole is to the database."""

    VALUE = "a value, as after `=` or `LIMIT`"
    LIST = "several values at once, as in `IN (#{ids})`"
    QUOTED = "in a string literal"
    NAME = "a table, a column, a direction: nothing that a parameter can stand for"
    COMMENT = "in a comment"
    UNKNOWN = "a piece of SQL, or something that only the whole statement would tell"


class Kind(Enum):
    BLANK = "blank"
    COMMENT = "comment"
    STRING = "string"
    NAME = "name"
    PARAMETER = "parameter"
    NUMBER = "number"
    WORD = "word"
    HOLE = "hole"
    SIGN = "sign"
    BROKEN = "broken"


class Token(NamedTuple):
    """`word` is the upper-case text of a WORD or the text of a SIGN, empty for all else."""

    kind: Kind
    start: int
    end: int
    word: str


_COMMON = [
    (Kind.BLANK, rb"\s+"),
    (Kind.COMMENT, rb"--[^\n]*|/\*.*?\*/"),
    (Kind.STRING, rb"\$(?P<tag>[A-Za-z_]\w*|)\$.*?\$(?P=tag)\$"),
]
_WORDS = [
    (Kind.NAME, rb"`[^`]*`|\[[A-Za-z_ ]\w*\]"),
    (Kind.PARAMETER, rb"\$\d+|\?\d*(?![|&?])|@\d+"),
    (Kind.NUMBER, rb"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"),
    (Kind.WORD, rb"[A-Za-z_\x80-\xff][\w$\x80-\xff]*"),
    (Kind.HOLE, rb"\x00"),
    (Kind.SIGN, rb"::|[<>=!~@#&|?^-]+\*?|[-+*/%(),.;:\[\]{}]"),
    (Kind.BROKEN, rb"."),
]
_QUOTES = [
    (Kind.STRING, rb"[eE]'(?:[^'\\]|\\.|'')*'|(?:[nNbBxX]|[uU]&)?'(?:[^']|'')*'"),
    (Kind.NAME, rb'"(?:[^"]|"")*"'),
]
_MYSQL_QUOTES = [(Kind.STRING, rb"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\"")]


def _compiled(parts: list[tuple[Kind, bytes]]) -> list[tuple[Kind, re.Pattern[bytes]]]:
    return [(kind, re.compile(pattern, re.DOTALL)) for kind, pattern in parts]


_STANDARD = _compiled([*_COMMON, *_QUOTES, *_WORDS])
_MYSQL = _compiled([*_COMMON, *_MYSQL_QUOTES, *_WORDS])


def tokens_of(text: bytes, *, mysql: bool = False) -> list[Token]:
    """The tokens of a SQL text without its blanks. Never fails: what is no SQL becomes BROKEN."""
    found: list[Token] = []
    patterns = _MYSQL if mysql else _STANDARD
    position = 0
    while position < len(text):
        # The last pattern takes any byte.
        kind, match = next(
            (kind, match) for kind, pattern in patterns if (match := pattern.match(text, position))
        )
        if kind is not Kind.BLANK:
            word = ""
            if kind in (Kind.WORD, Kind.SIGN):
                word = match.group().decode("utf-8", "replace").upper()
            found.append(Token(kind, position, match.end(), word))
        position = match.end()
    return found


# The statements that take parameters. Any other (CREATE, SET, LOCK, COPY, ...) can only be written out.
TAKES_PARAMETERS = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "VALUES", "MERGE", "REPLACE", "EXPLAIN", "CALL"}
)
_BEFORE_VALUE = frozenset({"LIKE", "ILIKE", "LIMIT", "OFFSET", "BETWEEN", "THEN", "ELSE", "TOP"})
_BEFORE_VALUE_SIGNS = frozenset({"=", "<", ">", "<>", "!=", "<=", ">=", "==", "~", "~*", "!~", "!~*", "<=>"})
_LIST_OPENERS = frozenset({"IN", "VALUES", "ANY", "ALL", "SOME"})


@dataclass(frozen=True)
class Position:
    """A hole's place; `token` is the token that is it or holds it, `index` that token's place in the list."""

    hole: int
    place: Place
    index: int


class Sql:
    """A SQL text with holes, read once."""

    def __init__(self, template: Template, *, mysql: bool = False) -> None:
        self.template = template
        self.text = template.text
        self.tokens = tokens_of(template.text, mysql=mysql)

    @cached_property
    def code(self) -> list[Token]:
        """The tokens without comments."""
        return [token for token in self.tokens if token.kind is not Kind.COMMENT]

    @cached_property
    def verb(self) -> str:
        """The word that the first statement begins with; empty when a hole does."""
        for token in self.code:
            if token.word != "(":
                return token.word
        return ""

    @cached_property
    def parameters(self) -> list[Token]:
        return [token for token in self.code if token.kind is Kind.PARAMETER]

    @property
    def is_readable(self) -> bool:
        """Whether every quote and comment that opens is closed."""
        return not any(token.kind is Kind.BROKEN for token in self.tokens)

    @cached_property
    def positions(self) -> list[Position]:
        """The place of every hole, in order."""
        found: list[Position] = []
        places = self.template.hole_positions
        next_hole = 0
        for token in self.tokens:
            while next_hole < len(places) and places[next_hole] < token.end:
                if places[next_hole] < token.start:
                    next_hole += 1
                    continue
                place, index = self._place(token)
                found.append(Position(next_hole, place, index))
                next_hole += 1
        return found

    def _place(self, token: Token) -> tuple[Place, int]:
        if token.kind is Kind.COMMENT:
            return Place.COMMENT, -1
        index = self.code.index(token)
        verb = self._verb_before(index)
        if verb and verb not in TAKES_PARAMETERS:
            return Place.NAME, index
        if token.kind is Kind.STRING:
            return (
                Place.UNKNOWN if self.text[token.start : token.start + 1] == b"$" else Place.QUOTED
            ), index
        if token.kind is Kind.NAME:
            return Place.NAME, index
        if token.kind is Kind.HOLE:
            return self._bare(index), index
        return Place.UNKNOWN, index

    def _verb_before(self, index: int) -> str:
        """The first word of the statement that holds the token."""
        start = 0
        for place in range(index - 1, -1, -1):
            if self.code[place].word == ";":
                start = place + 1
                break
        for token in self.code[start:]:
            if token.word != "(":
                return token.word
        return ""

    def _bare(self, index: int) -> Place:
        code, token = self.code, self.code[index]
        before = code[index - 1] if index else None
        after = code[index + 1] if index + 1 < len(code) else None
        if before is not None and before.end == token.start and self._glues(before):
            return Place.NAME
        if after is not None and after.start == token.end and self._glues(after):
            return Place.NAME
        if after is not None and after.word == "(":
            return Place.NAME
        if before is None:
            return Place.UNKNOWN
        if before.kind is Kind.WORD:
            if before.word in _BEFORE_VALUE:
                return Place.VALUE
            if before.word == "IN":
                return Place.LIST
            if before.word == "AND" and index >= 3 and code[index - 3].word == "BETWEEN":
                return Place.VALUE
            return Place.UNKNOWN if before.word in ("WHERE", "AND", "OR", "ON", "HAVING") else Place.NAME
        if before.word in _BEFORE_VALUE_SIGNS:
            return Place.VALUE
        if before.word in ("(", ","):
            return self._in_list(index)
        return Place.UNKNOWN

    @staticmethod
    def _glues(neighbour: Token) -> bool:
        return neighbour.kind in (Kind.WORD, Kind.NUMBER, Kind.HOLE, Kind.NAME) or neighbour.word == "."

    def _in_list(self, index: int) -> Place:
        """The place of a hole behind `(` or `,`, by what the parenthesis belongs to."""
        code = self.code
        depth = 0
        for place in range(index - 1, -1, -1):
            word = code[place].word
            if word == ")":
                depth += 1
            elif word == "(":
                if depth:
                    depth -= 1
                    continue
                opener = code[place - 1] if place else None
                if opener is None or not self._opens_values(place - 1):
                    return Place.NAME
                after = code[index + 1].word if index + 1 < len(code) else ""
                alone = code[index - 1].word == "(" and after in (")", "")
                return Place.LIST if alone else Place.VALUE
        return Place.NAME

    def _opens_values(self, place: int) -> bool:
        """Whether the parenthesis after token `place` holds values: `IN (`, `VALUES (..), (`."""
        token = self.code[place]
        if token.kind is Kind.WORD:
            return token.word in _LIST_OPENERS
        if token.word != ",":
            return False
        depth = 0
        for earlier in range(place - 1, -1, -1):
            word = self.code[earlier].word
            if word == ")":
                depth += 1
            elif word == "(":
                depth -= 1
                if depth < 0:
                    return False
            elif not depth and self.code[earlier].kind is Kind.WORD:
                return word == "VALUES"
        return False
