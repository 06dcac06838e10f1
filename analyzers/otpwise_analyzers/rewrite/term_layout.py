"""A term that is too long for a line, broken as the formatter breaks it: calls, lists and keywords."""

from __future__ import annotations

import re
from collections.abc import Iterator

from otpwise_analyzers.rewrite import layout

_PAIR = re.compile(r"([a-z_]\w*): (.*)", re.DOTALL)
_CALL = re.compile(r"((?:[\w.]+ (?:not )?in |[\w.]+ in |not )?[a-z_]\w*)\((.*)\)", re.DOTALL)
_OPENING, _CLOSING = "([{", ")]}"


def item(text: str, indent: str, *, behind: int = 1) -> list[str]:
    """An element of a list or an argument, in lines with their indentation; `behind` columns must stay free.

    A line is left too long where the formatter's way of breaking it is not known.
    """
    if layout.fits(text, indent, behind=behind):
        return [indent + text]
    pair = _PAIR.fullmatch(text)
    if pair is not None:
        return _pair(pair[1], pair[2], indent, behind)
    opening = opened(text)
    if opening:
        inner = text[len(opening) : -1]
        return [f"{indent}{opening}", *_items(arguments(inner), indent + "  "), f"{indent}{text[-1]}"]
    call = _CALL.fullmatch(text)
    if call is None or not _closes_at_end(text, len(call[1])):
        return [indent + text]
    given = arguments(call[2])
    if call[1] == "from" and len(given) > 1:
        return [f"{indent}from({given[0]},", *_items(given[1:], indent + "  "), f"{indent})"]
    return [f"{indent}{call[1]}(", *_items(given, indent + "  "), f"{indent})"]


def opened(text: str) -> str:
    """The `[` or `%{` of a text that is one list or one map, else nothing."""
    for opening in ("[", "%{"):
        if text.startswith(opening) and _closes_at_end(text, len(opening) - 1):
            return opening
    return ""


def arguments(text: str) -> list[str]:
    """The parts of a list or of a call's arguments."""
    found: list[str] = []
    start = 0
    for at, depth in _outside_of_strings(text):
        if text[at] == "," and not depth:
            found.append(text[start:at].strip())
            start = at + 1
    rest = text[start:].strip()
    return [*found, rest] if rest else found


def _pair(key: str, value: str, indent: str, behind: int) -> list[str]:
    opening = opened(value)
    if opening:
        inner = value[len(opening) : -1]
        return [f"{indent}{key}: {opening}", *_items(arguments(inner), indent + "  "), f"{indent}{value[-1]}"]
    return [f"{indent}{key}:", *item(value, indent + "  ", behind=behind)]


def _items(given: list[str], indent: str) -> list[str]:
    found: list[str] = []
    for index, one in enumerate(given):
        is_last = index == len(given) - 1
        made = item(one, indent, behind=0 if is_last else 1)
        if not is_last:
            made[-1] += ","
        found.extend(made)
    return found


def _closes_at_end(text: str, opening: int) -> bool:
    """Whether the bracket at `opening` is closed by the last sign of the text."""
    for at, depth in _outside_of_strings(text, opening):
        if text[at] in _CLOSING and not depth:
            return at == len(text) - 1
    return False


def _outside_of_strings(text: str, start: int = 0) -> Iterator[tuple[int, int]]:
    """Each sign from `start` on that stands in no string: its place, and how many brackets are open behind it."""
    depth, at = 0, start
    while at < len(text):
        sign = text[at]
        if sign == '"':
            at = _string_end(text, at) + 1
            continue
        depth += (sign in _OPENING) - (sign in _CLOSING)
        yield at, depth
        at += 1


def _string_end(text: str, start: int) -> int:
    """The place of the quote that closes a string; the texts in interpolations have no quotes of their own."""
    at = start + 1
    while at < len(text) and text[at] != '"':
        at += 2 if text[at] == "\\" else 1
    return at
