"""What edits change, as lines for a reader: `-` what goes, `+` what comes, and a little around it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from otpwise_analyzers.source.edits import Edit, apply, in_order

GAP = " ⋮"
"""Stands where lines between two changes are left out."""


def difference(data: bytes, edits: Iterable[Edit], context: int = 1) -> tuple[str, ...]:
    """The changed lines of a text with `context` lines around them, each after `-`, `+` or a blank.

    Lines lose the indentation that all of them have. Only the surroundings of the edits are compared, however
    long the text is.
    """
    found: list[str] = []
    for start, end, group in _groups(data, in_order(edits)):
        old = data[start:end]
        moved = [Edit(edit.start - start, edit.end - start, edit.new) for edit in group]
        lines = _without_blank_ends(_compared(_lines(old), _lines(apply(old, moved)), context))
        if lines:
            found += [GAP, *lines] if found else lines
    return tuple(_dedented(found))


def whole(text: str) -> tuple[str, ...]:
    """A new file as lines that come."""
    return tuple(f"+{line}" for line in text.rstrip("\n").split("\n"))


def _groups(data: bytes, edits: Sequence[Edit]) -> Iterable[tuple[int, int, list[Edit]]]:
    """The edits that lie on neighbouring lines, with the bytes of those lines and of two around them."""
    group: list[Edit] = []
    start = end = 0
    for edit in edits:
        left, right = _line_start(data, edit.start, 2), _line_end(data, edit.end, 2)
        if group and left <= end:
            group.append(edit)
            end = max(end, right)
            continue
        if group:
            yield start, end, group
        group, start, end = [edit], left, right
    if group:
        yield start, end, group


def _line_start(data: bytes, at: int, lines: int) -> int:
    """The start of the line of a byte, or of one so many lines above."""
    for _ in range(lines + 1):
        at = data.rfind(b"\n", 0, at)
        if at < 0:
            return 0
    return at + 1


def _line_end(data: bytes, at: int, lines: int) -> int:
    for _ in range(lines + 1):
        found = data.find(b"\n", at)
        if found < 0:
            return len(data)
        at = found + 1
    return at


def _lines(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").replace("\r\n", "\n").removesuffix("\n").split("\n")


def _compared(old: list[str], new: list[str], context: int) -> list[str]:
    found: list[str] = []
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(context):
        if found:
            found.append(GAP)
        for kind, old_start, old_end, new_start, new_end in group:
            if kind == "equal":
                found += [f" {line}" for line in old[old_start:old_end]]
            else:
                found += [f"-{line}" for line in old[old_start:old_end]]
                found += [f"+{line}" for line in new[new_start:new_end]]
    return found


def _without_blank_ends(lines: list[str]) -> list[str]:
    start, end = 0, len(lines)
    while start < end and not lines[start].strip():
        start += 1
    while start < end and not lines[end - 1].strip():
        end -= 1
    return lines[start:end]


def _dedented(lines: list[str]) -> list[str]:
    indents = [len(line) - 1 - len(line[1:].lstrip()) for line in lines if line != GAP and line[1:].strip()]
    common = min(indents, default=0)
    return [line if line == GAP else line[0] + line[1 + common :] for line in lines]
