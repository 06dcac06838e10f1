"""otp/blocking-init"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from tree_sitter import Node

from otpwise_analyzers.findings import Applicability, Change, Confidence, Finding, Fix, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.project.blocking_calls import Wait
from otpwise_analyzers.project.handlers import is_server
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.project.waiting import Waiting, waits_of
from otpwise_analyzers.rewrite.deferred_init import can_defer, goes_on_later, loaded_later
from otpwise_analyzers.rules.base import FixNote, Impact, Reference, Rule
from otpwise_analyzers.rules.otp.blocking_init_examples import CORRECT, INCORRECT
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.results import is_tagged, results_of


class BlockingInit(Rule):
    name = "otp/blocking-init"
    summary = "A server does its slow work in init/1, while its supervisor waits"
    impact = Impact.MEDIUM
    detects = (
        "HTTP requests, queries, connections, sleeps, external programs and `GenServer.call` in `init/1` of a "
        "server, in the callback itself, in a function of its module, or (as a hint) one call into the project"
    )
    why = (
        "`start_link` returns when `init/1` does. A supervisor starts its children one after the other, so all "
        "that stand behind this one wait for the slow answer too, and when the other side is down the whole "
        "boot fails. After a crash it is worse: each restart fails in the same place, and after 3 of them "
        "in 5 seconds (the default) the supervisor gives up and takes its other children with it."
    )
    fine_when = (
        "The process is of no use without it and everybody should wait, as for a table that others read at "
        "once; the work runs in a task; whether the process starts at all hangs on the answer (`:ignore`)"
    )
    trade_off = (
        "After `{:continue, ...}` the process is up before it is ready: calls to it wait in its mailbox (5 "
        "seconds unless told otherwise), and a failure no longer stops the boot, so what follows from it has to "
        "be decided: try again later, or go on without."
    )
    fix_note = FixNote(
        writes=(
            "`{:continue, :load}`, and a `handle_continue/2` that puts the value in before any message is "
            "read. Else the rest of `init/1`, from that call on, moves into `handle_continue/2`."
        ),
        because=(
            "Safe where the value is the last thing that `init/1` gets and becomes one value of the state: "
            "nobody can see the server without it. Else a scaffold: who starts the process no longer hears "
            "when that part fails."
        ),
        leaves=(
            "An `init/1` that may answer `:ignore` behind the call, that rescues, or that makes the process "
            "known (`Registry`, `:ets`) only then, for others would find it too early or not at all."
        ),
    )
    references = (
        Reference(
            "GenServer: handle_continue/2", "https://hexdocs.pm/elixir/GenServer.html#c:handle_continue/2"
        ),
        Reference("Supervisor: start and shutdown", "https://hexdocs.pm/elixir/Supervisor.html"),
    )
    definitions = frozenset({"init"})
    needles = (b"handle_", b"GenServer", b"GenStage", b"GenStateMachine", b"gen_server", b"gen_statem")

    incorrect = INCORRECT
    correct = CORRECT

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        for module in file.modules:
            inits = [clause for clause in module.clauses("init", 1) if not clause.is_private]
            if not inits or not is_server(module):
                continue
            for init in inits:
                waits = _worth_a_word(init, waits_of(init))
                if waits:
                    yield self._of(module, init, waits)

    def _of(self, module: Module, init: Definition, waits: list[Waiting]) -> Finding:
        boots = _is_child_of_application(module)
        loud = [w for w in waits if boots and w.is_near and w.kind in (Wait.HTTP, Wait.CONNECTION)]
        first = next(iter(loud or [w for w in waits if w.is_near] or waits))
        return self.finding(
            first.call.node,
            _message(module, first, bool(loud)),
            Level.WARNING if loud else Level.INFORMATION,
            confidence=Confidence.CERTAIN if first.is_near else Confidence.HINT,
            related=_related(first, waits),
            fixes=_fixes(init, waits) if can_defer(init) else (),
        )


def _worth_a_word(init: Definition, waits: list[Waiting]) -> list[Waiting]:
    if not waits:
        return []
    data = init.file.data
    answers = results_of(init)
    if any(nodes.atom_literal(answer, data) == "ignore" for answer in answers):
        return []
    if any("continue" in init.file.text(answer) for answer in answers if is_tagged(answer, "ok", data)):
        # The slow part is put off already; what is read here is what the rest needs.
        return [wait for wait in waits if wait.kind is not Wait.REPO]
    return waits


def _is_child_of_application(module: Module) -> bool:
    project = module.file.project
    application = project.application
    return application is not None and application.facts.name in project.supervisors_of(module.name)


def _related(first: Waiting, waits: list[Waiting]) -> Iterable[Related]:
    if first.place is not None:
        yield Related(first.place.span, f"Here it waits for {first.kind}.", first.place.path)
    for wait in waits:
        if wait is not first:
            node = wait.call.node
            yield Related(Span(node.start_byte, node.end_byte), f"This waits for {wait.kind} too.")


def _message(module: Module, wait: Waiting, boots: bool) -> str:
    how = f"waits for {wait.kind} (`{wait.said}`)"
    if wait.place is not None:
        how = f"calls `{wait.said}`, which waits for {wait.kind}"
    if boots:
        return (
            f"`init/1` {how} while the application boots: the children behind `{module.name}` wait with it, "
            "and when the other side is down the application does not start."
        )
    return (
        f"`init/1` {how}: whoever starts `{module.name}` waits with it, and when that fails the process does "
        "not start."
    )


def _fixes(init: Definition, waits: list[Waiting]) -> Iterable[Fix]:
    calls = [wait.call.node for wait in waits]
    return (
        Fix(
            "Load it in handle_continue/2",
            Applicability.SAFE,
            partial(loaded_later, init=init, waits=calls),
        ),
        Fix(
            "Move the rest of init/1 into handle_continue/2",
            Applicability.SCAFFOLD,
            partial(_goes_on_later, init=init, waits=calls),
        ),
    )


def _goes_on_later(ctx: FixContext, init: Definition, waits: list[Node]) -> Change | None:
    """Offered where the better fix is not."""
    if loaded_later(ctx, init, waits) is not None:
        return None
    return goes_on_later(ctx, init, waits)
