"""Incremental changes against Python's own slicing, and tree-sitter's incremental trees."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree_sitter import Language, Node, Parser, Tree

from otpwise_analyzers.source.document import Document, NotUtf8Error
from otpwise_analyzers.source.lines import Encoding, LineIndex, Position

PIECE = st.sampled_from(
    [
        "", "a", "\n", "\r\n", "\r", "é😀", "\u2028", "def f(x) do\n  x\nend\n", '"""\n', "~H\"\"\"\n", "end", "do",
        "# c\n", '"#{x}"', "|> Repo.all()\n", "%{a: 1}", "(", ")", "fn -> ",
    ]
)  # fmt: skip


def elixir() -> Parser:
    import tree_sitter_elixir

    return Parser(Language(tree_sitter_elixir.language()))


PARSER = elixir()


@st.composite
def sessions(draw: st.DrawFn) -> tuple[str, list[tuple[float, float, str]]]:
    start = "".join(draw(st.lists(PIECE, max_size=8)))
    place = st.floats(0, 1)
    return start, draw(st.lists(st.tuples(place, place, PIECE), max_size=8))


@given(sessions(), st.sampled_from(list(Encoding)))
def test_changes_are_slices(session: tuple[str, list[tuple[float, float, str]]], encoding: Encoding) -> None:
    text, changes = session
    document = Document.from_text(text)
    for one, other, new in changes:
        first, last = sorted((round(one * len(text)), round(other * len(text))))
        # No position lies between the two halves of a CRLF: LSP counts the line's end before it.
        first, last = (
            place - 1 if text[place - 1 : place + 1] == "\r\n" else place for place in (first, last)
        )
        lines = LineIndex(text.encode())
        start = lines.position(len(text[:first].encode()), encoding)
        end = lines.position(len(text[:last].encode()), encoding)
        document.change(start, end, new, encoding)
        text = text[:first] + new + text[last:]
        assert document.text == text
        assert document.lines.starts == LineIndex(text.encode()).starts


def shape(tree: Tree) -> list[tuple[str, int, int, tuple[int, int], tuple[int, int]]]:
    found = []
    waiting: list[Node] = [tree.root_node]
    while waiting:
        node = waiting.pop()
        found.append(
            (node.type, node.start_byte, node.end_byte, tuple(node.start_point), tuple(node.end_point))
        )
        waiting.extend(node.children)
    return found


@settings(max_examples=300)
@given(sessions())
def test_an_edited_tree_is_the_tree_of_a_full_parse(
    session: tuple[str, list[tuple[float, float, str]]],
) -> None:
    text, changes = session
    document = Document.from_text(text)
    tree = PARSER.parse(document.data)
    for one, other, new in changes:
        start, end = sorted((round(one * len(document.data)), round(other * len(document.data))))
        edit = document.replace(start, end, new.encode())
        tree.edit(**edit._asdict())
        tree = PARSER.parse(document.data, tree)
        full = PARSER.parse(document.data)
        # Where both hold errors, tree-sitter may recover in two ways.
        assert tree.root_node.has_error == full.root_node.has_error
        if not full.root_node.has_error:
            assert shape(tree) == shape(full)


def test_a_range_past_every_end_replaces_the_whole() -> None:
    document = Document.from_text("abc")
    document.change(Position(0, 0), Position(0, 9999), "Q")
    assert document.text == "Q"
    document.change(Position(7, 3), Position(9, 0), "!")
    assert document.text == "Q!"


def test_a_range_that_runs_backwards_is_turned_around() -> None:
    document = Document.from_text("abcd")
    document.change(Position(0, 3), Position(0, 1), "-")
    assert document.text == "a-d"


def test_a_lone_surrogate_keeps_its_width() -> None:
    document = Document.from_text("a\ud83db")
    assert document.text == "a\ufffdb"
    document.change(Position(0, 2), Position(0, 3), "c")
    assert document.text == "a\ufffdc"


def test_points_are_tree_sitters_own() -> None:
    document = Document.from_text("a\rb\nc")
    edit = document.replace(4, 4, b"x\ny")
    assert (edit.start_point, edit.old_end_point, edit.new_end_point) == ((1, 0), (1, 0), (2, 1))
    assert Document.from_text("a\rb").replace(2, 2, b"").start_point == (0, 2)


def test_the_disk_keeps_its_mark_and_its_line_ends() -> None:
    raw = b"\xef\xbb\xbfa\r\nb\r\n"
    document = Document.from_disk(raw)
    assert (document.data, document.bom, document.raw) == (b"a\r\nb\r\n", True, raw)


@pytest.mark.parametrize(
    ("raw", "place"),
    [(b"a\nb\xff", (3, 1, 1)), (b"\xef\xbb\xbfa\n\xc3(", (5, 1, 0)), (b"\xff\xfea\x00", (0, 0, 0))],
)
def test_what_is_not_utf8_says_where(raw: bytes, place: tuple[int, int, int]) -> None:
    with pytest.raises(NotUtf8Error) as caught:
        Document.from_disk(raw)
    assert (caught.value.offset, caught.value.line, caught.value.column) == place
