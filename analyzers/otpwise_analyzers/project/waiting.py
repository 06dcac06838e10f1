"""What a clause waits for: in its own body, in a function of its module, or one call into the project."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from otpwise_analyzers.project.blocking_calls import Wait, waiting_calls
from otpwise_analyzers.project.effects import Effect
from otpwise_analyzers.project.handlers import runs_itself
from otpwise_analyzers.project.view import Place
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.modules import Definition

_OF_EFFECT = {
    Effect.HTTP: Wait.HTTP,
    Effect.MAIL: Wait.MAIL,
    Effect.WRITE: Wait.REPO,
    Effect.READ: Wait.REPO,
    Effect.SLEEP: Wait.SLEEP,
}


class Waiting(NamedTuple):
    """A wait. `call` stands in the clause itself; `place` is where the wait is when it lies behind that call.

    `is_near` says that the wait is in the clause or in a function of the same module.
    """

    kind: Wait
    call: Call
    place: Place | None = None
    is_near: bool = True

    @property
    def said(self) -> str:
        """The call as one would name it: `Req.get!/1`, `load/1`."""
        receiver = self.call.receiver
        name = f"{self.call.name}/{self.call.arity}"
        return f"{self.call.file.text(receiver)}.{name}" if receiver is not None else name


def waits_of(
    definition: Definition,
    kinds: Collection[Wait] = tuple(Wait),
    near: Sequence[tuple[Wait, Call]] | None = None,
    *,
    far: bool = True,
) -> list[Waiting]:
    """The waits of a clause in source order: those of its own process, not of tasks that it starts.

    `near` are all waiting calls of the file, for who asks for several clauses; without `far` the functions
    of other modules are not asked.
    """
    file = definition.file
    if near is None:
        near = waiting_calls(file, kinds)
    direct = {
        call.node.start_byte: Waiting(kind, call)
        for kind, call in near
        if call.definition is definition and runs_itself(file, call.node, definition)
    }
    found = list(direct.values())
    for call in calls_in(definition):
        if call.node.start_byte in direct:
            continue
        behind = _behind(definition, call, near, kinds if far else ())
        if behind is not None and runs_itself(file, call.node, definition):
            found.append(behind)
    found.sort(key=lambda waiting: waiting.call.node.start_byte)
    return found


def calls_in(definition: Definition) -> Iterator[Call]:
    """The calls in a clause, local ones and those of modules."""
    file = definition.file
    for node in nodes.descendants(definition.node, "call"):
        target = node.child_by_field_name("target")
        receiver = None
        if target is not None and target.type == "dot":
            receiver, target = target.child_by_field_name("left"), target.child_by_field_name("right")
        if target is None or target.type != "identifier" or node == definition.head:
            continue
        if receiver is not None and receiver.type not in ("alias", "identifier"):
            continue
        call = Call(file, node, file.text(target), receiver)
        if call.is_invocation:
            yield call


def _behind(
    definition: Definition, call: Call, near: Sequence[tuple[Wait, Call]], kinds: Collection[Wait]
) -> Waiting | None:
    module, file = definition.module, definition.file
    if module is None:
        return None
    if call.receiver is None or call.module == module.name:
        for clause in module.clauses(call.name, call.arity):
            if clause.name == definition.name:
                continue
            for kind, inner in near:
                if inner.definition is clause and runs_itself(file, inner.node, clause):
                    span = Span(inner.node.start_byte, inner.node.end_byte)
                    return Waiting(kind, call, Place(file.path, span))
        return None
    if call.module is None or not kinds:
        return None
    effects = file.project.effects(call.module, call.name, call.arity)
    for effect, kind in _OF_EFFECT.items():
        if effect in effects and kind in kinds:
            return Waiting(kind, call, effects[effect], is_near=False)
    return None
