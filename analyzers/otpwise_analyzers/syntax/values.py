"""What becomes of the value of an expression."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile

_BRANCHING = frozenset({"if", "unless", "case", "cond", "with", "try", "receive"})
_EACH = frozenset({"Enum.each", "Stream.each"})
_MAPS = frozenset({"Enum.map", "Enum.flat_map", "Enum.map_every", *_EACH})


def is_unused(file: ElixirFile, node: Node) -> bool:
    """Whether nothing sees the value: a statement, also as the last one of a branch or of a function
    given to `Enum.each`, or of a loop whose own value is not used either."""
    while True:
        if nodes.value_is_dropped(node):
            return True
        outer = _passes_value_to(file, node)
        if outer is None:
            return False
        if outer.type == "anonymous_function":
            loop = _loop_of(file, outer)
            if loop is None:
                return False
            if _called(file, loop) in _EACH:
                return True
            outer = loop
        node = _with_what_is_piped_in(outer)


def _with_what_is_piped_in(call: Node) -> Node:
    """`list |> Enum.each(...)` of the call alone."""
    parent = call.parent
    if parent is not None and nodes.is_operator(parent, "|>"):
        if parent.child_by_field_name("right") == call:
            return parent
    return call


def _passes_value_to(file: ElixirFile, node: Node) -> Node | None:
    """The expression whose value the node's value is, when the node is the last of a body."""
    parent = node.parent
    if parent is None:
        return None
    if parent.type == "pair" and _key(file, parent) in ("do", "else"):
        owner = next((a for a in nodes.ancestors(parent) if a.type == "call"), None)
        return owner if owner is not None and _called(file, owner) in _BRANCHING | {"for"} else None
    while parent is not None and parent.type in (
        "body",
        "block",
        "do_block",
        "stab_clause",
        *nodes.CLAUSE_BLOCKS,
    ):
        parent = parent.parent
    if parent is None:
        return None
    if parent.type == "anonymous_function":
        return parent
    if parent.type == "call" and _called(file, parent) in _BRANCHING | {"for"}:
        return parent
    return None


def _key(file: ElixirFile, pair: Node) -> str:
    key = pair.child_by_field_name("key")
    return nodes.keyword_name(key, file.data) if key is not None else ""


def _called(file: ElixirFile, call: Node) -> str:
    target = call.child_by_field_name("target")
    return file.text(target) if target is not None else ""


def _loop_of(file: ElixirFile, function: Node) -> Node | None:
    """The `Enum.map`, `Enum.each` ... that is given this function."""
    arguments = function.parent
    call = arguments.parent if arguments is not None and arguments.type == "arguments" else None
    if call is None or _called(file, call) not in _MAPS:
        return None
    return call
