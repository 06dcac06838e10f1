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
        """The flagged lines, and one before and after, without the whitespace that all of them begin with."""
        first = index.line_of(span.start)
        last = index.line_of(max(span.start, span.end - 1))
        before = first - 1 if first > 0 and index.text(first - 1).strip() else first
        after = last + 1 if last + 1 < len(index) and index.text(last + 1).strip() else last
        shown: list[int | None] = list(range(before, after + 1))
        if last - first >= _MOST_MARKED:
            shown = [*range(before, first + _MOST_MARKED - 1), None, *range(last, after + 1)]
        digits = len(str(after + 1))
        room = max(self.width - digits - 7, 20)
        for line in shown:
            if line is None:
                yield Text.assemble((f"{' ' * (digits + 5)}{self.bar} ", "dim"), (self.ellipsis, "dim"))
                continue
            flagged = first <= line <= last
            content, start, end = self._clipped(index, line, span, room)
            number = str(line + 1).rjust(digits)
            text = Text(no_wrap=True)
            text.append("  > " if flagged else "    ", self.marked if flagged else "")
            text.append(f"{number} ", "bold" if flagged else "dim")
            text.append(f"{self.bar} ", "dim")
            text.append(content)
            yield text
            if line == first:
                spaces = " " * cell_len(content[:start])
                carets = "^" * max(cell_len(content[start:end]), 1)
                yield Text.assemble(
                    (f"{' ' * (digits + 5)}{self.bar} ", "dim"), spaces, (carets, self.marked), no_wrap=True
                )

    def _clipped(self, index: LineIndex, line: int, span: Span, room: int) -> tuple[str, int, int]:
        """A line's text as shown, and which of its characters are flagged."""
        line_span = index.span(line)
        data = index.data[line_span.start : line_span.end]
        from_byte = min(max(span.start - line_span.start, 0), len(data))
        to_byte = min(max(span.end - line_span.start, 0), len(data))
        before = printable(data[:from_byte])
        flagged = printable(data[from_byte:to_byte])
        content = (before + flagged + printable(data[to_byte:])).rstrip()
        start, end = len(before), len(before) + len(flagged)
        if cell_len(content) <= room:
            return content, start, min(end, len(content))
        # Scrolled sideways just as far as the flagged range asks for.
        mark = self.ellipsis
        cut = 0
        if cell_len(content[:end]) > room - len(mark) and start > room // 3:
            cut = start - room // 3
            content = mark + content[cut:]
            cut -= len(mark)
        if cell_len(content) > room:
            content = chop_cells(content, room - len(mark))[0] + mark
        return content, max(start - cut, 0), max(min(end - cut, len(content)), 0)


def printable(data: bytes) -> str:
    """Text that cannot do anything to a terminal but be shown."""
    text = data.decode("utf-8", "replace").replace("\t", _TAB)
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
