"""`Task.await`: waiting for a task."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote

CONSTRUCT = Construct(
    name="Task.await",
    also=("await", "Task.await_many", "Task.yield"),
    summary="waits for a task's result, 5 s unless told otherwise",
    does="""\
        After the timeout the caller exits, and the linked task with it. `await_many/2` has one timeout for all.
        `Task.yield/2` answers `nil` instead of exiting; follow it by `Task.shutdown/1`, or the task runs on and its
        message comes later.""",
    costs="In a GenServer nothing else is answered while it waits; in a request, the client waits too.",
    instead="""\
        In a GenServer or LiveView: let the result come as the message `{ref, result}` to `handle_info/2`, and
        `Process.demonitor(ref, [:flush])`.""",
    places=(Remote("Task", "await", "await_many", "yield", "yield_many"),),
    rules=("otp/unawaited-task", "otp/blocking-callback"),
    references=(Reference("Task.await/2", "https://hexdocs.pm/elixir/Task.html#await/2"),),
    samples=(Sample("defmodule A do\n  def a(t), do: «Task.await»(t, 10_000)\nend\n"),),
)
