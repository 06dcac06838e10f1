"""Edits that were made in steps, told at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from otpwise_analyzers.source.edits import Edit, apply, in_line_endings
from otpwise_analyzers.source.trail import Trail

# One byte a character, so that any offset is between two.
_TEXTS = st.text(alphabet="ab\r\n", max_size=12)


@given(
    _TEXTS, st.lists(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), _TEXTS), max_size=3), max_size=5)
)
def test_a_trail_leads_where_its_steps_led(text: str, steps: list[list[tuple[float, float, str]]]) -> None:
    first = data = text.encode()
    trail = Trail(len(first))
    for step in steps:
        edits, at = [], 0
        for one, other, new in sorted(step):
            start = max(at, round(one * len(data)))
            end = max(start, round(other * len(data)))
            edits.append(Edit(start, end, new))
            at = end
        trail.add(edits)
        data = apply(data, edits)
    assert apply(first, trail.edits()) == data


def test_what_was_not_touched_stays_out_of_the_edits() -> None:
    trail = Trail(len(b"one\ntwo\nthree\n"))
    trail.add([Edit(4, 7, "2"), Edit(8, 8, "é")])
    trail.add([Edit(4, 5, "zwei")])
    assert trail.edits() == (Edit(4, 7, "zwei"), Edit(8, 8, "é"))
    assert Trail(3).edits() == ()


def test_new_lines_end_as_most_of_the_text_does() -> None:
    edit = Edit(0, 0, "x\ny\r\n")
    assert in_line_endings(b"a\r\nb\r\nc\n", [edit]) == [Edit(0, 0, "x\r\ny\r\n")]
    assert in_line_endings(b"a\r\nb\nc\n", [edit]) == [edit]
    assert in_line_endings(b"x", [edit]) == [edit]
    assert in_line_endings(b"", [edit]) == [Edit(0, 0, "x\r\ny\r\n")]
    assert in_line_endings(b"", [Edit(0, 0, "x\ny\n")]) == [Edit(0, 0, "x\ny\n")]


def test_no_edit_parts_a_line_end() -> None:
    data = b"ab\r\ncd\r\n"
    assert apply(data, in_line_endings(data, [Edit(3, 3, "x")])) == b"abx\r\ncd\r\n"
    assert apply(data, in_line_endings(data, [Edit(1, 3, "")])) == b"a\r\ncd\r\n"
    assert apply(data, in_line_endings(data, [Edit(0, 4, "")])) == b"cd\r\n"
