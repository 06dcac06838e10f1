"""`use Agent`, `Agent.get` and the like: a process that only holds a value."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote, Used

CONSTRUCT = Construct(
    name="Agent",
    also=("use Agent", "Agent.get", "Agent.update"),
    summary="a process that holds a value and nothing else",
    does="""\
        The function that you pass runs inside the agent: while it runs, all others wait. What it returns is copied
        to the caller, so fetch the part that you need (`&Map.get(&1, key)`), never the whole value.""",
    costs="A process, as a GenServer's (2.6 kB), and two messages for every read; the caller waits 5 s at most.",
    instead="""\
        A GenServer once the value needs rules, timers or cleaning up; an ETS table when many processes read it;
        a `:counters` reference when it only counts.""",
    places=(Used("Agent"), Remote("Agent", "get", "update", "get_and_update", "cast", "start_link")),
    rules=("otp/never-supervised", "otp/unsupervised-process"),
    references=(Reference("Agent", "https://hexdocs.pm/elixir/Agent.html"),),
    samples=(
        Sample("defmodule MyApp.Flags do\n  «use Agent»\nend\n"),
        Sample("defmodule A do\n  def all, do: «Agent.get»(__MODULE__, & &1)\nend\n"),
    ),
    silent=(Sample("defmodule A do\n  def a(Agent), do: Agent.get(«pid», & &1)\nend\n"),),
)
