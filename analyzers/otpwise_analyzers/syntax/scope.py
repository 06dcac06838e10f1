"""Aliases: which full name a written one stands for, at a place in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tree_sitter import Node

from otpwise_analyzers.syntax import nodes

if TYPE_CHECKING:
    from otpwise_analyzers.syntax.file import ElixirFile

_SCOPES = frozenset({"do_block", "body", "block", "source", *nodes.CLAUSE_BLOCKS})


class Alias(NamedTuple):
    """`short` stands for `full` from `start` to `end` (bytes)."""

    short: str
    full: str
    start: int
    end: int
    node: Node


def _scope_end(node: Node) -> int:
    for ancestor in nodes.ancestors(node):
        if ancestor.type in _SCOPES:
            return ancestor.end_byte
    return node.end_byte


def _last(name: str) -> str:
    return name.rpartition(".")[2]


class AliasTable:
    """All aliases of a file, in source order, so that each resolves through those before it."""

    def __init__(self, file: ElixirFile) -> None:
        self._file = file
        self._aliases: list[Alias] = []
        self._by_short: dict[str, list[Alias]] = {}
        declarations = [
            (node, name)
            for name in ("alias", "require", "defmodule")
            for node in file.call_nodes(name)
            if not nodes.is_operator(node.parent, "@")
        ]
        declarations.sort(key=lambda declaration: declaration[0].start_byte)
        for node, name in declarations:
            if name == "defmodule":
                self._nested_module(node)
            else:
                self._alias(node, needs_as=name == "require")

    def _add(self, short: str, full: str, node: Node, start: int | None = None) -> None:
        alias = Alias(short, full, node.end_byte if start is None else start, _scope_end(node), node)
        self._aliases.append(alias)
        self._by_short.setdefault(short, []).append(alias)

    def _nested_module(self, node: Node) -> None:
        module = self._file.module_of_node(node)
        if module is None or module.parent is None or module.name_node is None:
            return
        written = self._file.text(module.name_node)
        if written.startswith(("Elixir.", "__MODULE__")):
            return
        first = written.partition(".")[0]
        self._add(first, f"{module.parent.name}.{first}", node, node.start_byte)

    def _alias(self, node: Node, *, needs_as: bool) -> None:
        arguments = nodes.arguments_of(node)
        if not arguments:
            return
        target = arguments[0]
        options = nodes.last_keywords(node, self._file.data)
        if target.type == "dot":
            left, right = target.child_by_field_name("left"), target.child_by_field_name("right")
            if left is None or right is None:
                return
            if right.type == "tuple" and not needs_as:
                prefix = self._file.module_name(left, self)
                if prefix is not None:
                    for item in nodes.named(right):
                        written = self._file.text(item)
                        self._add(_last(written), f"{prefix}.{written}", node)
                return
        full = self._file.module_name(target, self)
        if full is None:
            return
        if "as" in options:
            self._add(self._file.text(options["as"]), full, node)
        elif not needs_as:
            self._add(_last(full), full, node)

    def lookup(self, short: str, at: int) -> str | None:
        """The full name that `short` stands for at byte `at`."""
        best: Alias | None = None
        for alias in self._by_short.get(short, ()):
            if alias.start <= at < alias.end and (best is None or alias.start >= best.start):
                best = alias
        return best.full if best is not None else None

    def visible(self, at: int) -> dict[str, str]:
        """All short names in scope at byte `at`."""
        found: dict[str, str] = {}
        for alias in self._aliases:
            if alias.start <= at < alias.end:
                found[alias.short] = alias.full
        return found

    def declarations(self) -> list[Alias]:
        """Every alias, in source order; one node may declare several."""
        return list(self._aliases)
