"""Which writes of a function can follow one another: branches that exclude each other do not add up."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile

_BRANCHING = frozenset({"case", "cond", "if", "unless", "with", "try", "receive"})


def longest_path(file: ElixirFile, statements: Sequence[Node], writes: Sequence[Call]) -> list[Call]:
    """The most writes that one run through the statements can make, in order.

    A write in an anonymous function is left out: when and how often it runs is another's matter.
    """
    known = {call.node.start_byte: call for call in writes}
    found: list[Call] = []
    for statement in statements:
        found.extend(_Paths(file, known).of(statement))
    return found


class _Paths:
    def __init__(self, file: ElixirFile, known: dict[int, Call]) -> None:
        self.file = file
        self.known = known

    def of(self, node: Node) -> list[Call]:
        if node.type == "anonymous_function":
            return []
        if node.type == "binary_operator" and nodes.is_operator(node, "|>"):
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if left is not None and right is not None and self._branches(right):
                return self._branched(right, self.of(left))
        if node.type == "call":
            if self._branches(node):
                return self._branched(node, [])
            inner = self._sum(node.named_children)
            own = self.known.get(node.start_byte)
            return [*inner, own] if own is not None and own.node == node else inner
        return self._sum(node.named_children)

    def _sum(self, children: Sequence[Node]) -> list[Call]:
        return [call for child in children for call in self.of(child)]

    def _branches(self, node: Node) -> bool:
        target = node.child_by_field_name("target") if node.type == "call" else None
        return target is not None and target.type == "identifier" and self.file.text(target) in _BRANCHING

    def _branched(self, node: Node, before: list[Call]) -> list[Call]:
        """The subject's writes and those of the heaviest branch that comes after they succeeded."""
        subject = list(before)
        candidates: list[list[Call]] = []
        for argument in nodes.arguments_of(node):
            pairs = nodes.keyword_pairs(argument, self.file.data) if argument.type == "keywords" else {}
            if {"do", "else"} & pairs.keys():
                candidates.extend(self.of(value) for value in pairs.values())
            else:
                subject.extend(self.of(argument))
        block = nodes.child_of_type(node, "do_block")
        paths = [subject + path for path in candidates]
        if block is not None:
            paths.extend(self._block_paths(block, subject))
        return max(paths, key=len, default=subject)

    def _block_paths(self, block: Node, subject: list[Call]) -> list[list[Call]]:
        paths: list[list[Call]] = []
        plain: list[Call] = []
        for child in nodes.named(block):
            if child.type == "stab_clause":
                paths.append(self._clause(child, subject))
            elif child.type in nodes.CLAUSE_BLOCKS:
                # What runs when the writes above failed, or did not run at all.
                for inner in nodes.named(child):
                    is_clause = inner.type == "stab_clause"
                    paths.append(self._clause(inner, []) if is_clause else self._sum(nodes.named(child)))
            else:
                plain.extend(self.of(child))
        paths.append(subject + plain)
        return paths

    def _clause(self, clause: Node, subject: list[Call]) -> list[Call]:
        left, right = clause.child_by_field_name("left"), clause.child_by_field_name("right")
        path = self.of(right) if right is not None else []
        pattern = self.file.text(left) if left is not None else ""
        failed = pattern.startswith(("{:error", ":error", "nil", "false", "{:ok, nil", "_"))
        return path if failed else subject + path
