"""A call as Elixir sees it: piped argument, receiver resolved, options by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.lazy import lazy

if TYPE_CHECKING:
    from otpwise_analyzers.syntax.file import ElixirFile
    from otpwise_analyzers.syntax.modules import Definition, Module


class Call:
    """One call in a file. `node` is the `call` node, `name` the function's, `receiver` left of the dot."""

    def __init__(self, file: ElixirFile, node: Node, name: str, receiver: Node | None) -> None:
        self.file = file
        self.node = node
        self.name = name
        self.receiver = receiver

    def __repr__(self) -> str:
        return f"<Call {self.file.text(self.node)[:60]!r}>"

    @lazy
    def arguments(self) -> Node | None:
        """The node of the written arguments, with or without parentheses."""
        return nodes.arguments_node(self.node)

    @lazy
    def args(self) -> list[Node]:
        """The written arguments; trailing keywords are one node of type `keywords`."""
        return nodes.named(self.arguments) if self.arguments is not None else []

    @lazy
    def piped(self) -> Node | None:
        """What a pipe hands over as the first argument."""
        parent = self.node.parent
        if nodes.is_operator(parent, "|>") and parent is not None:
            right = parent.child_by_field_name("right")
            if right is not None and right == self.node:
                return parent.child_by_field_name("left")
        return None

    @lazy
    def all_args(self) -> list[Node]:
        """The arguments as the function receives them."""
        return [self.piped, *self.args] if self.piped is not None else self.args

    @property
    def arity(self) -> int:
        """Number of arguments received; a do block is not counted."""
        if self.capture_arity is not None:
            return self.capture_arity
        return len(self.all_args)

    @lazy
    def capture_arity(self) -> int | None:
        """The 2 of `&Repo.get/2`; None for any other call."""
        parent = self.node.parent
        if parent is None or not nodes.is_operator(parent, "/"):
            return None
        if not nodes.is_operator(parent.parent, "&"):
            return None
        right = parent.child_by_field_name("right")
        if right is None or right.type != "integer":
            return None
        return int(self.file.text(right).replace("_", ""))

    @lazy
    def do_block(self) -> Node | None:
        return nodes.child_of_type(self.node, "do_block")

    @lazy
    def keywords(self) -> dict[str, Node]:
        """The options given last, by name."""
        return nodes.last_keywords(self.node, self.file.data)

    @property
    def is_invocation(self) -> bool:
        """False for `map.field`, which the grammar also calls a call."""
        return (
            self.receiver is None
            or self.arguments is not None
            or self.do_block is not None
            or self.piped is not None
            or self.capture_arity is not None
            or self.receiver.type in ("alias", "atom")
        )

    @lazy
    def module(self) -> str | None:
        """The receiver's full name: `MyApp.Repo`, `:timer`; None for a local call or a value."""
        return None if self.receiver is None else self.file.module_name(self.receiver)

    @property
    def is_local(self) -> bool:
        """No receiver, and not a variable's function either."""
        return self.receiver is None

    @lazy
    def definition(self) -> Definition | None:
        """The innermost definition around the call."""
        return self.file.definition_at(self.node.start_byte)

    @lazy
    def enclosing_module(self) -> Module | None:
        return self.file.module_at(self.node.start_byte)

    @property
    def quoted(self) -> bool:
        """Inside of `quote`: code for another module."""
        return self.file.is_quoted(self.node.start_byte)

    @lazy
    def expression(self) -> Node:
        """The whole pipeline when the call ends one, else the call."""
        parent = self.node.parent
        if self.piped is not None and parent is not None:
            return parent
        return self.node

    @property
    def value_is_dropped(self) -> bool:
        """Nothing uses the result (it is a statement that is not the last of its block)."""
        return nodes.value_is_dropped(nodes.whole_pipeline(self.expression))


def as_call(file: ElixirFile, node: Node) -> Call | None:
    """A node as a call, the last one of a pipe with what is piped into it; None when it is none."""
    call = node.child_by_field_name("right") if nodes.is_operator(node, "|>") else node
    if call is None or call.type != "call":
        return None
    target = call.child_by_field_name("target")
    if target is None:
        return None
    if target.type == "identifier":
        return Call(file, call, file.text(target), None)
    right = target.child_by_field_name("right") if target.type == "dot" else None
    if right is None:
        return None
    return Call(file, call, file.text(right), target.child_by_field_name("left"))
