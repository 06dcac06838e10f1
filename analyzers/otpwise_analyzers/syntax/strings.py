"""Strings, heredocs, string sigils and their concatenations, as text with holes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tree_sitter import Node

from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes

HOLE = b"\x00"
"""What stands in `Template.text` for a value that only running the code would tell."""

_ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"s": b" ", b"e": b"\x1b", b"0": b" "}


@dataclass(frozen=True, slots=True)
class Hole:
    """A value within a string: `#{expression}`, or an operand of `<>`.

    `span` is what stands in the source for it: `#{...}` with its braces, or the whole operand.
    """

    expression: Node
    span: Span
    is_operand: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """One string literal: `node`, the bytes between its delimiters, and how it is written.

    `delimiter` is what opens it (`"`, `\"\"\"`, `~s(`); `raw` says that nothing is escaped in it.
    """

    node: Node
    content: Span
    delimiter: str
    raw: bool

    @property
    def is_heredoc(self) -> bool:
        return self.delimiter.endswith(('"""', "'''"))


@dataclass(frozen=True, slots=True)
class _Run:
    """Bytes of `text` from `start`, which stand in the file from `at`; an escape takes `width` there."""

    start: int
    length: int
    at: int
    width: int


@dataclass(frozen=True)
class Template:
    """What a string expression evaluates to, with a `HOLE` byte for each value that it interpolates.

    `text` is UTF-8 with escapes resolved; a heredoc keeps its indentation and its first line break.
    """

    node: Node
    text: bytes
    holes: tuple[Hole, ...]
    literals: tuple[Literal, ...]
    runs: tuple[_Run, ...]

    @cached_property
    def hole_positions(self) -> tuple[int, ...]:
        """The index in `text` of each hole."""
        return tuple(index for index, byte in enumerate(self.text) if byte == 0)

    def place(self, index: int) -> Span:
        """The bytes in the file of the one byte `text[index]` (of a hole: all that it is written with)."""
        for run in self.runs:
            if run.start <= index < run.start + run.length:
                if run.width != run.length:
                    return Span(run.at, run.at + run.width)
                return Span(run.at + index - run.start, run.at + index - run.start + 1)
        raise IndexError(index)

    def literal_at(self, at: int) -> Literal | None:
        """The literal whose content holds byte `at` of the file (its end included)."""
        for literal in self.literals:
            if literal.content.start <= at <= literal.content.end:
                return literal
        return None


def template_of(node: Node, data: bytes) -> Template | None:
    """The template of a string, a heredoc, a `~s`/`~S` sigil, or a `<>` of them; None for all else.

    An expression of `<>` without any literal is none, nor is one whose text holds a zero byte.
    """
    text = bytearray()
    holes: list[Hole] = []
    literals: list[Literal] = []
    runs: list[_Run] = []

    def put(value: bytes, at: int, width: int) -> None:
        runs.append(_Run(len(text), len(value), at, width))
        text.extend(value)

    for operand in operands(node):
        literal = _literal(operand, data)
        if literal is None:
            put(HOLE, operand.start_byte, operand.end_byte - operand.start_byte)
            holes.append(Hole(operand, Span(operand.start_byte, operand.end_byte), is_operand=True))
            continue
        if HOLE in data[operand.start_byte : operand.end_byte]:
            return None
        literals.append(literal)
        for child in operand.named_children:
            start, end = child.start_byte, child.end_byte
            if child.type == "interpolation":
                inner = nodes.named(child)
                if len(inner) != 1 or child.has_error:
                    return None
                put(HOLE, start, end - start)
                holes.append(Hole(inner[0], Span(start, end)))
            elif child.type == "escape_sequence":
                put(_unescaped(data[start:end]), start, end - start)
            elif child.type == "quoted_content":
                put(data[start:end], start, end - start)
    if not literals:
        return None
    return Template(node, bytes(text), tuple(holes), tuple(literals), tuple(runs))


def operands(node: Node) -> Iterator[Node]:
    """The operands of `a <> b <> c`, first to last; the node itself when it is no concatenation."""
    stack = [nodes.unwrap(node)]
    while stack:
        current = stack.pop()
        left = right = None
        if nodes.is_operator(current, "<>"):
            left, right = current.child_by_field_name("left"), current.child_by_field_name("right")
        if left is None or right is None:
            yield current
        else:
            stack.extend((nodes.unwrap(right), nodes.unwrap(left)))


def _literal(node: Node, data: bytes) -> Literal | None:
    if node.type not in ("string", "sigil"):
        return None
    opening = node.child_by_field_name("quoted_start")
    closing = node.child_by_field_name("quoted_end")
    if opening is None or closing is None or closing.is_missing:
        return None
    raw = False
    if node.type == "sigil":
        name = nodes.child_of_type(node, "sigil_name")
        letter = data[name.start_byte : name.end_byte] if name is not None else b""
        if letter not in (b"s", b"S"):
            return None
        raw = letter == b"S"
    delimiter = data[node.start_byte : opening.end_byte].decode("utf-8", "replace")
    return Literal(node, Span(opening.end_byte, closing.start_byte), delimiter, raw)


def _unescaped(sequence: bytes) -> bytes:
    body = sequence[1:]
    if body in (b"\n", b"\r\n"):
        return b" "
    if len(body) == 1:
        return _ESCAPES.get(body, body)
    # \x41, \u{...}: whatever they are, no SQL is spelt with them.
    return b"?" if body[:1] not in (b"x", b"u") else b" "
