"""Writes a telemetry supervisor with metrics that leave the node, and puts it under the application's."""

from __future__ import annotations

from otpwise_analyzers.findings import Change, FileChange
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import children
from otpwise_analyzers.rewrite.dependencies import add_dependencies
from otpwise_analyzers.rewrite.naming import underscored
from otpwise_analyzers.source.edits import Edit

DEPENDENCIES = {
    "telemetry_metrics": "~> 1.0",
    "telemetry_poller": "~> 1.0",
    "telemetry_metrics_prometheus_core": "~> 1.2",
}

_MODULE = """\
defmodule {name} do
  @moduledoc "Measures the application and keeps what Prometheus asks for."
  use Supervisor

  import Telemetry.Metrics

  def start_link(opts) do
    Supervisor.start_link(__MODULE__, opts, name: __MODULE__)
  end

  @impl true
  def init(_opts) do
    children = [
      {{:telemetry_poller, measurements: [], period: 10_000}},
      # TODO: serve TelemetryMetricsPrometheus.Core.scrape() at a path of your own, for Prometheus alone.
      {{TelemetryMetricsPrometheus.Core, metrics: metrics()}}
    ]

    Supervisor.init(children, strategy: :one_for_one)
  end

  def metrics do
    [
      # Requests
      distribution("phoenix.endpoint.stop.duration",
        unit: {{:native, :millisecond}},
        reporter_options: [buckets: [10, 50, 100, 250, 500, 1_000, 5_000]]
      ),
      counter("phoenix.router_dispatch.exception.duration", tags: [:route]),
{database}
      # The virtual machine
      last_value("vm.memory.total", unit: {{:byte, :kilobyte}}),
      last_value("vm.total_run_queue_lengths.total")
    ]
  end
end
"""

_DATABASE = """
      # Queries, and the time they wait for a connection
      distribution("{app}.repo.query.total_time",
        unit: {{:native, :millisecond}},
        reporter_options: [buckets: [1, 5, 10, 50, 100, 500, 1_000]]
      ),
      distribution("{app}.repo.query.queue_time",
        unit: {{:native, :millisecond}},
        reporter_options: [buckets: [1, 5, 10, 50, 100, 500, 1_000]]
      ),
"""


def telemetry_supervisor(context: FixContext, web: str) -> Change | None:
    """`web` is the web namespace, such as `MyAppWeb`. None when the file is there already, or when the
    children or the dependencies are not plain lists."""
    name = f"{web}.Telemetry"
    app = context.project.app
    folder = f"{app}/lib" if app else "lib"
    path = f"{folder}/{underscored(web)}/telemetry.ex"
    if context.exists(path) or context.project.module(name) is not None:
        return None
    child = children.add_child(context, name, name)
    dependencies = add_dependencies(context, DEPENDENCIES)
    if child is None or dependencies is None:
        return None
    text = _MODULE.format(name=name, database=_database(context))
    return (FileChange(path, (Edit(0, 0, text),), create=True), *children.merged(*child, *dependencies))


def _database(context: FixContext) -> str:
    """The query metrics of the repo whose events have the usual prefix: `my_app.repo` of `MyApp.Repo`."""
    repos = sorted(name for name in context.project.repos if name.endswith(".Repo"))
    application = context.project.application
    root = application.facts.name.partition(".")[0] if application is not None else ""
    repo = next((name for name in repos if name == f"{root}.Repo"), None)
    return _DATABASE.format(app=underscored(root)) if repo is not None else ""
