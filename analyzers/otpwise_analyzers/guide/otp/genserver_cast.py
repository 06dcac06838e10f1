"""`GenServer.cast`: telling a process without waiting."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote

CONSTRUCT = Construct(
    name="GenServer.cast",
    also=("cast", "unbounded mailbox", ":gen_server.cast"),
    summary="tells a process something and does not wait",
    does="""\
        It answers `:ok` always, also when no such process runs: the message may be lost and nobody hears of it.
        Nothing slows the caller down, so a server that is slower than its callers grows its mailbox until the memory
        is gone, and gets slower the longer it is, since all of it is walked at a collection.""",
    costs="One message, about a microsecond; the danger is the queue, not the cast.",
    instead="""\
        `GenServer.call/3` wherever the caller can wait: it is the back-pressure. To see it coming, measure
        `Process.info(pid, :message_queue_len)` (the guide's `:erlang.process_info/2`) with a telemetry poller.""",
    places=(Remote("GenServer", "cast", "abcast"), Remote(":gen_server", "cast")),
    rules=("otp/unbounded-mailbox",),
    references=(Reference("GenServer.cast/2", "https://hexdocs.pm/elixir/GenServer.html#cast/2"),),
    samples=(Sample("defmodule A do\n  def put(v), do: «GenServer.cast»(__MODULE__, {:put, v})\nend\n"),),
    silent=(
        Sample("defmodule A do\n  import Ecto.Changeset\n  def c(u, a), do: «cast»(u, a, [:name])\nend\n"),
        Sample("defmodule A do\n  def c(u, a), do: «Ecto.Changeset.cast»(u, a, [:name])\nend\n"),
    ),
)
