"""Modules and definitions, with both forms of bodies and with guards taken off the heads."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.lazy import lazy

if TYPE_CHECKING:
    from otpwise_analyzers.syntax.calls import Call
    from otpwise_analyzers.syntax.file import ElixirFile

DEFINERS = ("def", "defp", "defmacro", "defmacrop")


class Use(NamedTuple):
    """`use Module, argument`: the resolved name, `controller` of `:controller`, the options, the node."""

    module: str
    argument: str | None
    options: dict[str, Node]
    node: Node


class Definition:
    """One clause of a function or macro."""

    def __init__(self, file: ElixirFile, node: Node, kind: str) -> None:
        self.file = file
        self.node = node
        self.kind = kind
        head = self._written_head()
        self.guard: Node | None = None
        if head is not None and head.type == "binary_operator" and nodes.is_operator(head, "when"):
            self.guard = head.child_by_field_name("right")
            head = head.child_by_field_name("left")
        self.head = head

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name}/{self.arity}>"

    def read_again(self, file: ElixirFile) -> Definition:
        """The same clause in `file`, which has the same tree; what was found of it is kept."""
        again = object.__new__(Definition)
        again.__dict__.update(self.__dict__)
        again.__dict__.pop("module", None)
        again.file = file
        return again

    def _written_head(self) -> Node | None:
        return nodes.first_argument(self.node)

    @lazy
    def name(self) -> str:
        """The function's name; empty for `def unquote(name)(...)` and for operators."""
        head = self.head
        if head is None:
            return ""
        if head.type == "identifier":
            return self.file.text(head)
        if head.type == "call":
            target = head.named_child(0)
            if target is not None and target.type == "identifier":
                return self.file.text(target)
        return ""

    @lazy
    def params(self) -> list[Node]:
        """The patterns of the head, defaults included (`x \\\\ 1` is a binary operator)."""
        if self.head is None or self.head.type != "call":
            return []
        return nodes.arguments_of(self.head)

    @lazy
    def arity(self) -> int:
        head = self.head
        if head is None or head.type != "call":
            return 0
        arguments = nodes.arguments_node(head)
        if arguments is None:
            return 0
        if b"#" in self.file.data[arguments.start_byte : arguments.end_byte]:
            return len(self.params)
        return arguments.named_child_count

    @property
    def min_arity(self) -> int:
        """The arity with every default left out."""
        head = self.head
        if head is None or b"\\\\" not in self.file.data[head.start_byte : head.end_byte]:
            return self.arity
        return sum(1 for param in self.params if not nodes.is_operator(param, "\\\\"))

    @property
    def is_private(self) -> bool:
        return self.kind in ("defp", "defmacrop")

    @lazy
    def do_block(self) -> Node | None:
        return nodes.child_of_type(self.node, "do_block")

    @lazy
    def keyword_body(self) -> Node | None:
        """The expression of `def f(x), do: expression`."""
        return nodes.last_keywords(self.node, self.file.data).get("do")

    @lazy
    def statements(self) -> list[Node]:
        """The body's expressions in either form; empty for a head without a body."""
        if self.do_block is not None:
            return nodes.block_statements(self.do_block)
        return [self.keyword_body] if self.keyword_body is not None else []

    @lazy
    def clause_blocks(self) -> list[Node]:
        """The rescue, catch, else and after blocks."""
        if self.do_block is None:
            return []
        return [child for child in self.do_block.named_children if child.type in nodes.CLAUSE_BLOCKS]

    @lazy
    def module(self) -> Module | None:
        return self.file.module_at(self.node.start_byte)

    @property
    def quoted(self) -> bool:
        return self.file.is_quoted(self.node.start_byte)

    @lazy
    def attributes(self) -> dict[str, Node]:
        """The attributes written directly above this clause (`impl`, `doc`, `spec`), by name."""
        found: dict[str, Node] = {}
        sibling = self.node.prev_named_sibling
        while sibling is not None and (sibling.type == "comment" or nodes.is_operator(sibling, "@")):
            if sibling.type != "comment":
                operand = sibling.child_by_field_name("operand")
                target = operand.child_by_field_name("target") if operand is not None else None
                if target is not None:
                    found.setdefault(self.file.text(target), sibling)
            sibling = sibling.prev_named_sibling
        return found

    @property
    def start_with_attributes(self) -> int:
        """The first byte of the clause, its attributes included."""
        return min((node.start_byte for node in self.attributes.values()), default=self.node.start_byte)

    def calls(self, *names: str) -> list[Call]:
        """The calls of these names in the clause, its head and nested definitions left out."""
        return [call for call in self.file.calls(*names) if call.definition is self]

    @property
    def has_error(self) -> bool:
        return self.node.has_error


class Module:
    """One `defmodule` (or `defimpl`, `defprotocol`)."""

    def __init__(self, file: ElixirFile, node: Node, parent: Module | None) -> None:
        self.file = file
        self.node = node
        self.parent = parent

    def __repr__(self) -> str:
        return f"<module {self.name}>"

    def read_again(self, file: ElixirFile, parent: Module | None) -> Module:
        """The same module in `file`, which has the same tree; what its syntax says is kept."""
        again = Module(file, self.node, parent)
        for name in ("name_node", "name", "do_block", "statements"):
            if name in self.__dict__:
                again.__dict__[name] = self.__dict__[name]
        return again

    @lazy
    def name_node(self) -> Node | None:
        arguments = nodes.arguments_of(self.node)
        return arguments[0] if arguments else None

    @lazy
    def name(self) -> str:
        """The full name. A module in a module carries its parent's; `__MODULE__` is the parent's."""
        if self.name_node is None:
            return ""
        written = self.file.text(self.name_node)
        if written.startswith("Elixir."):
            return written.removeprefix("Elixir.")
        if self.parent is None:
            return written
        if written.startswith("__MODULE__"):
            return self.parent.name + written.removeprefix("__MODULE__")
        return f"{self.parent.name}.{written}"

    @lazy
    def do_block(self) -> Node | None:
        return nodes.child_of_type(self.node, "do_block")

    @lazy
    def statements(self) -> list[Node]:
        return nodes.block_statements(self.do_block) if self.do_block is not None else []

    @lazy
    def definitions(self) -> list[Definition]:
        """The clauses written in this module itself, in order; those inside of `quote` left out."""
        return self.file.definitions_by_module.get(self.node.start_byte, [])

    @lazy
    def definitions_by_name(self) -> dict[str, list[Definition]]:
        """The clauses of each function and macro, of all its arities, in order."""
        grouped: dict[str, list[Definition]] = {}
        for definition in self.definitions:
            grouped.setdefault(definition.name, []).append(definition)
        return grouped

    def clauses(self, name: str, arity: int | None = None) -> list[Definition]:
        """All clauses of a function, of any arity when none is given (defaults counted)."""
        found = self.definitions_by_name.get(name, [])
        if arity is None:
            return found
        return [clause for clause in found if clause.min_arity <= arity <= clause.arity]

    def defines(self, name: str, arity: int | None = None) -> bool:
        return bool(self.clauses(name, arity))

    @lazy
    def uses(self) -> list[Use]:
        """The `use`s written in this module, outside of `quote`."""
        found = []
        for call in self.file.calls("use"):
            if not call.is_local or call.enclosing_module is not self or call.quoted or not call.args:
                continue
            # Only the written aliases: those that a `use` brings are known after the `use`s.
            module = self.file.module_name(call.args[0], self.file.aliases)
            if module is None:
                continue
            second = call.args[1] if len(call.args) > 1 else None
            argument = nodes.atom_literal(second, self.file.data) if second is not None else None
            found.append(Use(module, argument, call.keywords, call.node))
        return found

    def uses_module(self, *names: str) -> bool:
        """Whether it `use`s one of these, itself or through the project's `use MyAppWeb, :x`."""
        return any(module in names for module in self.all_uses)

    @lazy
    def all_uses(self) -> frozenset[str]:
        """The names of all modules that it `use`s, those behind `use MyAppWeb, :x` included."""
        found: set[str] = set()
        pending = [(use.module, use.argument) for use in self.uses]
        while pending:
            module, argument = pending.pop()
            if module in found and argument is None:
                continue
            found.add(module)
            expansion = self.file.project.expansion(module, argument)
            if expansion is not None:
                pending.extend((used, None) for used in expansion.uses if used not in found)
        return frozenset(found)

    @lazy
    def expanded_imports(self) -> frozenset[str]:
        """The modules that `use MyAppWeb, :x` imports into this one."""
        found: set[str] = set()
        for use in self.uses:
            expansion = self.file.project.expansion(use.module, use.argument)
            if expansion is not None:
                found.update(expansion.imports)
        return frozenset(found)

    @lazy
    def imports(self) -> frozenset[str]:
        """The modules imported anywhere in this one, by itself or through its `use`s."""
        found = set(self.expanded_imports)
        for call in self.file.calls("import"):
            if call.is_local and call.args and call.enclosing_module is self:
                module = self.file.module_name(call.args[0])
                if module is not None:
                    found.add(module)
        return frozenset(found)

    @lazy
    def behaviours(self) -> frozenset[str]:
        """The modules named by `@behaviour`."""
        found: set[str] = set()
        for call in self.file.calls("behaviour"):
            if call.args and call.enclosing_module is self and nodes.is_operator(call.node.parent, "@"):
                module = self.file.module_name(call.args[0])
                if module is not None:
                    found.add(module)
        return frozenset(found)
