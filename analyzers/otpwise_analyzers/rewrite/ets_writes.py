"""What the callbacks of a server do to its ETS table, in the place of what they did to a map."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.project.state_changes import WHOLE, Handling, Kind, Result, Step
from otpwise_analyzers.project.store_uses import Role, Use, is_plain, uses_in
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.rewrite.bound_answer import answered_with
from otpwise_analyzers.rewrite.ets_reads import read_edit
from otpwise_analyzers.source.edits import Edit, apply
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call, as_call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition

_KEYED_STEPS = {Kind.UPDATE, Kind.CHANGE}


class _Replaced(NamedTuple):
    """A statement, or a result, in whose place others come."""

    node: Node
    lines: list[str]


def handling_edits(handling: Handling, place: str) -> list[Edit] | None:
    """A clause that reads and writes the table in the place of the map."""
    file = handling.clause.file
    uses = list(uses_in(handling, place))
    if any(use.role is Role.UNKNOWN for use in uses):
        return None
    head = _head_edit(handling, place)
    replaced = _Changes(handling, place, uses).replaced()
    if head is None or replaced is None:
        return None
    edits: list[Edit] = list(head)
    for one in replaced:
        new = _in_place(handling.clause, one)
        if new is None:
            return None
        edits.extend(new)
    reads = [read_edit(file, use) for use in uses if use.role in (Role.KEYED, Role.WHOLE)]
    return [*edits, *(read for read in reads if not any(_covers(edit, read) for edit in edits))]


def _covers(outer: Edit, inner: Edit) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end and outer != inner


class _Changes:
    """The results and assignments of a clause that change the map."""

    def __init__(self, handling: Handling, place: str, uses: list[Use]) -> None:
        self.handling = handling
        self.file = handling.clause.file
        self.place = place
        self.base = handling.state_name or ""
        self.reads = [use for use in uses if use.role in (Role.KEYED, Role.WHOLE)]
        self.edits = [read_edit(self.file, use) for use in self.reads]
        # Variables of the state, or of the map, that nothing is left for.
        self.dropped: set[str] = set()

    def replaced(self) -> list[_Replaced] | None:
        """Each as changes of the table and what is left of it. None for a form that is not known, and where
        the map as it was before a change is read after it."""
        steps = [step for step in dict.fromkeys(self.handling.steps) if step.place == self.place]
        found: list[_Replaced] = []
        for assignment in _assignments(self.handling):
            inside = [step for step in steps if nodes.encloses(assignment, step.node)]
            if inside:
                lines = self._assigned(assignment, inside)
                if lines is None:
                    return None
                found.append(_Replaced(assignment, lines))
                steps = [step for step in steps if step not in inside]
        for result in self.handling.results:
            own = result.state.steps if result.state is not None else ()
            inside = [step for step in own if step in steps and nodes.encloses(result.node, step.node)]
            one = self._result(result, inside)
            if one is None:
                return None
            if one.lines:
                found.append(one)
        done = [step for one in found for step in steps if nodes.encloses(one.node, step.node)]
        return found if len(done) == len(steps) else None

    def _assigned(self, assignment: Node, steps: list[Step]) -> list[str] | None:
        left, right = assignment.child_by_field_name("left"), assignment.child_by_field_name("right")
        lines = self._lines(steps)
        rest = self._rest(right) if right is not None else None
        if left is None or lines is None or rest is None:
            return None
        name = self.file.text(left)
        held = self.handling.names.get(name)
        if any(
            use.variable.start_byte > assignment.end_byte and self.file.text(use.variable) != name
            for use in self.reads
        ):
            return None
        if held == WHOLE and rest != self.base:
            return [*lines, f"{name} = {rest}"]
        if rest != self.base or held not in (WHOLE, self.place):
            return None
        if name != self.base:
            self.dropped.add(name)
        return lines

    def _result(self, result: Result, steps: list[Step]) -> _Replaced | None:
        """A result after the changes in it; with no lines when it stays as it is."""
        state, reply = result.state_node, result.reply
        rest = self._rest(state) if state is not None else None
        lines = self._lines(steps)
        if state is None or rest is None or lines is None:
            return None
        if not lines and rest == self.file.text(state):
            return _Replaced(result.node, [])
        if any(nodes.encloses(state, use.node) and not self._is_in_steps(use, steps) for use in self.reads):
            return None
        edits = [Edit(state.start_byte, state.end_byte, rest)]
        old = [edit for edit in self.edits if reply is not None and _lies_in(edit, reply)]
        if lines and reply is not None and old:
            # What the map was before is read before the table changes.
            lines.insert(0, f"reply = {text_with(self.file, reply, old)}")
            edits.append(Edit(reply.start_byte, reply.end_byte, "reply"))
        else:
            edits.extend(old)
        return _Replaced(result.node, [*lines, text_with(self.file, result.node, edits)])

    def _is_in_steps(self, use: Use, steps: list[Step]) -> bool:
        return any(
            part is not None and nodes.encloses(part, use.node)
            for step in steps
            for part in (step.key, step.value)
        )

    def _lines(self, steps: list[Step]) -> list[str] | None:
        if len(steps) > 1 and any(self._is_in_steps(use, steps) for use in self.reads):
            return None
        lines: list[str] = []
        for step in steps:
            written = _written(self.file, step, self.edits)
            if written is None:
                return None
            lines.extend(written)
        return lines

    def _rest(self, node: Node) -> str | None:
        """What is left of an expression of the state (or of the map) when the table is changed instead."""
        node = nodes.unwrap(node)
        name = nodes.identifier(node, self.file.data)
        if name is not None:
            return self.base if name in self.dropped else name
        if node.type == "map":
            return self._map_rest(node)
        call = as_call(self.file, node)
        if call is None:
            return None
        if not call.is_invocation:
            return self.base if call.name == self.place else None
        if call.is_local and call.name == "put_in":
            return self._in_rest(call)
        if call.module == "Enum" and call.name in ("into", "filter", "reject"):
            return self._rest(call.all_args[0])
        if call.module != "Map":
            return None
        if call.name == "new":
            return self._rest(call.all_args[0]) if call.all_args else self.base
        first, *more = call.all_args
        if self.place != WHOLE and more and more[0].type == "atom":
            is_put = call.name == "put" and self.file.text(more[0]) == f":{self.place}"
            return self._rest(first) if is_put else None
        return self._rest(first)

    def _in_rest(self, call: Call) -> str | None:
        """`put_in(state.entries[key], value)` and `put_in(state, [:entries, key], value)`."""
        target = call.args[0] if call.args else None
        while target is not None and target.type == "access_call":
            target = target.child_by_field_name("target")
        return self._rest(target) if target is not None else None

    def _map_rest(self, node: Node) -> str | None:
        """`%{state | entries: ..., count: n}` without the map; `%{}` is a reset of the whole state."""
        content = nodes.child_of_type(node, "map_content")
        if content is None:
            return self.base if self.place == WHOLE else None
        update = next(iter(nodes.named(content)), None)
        right = update.child_by_field_name("right") if update is not None else None
        left = update.child_by_field_name("left") if update is not None else None
        if right is None or left is None or right.type != "keywords" or self.place == WHOLE:
            return None
        pairs = [
            pair for pair in nodes.named(right) if not self.file.text(pair).startswith(f"{self.place}: ")
        ]
        inner = self._rest(left)
        if inner is None or not layout.is_one_line(self.file, node):
            return None
        if not pairs:
            return inner
        opening = self.file.data[node.start_byte : left.start_byte].decode()
        return f"{opening}{inner} | {', '.join(self.file.text(pair) for pair in pairs)}}}"


def _lies_in(edit: Edit, node: Node) -> bool:
    return node.start_byte <= edit.start and edit.end <= node.end_byte


def _assignments(handling: Handling) -> list[Node]:
    """The assignments to one variable that stand as statements."""
    file = handling.clause.file
    return [
        node
        for statement in handling.clause.statements
        for node in (statement, *nodes.descendants(statement, "binary_operator"))
        if nodes.is_operator(node, "=")
        and layout.is_statement(node)
        and nodes.identifier(node.child_by_field_name("left"), file.data) is not None
    ]


def _within(edits: Iterable[Edit], node: Node) -> list[Edit]:
    return [edit for edit in edits if node.start_byte <= edit.start and edit.end <= node.end_byte]


def text_with(file: ElixirFile, node: Node, edits: Iterable[Edit]) -> str:
    """The text of a node with those of the edits that lie in it."""
    base = node.start_byte
    local = [Edit(edit.start - base, edit.end - base, edit.new) for edit in _within(edits, node)]
    return apply(file.data[base : node.end_byte], local).decode()


def _written(file: ElixirFile, step: Step, reads: list[Edit]) -> list[str] | None:
    """The lines that do to the table what a step does to the map."""
    if not layout.is_one_line(file, step.node):
        return None
    key = text_with(file, step.key, reads) if step.key is not None else ""
    value = text_with(file, step.value, reads) if step.value is not None else ""
    if step.kind is Kind.PUT:
        return [f":ets.insert(@table, {{{key}, {value}}})"]
    if step.kind is Kind.PUT_NEW:
        return [f":ets.insert_new(@table, {{{key}, {value}}})"]
    if step.kind is Kind.DELETE:
        return [f":ets.delete(@table, {key})"]
    if step.kind is Kind.RESET:
        return [":ets.delete_all_objects(@table)"]
    if step.kind is Kind.DROP:
        return [f"Enum.each({value}, &:ets.delete(@table, &1))"]
    if step.kind in (Kind.FILTER, Kind.REJECT):
        name, test = ("keep?", "not keep?") if step.kind is Kind.FILTER else ("drop?", "drop?")
        return [
            f"{name} = {value}",
            f"for {{key, _}} = entry <- :ets.tab2list(@table), {test}.(entry), do: :ets.delete(@table, key)",
        ]
    call = as_call(file, step.node)
    if call is None or call.module != "Map":
        return None
    if step.kind in _KEYED_STEPS and step.key is not None and is_plain(step.key):
        rest = ", ".join(text_with(file, argument, reads) for argument in call.all_args[1:])
        return [f":ets.insert(@table, Map.to_list(Map.{call.name}(entry({key}), {rest})))"]
    return None


def _in_place(clause: Definition, one: _Replaced) -> list[Edit] | None:
    """Puts lines in the place of a statement or of a result; None where there is no room for several."""
    file, node = clause.file, one.node
    if not layout.is_one_line(file, node):
        return None
    if clause.keyword_body == node:
        if len(one.lines) == 1:
            return [Edit(node.start_byte, node.end_byte, one.lines[0])]
        return answered_with(clause, one.lines)
    is_alone = layout.starts_line(file, node.start_byte) and layout.ends_line(file, node.end_byte)
    if len(one.lines) != 1 and not (layout.is_statement(node) and is_alone):
        return None
    if not one.lines:
        return [layout.delete_statement(file, node)]
    indent = layout.indent_of(file, node)
    return [Edit(node.start_byte, node.end_byte, f"\n{indent}".join(one.lines))]


def _head_edit(handling: Handling, place: str) -> list[Edit] | None:
    """Takes the map out of a head: `%{entries: entries} = state` is `state`."""
    file, param = handling.clause.file, handling.clause.params[-1]
    sides = nodes.named(param) if nodes.is_operator(param, "=") else [param]
    pattern = next((side for side in sides if side.type == "map"), None)
    pairs = nodes.keyword_pairs(pattern, file.data)
    if pattern is None or place not in pairs:
        return []
    if handling.state_name is None or len(pairs) != 1:
        return None
    if nodes.child_of_type(pattern, "struct") is not None or len(sides) != 2:
        return None
    return [Edit(param.start_byte, param.end_byte, handling.state_name)]
