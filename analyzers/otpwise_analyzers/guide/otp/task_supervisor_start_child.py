"""`Task.Supervisor.start_child`: supervised fire and forget."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Child, Remote

CONSTRUCT = Construct(
    name="Task.Supervisor",
    also=("Task.Supervisor.start_child",),
    summary="runs tasks that are seen, limited and given time to end",
    does="""\
        `start_child/2` is for work whose result nobody awaits. It is linked to the supervisor and not to you, is not
        restarted (`restart: :temporary`) and has 5 s to end at a shutdown (`shutdown: 30_000` for more).""",
    costs="One child in the tree for the whole application, and a process for each task.",
    instead="""\
        Oban for work that must survive a deploy or a crash: a task is gone with its node. With
        `max_children: n` the supervisor answers `{:error, :max_children}` instead of taking ever more.""",
    places=(Child("Task.Supervisor"), Remote("Task.Supervisor", "start_child", "start_link")),
    rules=("otp/unsupervised-process",),
    references=(
        Reference(
            "Task.Supervisor.start_child/3", "https://hexdocs.pm/elixir/Task.Supervisor.html#start_child/3"
        ),
    ),
    samples=(
        Sample("defmodule A do\n  def a(f), do: «Task.Supervisor.start_child»(A.Tasks, f)\nend\n"),
        Sample("defmodule A do\n  def children, do: [{«Task.Supervisor», name: A.Tasks}]\nend\n"),
    ),
    silent=(Sample("defmodule A do\n  def a(f), do: A.Supervisor.start_child(«A.Tasks», f)\nend\n"),),
)
