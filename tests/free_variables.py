"""Which variables of a file are read but bound nowhere in reach, and which are bound but never read.

The scopes are Elixir's own: what a branch binds is not seen after it, a function sees nothing from outside of it, a
pin and a size in a pattern are read. A name without parentheses may be a call, and a macro that nobody knows may bind
what it likes: so compare the names of a file before a change with those after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from tests.elixir_names import names_in
from tests.scopes import SPECIAL, Name, Patterns, Scope

_FUNCTIONS = frozenset({"def", "defp", "defmacro", "defmacrop", "defguard", "defguardp", "defn", "defnp"})
_MODULES = frozenset({"defmodule", "defimpl", "defprotocol"})
_TYPES = frozenset({"spec", "type", "typep", "opaque", "callback", "macrocallback"})
_BODIES = frozenset({"do", "else", "rescue", "catch", "after"})
_KERNEL = frozenset({"self", "node", "binding", "make_ref"})
_EXPECTING = re.compile(r"(assert|refute)_(receive|received|push|broadcast|reply|match|event)")
_QUERY = names_in(
    """where or_where select select_merge order_by prepend_order_by group_by having or_having distinct join preload
    update limit offset windows dynamic lock with_cte"""
)
_WORD = re.compile(rb"(?<![\w@:.])[a-z_]\w*[?!]?")


@dataclass(slots=True)
class Variables:
    """`free` are read but not bound, `unused` are bound but not read."""

    free: list[Name] = field(default_factory=list)
    unused: list[Name] = field(default_factory=list)


def variables_of(file: ElixirFile) -> Variables:
    """All free and unused variables of a file, in no particular order."""
    walk = _Walk(file)
    scope = Scope(None)
    for statement in nodes.named(file.tree.root_node):
        walk.read(statement, scope)
    return walk.result()


class _Walk(Patterns):
    def __init__(self, file: ElixirFile) -> None:
        super().__init__(file)
        self._free: list[Name] = []
        self._functions = {d.name for d in file.definitions if d.min_arity == 0} | {
            head[0] for node in file.call_nodes("defdelegate") if (head := self._head(node)) and not head[1]
        }

    def result(self) -> Variables:
        unused = [
            Name(variable.name, variable.within, variable.line)
            for variable in self._bound
            if not variable.used and not variable.name.startswith("_")
        ]
        return Variables(self._free, unused)

    # -- reading -----------------------------------------------------------------------------------

    def read(self, node: Node, scope: Scope) -> None:
        """Reads an expression; what it binds is bound in `scope` afterwards."""
        kind = node.type
        if kind == "identifier":
            self._variable(node, scope)
        elif kind == "call":
            self._call(node, scope)
        elif kind == "binary_operator":
            self._binary(node, scope)
        elif kind == "unary_operator":
            self._unary(node, scope)
        elif kind == "anonymous_function":
            for clause in nodes.named(node):
                self._clause(clause, scope)
        elif kind == "block":
            self._parentheses(node, scope)
        elif kind == "dot":
            self._dot(node, scope)
        elif kind == "sigil":
            self._sigil(node, scope)
        elif kind == "stab_clause":
            self._clause(node, scope)
        elif kind == "pair":
            value = node.child_by_field_name("value")
            if value is not None:
                self.read(value, scope)
        elif kind not in ("comment", "alias", "atom", "keyword", "integer", "quoted_content"):
            self._all(nodes.named(node), scope)

    def _all(self, several: Iterable[Node], scope: Scope) -> None:
        for node in several:
            self.read(node, scope)

    def _variable(self, node: Node, scope: Scope) -> None:
        name = self._text(node)
        if name in SPECIAL:
            return
        found = scope.lookup(name)
        if found is not None:
            found.used = True
        elif scope.lenient:
            scope.bind(self._new(node, used=True))
        elif name not in self._functions and name not in _KERNEL:
            self._free.append(Name(name, self._within, node.start_point.row + 1))

    def _binary(self, node: Node, scope: Scope) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return
        operator = nodes.operator_of(node)
        if operator in ("=", "<-"):
            self.read(right, scope)
            self._pattern(left, scope)
        elif operator in ("&&", "||", "and", "or"):
            self.read(left, scope)
            self.read(right, Scope(scope))
        elif operator == "::":
            self.read(left, scope)
            self._size(right, scope, {})
        elif operator == "|>" and right.type == "identifier":
            self.read(left, scope)
        else:
            self.read(left, scope)
            self.read(right, scope)

    def _unary(self, node: Node, scope: Scope) -> None:
        # The field is the parenthesis in `&(&1 + x)`.
        operand = next(iter(nodes.named(node)), None)
        if operand is None:
            return
        operator = nodes.operator_of(node)
        if operator == "@":
            target = operand.child_by_field_name("target") if operand.type == "call" else None
            if target is not None and self._text(target) not in _TYPES:
                self._all(nodes.arguments_of(operand), scope)
        elif operator == "&" and nodes.is_operator(operand, "/"):
            left, right = operand.child_by_field_name("left"), operand.child_by_field_name("right")
            if left is None or right is None:
                return
            if right.type != "integer" or left.type not in ("identifier", "operator_identifier"):
                self.read(left, scope)
            self.read(right, scope)
        elif operator == "^":
            self.read(operand, scope.pinned or scope)
        else:
            self.read(operand, scope)

    def _dot(self, node: Node, scope: Scope) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None:
            self.read(left, scope)
        if right is not None and right.type not in ("identifier", "operator_identifier"):
            self.read(right, scope)

    def _parentheses(self, node: Node, scope: Scope) -> None:
        for child in nodes.named(node):
            if child.type == "stab_clause":
                self._clause(child, scope)
            else:
                self.read(child, scope)

    def _sigil(self, node: Node, scope: Scope) -> None:
        name = nodes.child_of_type(node, "sigil_name")
        if name is not None and self._text(name) in ("H", "L", "E", "LVN"):
            # Their code is not in the tree: every word in them may be a variable.
            words = set(_WORD.findall(self._data, node.start_byte, node.end_byte)) | {b"assigns"}
            for word in words:
                found = scope.lookup(word.decode())
                if found is not None:
                    found.used = True
            return
        self._all((child for child in nodes.named(node) if child.type == "interpolation"), scope)

    # -- clauses -----------------------------------------------------------------------------------

    def _clause(self, clause: Node, scope: Scope, *, is_condition: bool = False) -> None:
        """One `left -> right`. Its left side is a pattern, but an expression in `cond` and in `after`."""
        inner = Scope(scope)
        left, right = clause.child_by_field_name("left"), clause.child_by_field_name("right")
        if left is not None:
            if is_condition:
                self.read(left, inner)
            else:
                self._pattern(left, inner)
        if right is not None:
            self._all(nodes.named(right), inner)

    def _body(self, block: Node, inside: Scope, outside: Scope, *, is_condition: bool = False) -> None:
        """A `do` block, with the `rescue`, `else` and `after` in it, which see nothing of what it binds."""
        for child in nodes.named(block):
            if child.type == "stab_clause":
                self._clause(child, inside, is_condition=is_condition)
            elif child.type in nodes.CLAUSE_BLOCKS:
                self._body(child, Scope(outside), outside, is_condition=child.type == "after_block")
            else:
                self.read(child, inside)

    def _bodies(self, call: Node, inside: Scope, outside: Scope, *, is_condition: bool = False) -> None:
        """All bodies of a call, those that are written as keywords too."""
        for child in nodes.named(call):
            if child.type == "do_block":
                self._body(child, Scope(inside), outside, is_condition=is_condition)
        for key, value in nodes.last_keywords(call, self._data).items():
            if key in _BODIES:
                self.read(value, Scope(inside if key == "do" else outside))

    def _arguments(self, call: Node) -> list[Node]:
        """The arguments without the bodies; trailing options one by one."""
        found: list[Node] = []
        for argument in nodes.arguments_of(call):
            if argument.type == "keywords":
                found.extend(pair for pair in nodes.named(argument) if not self._is_body(pair))
            else:
                found.append(argument)
        return found

    def _is_body(self, pair: Node) -> bool:
        key = pair.child_by_field_name("key")
        return key is not None and nodes.keyword_name(key, self._data) in _BODIES

    # -- calls -------------------------------------------------------------------------------------

    def _call(self, node: Node, scope: Scope) -> None:
        target = node.child_by_field_name("target")
        if target is None:
            return
        name = self._called(target)
        if target.type == "identifier":
            special = _SPECIAL_FORMS.get(name)
            if special is not None:
                special(self, node, scope)
                return
        else:
            self.read(target, scope)
        if name == "from" and self._is_query(target):
            self._from(node, scope)
        elif name in _QUERY and self._is_query(target) and self._bindings(node):
            self._query(node, scope)
        elif _EXPECTING.match(name):
            for argument in nodes.arguments_of(node):
                self._leniently(argument, scope)
        elif nodes.child_of_type(node, "do_block") is not None:
            inside = Scope(scope, lenient=True)
            outer, self._within = self._within, self._within or self._block_name(node, name)
            self._all(self._arguments(node), inside)
            inside.lenient = False
            self._bodies(node, inside, scope)
            self._within = outer
        else:
            self._all(self._arguments(node), scope)
            self._bodies(node, scope, scope)

    def _is_query(self, target: Node) -> bool:
        left = target.child_by_field_name("left") if target.type == "dot" else None
        return left is None or self._text(left).rpartition(".")[2] in ("Query", "Q")

    def _block_name(self, node: Node, name: str) -> str:
        first = nodes.first_argument(node)
        return f"{name} {self._text(first)}" if first is not None and first.type == "string" else ""

    def _leniently(self, node: Node, scope: Scope) -> None:
        before, scope.lenient = scope.lenient, True
        self.read(node, scope)
        scope.lenient = before

    def _case(self, node: Node, scope: Scope) -> None:
        self._all(self._arguments(node), scope)
        self._bodies(node, scope, scope)

    def _cond(self, node: Node, scope: Scope) -> None:
        self._bodies(node, scope, scope, is_condition=True)

    def _with(self, node: Node, scope: Scope) -> None:
        inner = Scope(scope)
        for argument in self._arguments(node):
            self._generator(argument, inner)
        self._bodies(node, inner, scope)

    def _generator(self, node: Node, scope: Scope) -> None:
        parts = nodes.named(node) if node.type == "bitstring" else []
        if not parts or not nodes.is_operator(parts[-1], "<-"):
            self.read(node, scope)
            return
        left, right = parts[-1].child_by_field_name("left"), parts[-1].child_by_field_name("right")
        if left is None or right is None:
            return
        self.read(right, scope)
        self._patterns([*parts[:-1], left], scope)

    def _quote(self, node: Node, scope: Scope) -> None:
        self._all(self._arguments(node), scope)
        bound = nodes.last_keywords(node, self._data).get("bind_quoted")
        inner = scope
        if bound is not None:
            inner = Scope(scope)
            for key in nodes.keyword_pairs(bound, self._data):
                inner.bind(self._new(node, used=True, name=key))
        for child in nodes.named(node):
            if child.type == "do_block":
                self._quoted(child, inner)
        body = nodes.last_keywords(node, self._data).get("do")
        if body is not None:
            self._quoted(body, inner)

    def _quoted(self, node: Node, scope: Scope) -> None:
        """Code for another place: only what `unquote` puts into it is read here."""
        target = node.child_by_field_name("target") if node.type == "call" else None
        name = self._called(target) if target is not None else ""
        if name in ("unquote", "unquote_splicing"):
            self._all(nodes.arguments_of(node), scope)
        elif name in _FUNCTIONS and nodes.arguments_of(node):
            self._function(node, scope)
        else:
            for child in nodes.named(node):
                self._quoted(child, scope)

    def _unquote(self, node: Node, scope: Scope) -> None:
        self._all(nodes.arguments_of(node), scope.unquoted or scope)

    # Its name is the caller's business.
    def _var(self, node: Node, scope: Scope) -> None:
        for argument in nodes.arguments_of(node):
            self._leniently(argument, scope)

    def _defdelegate(self, node: Node, scope: Scope) -> None:
        self._all(self._arguments(node)[1:], scope)

    def _destructure(self, node: Node, scope: Scope) -> None:
        arguments = nodes.arguments_of(node)
        self._all(arguments[1:], scope)
        self._patterns(arguments[:1], scope)

    # -- definitions -------------------------------------------------------------------------------

    def _head(self, node: Node) -> tuple[str, list[Node]] | None:
        head = nodes.first_argument(node)
        while head is not None and nodes.operator_of(head) in ("when", "::"):
            head = head.child_by_field_name("left")
        if head is None:
            return None
        if head.type == "call":
            target = head.child_by_field_name("target")
            return (self._called(target) if target is not None else "", nodes.arguments_of(head))
        if head.type in ("binary_operator", "unary_operator"):
            return (nodes.operator_of(head) or "", nodes.named(head))
        return (self._text(head), [])

    def _function(self, node: Node, scope: Scope) -> None:
        head = self._head(node)
        if head is None:
            return
        name, params = head
        outer, self._within = self._within, f"{name}/{len(params)}"
        # An unquote in a function that is not quoted itself reads what the module's body has bound.
        inner = Scope(None, unquoted=scope)
        written = nodes.arguments_of(node)[0]
        target = written.child_by_field_name("target") if written.type == "call" else None
        if target is not None and target.type == "call":
            self.read(target, inner)
        has_body = nodes.child_of_type(node, "do_block") is not None or "do" in nodes.last_keywords(
            node, self._data
        )
        self._patterns(params, inner, used=not has_body)
        if nodes.is_operator(written, "when"):
            guard = written.child_by_field_name("right")
            if guard is not None:
                self.read(guard, inner)
        self._bodies(node, inner, inner)
        self._within = outer

    def _module(self, node: Node, scope: Scope) -> None:
        inner = Scope(scope)
        self._all(self._arguments(node), inner)
        outer, self._within = self._within, ""
        self._bodies(node, inner, inner)
        self._within = outer

    # -- queries -----------------------------------------------------------------------------------

    def _from(self, node: Node, scope: Scope) -> None:
        inner = Scope(scope, pinned=scope)
        for argument in self._arguments(node):
            value = argument.child_by_field_name("value") if argument.type == "pair" else argument
            if value is not None:
                self._source(value, inner)

    def _source(self, node: Node, scope: Scope) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if nodes.is_operator(node, "in") and left is not None and right is not None and self._binds(left):
            self.read(right, scope)
            self._patterns([left], scope, used=True)
        else:
            self.read(node, scope)

    def _binds(self, node: Node) -> bool:
        return node.type in ("identifier", "list", "tuple")

    def _query(self, node: Node, scope: Scope) -> None:
        inner = Scope(scope, pinned=scope)
        bindings = self._bindings(node)
        for argument in self._arguments(node):
            if argument in bindings:
                self._bind_rows(argument, inner)
            else:
                self._source(argument, inner)

    def _bind_rows(self, bindings: Node, scope: Scope) -> None:
        for item in nodes.named(bindings):
            parts = nodes.named(item) if item.type == "tuple" else []
            if len(parts) == 2 and parts[0].type == "identifier":
                self.read(parts[1], scope)
                item = parts[0]
            self._patterns([item], scope, used=True)

    def _bindings(self, call: Node) -> list[Node]:
        """The `[u, p]` of `where(query, [u, p], ...)`: the first list of names, when something follows it."""
        arguments = nodes.arguments_of(call)
        for argument in arguments[:3]:
            if argument.type == "list" and self._is_binding(argument):
                return [argument]
        return []

    def _is_binding(self, node: Node) -> bool:
        for item in nodes.named(node):
            pairs = nodes.named(item) if item.type == "keywords" else []
            values = [pair.child_by_field_name("value") for pair in pairs] or [item]
            for value in values:
                parts = nodes.named(value) if value is not None and value.type == "tuple" else [value]
                if not any(part is not None and part.type == "identifier" for part in parts):
                    return False
        return True

    def _match_question(self, node: Node, scope: Scope) -> None:
        arguments = nodes.arguments_of(node)
        if len(arguments) > 2:
            self._all(arguments, scope)
            return
        self._all(arguments[1:], scope)
        self._patterns(arguments[:1], Scope(scope), used=True)


_SPECIAL_FORMS: dict[str, Callable[[_Walk, Node, Scope], None]] = {
    **dict.fromkeys(("case", "if", "unless", "try", "receive"), _Walk._case),
    **dict.fromkeys(("with", "for"), _Walk._with),
    **dict.fromkeys(("unquote", "unquote_splicing"), _Walk._unquote),
    **dict.fromkeys(_FUNCTIONS, _Walk._function),
    **dict.fromkeys(_MODULES, _Walk._module),
    "cond": _Walk._cond,
    "quote": _Walk._quote,
    "var!": _Walk._var,
    "defdelegate": _Walk._defdelegate,
    "destructure": _Walk._destructure,
    "match?": _Walk._match_question,
}
