"""What a callback does to the state that it is handed, as far as it can be told.

A callback is followed through assignments, pipes and branches; what becomes of the state must be said outright in
its results, or nothing is said of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call, as_call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition
from otpwise_analyzers.syntax.results import is_tagged
from otpwise_analyzers.syntax.variables import bound_by

WHOLE = ""
"""The place of a map that is the state itself; any other place is the name of a field."""


class Kind(StrEnum):
    """What is done to a map."""

    PUT = "put"
    PUT_NEW = "put_new"
    UPDATE = "update"
    # an entry that is there, and none else
    CHANGE = "change"
    DELETE = "delete"
    DROP = "drop"
    # what a function (the step's value) says yes to stays, or goes
    FILTER = "filter"
    REJECT = "reject"
    RESET = "reset"
    # anything may be in it afterwards
    REPLACE = "replace"


class Step(NamedTuple):
    """One change: `node` is the expression that makes it, `place` the map that it is made to."""

    kind: Kind
    place: str
    node: Node
    key: Node | None = None
    value: Node | None = None


class State(NamedTuple):
    """The state (`place` is WHOLE) or the map in a field of it, after some steps."""

    place: str = WHOLE
    steps: tuple[Step, ...] = ()


class Result(NamedTuple):
    """A result of a callback: the tuple, its reply (None without one), and the state in it.

    `state` is None when what becomes of the state cannot be told.
    """

    node: Node
    reply: Node | None
    state_node: Node | None
    state: State | None


@dataclass(slots=True)
class Handling:
    """A clause of a callback.

    `state_name` is the variable of its last parameter. `names` says of each variable that holds the state, or
    a map in it, at which place: None for one that holds now this and now that.
    """

    clause: Definition
    state_name: str | None
    names: dict[str, str | None] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)

    @property
    def message(self) -> Node:
        return self.clause.params[0]

    @property
    def steps(self) -> list[Step]:
        """Everything that some result says was done to the state."""
        return [step for result in self.results if result.state is not None for step in result.state.steps]

    @property
    def may_stop(self) -> bool:
        """Whether a result ends the process."""
        data = self.clause.file.data
        return any(is_tagged(result.node, "stop", data) for result in self.results)

    @property
    def is_known(self) -> bool:
        """Whether all results tell what becomes of the state."""
        return bool(self.results) and all(result.state is not None for result in self.results)


# the patterns before a body, and its statements
_Branch = tuple[list[Node], list[Node]]


def _bound_by_with(call: Node) -> list[Node]:
    """The patterns of `with pattern <- expression, name = expression`."""
    lefts = (
        argument.child_by_field_name("left")
        for argument in nodes.arguments_of(call)
        if nodes.operator_of(argument) in ("<-", "=")
    )
    return [left for left in lefts if left is not None]


class StateFollower:
    """Follows the state through the code of a clause, or of a function that an Agent is given."""

    def __init__(self, file: ElixirFile) -> None:
        self.file = file
        self.data = file.data
        self._bound: list[tuple[str, State | None]] = []

    def handling(self, clause: Definition) -> Handling:
        known: dict[str, State | None] = {}
        handling = Handling(clause, None)
        self._read_head(clause.params[-1], handling, known)
        if not clause.clause_blocks and clause.statements:
            for node, then in self._ends(clause.statements, known):
                if not self._raises(node):
                    handling.results.append(self._result(node, then))
        places: dict[str, set[str | None]] = {}
        for name, state in self._bound:
            places.setdefault(name, set()).add(state.place if state is not None else None)
        handling.names = {
            name: found.pop() if len(found) == 1 else None
            for name, found in places.items()
            if found != {None}
        }
        return handling

    def _raises(self, node: Node) -> bool:
        target = node.child_by_field_name("target") if node.type == "call" else None
        return nodes.identifier(target, self.data) in ("raise", "reraise", "exit", "throw")

    def changes(self, function: Node) -> State | None:
        """What `fn state -> ... end` or `&Map.put(&1, key, value)` makes of the state that it is given."""
        if nodes.is_operator(function, "&"):
            body = function.child_by_field_name("operand")
            return self._whole(body, {"&1": State()}) if body is not None else None
        clauses = [child for child in nodes.named(function) if child.type == "stab_clause"]
        left = clauses[0].child_by_field_name("left") if len(clauses) == 1 else None
        right = clauses[0].child_by_field_name("right") if len(clauses) == 1 else None
        params = nodes.named(left) if left is not None and left.type == "arguments" else []
        name = nodes.identifier(params[0], self.data) if len(params) == 1 else None
        if name is None or right is None:
            return None
        found: list[Step] = []
        for node, then in self._ends(nodes.block_statements(right), {name: State()}):
            items = nodes.named(node) if node.type == "tuple" else []
            state = self._whole(items[1] if len(items) == 2 else node, then)
            if state is None:
                return None
            found.extend(state.steps)
        return State(WHOLE, tuple(dict.fromkeys(found)))

    def _read_head(self, pattern: Node, handling: Handling, known: dict[str, State | None]) -> None:
        sides = nodes.named(pattern) if nodes.is_operator(pattern, "=") else [pattern]
        for side in sides:
            name = nodes.identifier(side, self.data)
            if name is not None:
                handling.state_name = name
                self._know(name, State(), known)
            for key, value in nodes.keyword_pairs(side, self.data).items() if side.type == "map" else ():
                inner = nodes.identifier(value, self.data)
                if inner is not None and not inner.startswith("_"):
                    self._know(inner, State(key), known)

    def _know(self, name: str, state: State | None, known: dict[str, State | None]) -> None:
        known[name] = state
        self._bound.append((name, state))

    # -- statements and branches -------------------------------------------------------------------

    def _ends(
        self, statements: list[Node], known: dict[str, State | None]
    ) -> Iterator[tuple[Node, dict[str, State | None]]]:
        """The last expressions of all branches of a body, each with what is known of the variables there."""
        known = dict(known)
        for statement in statements[:-1]:
            self._assign(statement, known)
        last = nodes.unwrap(statements[-1])
        bodies = self._branches(last)
        if bodies is None:
            yield last, known
            return
        for pattern, body in bodies:
            inner = dict(known)
            for one in pattern:
                for name in bound_by(one, self.data):
                    self._know(name, None, inner)
            if body:
                yield from self._ends(body, inner)
            else:
                yield last, {}

    def _assign(self, statement: Node, known: dict[str, State | None]) -> None:
        if not nodes.is_operator(statement, "="):
            return
        left, right = statement.child_by_field_name("left"), statement.child_by_field_name("right")
        if left is None or right is None:
            return
        value = self._value(right, known)
        name = nodes.identifier(left, self.data)
        if name is not None:
            self._know(name, value, known)
        else:
            for bound in bound_by(left, self.data):
                self._know(bound, None, known)
        if nodes.is_operator(right, "="):
            self._assign(right, known)

    def _branches(self, node: Node) -> list[_Branch] | None:
        """The bodies of a branching expression with the patterns before them; None when it does not branch."""
        call = node.child_by_field_name("right") if nodes.is_operator(node, "|>") else node
        if call is None or call.type != "call":
            return None
        name = nodes.identifier(call.child_by_field_name("target"), self.data)
        if name not in ("if", "unless", "case", "cond", "with"):
            return None
        bound = _bound_by_with(call) if name == "with" else []
        block = nodes.child_of_type(call, "do_block")
        if block is None:
            keywords = nodes.last_keywords(call, self.data)
            one_line: list[_Branch] = [
                (bound if key == "do" else [], [keywords[key]]) for key in ("do", "else") if key in keywords
            ]
            return one_line if len(one_line) == 2 else [*one_line, ([], [])]
        blocks = [block, *(child for child in block.named_children if child.type in nodes.CLAUSE_BLOCKS)]
        found: list[_Branch] = []
        for one in blocks:
            statements = nodes.block_statements(one)
            clauses = [statement for statement in statements if statement.type == "stab_clause"]
            for clause in clauses:
                left, right = clause.child_by_field_name("left"), clause.child_by_field_name("right")
                patterns = [left] if left is not None and name != "cond" else []
                found.append((patterns, nodes.block_statements(right) if right is not None else []))
            if not clauses:
                found.append((bound if one == block else [], statements))
        if name in ("if", "unless", "with") and len(blocks) == 1:
            found.append(([], []))
        return found

    # -- expressions -------------------------------------------------------------------------------

    def _result(self, node: Node, known: dict[str, State | None]) -> Result:
        items = nodes.named(node) if node.type == "tuple" else []
        tag = nodes.atom_literal(items[0], self.data) if items and items[0].type == "atom" else None
        if tag == "reply" and len(items) in (3, 4):
            return Result(node, items[1], items[2], self._whole(items[2], known))
        if tag == "noreply" and len(items) in (2, 3):
            return Result(node, None, items[1], self._whole(items[1], known))
        if tag == "stop" and len(items) in (3, 4):
            return Result(node, items[2] if len(items) == 4 else None, items[-1], State())
        return Result(node, None, None, None)

    def _whole(self, node: Node, known: dict[str, State | None]) -> State | None:
        state = self._value(node, known)
        return state if state is not None and state.place == WHOLE else None

    def _value(self, node: Node, known: dict[str, State | None]) -> State | None:
        """What an expression is of the state; None when it is something else."""
        node = nodes.unwrap(node)
        bodies = self._branches(node)
        if bodies is not None:
            return self._either(node, bodies, known)
        name = nodes.identifier(node, self.data)
        if name is not None or nodes.is_operator(node, "&"):
            return known.get(self.file.text(node))
        if node.type == "map":
            return self._map(node, known)
        if node.type == "access_call":
            return self._field(
                node, node.child_by_field_name("target"), node.child_by_field_name("key"), known
            )
        call = as_call(self.file, node)
        if call is None:
            return None
        if not call.is_invocation:
            return self._dotted(call, known)
        if call.module == "Map":
            return self._map_call(call, node, known)
        if call.module == "Enum" and call.name == "into" and len(call.all_args) == 2:
            is_map = self.file.text(call.all_args[1]).replace(" ", "") in ("%{}", "Map.new()")
            return self._filtered(call.all_args[0], node, known) if is_map else None
        if call.is_local and call.name in ("put_in", "update_in") and call.args and call.piped is None:
            return self._in(call, node, known)
        return None

    def _filtered(self, list_: Node, node: Node, known: dict[str, State | None]) -> State | None:
        """`map |> Enum.filter(keep?) |> Map.new()`, and the like with `reject` and `Enum.into`."""
        call = as_call(self.file, list_)
        if call is None or call.module != "Enum" or len(call.all_args) != 2:
            return None
        kind = {"filter": Kind.FILTER, "reject": Kind.REJECT}.get(call.name)
        base = self._value(call.all_args[0], known)
        if kind is None or base is None:
            return None
        return State(base.place, (*base.steps, Step(kind, base.place, node, None, call.all_args[1])))

    def _either(self, node: Node, bodies: list[_Branch], known: dict[str, State | None]) -> State | None:
        found: list[State] = []
        for end, then in self._ends([node], known):
            state = self._value(end, then) if end != node else None
            if state is None:
                return None
            found.append(state)
        places = {state.place for state in found}
        if len(places) != 1:
            return None
        return State(places.pop(), tuple(dict.fromkeys(step for state in found for step in state.steps)))

    def _map(self, node: Node, known: dict[str, State | None]) -> State | None:
        """`%{}`, and `%{state | field: ...}`."""
        content = nodes.child_of_type(node, "map_content")
        if content is None:
            empty = nodes.child_of_type(node, "struct") is None
            return State(WHOLE, (Step(Kind.RESET, WHOLE, node),)) if empty else None
        update = next(iter(nodes.named(content)), None)
        if update is None or not nodes.is_operator(update, "|"):
            return None
        left, right = update.child_by_field_name("left"), update.child_by_field_name("right")
        base = self._value(left, known) if left is not None else None
        if base is None or base.place != WHOLE or right is None:
            return None
        steps = list(base.steps)
        if right.type != "keywords":
            return None
        for key, value in nodes.keyword_pairs(right, self.data).items():
            steps.extend(self._set(key, value, node, known))
        return State(WHOLE, tuple(steps))

    def _set(self, key: str, value: Node, node: Node, known: dict[str, State | None]) -> list[Step]:
        """What `field: value` does to the field."""
        inner = self._value(value, known)
        if inner is not None and inner.place == key:
            return list(inner.steps)
        if inner is not None and inner.place == WHOLE and inner.steps and inner.steps[-1].kind is Kind.RESET:
            return [Step(Kind.RESET, key, value)]
        return [Step(Kind.REPLACE, key, node, value=value)]

    def _field(
        self, node: Node, target: Node | None, key: Node | None, known: dict[str, State | None]
    ) -> State | None:
        """`state[:field]`."""
        base = self._value(target, known) if target is not None else None
        if base is None or base.place != WHOLE or key is None or key.type != "atom":
            return None
        return State(self.file.text(key)[1:], base.steps)

    def _dotted(self, call: Call, known: dict[str, State | None]) -> State | None:
        """`state.field`."""
        base = self._value(call.receiver, known) if call.receiver is not None else None
        return State(call.name, base.steps) if base is not None and base.place == WHOLE else None

    def _map_call(self, call: Call, node: Node, known: dict[str, State | None]) -> State | None:
        arguments = call.all_args
        if call.name == "new" and not arguments:
            return State(WHOLE, (Step(Kind.RESET, WHOLE, node),))
        if call.name == "new" and len(arguments) == 1:
            return self._filtered(arguments[0], node, known)
        if not arguments:
            return None
        base = self._value(arguments[0], known)
        if base is None:
            return None
        kind = _MAP_CALLS.get((call.name, len(arguments)))
        if kind is None:
            return None
        key = arguments[1] if kind not in _OF_ALL else None
        if base.place == WHOLE and key is not None and key.type == "atom":
            return self._set_by_name(call, node, base, self.file.text(key)[1:], kind, known)
        value = arguments[2] if kind in (Kind.PUT, Kind.PUT_NEW) else None
        if kind in _OF_ALL:
            value = arguments[1]
        return State(base.place, (*base.steps, Step(kind, base.place, node, key, value)))

    def _set_by_name(
        self, call: Call, node: Node, base: State, name: str, kind: Kind, known: dict[str, State | None]
    ) -> State:
        """`Map.put(state, :field, value)`."""
        if kind is Kind.PUT:
            return State(WHOLE, (*base.steps, *self._set(name, call.all_args[2], node, known)))
        return State(WHOLE, (*base.steps, Step(Kind.REPLACE, name, node)))

    def _in(self, call: Call, node: Node, known: dict[str, State | None]) -> State | None:
        """`put_in(state.field[key], value)`, `put_in(state, [:field, key], value)` and their updates."""
        kind = Kind.PUT if call.name == "put_in" else Kind.UPDATE
        if len(call.args) == 2:
            path, value = call.args
            target = self._value(path, known)
            if target is not None and target.place != WHOLE:
                # `put_in(state.field, value)`
                return State(WHOLE, (*target.steps, *self._set(target.place, value, node, known)))
            if path.type != "access_call":
                return None
            inner, key = path.child_by_field_name("target"), path.child_by_field_name("key")
            base = self._value(inner, known) if inner is not None else None
            if base is None or key is None:
                return None
            step = Step(kind, base.place, node, key, value if kind is Kind.PUT else None)
            return State(WHOLE, (*base.steps, step))
        if len(call.args) != 3 or call.args[1].type != "list":
            return None
        base, keys, value = self._value(call.args[0], known), nodes.named(call.args[1]), call.args[2]
        if (
            base is None
            or base.place != WHOLE
            or not 1 <= len(keys) <= 2
            or any(k.type == "call" for k in keys)
        ):
            return None
        if keys[0].type == "atom":
            place = self.file.text(keys[0])[1:]
            if len(keys) == 1:
                return State(WHOLE, (*base.steps, Step(Kind.REPLACE, place, node, value=value)))
            step = Step(kind, place, node, keys[1], value if kind is Kind.PUT else None)
        elif len(keys) == 1:
            step = Step(kind, WHOLE, node, keys[0], value if kind is Kind.PUT else None)
        else:
            return None
        return State(WHOLE, (*base.steps, step))


_OF_ALL = frozenset({Kind.FILTER, Kind.REJECT, Kind.DROP, Kind.REPLACE})
_MAP_CALLS = {
    ("put", 3): Kind.PUT,
    ("put_new", 3): Kind.PUT_NEW,
    ("put_new_lazy", 3): Kind.UPDATE,
    ("update", 4): Kind.UPDATE,
    ("update!", 3): Kind.CHANGE,
    ("replace", 3): Kind.CHANGE,
    ("replace!", 3): Kind.CHANGE,
    ("delete", 2): Kind.DELETE,
    ("drop", 2): Kind.DROP,
    ("take", 2): Kind.REPLACE,
    ("filter", 2): Kind.FILTER,
    ("reject", 2): Kind.REJECT,
    ("merge", 2): Kind.REPLACE,
}
