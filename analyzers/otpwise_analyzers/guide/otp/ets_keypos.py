"""Which element of a row is the key."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.ets import is_option
from otpwise_analyzers.guide.places import Key

CONSTRUCT = Construct(
    name="keypos",
    also=("ets keypos",),
    summary="which element of the row is the key; the first, counted from 1, unless set",
    does="For rows that are records, whose first element is their tag: `keypos: 2`.",
    costs="Nothing; but every `:ets.update_counter/3` on such a table has to count from it.",
    instead="Rows of the form `{key, value}` need none.",
    places=(Key("keypos", is_option),),
    references=(Reference("ets:new/2", "https://www.erlang.org/doc/apps/stdlib/ets.html#new/2"),),
    samples=(
        Sample("defmodule A do\n  def init(_), do: {:ok, :ets.new(:cache, [:set, «keypos: 2»])}\nend\n"),
    ),
    silent=(
        Sample("defmodule A do\n  def init(_), do: {:ok, MyApp.Ets.new(:cache, [:set, «keypos: 2»])}\nend\n"),
    ),
)
