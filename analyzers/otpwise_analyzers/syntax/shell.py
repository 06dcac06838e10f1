"""The commands in a piece of shell, as far as a Dockerfile needs them: words, quotes, operators.

No shell is interpreted: variables stay as they are written, and what cannot be told apart is a word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from otpwise_analyzers.source.edits import Span

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_OPERATORS = b"&|;()\n\r{}"
# Words that stand before a command and are none.
_LEADING = frozenset(
    {"if", "then", "else", "elif", "do", "while", "until", "!", "exec", "time", "sudo", "env"}
)
_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})


class Word(NamedTuple):
    """A word without its quotes, and where it is written, quotes included."""

    text: str
    span: Span


class Command(NamedTuple):
    """A simple command. `environment` are the assignments before it, which hold for it alone."""

    words: tuple[Word, ...]
    environment: dict[str, str]

    @property
    def name(self) -> str:
        """The program, without its folder."""
        return self.words[0].text.rpartition("/")[2]

    @property
    def arguments(self) -> tuple[str, ...]:
        return tuple(word.text for word in self.words[1:])

    @property
    def span(self) -> Span:
        return Span(self.words[0].span.start, self.words[-1].span.end)


def words_in(data: bytes, span: Span) -> list[Word]:
    """The words of a line of arguments, quotes taken off; operators are part of words."""
    return [token for token in _tokens(data, span, b"\n\r") if token is not None]


def commands_in(data: bytes, span: Span) -> list[Command]:
    """The simple commands between two bytes, in order, those in `sh -c "..."` too."""
    found: list[Command] = []
    words: list[Word] = []
    for token in _tokens(data, span, _OPERATORS):
        if token is not None:
            words.append(token)
        elif words:
            found.extend(_commands(words))
            words = []
    if words:
        found.extend(_commands(words))
    return found


def exec_form(data: bytes, span: Span) -> list[Word] | None:
    """The words of `["program", "argument"]`; None when it is not a list of strings."""
    text = data[span.start : span.end]
    if not text.lstrip().startswith(b"["):
        return None
    try:
        parsed = json.loads(text)
    except ValueError:
        return None
    if not isinstance(parsed, list) or not all(isinstance(word, str) for word in parsed):
        return None
    written = list(re.finditer(rb'"(?:[^"\\]|\\.)*"', text))
    return [
        Word(word, Span(span.start + match.start(), span.start + match.end()))
        for word, match in zip(parsed, written, strict=True)
    ]


def commands_of(words: Iterable[Word]) -> list[Command]:
    """The commands that a list of words in exec form runs: one, or those of its `sh -c`."""
    return list(_commands(list(words)))


def _commands(words: list[Word]) -> Iterator[Command]:
    environment: dict[str, str] = {}
    while words:
        assignment = _ASSIGNMENT.fullmatch(words[0].text)
        if assignment is not None:
            environment[assignment[1]] = assignment[2]
        elif words[0].text not in _LEADING:
            break
        words = words[1:]
    if not words:
        return
    name = words[0].text.rpartition("/")[2]
    if name in _SHELLS and (script := _script(words)) is not None:
        # The script's own quotes are gone: every word of it is where the script is.
        data = script.text.encode()
        for command in commands_in(data, Span(0, len(data))):
            inner = tuple(Word(word.text, script.span) for word in command.words)
            yield Command(inner, {**environment, **command.environment})
        return
    yield Command(tuple(words), environment)


def _script(words: list[Word]) -> Word | None:
    """The text behind `-c`, `-lc`, `-exc`."""
    for option, following in pairwise(words[1:]):
        if re.fullmatch(r"-[a-z]*c", option.text):
            return following
        if not option.text.startswith("-"):
            return None
    return None


def _tokens(data: bytes, span: Span, operators: bytes) -> Iterator[Word | None]:
    """Words, with None between two commands."""
    at, end = span
    while at < end:
        character = data[at]
        if character in b" \t" or (character in b"\n\r" and character not in operators):
            at += 1
        elif character == 0x23 and b"\n" in operators and (at == span.start or data[at - 1] in b" \t\n\r;"):
            while at < end and data[at] not in b"\n\r":
                at += 1
        elif character in operators and not (character in b"{}" and _inside_word(data, at, end)):
            yield None
            at += 1
        else:
            word, at = _word(data, at, end, operators)
            yield word


def _inside_word(data: bytes, at: int, end: int) -> bool:
    """Whether a brace belongs to a word: a group's stands by itself."""
    after = data[at + 1] if at + 1 < end else 0x20
    return after not in b" \t\n\r;"


def _word(data: bytes, at: int, end: int, operators: bytes) -> tuple[Word, int]:
    start = at
    text = bytearray()
    while at < end:
        character = data[at]
        if character in b" \t\n\r":
            break
        if character in b"'\"":
            closing = _closing(data, at, end)
            quoted = data[at + 1 : closing]
            text += quoted if character == 0x27 else re.sub(rb'\\(["\\$`])', rb"\1", quoted)
            at = min(closing + 1, end)
        elif character == 0x24 and at + 1 < end and data[at + 1] in b"({":
            closing = _balanced(data, at + 1, end)
            text += data[at:closing]
            at = closing
        elif character == 0x5C and at + 1 < end:
            text.append(data[at + 1])
            at += 2
        elif character in operators and character not in b"{}":
            break
        else:
            text.append(character)
            at += 1
    return Word(text.decode("utf-8", "replace"), Span(start, at)), at


def _closing(data: bytes, at: int, end: int) -> int:
    quote = data[at]
    at += 1
    while at < end and data[at] != quote:
        at += 2 if data[at] == 0x5C and quote == 0x22 else 1
    return min(at, end)


def _balanced(data: bytes, at: int, end: int) -> int:
    opening, closing = data[at], 0x29 if data[at] == 0x28 else 0x7D
    depth = 0
    while at < end:
        if data[at] == opening:
            depth += 1
        elif data[at] == closing:
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return end
