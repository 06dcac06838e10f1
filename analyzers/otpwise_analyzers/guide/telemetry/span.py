"""`:telemetry.span`."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote

CONSTRUCT = Construct(
    name=":telemetry.span",
    also=("telemetry.span",),
    summary="measures a function: start, stop and exception events around it",
    does="""\
        The function answers `{result, stop_metadata}`; `span/3` answers the result. A raise emits `:exception` with its
        duration and goes on. Metadata of the start is not merged into the stop: repeat what you need.""",
    costs="Two events for each call.",
    instead="`:telemetry.execute/3` where there is nothing to time.",
    places=(Remote(":telemetry", "span"),),
    references=(Reference("telemetry", "https://hexdocs.pm/telemetry/telemetry.html#span/3"),),
    samples=(Sample("defmodule A do\n  def run(f), do: «:telemetry.span»([:a, :run], %{}, f)\nend\n"),),
)
