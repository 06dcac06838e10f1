"""The line index against a model that counts characters one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otpwise_analyzers.source.lines import Encoding, LineIndex, Position

TEXT = st.lists(
    st.sampled_from(
        ["a", "b", " ", "\n", "\r", "\t", "\r\n", "é", "€", "😀", "\u2028", "\x0b", "\x0c", "\x85"]
    ),
    max_size=40,
).map("".join)
ENCODING = st.sampled_from(list(Encoding))


def width(character: str, encoding: Encoding) -> int:
    if encoding is Encoding.UTF8:
        return len(character.encode())
    if encoding is Encoding.UTF16:
        return len(character.encode("utf-16-le")) // 2
    return 1


def model(text: str, encoding: Encoding) -> list[tuple[int, Position]]:
    """Every place between two characters, as a byte offset and a position."""
    places = []
    offset = line = column = 0
    for index, character in enumerate(text):
        places.append((offset, Position(line, column)))
        offset += len(character.encode())
        pair = character == "\r" and text[index + 1 : index + 2] == "\n"
        if pair:
            continue
        if character in "\r\n":
            line, column = line + 1, 0
        else:
            column += width(character, encoding)
    places.append((offset, Position(line, column)))
    return places


@given(TEXT, ENCODING)
def test_every_offset_has_the_position_of_the_model(text: str, encoding: Encoding) -> None:
    lines = LineIndex(text.encode())
    for offset, position in model(text, encoding):
        assert lines.position(offset, encoding) == position


@given(TEXT, ENCODING)
def test_every_position_leads_back_to_its_first_offset(text: str, encoding: Encoding) -> None:
    lines = LineIndex(text.encode())
    first: dict[Position, int] = {}
    for offset, position in model(text, encoding):
        first.setdefault(position, offset)
    for position, offset in first.items():
        assert lines.offset(*position, encoding) == offset


@given(TEXT, ENCODING, st.integers(-2, 60), st.integers(-2, 60))
def test_any_position_is_clamped_to_the_character_before_it(
    text: str, encoding: Encoding, line: int, character: int
) -> None:
    lines = LineIndex(text.encode())
    offset = lines.offset(line, character, encoding)
    places = dict(reversed(model(text, encoding)))
    assert offset in places
    last = model(text, encoding)[-1][1]
    if line < 0:
        assert offset == 0
    elif line > last.line:
        assert offset == len(text.encode())
    else:
        assert places[offset].line == line
        on_line = [
            p.character for p in places.values() if p.line == line and p.character <= max(character, 0)
        ]
        assert places[offset].character == max(on_line)


@given(st.binary(max_size=30), ENCODING, st.integers(0, 40), st.integers(0, 40))
def test_bytes_that_are_not_utf8_never_raise(
    data: bytes, encoding: Encoding, line: int, character: int
) -> None:
    lines = LineIndex(data)
    assert 0 <= lines.offset(line, character, encoding) <= len(data)
    for offset in range(-1, len(data) + 2):
        position = lines.position(offset, encoding)
        assert 0 <= position.line < len(lines)
        assert position.character >= 0


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x0b", "\x0c", "\x1c", "\x85"])
def test_what_python_alone_calls_a_line_is_none(separator: str) -> None:
    assert len(LineIndex(f"# {separator} x\nfoo\n".encode())) == 3


def test_the_spans_of_lines_leave_the_separator_out() -> None:
    lines = LineIndex(b"a\r\nbc\rd\n")
    assert [lines.text(line) for line in range(len(lines))] == ["a", "bc", "d", ""]
    assert lines.full_span(0) == (0, 3)
    assert lines.full_span(3) == (8, 8)
    assert lines.span(9) == (8, 8)


def test_the_emoji_of_the_specification() -> None:
    lines = LineIndex('x="😋"'.encode())
    quote = len('x="😋'.encode())
    assert [lines.position(quote, encoding).character for encoding in Encoding] == [7, 5, 4]
