"""otp/never-supervised"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Confidence, Finding, Fix, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.rewrite.new_child import entry_of, under_the_application
from otpwise_analyzers.rules.base import FixNote, Impact, Reference, Rule
from otpwise_analyzers.rules.otp.never_supervised_examples import CORRECT, INCORRECT
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Module

_PROCESSES = (
    *("GenServer", "Agent", "Supervisor", "DynamicSupervisor", "GenStage", "GenStateMachine", "Broadway"),
    *("ConsumerSupervisor", "WebSockex"),
)


class NeverSupervised(Rule):
    name = "otp/never-supervised"
    summary = "a process module that nothing in the project ever starts"
    impact = Impact.HIGH
    detects = (
        "A module that `use`s GenServer, Agent, Supervisor and their like, and that no children list, child "
        "specification, `start_child` or call of `start_link` of the project names"
    )
    why = (
        "The first call to it exits with `:noproc`, and a job that it was written for is never done: nothing says "
        "so at boot, and its own tests pass, for they start it themselves. Nearly always a child was forgotten, "
        "or the module outlived what used it."
    )
    fine_when = (
        "The module is for others to start: a library, code that a remote shell runs, a process that is started "
        "from Erlang or from a dependency that learns of it at run time"
    )
    trade_off = (
        "As a child it starts with the application, whether it is needed or not, and an `init/1` that fails stops "
        "the boot. Where the module is no longer wanted, removing it is the better cure."
    )
    fix_note = FixNote(
        writes=(
            "The module among the children of the application, behind the repo and PubSub and before the "
            "endpoint."
        ),
        because="Unsafe: what never ran runs from then on.",
        leaves=(
            "A module that takes arguments of its own to start, and an application whose children are not one "
            "literal list."
        ),
    )
    references = (
        Reference("Supervisor", "https://hexdocs.pm/elixir/Supervisor.html"),
        Reference(
            "Process anti-patterns: unsupervised processes",
            "https://hexdocs.pm/elixir/process-anti-patterns.html#unsupervised-processes",
        ),
    )
    uses = frozenset(_PROCESSES)
    needles = tuple(f"use {name}".encode() for name in _PROCESSES)
    incorrect = INCORRECT
    correct = CORRECT

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        for module in file.modules:
            used = next((use.module for use in module.uses if use.module in _PROCESSES), None)
            if used is None or module.name_node is None or module.defines("__using__"):
                continue
            known = file.project.supervision(module.name)
            if known.parents or known.started_by or known.top_of is not None or not known.is_certain:
                continue
            yield self.finding(
                module.name_node,
                _message(module, used),
                Level.HINT,
                confidence=Confidence.LIKELY,
                related=_application(file),
                fixes=_fixes(module),
            )


def _message(module: Module, used: str) -> str:
    if not module.defines("start_link") and not module.defines("child_spec"):
        return (
            f"Nothing starts `{module.name}`, and it has no `start_link`: `use {used}` makes no process, and "
            "whoever calls one exits with `:noproc`."
        )
    return (
        f"Nothing starts `{module.name}`: no children list, `start_child` or `start_link` of the project names "
        f"this {used}, so a call to it exits with `:noproc`."
    )


def _application(file: ElixirFile) -> list[Related]:
    application = file.project.application
    if application is None:
        return []
    span = file.project.span(application.facts.name, "start", 2)
    if span is None:
        return []
    return [Related(Span(*span), "The application's children are started here.", application.path)]


def _fixes(module: Module) -> list[Fix]:
    entry = entry_of(module)
    if entry is None:
        return []
    build = partial(under_the_application, module=module.name, entry=entry)
    return [Fix(f"Let the application supervise {module.name}", Applicability.UNSAFE, build)]
