"""Expressions in a form in which two that mean the same are equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tree_sitter import Node

from otpwise_analyzers.rewrite.context import known_module
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile


def canonical(
    file: ElixirFile, statements: Sequence[Node], names: Mapping[tuple[int, int], str]
) -> list[str]:
    """The tokens of some statements: modules in full, pipes as calls, a lone assignment in its place.

    `names` gives the token for whole spans (start and end byte) that stand for one value.
    """
    values: dict[str, list[str]] = {}
    found: list[str] = []
    last = len(statements) - 1
    for index, statement in enumerate(statements):
        left = statement.child_by_field_name("left") if nodes.is_operator(statement, "=") else None
        right = statement.child_by_field_name("right")
        if index < last and left is not None and left.type == "identifier" and right is not None:
            values[file.text(left)] = _tokens(file, right, names, values)
        else:
            found.extend(_tokens(file, statement, names, values))
    return found


def _tokens(
    file: ElixirFile, root: Node, names: Mapping[tuple[int, int], str], values: Mapping[str, list[str]]
) -> list[str]:
    found: list[str] = []
    stack: list[Node | str] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            found.append(node)
            continue
        key = (node.start_byte, node.end_byte)
        if key in names:
            found.append(names[key])
        elif node.type == "comment":
            continue
        elif node.type == "alias":
            full = file.resolve(file.text(node), node.start_byte)
            found.append(known_module(file, full) or full)
        elif node.type == "identifier" and file.text(node) in values:
            found.extend(values[file.text(node)])
        elif (call := _as_call(node)) is not None:
            target, arguments, rest = call
            pieces: list[Node | str] = [target, "("]
            for argument in arguments:
                pieces.extend([argument, ","])
            stack.extend(reversed([*pieces, ")", *rest]))
        elif node.child_count == 0:
            found.append(file.text(node).strip())
        else:
            stack.extend(reversed(node.children))
    return found


def _as_call(node: Node) -> tuple[Node, list[Node], list[Node]] | None:
    """The target, the arguments with a piped one first, and the do block of a call."""
    piped: list[Node] = []
    call: Node | None = node
    if nodes.is_operator(node, "|>"):
        left, call = node.child_by_field_name("left"), node.child_by_field_name("right")
        piped = [left] if left is not None else []
    if call is None or call.type != "call":
        return None
    target = call.child_by_field_name("target")
    arguments = nodes.child_of_type(call, "arguments")
    if target is None or (arguments is None and not piped):
        return None
    block = nodes.child_of_type(call, "do_block")
    return target, [*piped, *nodes.arguments_of(call)], [block] if block is not None else []
