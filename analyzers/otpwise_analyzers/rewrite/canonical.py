"""Expressions in a form in which two that mean the same are equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tree_sitter import Node

from otpwise_analyzers.rewrite.subject import known_module
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Module
from otpwise_analyzers.syntax.variables import uses_of


def canonical(
    file: ElixirFile,
    statements: Sequence[Node],
    names: Mapping[tuple[int, int], str],
    module: Module | None = None,
) -> list[str]:
    """The tokens of some statements: modules in full, pipes as calls, a lone assignment in its place.

    `names` gives the token for whole spans (start and end byte) that stand for one value. In `module` a call
    of one of its own functions is one of the module's.
    """
    reader = _Reader(file, names, module)
    last = len(statements) - 1
    for index, statement in enumerate(statements):
        left = statement.child_by_field_name("left") if nodes.is_operator(statement, "=") else None
        right = statement.child_by_field_name("right")
        later = statements[index + 1 :]
        if index < last and left is not None and left.type == "identifier" and right is not None:
            name = file.text(left)
            if any(uses_of(name, other, file.data) for other in later):
                reader.values[name] = reader.tokens(right)
                continue
        reader.found.extend(reader.tokens(statement))
    return reader.found


class _Reader:
    def __init__(self, file: ElixirFile, names: Mapping[tuple[int, int], str], module: Module | None) -> None:
        self.file = file
        self.names = names
        self.module = module
        self.values: dict[str, list[str]] = {}
        self.found: list[str] = []

    def tokens(self, root: Node) -> list[str]:
        file = self.file
        found: list[str] = []
        stack: list[Node | str] = [root]
        while stack:
            node = stack.pop()
            if isinstance(node, str):
                found.append(node)
                continue
            key = (node.start_byte, node.end_byte)
            if key in self.names:
                found.append(self.names[key])
            elif node.type == "comment":
                continue
            elif node.type == "alias":
                full = file.resolve(file.text(node), node.start_byte)
                found.append(known_module(file, full) or full)
            elif node.type == "identifier":
                found.extend(self._identifier(node))
            elif (call := _as_call(node)) is not None:
                target, arguments, rest = call
                pieces: list[Node | str] = [target, "("]
                for argument in arguments:
                    pieces.extend([argument, ","])
                stack.extend(reversed([*pieces, ")", *rest]))
            elif node.type == "quoted_content":
                found.append(file.text(node))
            elif node.child_count == 0:
                found.append(file.text(node).strip())
            else:
                stack.extend(reversed(node.children))
        return found

    def _identifier(self, node: Node) -> list[str]:
        name = self.file.text(node)
        if self.module is None:
            return self.values.get(name, [name])
        if name == "__MODULE__":
            return [self.module.name]
        parent = node.parent
        if parent is not None and parent.type == "call" and parent.child_by_field_name("target") == node:
            if self.module.defines(name):
                return [self.module.name, ".", name]
        return self.values.get(name, [name])


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
