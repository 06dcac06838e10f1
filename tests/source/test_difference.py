"""Changed lines, short and dedented."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from otpwise_analyzers.source.difference import GAP, difference, whole
from otpwise_analyzers.source.edits import Edit, apply

TEXT = b"""defmodule A do
  alias A.B

  def a do
    one()
    two()
  end

  def b, do: 1
end
"""


def replacing(old: bytes, new: str) -> Edit:
    start = TEXT.index(old)
    return Edit(start, start + len(old), new)


def test_a_line_with_one_around_it_and_no_indentation() -> None:
    assert list(difference(TEXT, [replacing(b"two()", "three()")])) == [
        "   one()",
        "-  two()",
        "+  three()",
        " end",
    ]


def test_changes_far_apart_have_a_gap_between_them() -> None:
    edits = [replacing(b"alias A.B", "alias A.C"), replacing(b"b, do: 1", "b, do: 2")]
    assert list(difference(TEXT, edits, context=0)) == [
        "-alias A.B",
        "+alias A.C",
        GAP,
        "-def b, do: 1",
        "+def b, do: 2",
    ]


def test_insertions_and_deletions_of_whole_lines() -> None:
    at = TEXT.index(b"    two()")
    assert list(difference(TEXT, [Edit(at, at, "    between()\n")], context=0)) == ["+between()"]
    assert list(difference(TEXT, [replacing(b"    two()\n", "")], context=0)) == ["-two()"]


def test_a_text_without_a_last_line_end_and_one_with_carriage_returns() -> None:
    assert list(difference(b"a\nb", [Edit(2, 3, "c")])) == [" a", "-b", "+c"]
    assert list(difference(b"a\r\nb\r\n", [Edit(3, 4, "c")])) == [" a", "-b", "+c"]


def test_a_new_file_only_comes() -> None:
    assert list(whole("a\n  b\n")) == ["+a", "+  b"]


@given(
    st.lists(st.sampled_from(["", "a", "  b", "    c"]), min_size=1, max_size=30),
    st.lists(
        st.tuples(st.integers(0, 100), st.integers(0, 12), st.sampled_from(["", "x", "y\n", "\n"])),
        max_size=4,
    ),
)
def test_exactly_the_lines_that_change_are_told(lines: list[str], wanted: list[tuple[int, int, str]]) -> None:
    data = "\n".join(lines).encode()
    edits, position = [], 0
    for start, length, new in sorted(wanted):
        start = min(max(start, position), len(data))
        end = min(start + length, len(data))
        edits.append(Edit(start, end, new))
        position = end + 1
        if position > len(data):
            break
    found = difference(data, edits)
    after = apply(data, edits).decode().split("\n")
    came = [line[1:].strip() for line in found if line.startswith("+")]
    gone = [line[1:].strip() for line in found if line.startswith("-")]
    assert all(line in [other.strip() for other in after] for line in came)
    assert all(line in [other.strip() for other in lines] for line in gone)
    if apply(data, edits) == data:
        assert not found
