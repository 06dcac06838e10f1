"""`:telemetry.execute`."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote

CONSTRUCT = Construct(
    name=":telemetry.execute",
    also=("telemetry.execute",),
    summary="emits an event; whoever listens decides what becomes of it",
    does="""\
        Measurements are numbers (`%{duration: t, count: 1}`), metadata says what it was about. Use the units of
        `System.monotonic_time/0` as they are: metrics convert them. Name events `[:my_app, :part, :what]`.""",
    costs="An ETS lookup when nobody listens, below 1 µs; else the time of all handlers, here in this process.",
    instead="`:telemetry.span/3` for a duration: start, stop and exception in one.",
    places=(Remote(":telemetry", "execute"),),
    rules=("telemetry/unreported-metrics",),
    references=(Reference("telemetry", "https://hexdocs.pm/telemetry/telemetry.html#execute/3"),),
    samples=(
        Sample("defmodule A do\n  def hit, do: «:telemetry.execute»([:a, :hit], %{count: 1}, %{})\nend\n"),
    ),
)
