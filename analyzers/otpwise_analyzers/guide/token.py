"""The word under the pointer, and what it is part of."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.lazy import lazy
from otpwise_analyzers.syntax.modules import Definition, Module

# Strings, comments and sigils are made of other nodes: what they say is nobody's code.
_KINDS = frozenset({"identifier", "alias", "atom", "keyword"})


class Token:
    """One name, module, atom or key.

    `call` of `Mod.fun(...)` is its `fun`, whether `Mod` or `fun` is pointed at; `use Mod` is its `Mod`.
    """

    def __init__(self, file: ElixirFile, node: Node) -> None:
        self.file = file
        self.node = _meant(file, node)

    @property
    def start(self) -> int:
        return self.node.start_byte

    @property
    def span(self) -> Span:
        return Span(self.node.start_byte, self.node.end_byte)

    @lazy
    def words(self) -> tuple[str, ...]:
        """What the token may be listed as: `call`, `strategy:`, `:phoenix`, the full name of a module; for the
        atom that is a key's value, the key too."""
        node, data = self.node, self.file.data
        if node.type == "keyword":
            return (f"{nodes.keyword_name(node, data)}:",)
        if node.type == "alias":
            name = self.file.module_name(node)
            return (name,) if name is not None else ()
        text = self.file.text(node)
        if node.type == "atom" and self.pair is not None:
            return (text, f"{self.key}:")
        return (text,)

    @lazy
    def call(self) -> Call | None:
        """The call whose name the token is; None in heads of definitions and in types."""
        target = self.node.parent if _is_right_of_dot(self.node) else self.node
        call = target.parent if target is not None else None
        if call is None or call.type != "call" or call.child_by_field_name("target") != target:
            return None
        if self.head is not None or nodes.is_operator(call.parent, "@") or self.file.in_types(self.start):
            return None
        receiver = target.child_by_field_name("left") if target != self.node and target is not None else None
        return Call(self.file, call, self.file.text(self.node), receiver)

    @property
    def call_span(self) -> Span:
        """The call's whole name: `GenServer.call`, or only `call` after a pipe into a local one."""
        target = self.node.parent if _is_right_of_dot(self.node) else self.node
        return Span(target.start_byte, target.end_byte) if target is not None else self.span

    @lazy
    def head(self) -> Definition | None:
        """The clause whose name the token is."""
        definition = self.file.definition_at(self.start)
        if definition is None or definition.head is None or definition.head.start_byte != self.start:
            return None
        return definition if self.node.type == "identifier" else None

    @lazy
    def used(self) -> Node | None:
        """The `use` call whose module the token is."""
        arguments = self.node.parent
        call = arguments.parent if arguments is not None and arguments.type == "arguments" else None
        if call is None or call.type != "call" or nodes.first_argument(call) != self.node:
            return None
        target = call.child_by_field_name("target")
        return call if nodes.identifier(target, self.file.data) == "use" else None

    @lazy
    def pair(self) -> Node | None:
        """The `key: value` whose key, or whose value when that is an atom, the token is."""
        parent = self.node.parent
        return parent if parent is not None and parent.type == "pair" else None

    @property
    def key(self) -> str:
        """The key of `pair`."""
        key = self.pair.child_by_field_name("key") if self.pair is not None else None
        return nodes.keyword_name(key, self.file.data) if key is not None else ""

    @property
    def value(self) -> Node | None:
        """The value of `pair`."""
        return self.pair.child_by_field_name("value") if self.pair is not None else None

    @property
    def pair_span(self) -> Span:
        """The key alone, with its colon; together with its value when that is one short word."""
        if self.pair is None:
            return self.span
        if self.value is not None and self.value.type in ("atom", "integer", "boolean"):
            return Span(self.pair.start_byte, self.pair.end_byte)
        key = self.pair.named_child(0)
        if key is None:
            return self.span
        return Span(key.start_byte, key.start_byte + len(self.file.text(key).rstrip().encode()))

    @lazy
    def siblings(self) -> dict[str, Node]:
        """The values of all keys beside the token's own, and its own."""
        parent = self.pair.parent if self.pair is not None else None
        return nodes.keyword_pairs(parent, self.file.data)

    @lazy
    def module(self) -> Module | None:
        """The module around the token."""
        return self.file.module_at(self.start)

    @lazy
    def definition(self) -> Definition | None:
        """The definition around the token."""
        return self.file.definition_at(self.start)


def token_at(file: ElixirFile, at: int) -> Token | None:
    """The token around byte `at`; None on anything that is no name, module, atom or key."""
    node = file.root.named_descendant_for_byte_range(at, at + 1)
    if node is None or node.type not in _KINDS or not node.start_byte <= at < node.end_byte:
        return None
    if node.type == "keyword" and at >= node.start_byte + len(file.text(node).rstrip().encode()):
        return None
    return Token(file, node)


def _meant(file: ElixirFile, node: Node) -> Node:
    parent = node.parent
    if parent is None:
        return node
    if node.type in ("alias", "atom") and parent.type == "dot" and parent.child_by_field_name("left") == node:
        right = parent.child_by_field_name("right")
        return right if right is not None and right.type == "identifier" else node
    if node.type == "identifier" and parent.type == "call" and file.text(node) == "use":
        first = nodes.first_argument(parent)
        if first is not None and first.type == "alias" and parent.child_by_field_name("target") == node:
            return first
    return node


def _is_right_of_dot(node: Node) -> bool:
    parent = node.parent
    return parent is not None and parent.type == "dot" and parent.child_by_field_name("right") == node
