"""`use Task`: a supervised process that does one thing and ends."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Used

CONSTRUCT = Construct(
    name="Task",
    also=("use Task",),
    summary="a child that does one thing and ends",
    does="""\
        As a child it is started with the tree and, by default, never restarted (`restart: :temporary`), even when it
        crashes. Say `use Task, restart: :transient` for work that must succeed once, such as warming a cache.""",
    costs="A process for as long as it runs; the supervisor starts the next child without waiting for its end.",
    instead="""\
        A GenServer with `Process.send_after/3` for what happens again and again; Oban for what must survive
        a restart of the node.""",
    places=(Used("Task"),),
    references=(Reference("Task", "https://hexdocs.pm/elixir/Task.html"),),
    samples=(Sample("defmodule MyApp.CacheWarmer do\n  «use Task», restart: :transient\nend\n"),),
    silent=(Sample("defmodule MyApp.CacheWarmer do\n  «use Mix.Task»\nend\n"),),
)
