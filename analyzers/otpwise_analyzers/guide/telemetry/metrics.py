"""`Telemetry.Metrics`: which events are counted, and how."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Imported, Remote

_KINDS = ("counter", "sum", "last_value", "summary", "distribution")

CONSTRUCT = Construct(
    name="Telemetry.Metrics",
    also=("counter", "summary", "last_value", "distribution", "Prometheus"),
    summary="says which events are measured and how; a reporter does it",
    does="""\
        `counter` counts, `sum` adds, `last_value` keeps the newest, `summary` has mean and percentiles, `distribution`
        buckets (for Prometheus). A list of them does nothing by itself: without a reporter among the children (Prometheus,
        StatsD, the console's) or LiveDashboard in production, nobody sees a number.""",
    costs="""\
        A series for each combination of `tags`: a tag with a user's id is a series for each user. 1,000 users times
        20 routes are 20,000.""",
    instead="PromEx has metrics and dashboards for Phoenix, Ecto, Oban and the BEAM ready.",
    places=(Imported("Telemetry.Metrics", *_KINDS), Remote("Telemetry.Metrics", *_KINDS)),
    rules=("telemetry/unreported-metrics", "telemetry/missing-telemetry"),
    references=(
        Reference("Telemetry.Metrics", "https://hexdocs.pm/telemetry_metrics/Telemetry.Metrics.html"),
    ),
    samples=(
        Sample(
            "defmodule AWeb.Telemetry do\n  import Telemetry.Metrics\n"
            '  def metrics, do: [«summary»("phoenix.endpoint.stop.duration", unit: {:native, :millisecond})]\nend\n'
        ),
    ),
    silent=(Sample("defmodule A do\n  def a(x), do: «summary»(x, 1)\n  def «summary»(x, _), do: x\nend\n"),),
)
