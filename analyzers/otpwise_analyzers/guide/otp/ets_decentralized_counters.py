"""The counters of an ETS table."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.ets import is_option
from otpwise_analyzers.guide.places import Key

CONSTRUCT = Construct(
    name="decentralized_counters",
    also=("decentralized_counters: true",),
    summary="size and memory of the table are counted on every core for itself",
    does="""\
        Inserting and deleting from many cores no longer meets in one counter. On by default with
        `write_concurrency: :auto`, and for an `:ordered_set` with `write_concurrency: true`.""",
    costs="`:ets.info(table, :size)` and `:memory` get much slower: they have to add all up.",
    instead="`false` for a table whose size is asked for often, such as by a metric or a limit.",
    places=(Key("decentralized_counters", is_option),),
    references=(Reference("ets:new/2", "https://www.erlang.org/doc/apps/stdlib/ets.html#new/2"),),
    samples=(
        Sample(
            "defmodule A do\n  def init(_), do: {:ok, :ets.new(:cache, [:public, «decentralized_counters: true»])}\nend\n"
        ),
    ),
    silent=(
        Sample(
            "defmodule A do\n  def init(_), do: {:ok, MyApp.Ets.new(:cache, [:public, «decentralized_counters: true»])}\nend\n"
        ),
    ),
)
