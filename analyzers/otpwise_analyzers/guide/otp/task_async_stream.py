"""`Task.async_stream`: a list, some at a time."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote

CONSTRUCT = Construct(
    name="Task.async_stream",
    also=("async_stream", "async_stream_nolink", "max_concurrency"),
    summary="works through a list, a few at a time, one for each core unless told otherwise",
    does="""\
        Each element has 5 s, then the caller exits: with `on_timeout: :kill_task` you get `{:exit, :timeout}` for it
        instead. `max_concurrency` is `System.schedulers_online()`: right for computing, too low for waiting on
        others, where the limit is what the other side bears. `ordered: false` when the order is of no use.""",
    costs="""\
        A process for each element. It is lazy: without `Enum.to_list/1` or `Stream.run/1` nothing happens. More tasks
        than the repo's `pool_size` (10) only queue for a connection.""",
    instead="""\
        One query with `where: x.id in ^ids` instead of one for each element; `async_stream_nolink` under a
        Task.Supervisor when one crash must not end all.""",
    places=(
        Remote("Task", "async_stream"),
        Remote("Task.Supervisor", "async_stream", "async_stream_nolink"),
    ),
    rules=("ecto/n-plus-one",),
    references=(Reference("Task.async_stream/3", "https://hexdocs.pm/elixir/Task.html#async_stream/3"),),
    samples=(
        Sample("defmodule A do\n  def a(l, f), do: l |> «Task.async_stream»(f) |> Enum.to_list()\nend\n"),
    ),
)
