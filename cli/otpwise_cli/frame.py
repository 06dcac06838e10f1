"""Source lines for a terminal, with a range underlined."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells
from rich.text import Text

from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.source.lines import LineIndex

_TAB = "    "
_MOST_MARKED = 4
"""Of a longer range the first lines are shown, and the last."""

# Control characters would drive the terminal; bidirectional ones would show other code than runs.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Frame:
    """How frames are drawn. `width` is in terminal cells; `marked` is the style of what is flagged."""

    width: int
    unicode: bool
    marked: str

    @property
    def bar(self) -> str:
        return "│" if self.unicode else "|"

    @property
    def ellipsis(self) -> str:
        return "…" if self.unicode else "..."

    def lines(self, index: LineIndex, span: Span) -> Iterator[Text]:
        """The flagged lines, and one before and after; all scrolled sideways when the range asks for it."""
        first = index.line_of(span.start)
        last = index.line_of(max(span.start, span.end - 1))
        before = first - 1 if first > 0 and index.text(first - 1).strip() else first
        after = last + 1 if last + 1 < len(index) and index.text(last + 1).strip() else last
        shown: list[int | None] = list(range(before, after + 1))
        if last - first >= _MOST_MARKED:
            shown = [*range(before, first + _MOST_MARKED - 1), None, *range(last, after + 1)]
        digits = len(str(after + 1))
        room = max(self.width - digits - 8, 20)
        start, end = _columns(index, first, span)
        scrolled = max(0, min(start - room // 3, end + 2 - room)) if end > room else 0
        gutter = (f"{' ' * (digits + 5)}{self.bar} ", "dim")
        for line in shown:
            if line is None:
                yield Text.assemble(gutter, (self.ellipsis, "dim"), no_wrap=True)
                continue
            flagged = first <= line <= last
            text = Text(no_wrap=True)
            text.append("  > " if flagged else "    ", self.marked if flagged else "")
            text.append(f"{str(line + 1).rjust(digits)} ", "bold" if flagged else "dim")
            text.append(f"{self.bar} ", "dim")
            text.append(self._clipped(_content(index, line), scrolled, room))
            yield text
            if line == first:
                spaces = " " * (start - scrolled)
                carets = "^" * max(min(end - scrolled, room) - len(spaces), 1)
                yield Text.assemble(gutter, spaces, (carets, self.marked), no_wrap=True)

    def _clipped(self, content: str, scrolled: int, room: int) -> str:
        """The part of a line that is in view, with a mark where something is left out."""
        if scrolled:
            hidden, content = content[:1], _from_cell(content, scrolled + len(self.ellipsis))
            content = self.ellipsis + content if hidden else ""
        if cell_len(content) > room:
            content = chop_cells(content, room - len(self.ellipsis))[0] + self.ellipsis
        return content


def _content(index: LineIndex, line: int) -> str:
    start, end = index.span(line)
    return printable(index.data[start:end]).rstrip()


def _columns(index: LineIndex, line: int, span: Span) -> tuple[int, int]:
    """The terminal cells that the flagged part of a line begins and ends at, as if it were not clipped."""
    line_span = index.span(line)
    data = index.data[line_span.start : line_span.end].rstrip()
    from_byte = min(max(span.start - line_span.start, 0), len(data))
    to_byte = min(max(span.end - line_span.start, from_byte), len(data))
    start = cell_len(printable(data[:from_byte]))
    return start, max(start + cell_len(printable(data[from_byte:to_byte])), start + 1)


def _from_cell(content: str, cells: int) -> str:
    """What of a text follows its first `cells` cells; half of a wide character becomes a space."""
    passed = 0
    for at, character in enumerate(content):
        if passed >= cells:
            return " " * (passed - cells) + content[at:]
        passed += cell_len(character)
    return ""


def printable(data: bytes) -> str:
    """Text that cannot do anything to a terminal but be shown."""
    text = data.decode("utf-8", "replace").replace("\t", _TAB)
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
