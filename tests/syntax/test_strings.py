"""Strings as text with holes, and where each of their bytes stands in the file."""

from __future__ import annotations

import pytest

from otpwise_analyzers.syntax.parser import parse
from otpwise_analyzers.syntax.strings import Template, template_of


def template(source: str) -> Template | None:
    data = source.encode()
    return template_of(parse(data).root_node.named_children[0], data)


@pytest.mark.parametrize(
    ("source", "text", "holes"),
    [
        ('"a#{b}c"', b"a\0c", ["b"]),
        ('"a\\"b\\n"', b'a"b\n', []),
        ("~s(a #{b.c} d)", b"a \0 d", ["b.c"]),
        ("~S(a #{b} d)", b"a #{b} d", []),
        ('"""\n  a #{b}\n  """', b"\n  a \0\n  ", ["b"]),
        ('"a" <> b <> "c"', b"a\0c", ["b"]),
        ('("a" <> String.trim(b)) <> "#{c}"', b"a\0\0", ["String.trim(b)", "c"]),
        ('"é#{x}ü"', "é\0ü".encode(), ["x"]),
    ],
)
def test_text_and_holes(source: str, text: bytes, holes: list[str]) -> None:
    found = template(source)
    assert found is not None
    assert found.text == text
    data = source.encode()
    written = [data[hole.expression.start_byte : hole.expression.end_byte].decode() for hole in found.holes]
    assert written == holes


@pytest.mark.parametrize("source", ["a <> b", "x", ":a", "~w(a b)", "'a'", '"a#{b; c}"', '"a\0b"'])
def test_no_template(source: str) -> None:
    assert template(source) is None


def test_every_byte_has_its_place() -> None:
    source = 'x = "é\\n#{y}z" <> w'.encode()
    node = parse(source).root_node.named_children[0].child_by_field_name("right")
    assert node is not None
    found = template_of(node, source)
    assert found is not None
    pieces = [source[span.start : span.end] for span in map(found.place, range(len(found.text)))]
    assert pieces == ["é".encode()[:1], "é".encode()[1:], b"\\n", b"#{y}", b"z", b"w"]
    with pytest.raises(IndexError):
        found.place(len(found.text))
