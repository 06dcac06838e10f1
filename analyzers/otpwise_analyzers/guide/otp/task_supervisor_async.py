"""`Task.Supervisor.async` and `async_nolink`: awaited tasks under a supervisor."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote

CONSTRUCT = Construct(
    name="Task.Supervisor.async_nolink",
    also=("async_nolink", "Task.Supervisor.async"),
    summary="a task to wait for whose crash is not yours",
    does="""\
        `async_nolink/2` tells you of a crash by a message: `Task.yield/2` answers `{:exit, reason}`, a GenServer gets
        `{ref, result}` or `{:DOWN, ref, ...}` in `handle_info/2` and has to handle both. `async/2` is linked to you, as
        `Task.async/1` is, only under a supervisor too.""",
    costs="A process for each task, and a copy of what its function closes over and of its result.",
    instead="""\
        `Task.async/1` when the work makes no sense without its result; `start_child/2` when nobody wants it. The
        default timeout of waiting is 5 s in both.""",
    places=(Remote("Task.Supervisor", "async", "async_nolink"),),
    rules=("otp/unawaited-task",),
    references=(
        Reference(
            "Task.Supervisor.async_nolink/3", "https://hexdocs.pm/elixir/Task.Supervisor.html#async_nolink/3"
        ),
    ),
    samples=(Sample("defmodule A do\n  def a(f), do: «Task.Supervisor.async_nolink»(A.Tasks, f)\nend\n"),),
)
