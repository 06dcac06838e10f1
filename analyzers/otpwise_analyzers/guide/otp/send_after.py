"""`Process.send_after`: a message to come."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote

CONSTRUCT = Construct(
    name="Process.send_after",
    also=("send_after", "erlang.send_after"),
    summary="sends a message later; the runtime keeps the timer",
    does="""\
        The way to do something again and again: handle the message, then set the next timer, so that a slow round
        never overlaps the next. The first is set in `init/1`. A timer to a process that has ended is dropped.""",
    costs="""\
        Nothing while it waits, no process; hundreds of thousands of timers are fine. Keep the reference
        for `Process.cancel_timer/1`, after which the message may still be in the mailbox.""",
    instead="""\
        A job with a schedule (Oban's cron) for what must happen once in the cluster: every node has its own timer.
        `{:noreply, state, timeout}` only for silence: any message cancels that one.""",
    places=(Remote("Process", "send_after"), Remote(":erlang", "send_after", "start_timer")),
    rules=("otp/cache-never-expires", "otp/blocking-callback"),
    references=(Reference("Process.send_after/4", "https://hexdocs.pm/elixir/Process.html#send_after/4"),),
    samples=(
        Sample("defmodule A do\n  defp later, do: «Process.send_after»(self(), :cleanup, 60_000)\nend\n"),
        Sample("defmodule A do\n  defp later, do: «:erlang.send_after»(1, self(), :cleanup)\nend\n"),
    ),
)
