"""Code frames: the carets stand under what is flagged, whatever the line holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.source.lines import LineIndex
from otpwise_cli.frame import Frame


def _drawn(text: str, flagged: str, width: int = 80) -> list[str]:
    data = text.encode()
    start = data.index(flagged.encode())
    frame = Frame(width, True, "red")
    return [line.plain for line in frame.lines(LineIndex(data), Span(start, start + len(flagged.encode())))]


@pytest.mark.parametrize("before", ["", "\t", "é", "漢字", "😀 ", "e\u0301", "\x1b[31m", "\u202e"])
def test_carets_stand_under_the_range(before: str) -> None:
    drawn = _drawn(f"first\n{before}FLAGGED rest\nlast\n", "FLAGGED")
    assert [line[:6] for line in drawn] == ["    1 ", "  > 2 ", "      ", "    3 "]
    source, carets = drawn[1], drawn[2]
    assert carets.count("^") == 7
    assert cell_len(source[: source.index("FLAGGED")]) == carets.index("^")
    assert "\x1b" not in source and "\u202e" not in source


def test_a_long_range_is_shown_by_its_ends() -> None:
    text = "\n".join(f"line {number}" for number in range(1, 31))
    drawn = _drawn(text, "\n".join(f"line {number}" for number in range(5, 26)))
    marks = [" ".join(line.split("│")[0].split()) for line in drawn]
    assert marks == ["4", "> 5", "", "> 6", "> 7", "", "> 25", "26"]
    assert drawn[5].endswith("│ …")


def test_all_lines_scroll_together() -> None:
    text = f"{'a' * 70}b\n{'x' * 100}FLAGGED{'y' * 100}\nshort\n"
    drawn = _drawn(text, "FLAGGED")
    assert "FLAGGED" in drawn[1] and max(map(cell_len, drawn)) <= 80
    assert drawn[1].index("FLAGGED") == drawn[2].index("^")
    assert drawn[0].endswith("b") and drawn[1].endswith("…")


def test_lines_that_are_not_flagged_are_cut_on_the_right() -> None:
    drawn = _drawn(f"{'a' * 200}\nFLAGGED\n", "FLAGGED")
    assert drawn[0].startswith("    1 │ aaa") and drawn[0].endswith("a…")


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=120),
    st.integers(0, 500),
    st.integers(0, 500),
    st.integers(20, 120),
)
def test_any_text_is_drawn_within_its_width(text: str, start: int, length: int, width: int) -> None:
    data = text.encode()
    start = min(start, len(data))
    frame = Frame(width, True, "red")
    lines = list(frame.lines(LineIndex(data), Span(start, min(start + length, len(data)))))
    assert lines and all(cell_len(line.plain) <= max(width, 40) for line in lines)
    assert all("\x1b" not in line.plain and "\n" not in line.plain for line in lines)
    assert any("^" in line.plain for line in lines)
