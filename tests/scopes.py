"""Scopes and patterns: where a variable is seen, and what a pattern binds and reads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile

SPECIAL = frozenset({"__MODULE__", "__ENV__", "__CALLER__", "__STACKTRACE__", "__DIR__", "_", "...", "super"})


class Name(NamedTuple):
    """A variable's name, the function (or test) that it stands in, and its line, counted from 1."""

    name: str
    within: str
    line: int


class Variable:
    __slots__ = ("line", "name", "used", "within")

    def __init__(self, name: str, within: str, line: int, used: bool) -> None:
        self.name = name
        self.within = within
        self.line = line
        self.used = used


class Scope:
    """Variables by name, those of the scopes around it too.

    `unquoted` is where `unquote` reads, `pinned` where a pin in a query does. A `lenient` scope binds what is free.
    """

    __slots__ = ("_found", "_parent", "lenient", "pinned", "unquoted")

    def __init__(
        self,
        parent: Scope | None,
        *,
        unquoted: Scope | None = None,
        pinned: Scope | None = None,
        lenient: bool = False,
    ) -> None:
        self._found: dict[str, Variable] = {}
        self._parent = parent
        self.unquoted = unquoted if unquoted is not None or parent is None else parent.unquoted
        self.pinned = pinned if pinned is not None or parent is None else parent.pinned
        self.lenient = lenient

    def bind(self, variable: Variable) -> None:
        self._found[variable.name] = variable

    def lookup(self, name: str) -> Variable | None:
        scope: Scope | None = self
        while scope is not None:
            found = scope._found.get(name)
            if found is not None:
                return found
            scope = scope._parent
        return None


class Patterns(ABC):
    """Binds what patterns bind. Who reads the rest of the code says how an expression is read."""

    def __init__(self, file: ElixirFile) -> None:
        self._file = file
        self._data = file.data
        self._within = ""
        self._bound: list[Variable] = []

    @abstractmethod
    def read(self, node: Node, scope: Scope) -> None:
        """Reads an expression; what it binds is bound in `scope` afterwards."""

    def _pattern(self, node: Node, scope: Scope) -> None:
        self._patterns([node], scope)

    def _patterns(self, several: Iterable[Node], scope: Scope, *, used: bool = False) -> None:
        """Binds what patterns bind, all of them together, and reads what they read."""
        found: dict[str, Variable] = {}
        guards: list[Node] = []
        for node in several:
            self._match(node, scope, found, guards, used)
        for variable in found.values():
            scope.bind(variable)
        self._all(guards, scope)

    def _match(
        self, node: Node, scope: Scope, found: dict[str, Variable], guards: list[Node], used: bool
    ) -> None:
        kind = node.type
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = nodes.operator_of(node)
        if kind == "identifier":
            self._bind(node, found, used)
        elif operator == "^":
            self.read(node, scope)
        elif operator in ("@", "&"):
            pass
        elif operator in ("when", "in", "\\\\", "::", "=>") and left is not None and right is not None:
            if operator == "=>":
                self.read(left, scope)
                self._match(right, scope, found, guards, used)
                return
            self._match(left, scope, found, guards, used)
            if operator == "when":
                guards.append(right)
            elif operator == "::":
                self._size(right, scope, found)
            else:
                self.read(right, scope)
        elif kind == "pair":
            value = node.child_by_field_name("value")
            if value is not None:
                self._match(value, scope, found, guards, used)
        elif kind == "call":
            target = node.child_by_field_name("target")
            name = self._called(target) if target is not None else ""
            if name in ("unquote", "unquote_splicing"):
                self.read(node, scope)
                return
            for argument in nodes.arguments_of(node):
                self._match(argument, scope, found, guards, used or name == "var!")
        elif kind in ("string", "sigil", "charlist", "quoted_atom"):
            self.read(node, scope)
        elif kind != "dot":
            for child in nodes.named(node):
                self._match(child, scope, found, guards, used)

    def _bind(self, node: Node, found: dict[str, Variable], used: bool) -> None:
        name = self._text(node)
        if name in SPECIAL:
            return
        if name in found:
            found[name].used = True
        else:
            found[name] = self._new(node, used=used)

    def _size(self, node: Node, scope: Scope, found: dict[str, Variable]) -> None:
        """What `binary-size(n)` reads; the types in it are no variables."""
        if node.type == "binary_operator":
            for child in nodes.named(node):
                self._size(child, scope, found)
        elif node.type == "call":
            for inner in nodes.arguments_of(node):
                for name in (inner, *nodes.descendants(inner, "identifier")):
                    known = found.get(self._text(name)) if name.type == "identifier" else None
                    if known is not None:
                        known.used = True
                        return
                self.read(inner, scope)

    def _new(self, node: Node, *, used: bool, name: str | None = None) -> Variable:
        variable = Variable(name or self._text(node), self._within, node.start_point.row + 1, used)
        self._bound.append(variable)
        return variable

    def _text(self, node: Node) -> str:
        return nodes.text_of(node, self._data)

    def _called(self, target: Node) -> str:
        if target.type == "dot":
            right = target.child_by_field_name("right")
            return self._text(right) if right is not None and right.type == "identifier" else ""
        return self._text(target) if target.type == "identifier" else ""
