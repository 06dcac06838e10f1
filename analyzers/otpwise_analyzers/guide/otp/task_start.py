"""`Task.start` and `Task.start_link`: fire and forget."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote

CONSTRUCT = Construct(
    name="Task.start",
    also=("Task.start_link", "fire and forget"),
    summary="runs a function that nobody waits for",
    does="""\
        `Task.start/1` is linked to nobody: its crash is a line in the log, and at a deploy it is killed in the middle.
        `Task.start_link/1` is linked to its caller: in a request, either's crash takes the other with it. Neither is
        under a supervisor.""",
    costs="A process and a copy of what the function closes over. No limit: ten thousand requests start as many.",
    instead="""\
        `Task.Supervisor.start_child(MyApp.TaskSupervisor, fun)`: seen, limited with `max_children`, given time to end
        at a shutdown. Oban for what must happen, such as a mail that somebody paid for.""",
    places=(Remote("Task", "start", "start_link"),),
    rules=("otp/unsupervised-process", "phoenix/mail-in-request"),
    references=(Reference("Task.start/1", "https://hexdocs.pm/elixir/Task.html#start/1"),),
    samples=(
        Sample("defmodule A do\n  def a(f), do: «Task.start»(f)\nend\n"),
        Sample("defmodule A do\n  def a(f), do: «Task.start_link»(fn -> f.() end)\nend\n"),
    ),
)
