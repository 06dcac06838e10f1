"""An ETS table that many write at once."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.ets import is_option
from otpwise_analyzers.guide.places import Key

CONSTRUCT = Construct(
    name="write_concurrency",
    also=("write_concurrency: true",),
    summary="lets several processes write different rows at once",
    does="""\
        The table gets many locks instead of one. `true` has a fixed number of them, `:auto` (from
        OTP 25) adapts the number while the table is in use. Useless for a table that its owner alone writes.""",
    costs="Memory for the locks, and slower operations on the whole table, such as a `:ets.select/2` over all rows.",
    instead="`read_concurrency: true` alone for a cache with one writer.",
    places=(Key("write_concurrency", is_option),),
    references=(Reference("ets:new/2", "https://www.erlang.org/doc/apps/stdlib/ets.html#new/2"),),
    samples=(
        Sample(
            "defmodule A do\n  def init(_), do: {:ok, :ets.new(:cache, [:public, «write_concurrency: true»])}\nend\n"
        ),
    ),
    silent=(
        Sample(
            "defmodule A do\n  def init(_), do: {:ok, MyApp.Ets.new(:cache, [:public, «write_concurrency: true»])}\nend\n"
        ),
    ),
)
