"""`:telemetry.attach` and `attach_many`."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote

CONSTRUCT = Construct(
    name=":telemetry.attach",
    also=("telemetry.attach_many", "attach", "attach_many"),
    summary="calls your function whenever an event is emitted",
    does="""\
        The handler runs in the process that emits, and that waits for it: a slow handler is a slow request. One that
        raises is detached for good, with a line in the log. Ids are unique: the second attach of one answers
        `{:error, :already_exists}`.""",
    costs="""\
        The handler's own time, at every event. A local capture (`&handle/4`) or an anonymous function is slower to call,
        and telemetry logs that: `&__MODULE__.handle_event/4`.""",
    instead="`Telemetry.Metrics` with a reporter for counting and timing: no handler of your own at all.",
    places=(Remote(":telemetry", "attach", "attach_many"),),
    rules=("telemetry/local-handler",),
    references=(Reference("telemetry", "https://hexdocs.pm/telemetry/telemetry.html#attach/4"),),
    samples=(
        Sample(
            "defmodule A do\n  def setup, do: «:telemetry.attach»(:a, [:a, :b], &__MODULE__.on/4, nil)\nend\n"
        ),
        Sample(
            "defmodule A do\n  def setup(e), do: «:telemetry.attach_many»(:a, e, &__MODULE__.on/4, nil)\nend\n"
        ),
    ),
)
