"""The call that takes the place of an expression, laid out as `mix format` would have it."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from otpwise_analyzers.rewrite.layout import WIDTH, column, indent_at, is_statement, line_end, line_start
from otpwise_analyzers.rewrite.multi import TooWide
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile


def placed(file: ElixirFile, node: Node, function: str, arguments: Sequence[str]) -> Edit:
    """The edit that puts `function(arguments)` where `node` stands.

    A value on a line of its own comes back behind its `=` or `do:` when it fits there, and goes to one when
    it does not; arguments get a line each where nothing else helps. Raises TooWide.
    """
    call = f"{function}({', '.join(arguments)})"
    behind = file.data[node.end_byte : line_end(file, node.end_byte)].decode("utf-8", "replace")
    start = _value_start(file, node)
    between = file.data[start : node.start_byte].decode("utf-8", "replace")
    joined = f" {' '.join([*between.split(), call])}"
    before = column(file, start)
    if start < node.start_byte and before + len(joined) + len(behind) <= WIDTH:
        return Edit(start, node.end_byte, joined)
    here = column(file, node.start_byte)
    allowed = max(WIDTH, _width(file, node))
    if "\n" in between or start == node.start_byte:
        if here + len(call) + len(behind) <= allowed:
            return Edit(node.start_byte, node.end_byte, call)
    if nodes.is_operator(node.parent, "<-") and node.parent is not None:
        inner = " " * (column(file, node.parent.start_byte) + 2)
        if start < node.start_byte and len(inner) + len(call) + len(behind) <= WIDTH:
            return Edit(start, node.end_byte, f"\n{inner}{call}")
    elif start < node.start_byte and not behind.strip():
        inner = indent_at(file, start) + "  "
        words = between.split()
        value = " ".join([*words, call])
        if len(inner) + len(value) <= WIDTH:
            return Edit(start, node.end_byte, f"\n{inner}{value}")
        if not words:
            return Edit(start, node.end_byte, f"\n{inner}{_broken(function, arguments, inner)}")
    elif is_statement(node) and not behind.strip():
        inner = indent_at(file, node.start_byte)
        return Edit(node.start_byte, node.end_byte, _broken(function, arguments, inner))
    if here + len(call) + len(behind) <= allowed and start < node.start_byte:
        return Edit(start, node.end_byte, joined)
    raise TooWide


def _broken(function: str, arguments: Sequence[str], indent: str) -> str:
    lines = f",\n{indent}  ".join(arguments)
    if any(len(indent) + 3 + len(argument) > WIDTH for argument in arguments) or not arguments:
        raise TooWide
    return f"{function}(\n{indent}  {lines}\n{indent})"


def _value_start(file: ElixirFile, node: Node) -> int:
    """Where the value begins that `node` is: behind the first `=` of `a = b = value`, behind `<-` and `do:`."""
    start = node.start_byte
    inner = node
    parent = node.parent
    while parent is not None and nodes.is_operator(parent, "="):
        operator = parent.child_by_field_name("operator")
        if operator is None or parent.child_by_field_name("right") != inner:
            break
        start = operator.end_byte
        inner, parent = parent, parent.parent
    if parent is not None and nodes.is_operator(parent, "<-") and inner == node:
        operator = parent.child_by_field_name("operator")
        return operator.end_byte if operator is not None else start
    if start < node.start_byte and not is_statement(inner):
        # Inside of another expression the rest of that line counts, too: it stays where it is.
        return node.start_byte if "\n" not in _between(file, start, node) else start
    if parent is not None and parent.type == "pair" and inner == node:
        key = parent.child_by_field_name("key")
        if key is not None and nodes.keyword_name(key, file.data) == "do":
            behind = key.start_byte + len(b"do:")
            return behind if "\n" in _between(file, behind, node) else start
    return start


def _between(file: ElixirFile, start: int, node: Node) -> str:
    return file.data[start : node.start_byte].decode("utf-8", "replace")


def _width(file: ElixirFile, node: Node) -> int:
    """The widest of the lines that hold `node`: where code is not formatted, it may stay as wide."""
    start, end = line_start(file, node.start_byte), line_end(file, node.end_byte)
    return max(len(line) for line in file.data[start:end].decode("utf-8", "replace").splitlines() or [""])
