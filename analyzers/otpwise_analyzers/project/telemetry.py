"""What a project does with telemetry: who defines metrics, who attaches, and where a dashboard shows them."""

from __future__ import annotations

import msgspec
from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.modules import Module

MONITORING = (
    *("telemetry_metrics", "telemetry_poller", "telemetry_ui", "prom_ex", "peep", "statix", "opentelemetry"),
    *("appsignal", "new_relic", "sentry", "scout_apm", "spandex", "honeybadger", "prometheus", "instruments"),
    *(
        "elixometer",
        "exometer",
        "datadog",
        "logfmt",
        "beam_metrics",
        "phx_metrics",
        "tower",
        "rollbax",
        "bugsnag",
    ),
)
"""The beginnings of the names of dependencies that measure or report."""

REPORTING = (
    *("telemetry_metrics_", "telemetry_ui", "prom_ex", "peep", "opentelemetry", "appsignal", "new_relic"),
    *(
        "scout_apm",
        "spandex",
        "prometheus",
        "beam_metrics",
        "statix",
        "honeybadger",
        "instruments",
        "datadog",
    ),
)
"""The beginnings of the names of those that carry metrics out of the node."""


class Dashboard(msgspec.Struct, frozen=True, array_like=True):
    """`live_dashboard "/dashboard", metrics: module`; `only_dev` inside of a condition that a release fails."""

    module: str
    only_dev: bool


class TelemetryFacts(msgspec.Struct, frozen=True, array_like=True):
    """`attaches`: the module calls `:telemetry.attach` itself; `dashboards`: those that it routes to."""

    attaches: bool = False
    dashboards: tuple[Dashboard, ...] = ()


def telemetry_of(module: Module) -> TelemetryFacts | None:
    """None for a module that has nothing to do with telemetry, as most have not."""
    file = module.file
    has_dashboard = b"live_dashboard" in file.names
    if not has_dashboard and not (b":telemetry" in file.data or b"Telemetry" in file.data):
        return None
    attaches = any(
        call.module in (":telemetry", "OpentelemetryPhoenix", "OpentelemetryEcto", "Oban.Telemetry")
        and call.enclosing_module is module
        for call in file.calls("attach", "attach_many", "setup", "attach_default_logger")
    )
    dashboards = tuple(_dashboards(module)) if has_dashboard else ()
    return TelemetryFacts(attaches, dashboards) if attaches or dashboards else None


def _dashboards(module: Module) -> list[Dashboard]:
    file = module.file
    found = []
    for call in file.calls("live_dashboard"):
        metrics = call.keywords.get("metrics")
        if not call.is_local or call.enclosing_module is not module or metrics is None:
            continue
        # `metrics: {MyApp.Metrics, :list}` names a function of another name.
        named = nodes.named(metrics)[0] if metrics.type == "tuple" and nodes.named(metrics) else metrics
        name = file.module_name(named)
        if name is not None:
            found.append(Dashboard(name, _is_only_dev(call)))
    return found


def _is_only_dev(call: Call) -> bool:
    return any(_asks_environment(ancestor, call.file.data) for ancestor in nodes.ancestors(call.node))


def _asks_environment(node: Node, data: bytes) -> bool:
    if node.type != "call":
        return False
    target = node.child_by_field_name("target")
    if target is None or nodes.text_of(target, data) not in ("if", "unless"):
        return False
    condition = nodes.first_argument(node)
    text = nodes.text_of(condition, data) if condition is not None else ""
    if ":prod" in text:
        return False
    return any(word in text for word in ("dev_routes", "Mix.env", ":dev", "dev?", "enable_dashboard"))


def depends_on(deps: frozenset[str], beginnings: tuple[str, ...]) -> bool:
    """Whether one of the dependencies begins with one of the names."""
    return any(dep.startswith(beginnings) for dep in deps)
