"""telemetry/unreported-metrics"""

from __future__ import annotations

from collections.abc import Iterable

from otpwise_analyzers.findings import Finding, Level
from otpwise_analyzers.project import places
from otpwise_analyzers.project.telemetry import REPORTING, depends_on
from otpwise_analyzers.rules.base import Example, Impact, Reference, Rule
from otpwise_analyzers.rules.sample_files import mix
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

_REPORTERS = ("Reporter", "Prometheus", "Statsd", "StatsD", "PromEx", "Peep", "TelemetryUI", "Exporter")
_METRICS = frozenset({"counter", "sum", "last_value", "summary", "distribution"})


def _module(*children: str, metrics: str = 'summary("phoenix.endpoint.stop.duration")') -> str:
    listed = ",\n".join(f"      {child}" for child in children)
    return f"""\
defmodule MyAppWeb.Telemetry do
  use Supervisor
  import Telemetry.Metrics

  def start_link(arg), do: Supervisor.start_link(__MODULE__, arg, name: __MODULE__)

  @impl true
  def init(_arg) do
    children = [
{listed}
    ]

    Supervisor.init(children, strategy: :one_for_one)
  end

  def «metrics» do
    [{metrics}]
  end
end
"""


def _silent(*children: str) -> str:
    return _module(*children).replace("«", "").replace("»", "")


_POLLER = "{:telemetry_poller, measurements: [], period: 10_000}"
_RELEASED = {
    "mix.exs": mix('{:phoenix, "~> 1.7"}', '{:telemetry_metrics, "~> 1.0"}'),
    "lib/my_app/release.ex": """\
        defmodule MyApp.Release do
          def migrate, do: Application.load(:my_app)
        end
        """,
}


class UnreportedMetrics(Rule):
    name = "telemetry/unreported-metrics"
    summary = "metrics that no reporter reads"
    impact = Impact.MEDIUM
    detects = (
        "A module with `import Telemetry.Metrics` and `metrics/0`, in an app that is released, where no child of it "
        "is a reporter, no dependency carries metrics out, and no LiveDashboard shows them outside of development"
    )
    why = (
        'A metric is a description: `summary("my_app.repo.query.total_time")` counts nothing until a reporter '
        "attaches to its event. Phoenix generates the list and leaves the reporter commented out; the dashboard "
        "that it generates beside it is compiled for development alone. Of 45 public apps with such a module, 37 "
        "had no reporter."
    )
    fine_when = "Something else measures: an agent on the host, or traces from the proxy."
    trade_off = (
        "A reporter keeps a series for each metric and label. LiveDashboard is the cheapest one, and remembers "
        "nothing: behind a login it is safe in production too."
    )
    no_fix = "Which reporter, at which address and behind which door, is a decision about operations."
    references = (
        Reference(
            "Telemetry.Metrics: Reporters",
            "https://hexdocs.pm/telemetry_metrics/Telemetry.Metrics.html#module-reporters",
        ),
        Reference(
            "TelemetryMetricsPrometheus.Core",
            "https://hexdocs.pm/telemetry_metrics_prometheus_core/TelemetryMetricsPrometheus.Core.html",
        ),
    )
    # A definition without parentheses is no call: the names do not hold it.
    calls = frozenset({"import"})
    needles = (b"Telemetry.Metrics",)

    incorrect = (
        Example(
            path="lib/my_app_web/telemetry.ex",
            code=_module(_POLLER),
            others=_RELEASED,
        ),
        Example(
            path="lib/my_app_web/telemetry.ex",
            code=_module(_POLLER, metrics='counter("my_app.mail.sent.count"), last_value("vm.memory.total")'),
            others={
                **_RELEASED,
                "lib/my_app_web/router.ex": """\
                    defmodule MyAppWeb.Router do
                      use Phoenix.Router

                      if Application.compile_env(:my_app, :dev_routes) do
                        import Phoenix.LiveDashboard.Router

                        scope "/dev" do
                          live_dashboard("/dashboard", metrics: MyAppWeb.Telemetry)
                        end
                      end
                    end
                    """,
            },
        ),
    )
    correct = (
        Example(
            path="lib/my_app_web/telemetry.ex",
            code=_silent(_POLLER, "{TelemetryMetricsPrometheus.Core, metrics: metrics()}"),
            others=_RELEASED,
            why="A reporter reads them.",
        ),
        Example(
            path="lib/my_app_web/telemetry.ex",
            code=_silent(_POLLER),
            others={
                **_RELEASED,
                "lib/my_app_web/router.ex": """\
                    defmodule MyAppWeb.Router do
                      use Phoenix.Router
                      import Phoenix.LiveDashboard.Router

                      scope "/admin" do
                        pipe_through [:browser, :admin]
                        live_dashboard("/dashboard", metrics: MyAppWeb.Telemetry)
                      end
                    end
                    """,
            },
            why="A dashboard shows them in production.",
        ),
        Example(
            path="lib/my_app_web/telemetry.ex",
            code=_silent(_POLLER),
            others={
                **_RELEASED,
                "mix.exs": mix('{:phoenix, "~> 1.7"}', '{:prom_ex, "~> 1.9"}'),
            },
            why="Another library measures and reports.",
        ),
        Example(
            path="lib/my_app_web/telemetry.ex",
            code=_silent(_POLLER),
            others={"mix.exs": _RELEASED["mix.exs"]},
            why="Nothing says that the app is released: it is as the generator wrote it.",
        ),
        Example(
            path="lib/my_app/reports.ex",
            code="""\
                defmodule MyApp.Reports do
                  def metrics, do: [:users, :posts]
                end
                """,
            others=_RELEASED,
            why="Metrics of another kind.",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        project = file.project
        if not places.is_production_code(file.path) or not project.is_known:
            return
        for module in file.modules:
            metrics = _metrics_of(module)
            if metrics is None or metrics.head is None or not _is_released(module):
                continue
            if depends_on(project.deps, REPORTING) or _has_reporter(module) or _is_shown(module):
                continue
            yield self.finding(
                metrics.head,
                f"Nobody reads `{module.name}.metrics/0` in production: no child of it is a reporter, and no dashboard "
                "outside of development shows them.",
                Level.HINT,
            )


def _is_released(module: Module) -> bool:
    """Whether the project has the module that runs migrations from a release, as `mix phx.gen.release` writes it."""
    root = module.name.partition(".")[0].removesuffix("Web")
    return any(
        module.file.project.module(f"{root}.{name}") is not None
        for name in ("Release", "ReleaseTasks", "Release.Migrator", "Release.Tasks")
    )


def _metrics_of(module: Module) -> Definition | None:
    """`def metrics` of a module that describes some with Telemetry.Metrics."""
    if "Telemetry.Metrics" not in module.imports:
        return None
    described = any(
        call.is_local and call.enclosing_module is module for call in module.file.calls(*sorted(_METRICS))
    )
    return next(iter(module.clauses("metrics", 0)), None) if described else None


def _has_reporter(module: Module) -> bool:
    """Whether a name of a reporter stands anywhere in the module's code: children come in many forms."""
    return any(_is_reporter(module.file.text(alias)) for alias in nodes.descendants(module.node, "alias"))


def _is_reporter(name: str) -> bool:
    return any(word in name for word in _REPORTERS)


def _is_shown(module: Module) -> bool:
    return any(not dashboard.only_dev for dashboard in module.file.project.dashboards_of(module.name))
