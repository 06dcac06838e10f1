"""`:timer.send_interval` and the other timers of `:timer`."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote

CONSTRUCT = Construct(
    name=":timer.send_interval",
    also=("send_interval", "apply_interval", ":timer.send_after"),
    summary="sends a message again and again, ready or not",
    does="""\
        The next message comes whether the last one is done or not: a round that takes longer than the interval fills
        the mailbox. Set in `init/1` it ends with the process; set from elsewhere it may outlive its reason.""",
    costs="""\
        All intervals of a node go through one timer process; OTP 25 made it much cheaper, the documentation still
        calls `send_after` the more efficient one.""",
    instead="""\
        `Process.send_after/3`, set again at the end of each round. An interval is right for a steady beat, such as a
        measurement every second.""",
    places=(Remote(":timer", "send_interval", "apply_interval", "send_after", "apply_after"),),
    rules=("otp/unbounded-mailbox",),
    references=(Reference("timer", "https://www.erlang.org/doc/apps/stdlib/timer.html"),),
    samples=(
        Sample(
            "defmodule A do\n  def init(s) do\n    «:timer.send_interval»(1_000, :tick)\n    {:ok, s}\n  end\nend\n"
        ),
    ),
)
