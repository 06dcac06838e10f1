"""One Elixir file: its bytes, its tree, and what one pass over the tree found."""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING

from tree_sitter import Node, Query, QueryCursor

from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.lazy import lazy
from otpwise_analyzers.syntax.modules import DEFINERS, Definition, Module
from otpwise_analyzers.syntax.parser import compile_query, parse
from otpwise_analyzers.syntax.scope import AliasTable
from otpwise_analyzers.syntax.source_file import SourceFile

if TYPE_CHECKING:
    from otpwise_analyzers.syntax.template_file import TemplateFile

_INVENTORY = compile_query("(call target: [(identifier) @name (dot right: (identifier) @name)])")
_TYPE_ATTRIBUTES = ("spec", "type", "typep", "opaque", "callback", "macrocallback")


_WITHOUT_PROJECT = frozenset(
    {"names", "comments", "error_spans", "_heads", "_type_spans", "_quote_spans"}
    | {"_definition_spans", "_module_spans"}
)


class ElixirFile(SourceFile):
    """An Elixir file, compiled or script."""

    language = "elixir"
    parse = staticmethod(parse)

    def adopt(self, other: ElixirFile) -> None:
        """Takes over what `other`, the same text and tree without a project, has found already.

        Only what no project has a say in: what a `use` brings, or a name resolves to, is found anew.
        """
        for name in _WITHOUT_PROJECT & other.__dict__.keys():
            self.__dict__[name] = other.__dict__[name]
        if "modules" in other.__dict__:
            found: dict[int, Module] = {}
            for module in other.modules:
                parent = found[id(module.parent)] if module.parent is not None else None
                found[id(module)] = module.read_again(self, parent)
            self.modules = list(found.values())
        if "definitions" in other.__dict__:
            again = {id(definition): definition.read_again(self) for definition in other.definitions}
            self.definitions = list(again.values())
            if "definitions_by_module" in other.__dict__:
                self.definitions_by_module = {
                    start: [again[id(definition)] for definition in definitions]
                    for start, definitions in other.definitions_by_module.items()
                }

    @lazy
    def templates(self) -> TemplateFile | None:
        """The templates in the module's sigils, as a file of their own; None when there are none."""
        from otpwise_analyzers.syntax.template_file import templates_of

        return templates_of(self)

    def statement_start(self, at: int) -> int:
        return self.templates.statement_start(at) if self.templates is not None else at

    def comment(self, text: str, at: int) -> str:
        return self.templates.comment(text, at) if self.templates is not None else super().comment(text, at)

    # -- the inventory -----------------------------------------------------------------------------

    @lazy
    def names(self) -> dict[bytes, list[Node]]:
        """The name nodes of all calls and definitions, by name: the one pass over the tree."""
        found: dict[bytes, list[Node]] = {}
        data = self.data
        for node in QueryCursor(_INVENTORY).captures(self.tree.root_node).get("name", ()):
            name = data[node.start_byte : node.end_byte]
            if name in found:
                found[name].append(node)
            else:
                found[name] = [node]
        return found

    def call_nodes(self, name: str) -> list[Node]:
        """The `call` nodes of a name as written: local, remote, definition heads and types alike."""
        found = []
        for node in self.names.get(name.encode(), ()):
            parent = node.parent
            if parent is not None and parent.type == "dot":
                parent = parent.parent
            if parent is not None:
                found.append(parent)
        # Matches end in another order than they begin.
        found.sort(key=_start)
        return found

    def calls(self, *names: str) -> list[Call]:
        """The calls of these names, in source order; heads of definitions and typespecs left out."""
        found: list[Call] = []
        for name in names:
            found.extend(self._calls_of(name))
        if len(names) > 1:
            found.sort(key=lambda call: call.node.start_byte)
        return found

    @lazy
    def _call_cache(self) -> dict[str, list[Call]]:
        return {}

    def _calls_of(self, name: str) -> list[Call]:
        cached = self._call_cache.get(name)
        if cached is not None:
            return cached
        found: list[Call] = []
        for node in self.names.get(name.encode(), ()):
            parent = node.parent
            if parent is None:
                continue
            receiver: Node | None = None
            if parent.type == "dot":
                receiver = parent.child_by_field_name("left")
                parent = parent.parent
                if parent is None:
                    continue
            elif parent.start_byte in self._heads:
                continue
            if self.in_types(parent.start_byte):
                continue
            found.append(Call(self, parent, name, receiver))
        found.sort(key=lambda call: call.node.start_byte)
        self._call_cache[name] = found
        return found

    @lazy
    def _heads(self) -> frozenset[int]:
        return frozenset(
            definition.head.start_byte
            for definition in self.definitions
            if definition.head is not None and definition.head.type == "call"
        )

    @lazy
    def _type_spans(self) -> SpanIndex:
        spans = [
            Span(node.start_byte, node.end_byte)
            for name in _TYPE_ATTRIBUTES
            for node in self.call_nodes(name)
            if nodes.is_operator(node.parent, "@")
        ]
        return SpanIndex(sorted(spans))

    def in_types(self, at: int) -> bool:
        """Whether byte `at` lies in a typespec or a type, where nothing is called."""
        return self._type_spans.innermost(at) is not None

    # -- structure ---------------------------------------------------------------------------------

    @lazy
    def modules(self) -> list[Module]:
        """All modules in source order, nested ones too."""
        module_nodes = sorted(
            (node for name in ("defmodule", "defimpl", "defprotocol") for node in self.call_nodes(name)),
            key=lambda node: node.start_byte,
        )
        found: list[Module] = []
        open_modules: list[Module] = []
        for node in module_nodes:
            if nodes.child_of_type(node, "do_block") is None:
                continue
            while open_modules and open_modules[-1].node.end_byte <= node.start_byte:
                open_modules.pop()
            module = Module(self, node, open_modules[-1] if open_modules else None)
            open_modules.append(module)
            found.append(module)
        return found

    @lazy
    def definitions(self) -> list[Definition]:
        """All clauses of functions and macros in source order, those inside of `quote` too."""
        found = [
            Definition(self, node, kind)
            for kind in DEFINERS
            for node in self.call_nodes(kind)
            if not nodes.is_operator(node.parent, "@")
        ]
        found.sort(key=lambda definition: definition.node.start_byte)
        return found

    @lazy
    def definitions_by_module(self) -> dict[int, list[Definition]]:
        """The clauses of each module by the module's first byte; those inside of `quote` left out."""
        found: dict[int, list[Definition]] = {}
        has_quote = b"quote" in self.names
        for definition in self.definitions:
            at = definition.node.start_byte
            if has_quote and self.is_quoted(at):
                continue
            index = self._module_spans.innermost(at)
            if index is not None:
                found.setdefault(self._module_spans.start(index), []).append(definition)
        return found

    @lazy
    def _definition_spans(self) -> SpanIndex:
        return SpanIndex([Span(d.node.start_byte, d.node.end_byte) for d in self.definitions])

    def definition_at(self, at: int) -> Definition | None:
        """The innermost definition around byte `at`."""
        index = self._definition_spans.innermost(at)
        return self.definitions[index] if index is not None else None

    @lazy
    def _module_spans(self) -> SpanIndex:
        return SpanIndex([Span(m.node.start_byte, m.node.end_byte) for m in self.modules])

    def module_at(self, at: int) -> Module | None:
        """The innermost module around byte `at` (its own name excluded: that belongs to its parent)."""
        index = self._module_spans.innermost(at)
        return self.modules[index] if index is not None else None

    def module_of_node(self, node: Node) -> Module | None:
        """The module that a `defmodule` node makes."""
        for module in self.modules:
            if module.node == node:
                return module
        return None

    @lazy
    def _quote_spans(self) -> SpanIndex:
        return SpanIndex(sorted(Span(node.start_byte, node.end_byte) for node in self.call_nodes("quote")))

    def is_quoted(self, at: int) -> bool:
        """Whether byte `at` lies inside of `quote`."""
        return self._quote_spans.innermost(at) is not None

    # -- names -------------------------------------------------------------------------------------

    @lazy
    def aliases(self) -> AliasTable:
        return AliasTable(self)

    def module_name(self, node: Node, aliases: AliasTable | None = None) -> str | None:
        """The full name that a module reference stands for where it is written.

        `MyApp.Repo`; `:timer` for an Erlang module; None when it is a value (`repo.all(...)`).
        """
        if node.type == "alias":
            return self.resolve(self.text(node), node.start_byte, aliases)
        if node.type == "atom":
            return self.text(node)
        if node.type == "identifier" and self.text(node) == "__MODULE__":
            module = self.module_at(node.start_byte)
            return module.name if module is not None else None
        if node.type == "dot":
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if left is not None and right is not None and right.type == "alias":
                prefix = self.module_name(left, aliases)
                return f"{prefix}.{self.text(right)}" if prefix is not None else None
        return None

    def resolve(self, written: str, at: int, aliases: AliasTable | None = None) -> str:
        """The full name of a written module name at byte `at`."""
        first, dot, rest = written.partition(".")
        if first == "Elixir":
            return rest
        table = aliases if aliases is not None else self.aliases
        full = table.lookup(first, at)
        if full is None and aliases is None:
            full = self._expanded_alias(first, at)
        return written if full is None else full + dot + rest

    def _expanded_alias(self, short: str, at: int) -> str | None:
        module = self.module_at(at)
        while module is not None:
            for use in module.uses:
                expansion = self.project.expansion(use.module, use.argument)
                if expansion is not None and short in expansion.aliases:
                    found: str = expansion.aliases[short]
                    return found
            module = module.parent
        return None

    # -- comments and errors -----------------------------------------------------------------------

    @lazy
    def comments(self) -> list[Node]:
        """All comments in source order."""
        return sorted(QueryCursor(_comments()).captures(self.root).get("comment", []), key=_start)

    @lazy
    def comment_spans(self) -> list[Span]:
        found = [Span(comment.start_byte, comment.end_byte) for comment in self.comments]
        if self.templates is not None:
            found.extend(self.templates.comment_spans)
        return sorted(found)


@cache
def _comments() -> Query:
    # Not at import: few files make anybody ask, and compiling it takes as long as many an import.
    return compile_query("(comment) @comment")


def _start(node: Node) -> int:
    return node.start_byte


class SpanIndex:
    """Which of some properly nested spans, sorted by start, is the innermost around a byte."""

    def __init__(self, spans: list[Span]) -> None:
        self._spans = spans
        self._starts = [span.start for span in spans]
        self._reach = list(accumulate((span.end for span in spans), max))

    def start(self, index: int) -> int:
        return self._spans[index].start

    def innermost(self, at: int) -> int | None:
        """The index of the last-starting span around byte `at`."""
        index = bisect_right(self._starts, at) - 1
        while index >= 0 and self._reach[index] > at:
            if at < self._spans[index].end:
                return index
            index -= 1
        return None
