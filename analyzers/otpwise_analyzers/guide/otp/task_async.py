"""`Task.async`: work beside one's own, whose result is awaited."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote

CONSTRUCT = Construct(
    name="Task.async",
    also=("async",),
    summary="runs a function beside you and promises its result",
    does="""\
        The task is linked: if it crashes you crash, and if you end it is killed. It sends its result as a message, so
        it has to be awaited by the process that started it, in every branch; in a GenServer or LiveView that does not
        await, the reply lands in `handle_info/2`.""",
    costs="A process (2.6 kB) and a copy of everything that the function closes over, and of the result.",
    instead="""\
        `Task.Supervisor.async_nolink/2` when its crash must not be yours; `Task.Supervisor.start_child/2` when nobody
        wants the result; `Task.async_stream/3` for a list; `start_async/3` in a LiveView.""",
    places=(Remote("Task", "async"),),
    rules=("otp/unawaited-task",),
    references=(Reference("Task.async/1", "https://hexdocs.pm/elixir/Task.html#async/1"),),
    samples=(Sample("defmodule A do\n  def a(f), do: f |> «Task.async»() |> Task.await()\nend\n"),),
    silent=(Sample("defmodule A do\n  def a(f), do: MyApp.«Task.async»(f)\nend\n"),),
)
