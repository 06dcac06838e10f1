"""telemetry/missing-telemetry"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from tree_sitter import Node

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level
from otpwise_analyzers.project import places
from otpwise_analyzers.project.children import children_of
from otpwise_analyzers.project.telemetry import MONITORING, depends_on
from otpwise_analyzers.rewrite.telemetry_module import telemetry_supervisor
from otpwise_analyzers.rules.base import FixNote, Impact, Reference, Rule
from otpwise_analyzers.rules.telemetry.missing_telemetry_examples import CORRECT, INCORRECT
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Module

_FIRST_WITH_TELEMETRY = (1, 5)
_MEASURING = (
    "Telemetry",
    "Metrics",
    "Metric",
    "PromEx",
    "Prometheus",
    "Monitor",
    "Monitoring",
    "Instrumenter",
)


class MissingTelemetry(Rule):
    name = "telemetry/missing-telemetry"
    summary = "a Phoenix application that measures nothing"
    impact = Impact.MEDIUM
    detects = (
        "An application that serves a Phoenix endpoint (1.5 or newer) and has no telemetry child, no handler "
        "attached anywhere, and none of the dependencies that measure or report"
    )
    why = (
        "Phoenix, Ecto and the VM emit an event for every request, query and scheduler already; nobody listens "
        "here. When the site is slow, nothing says whether it is the queries, the wait for a connection or a "
        "mailbox that grows: the first graph is drawn after the incident."
    )
    fine_when = "A private tool for one user, or a host that measures from outside and that is enough."
    trade_off = (
        "A handler runs in the process that emits the event, some microseconds each time; every label value is a "
        "time series that somebody stores. Start with few metrics."
    )
    fix_note = FixNote(
        writes=(
            "A telemetry supervisor with request, query and VM metrics for Prometheus, first among the "
            "children, and its dependencies."
        ),
        because=(
            "Scaffold: nothing is served until you route `scrape/0` to a path of your own. `mix deps.get` is "
            "yours to run."
        ),
        leaves="The router, and metrics of your own events.",
    )
    references = (
        Reference("Telemetry in Phoenix", "https://hexdocs.pm/phoenix/telemetry.html"),
        Reference("Telemetry.Metrics", "https://hexdocs.pm/telemetry_metrics/Telemetry.Metrics.html"),
        Reference(
            "TelemetryMetricsPrometheus.Core",
            "https://hexdocs.pm/telemetry_metrics_prometheus_core/TelemetryMetricsPrometheus.Core.html",
        ),
    )
    definitions = frozenset({"start"})
    needles = (b"Endpoint",)

    incorrect = INCORRECT
    correct = CORRECT

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path) or not file.project.is_known:
            return
        application = file.project.application
        if application is None or application.path != file.path:
            return
        module = next((module for module in file.modules if module.name == application.facts.name), None)
        if module is None:
            return
        endpoint = _endpoint(module)
        if endpoint is None or not _has_phoenix(file) or _measures(file, module):
            return
        web = endpoint.rpartition(".")[0]
        fix = Fix(
            f"Add {web}.Telemetry, with metrics for Prometheus",
            Applicability.SCAFFOLD,
            partial(telemetry_supervisor, web=web),
        )
        yield self.finding(
            _place(module),
            f"`{module.name}` serves `{endpoint}` and measures nothing: no telemetry child, no attached handler, no "
            "monitoring among the dependencies. In production its requests and queries are a blank.",
            Level.HINT,
            fixes=[fix] if web else [],
        )


def _endpoint(module: Module) -> str | None:
    """The Phoenix endpoint among the children."""
    for child in children_of(module):
        located = module.file.project.module(child.module)
        if child.module.endswith("Endpoint") and (
            located is None or located.facts.uses_module("Phoenix.Endpoint")
        ):
            return child.module
    return None


def _has_phoenix(file: ElixirFile) -> bool:
    version = file.project.version("phoenix")
    return version is not None and version >= _FIRST_WITH_TELEMETRY


def _measures(file: ElixirFile, module: Module) -> bool:
    project = file.project
    if depends_on(project.deps, MONITORING) or project.attaches_telemetry:
        return True
    return any(
        part.endswith(_MEASURING) for child in children_of(module) for part in child.module.split(".")[-1:]
    )


def _place(module: Module) -> Node:
    """The children, where they are handed to the supervisor; else the module's name."""
    for call in module.file.calls("start_link", "init"):
        if call.module == "Supervisor" and call.enclosing_module is module and call.args:
            return call.args[0]
    return module.name_node if module.name_node is not None else module.node
