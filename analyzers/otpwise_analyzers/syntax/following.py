"""What an expression stands for: followed through variables, attributes, parameters and local functions.

Nothing is run. Where the way ends at something that only a running system knows, the answer is None.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.variables import bound_by

_BLOCKS = frozenset({"do_block", "body", "block", *nodes.CLAUSE_BLOCKS})
_LITERALS = frozenset({"atom", "boolean", "nil", "integer", "float", "string", "alias", "quoted_atom"})
_DEEP = 12


class Scope:
    """Where an expression is read: the definition around it, and what its parameters stand for.

    `via` names the local function through which the reading came, as `name/arity`; empty at the start.
    """

    __slots__ = ("bound", "definition", "depth", "via")

    def __init__(
        self,
        definition: Definition | None = None,
        bound: dict[str, Value] | None = None,
        via: str = "",
        depth: int = 0,
    ) -> None:
        self.definition = definition
        self.bound = bound if bound is not None else {}
        self.via = via
        self.depth = depth

    def binding(self, more: dict[str, Value]) -> Scope:
        """The same place with further names bound, those of a function's or a comprehension's clause."""
        return Scope(self.definition, {**self.bound, **more}, self.via, self.depth + 1)


class Value(NamedTuple):
    """An expression, and where it is read."""

    node: Node
    scope: Scope

    def at(self, node: Node) -> Value:
        """A part of the expression."""
        return Value(node, self.scope)


class Chosen(NamedTuple):
    """A clause of a local function that a call may reach. `is_sure` says that it reaches no later one."""

    clause: Definition
    scope: Scope
    is_sure: bool


class Options(NamedTuple):
    """The values of keywords by name. `is_whole` says that there are no others."""

    values: dict[str, Value]
    is_whole: bool


class Called(NamedTuple):
    """A call with what is piped into it. `receiver` is None for a local one."""

    node: Node
    name: str
    receiver: Node | None
    args: list[Value]


class Follower:
    """Follows the expressions of one module. What it may spend on one module is limited."""

    def __init__(self, module: Module, budget: int = 4_000) -> None:
        self.module = module
        self.file = module.file
        self.data = module.file.data
        self._left = budget

    def spend(self, scope: Scope) -> bool:
        """Takes one step; False when the way is too long or too deep."""
        self._left -= 1
        return self._left > 0 and scope.depth < _DEEP

    def text(self, node: Node) -> str:
        return self.file.text(node)

    # -- variables and the like --------------------------------------------------------------------

    def resolve(self, value: Value) -> Value | None:
        """The expression at the end of the way: no variable, attribute, `=` or call of a function whose
        one clause has one result. None when the way ends in the dark."""
        while self.spend(value.scope):
            node = nodes.unwrap(value.node)
            if node.type == "identifier" and self.text(node) != "__MODULE__":
                following = self.variable(node, value.scope)
                if following is None and self.is_unbound(node, value.scope):
                    following = self._only_result(self.text(node), [], value.scope)
            elif nodes.is_operator(node, "="):
                right = node.child_by_field_name("right")
                following = value.at(right) if right is not None else None
            elif nodes.is_operator(node, "@"):
                following = self.attribute(node)
            elif nodes.is_operator(node, "&") and (placed := self._placeholder(node)) is not None:
                following = value.scope.bound.get(placed)
            elif node.type == "call":
                called = self.called(value.at(node))
                if called is None or called.receiver is not None:
                    return value.at(node)
                clauses = self.module.clauses(called.name, len(called.args))
                if not clauses:
                    return value.at(node)
                following = self._only_result(called.name, called.args, value.scope)
            else:
                return value.at(node)
            if following is None:
                return None
            value = following
        return None

    def variable(self, node: Node, scope: Scope) -> Value | None:
        """What an identifier was bound to last, as seen from where it stands."""
        name = self.text(node)
        found = self._binding(name, node, scope)
        return found if isinstance(found, Value) else None

    def is_unbound(self, node: Node, scope: Scope) -> bool:
        """Whether no variable of that name is there: then it is a call without parentheses."""
        return self._binding(self.text(node), node, scope) is False

    def _binding(self, name: str, node: Node, scope: Scope) -> Value | bool:
        """The value; True when it is bound to something unknown, False when it is not bound."""
        definition = scope.definition
        inner = node
        for ancestor in nodes.ancestors(node):
            if definition is not None and ancestor == definition.node:
                break
            if ancestor.type == "stab_clause":
                left = ancestor.child_by_field_name("left")
                if left is not None and not nodes.encloses(left, node) and name in bound_by(left, self.data):
                    return scope.bound.get(name, True)
            elif ancestor.type in _BLOCKS:
                for statement in reversed(nodes.named(ancestor)):
                    if statement.start_byte < inner.start_byte:
                        found = self._assigned(statement, name, scope)
                        if found is not False:
                            return found
            elif ancestor.type == "call":
                found = self._generated(ancestor, node, name, scope)
                if found is not False:
                    return found
            inner = ancestor
        for param in definition.params if definition is not None else ():
            if name in bound_by(param, self.data):
                return scope.bound.get(name, True)
        return False

    def _assigned(self, statement: Node, name: str, scope: Scope) -> Value | bool:
        while nodes.is_operator(statement, "="):
            left, right = statement.child_by_field_name("left"), statement.child_by_field_name("right")
            if left is None or right is None:
                return False
            if nodes.identifier(left, self.data) == name:
                return Value(right, scope)
            if name in bound_by(left, self.data):
                return self._part_of(left, right, name, scope)
            statement = right
        return False

    def _part_of(self, pattern: Node, value: Node, name: str, scope: Scope) -> Value | bool:
        """`b` of `{a, b} = {1, 2}`."""
        if pattern.type == "tuple":
            whole = self.resolve(Value(value, scope))
            if whole is not None and whole.node.type == "tuple":
                for part, given in zip(nodes.named(pattern), nodes.named(whole.node), strict=False):
                    if nodes.identifier(part, self.data) == name:
                        return whole.at(given)
        return True

    def _generated(self, call: Node, node: Node, name: str, scope: Scope) -> Value | bool:
        """A name that `for x <- list` or `with {:ok, x} <- value` binds for what comes after it."""
        for argument in nodes.arguments_of(call):
            if nodes.operator_of(argument) not in ("<-", "=") or argument.start_byte >= node.start_byte:
                continue
            left, right = argument.child_by_field_name("left"), argument.child_by_field_name("right")
            if left is None or right is None or nodes.encloses(argument, node):
                continue
            if name in bound_by(left, self.data):
                if nodes.is_operator(argument, "=") and left.type == "identifier":
                    return Value(right, scope)
                return scope.bound.get(name, True)
        return False

    def attribute(self, node: Node) -> Value | None:
        """The expression that `@name` stands for, when the module sets it once."""
        operand = node.child_by_field_name("operand")
        name = nodes.identifier(operand, self.data) if operand is not None else None
        if name is None:
            return None
        set_to = [
            call.args[0]
            for call in self.file.calls(name)
            if len(call.args) == 1
            and nodes.is_operator(call.node.parent, "@")
            and call.enclosing_module is self.module
        ]
        return Value(set_to[0], Scope()) if len(set_to) == 1 else None

    def _placeholder(self, node: Node) -> str | None:
        """`&1` of a capture."""
        operand = node.child_by_field_name("operand")
        return f"&{self.text(operand)}" if operand is not None and operand.type == "integer" else None

    # -- calls -------------------------------------------------------------------------------------

    def called(self, value: Value) -> Called | None:
        """The call that an expression is, `left |> f(x)` as `f(left, x)`; None for anything else."""
        node = nodes.unwrap(value.node)
        piped: list[Value] = []
        if nodes.is_operator(node, "|>"):
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            if left is None or right is None:
                return None
            piped, node = [value.at(left)], right
        if node.type == "identifier" and piped:
            return Called(node, self.text(node), None, piped)
        if node.type != "call":
            return None
        target = node.child_by_field_name("target")
        args = [*piped, *(value.at(argument) for argument in nodes.arguments_of(node))]
        if target is None:
            return None
        if target.type == "identifier":
            return Called(node, self.text(target), None, args)
        if target.type == "dot":
            left, right = target.child_by_field_name("left"), target.child_by_field_name("right")
            if left is not None and right is not None and right.type == "identifier":
                return Called(node, self.text(right), left, args)
        return None

    def reached(self, name: str, args: Sequence[Value], scope: Scope) -> list[Chosen]:
        """The clauses of a local function that a call with these arguments may reach, in order."""
        found: list[Chosen] = []
        for clause in self.module.clauses(name, len(args)):
            bound: dict[str, Value] = {}
            inner = Scope(clause, bound, f"{name}/{len(args)}", scope.depth + 1)
            fits: bool | None = True
            for param, arg in self._given(clause, args, inner):
                one = self.matches(param, arg, bound)
                if one is False:
                    fits = False
                    break
                fits = fits if one else None
            if fits is False or not clause.statements:
                continue
            is_sure = bool(fits) and clause.guard is None and not _is_conditional(clause)
            found.append(Chosen(clause, inner, is_sure))
            if is_sure:
                break
        return found

    def _given(
        self, clause: Definition, args: Sequence[Value], inner: Scope
    ) -> Iterator[tuple[Node, Value | None]]:
        """Each parameter with its argument, or with its default where the call gives none."""
        defaults = len(clause.params) - len(args)
        left = list(args)
        for param in clause.params:
            if nodes.is_operator(param, "\\\\"):
                pattern, default = param.child_by_field_name("left"), param.child_by_field_name("right")
                if pattern is None or default is None:
                    continue
                optional = sum(
                    1
                    for later in clause.params
                    if later.start_byte >= param.start_byte and nodes.is_operator(later, "\\\\")
                )
                if optional <= defaults:
                    yield pattern, Value(default, Scope(depth=inner.depth))
                    continue
                param = pattern
            yield param, left.pop(0) if left else None

    def matches(self, pattern: Node, value: Value | None, bound: dict[str, Value]) -> bool | None:
        """Whether a pattern fits a value: surely, surely not, or (None) perhaps. Fills in what it binds."""
        if pattern.type == "identifier":
            if value is not None:
                bound[self.text(pattern)] = value
            return True
        if nodes.is_operator(pattern, "="):
            sides = [self.matches(side, value, bound) for side in nodes.named(pattern)]
            return False if False in sides else None if None in sides else True
        known = self.resolve(value) if value is not None else None
        if known is None:
            return None
        node = known.node
        if pattern.type in _LITERALS and node.type in _LITERALS:
            return self._literal(Value(pattern, Scope())) == self._literal(known)
        if pattern.type == "tuple" and node.type == "tuple":
            parts, given = nodes.named(pattern), nodes.named(node)
            if len(parts) != len(given):
                return False
            fits = [self.matches(part, known.at(one), bound) for part, one in zip(parts, given, strict=True)]
            return False if False in fits else None if None in fits else True
        if pattern.type == "list" and node.type == "list" and not nodes.named(pattern):
            return not nodes.named(node)
        if pattern.type in _LITERALS and node.type in ("list", "tuple", "map", "anonymous_function"):
            return False
        return None

    def _literal(self, value: Value) -> str:
        node = value.node
        if node.type == "alias":
            return self.file.module_name(node) or self.text(node)
        return self.text(node)

    def _only_result(self, name: str, args: Sequence[Value], scope: Scope) -> Value | None:
        """What a local function answers, when one clause is reached and does not branch at its end."""
        reached = self.reached(name, args, scope)
        if len(reached) != 1:
            return None
        return Value(reached[0].clause.statements[-1], reached[0].scope)

    # -- literals ----------------------------------------------------------------------------------

    def module_name(self, value: Value) -> str | None:
        """The module, or the plain atom (`:name`), that an expression stands for."""
        node = nodes.unwrap(value.node)
        if node.type not in ("alias", "atom", "dot"):
            known = self.resolve(value)
            if known is None:
                return None
            node, value = known.node, known
        if node.type == "call":
            return self._concatenated(value)
        return self.file.module_name(node)

    def _concatenated(self, value: Value) -> str | None:
        """`Module.concat(A, B)` of literal parts."""
        called = self.called(value)
        if called is None or called.receiver is None or called.name != "concat":
            return None
        if self.text(called.receiver) != "Module":
            return None
        args = called.args
        if len(args) == 1 and args[0].node.type == "list":
            args = [args[0].at(item) for item in nodes.named(args[0].node)]
        names = [self.module_name(arg) for arg in args]
        if not names or None in names:
            return None
        return ".".join(name.removeprefix(":") for name in names if name is not None)

    def atom(self, value: Value | None) -> str | None:
        """`one_for_one` of an expression that stands for `:one_for_one`."""
        known = self.resolve(value) if value is not None else None
        return nodes.atom_literal(known.node, self.data) if known is not None else None

    def integer(self, value: Value | None) -> int | None:
        """A whole number, `1_000` included."""
        known = self.resolve(value) if value is not None else None
        if known is None or known.node.type != "integer":
            return None
        try:
            return int(self.text(known.node), 0)
        except ValueError:
            return None

    def options(self, value: Value) -> Options:
        """The keywords that an expression stands for, `Keyword.merge` and the like included."""
        known = self.resolve(value)
        if known is None:
            return Options({}, False)
        node = known.node
        if node.type == "keywords":
            pairs = nodes.keyword_pairs(node, self.data)
            return Options({key: known.at(one) for key, one in pairs.items()}, True)
        if node.type in ("list", "map"):
            return self._listed_options(known)
        if nodes.is_operator(node, "++"):
            sides = [node.child_by_field_name("left"), node.child_by_field_name("right")]
            parts = [self.options(known.at(side)) for side in sides if side is not None]
            return _joined(reversed(parts))
        called = self.called(known)
        if called is None or called.receiver is None or self.text(called.receiver) not in ("Keyword", "Map"):
            return Options({}, False)
        return self._changed_options(called)

    def _listed_options(self, known: Value) -> Options:
        pairs = nodes.keyword_pairs(known.node, self.data)
        values = {key: known.at(one) for key, one in pairs.items()}
        is_whole = True
        for item in nodes.named(known.node):
            parts = nodes.named(item) if item.type == "tuple" else []
            key = nodes.atom_literal(parts[0], self.data) if len(parts) == 2 else None
            if key is not None:
                values[key] = known.at(parts[1])
            elif item.type not in ("keywords", "map_content") or (
                item.type == "map_content" and nodes.child_of_type(item, "binary_operator") is not None
            ):
                is_whole = False
        return Options(values, is_whole)

    def _changed_options(self, called: Called) -> Options:
        args = called.args
        if called.name == "merge" and len(args) == 2:
            return _joined([self.options(args[0]), self.options(args[1])])
        if called.name in ("put", "put_new") and len(args) == 3:
            before = self.options(args[0])
            key = self.atom(args[1])
            if key is None:
                return Options(before.values, False)
            if called.name == "put_new" and (key in before.values or not before.is_whole):
                return Options({key: args[2], **before.values}, before.is_whole)
            return Options({**before.values, key: args[2]}, before.is_whole)
        if args and called.name in ("drop", "take", "delete", "validate!", "new"):
            return Options(self.options(args[0]).values, False)
        return Options({}, False)


def _joined(parts: Iterator[Options] | Sequence[Options]) -> Options:
    """Several options as one; a later part wins."""
    values: dict[str, Value] = {}
    is_whole = True
    for part in parts:
        values.update(part.values)
        is_whole = is_whole and part.is_whole
    return Options(values, is_whole)


def _is_conditional(clause: Definition) -> bool:
    """Whether a clause stands in an `if` of the module's body: another one may be compiled in its place."""
    parent = clause.node.parent
    while parent is not None and parent.type in ("do_block", "else_block", "body"):
        parent = parent.parent
    if parent is None or parent.type != "call":
        return False
    return nodes.identifier(parent.child_by_field_name("target"), clause.file.data) in (
        "if",
        "unless",
        "case",
        "cond",
    )
