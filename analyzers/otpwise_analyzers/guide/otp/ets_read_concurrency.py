"""An ETS table that many read at once."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.ets import is_option
from otpwise_analyzers.guide.places import Key

CONSTRUCT = Construct(
    name="read_concurrency",
    also=("read_concurrency: true",),
    summary="makes reading from many cores at once cheaper",
    does="""\
        Readers on different cores no longer share one counter of the lock. Right for a cache: many reads at the same
        time, few writes, and these in bursts.""",
    costs="Some memory, and a dearer change from reading to writing: reads and writes in turns get slower by it.",
    instead="""\
        Leave it out for a table that is written as often as read; add `write_concurrency: :auto` where many processes
        write too.""",
    places=(Key("read_concurrency", is_option),),
    references=(Reference("ets:new/2", "https://www.erlang.org/doc/apps/stdlib/ets.html#new/2"),),
    samples=(
        Sample(
            "defmodule A do\n  def init(_), do: {:ok, :ets.new(:cache, [:named_table, «read_concurrency: true»])}\nend\n"
        ),
    ),
    silent=(
        Sample(
            "defmodule A do\n  def init(_), do: {:ok, MyApp.Ets.new(:cache, [:named_table, «read_concurrency: true»])}\nend\n"
        ),
    ),
)
