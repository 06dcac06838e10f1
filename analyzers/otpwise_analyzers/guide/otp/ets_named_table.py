"""An ETS table that is found by its name."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.ets import is_option
from otpwise_analyzers.guide.places import Atom

CONSTRUCT = Construct(
    name=":named_table",
    also=("named_table",),
    summary="the table is found by its name, without a reference",
    does="""\
        Readers write `:ets.lookup(MyApp.Cache, key)` and need not ask the owner for anything. Only one table of a name
        can be there: a second `:ets.new/2` raises, such as that of a second server with the same code.""",
    costs="While the owner is being restarted there is no table: a lookup raises ArgumentError.",
    instead="The reference in the state or in `:persistent_term` where there are many tables, one for each tenant.",
    places=(Atom(frozenset({"named_table"}), is_option),),
    references=(Reference("ets:new/2", "https://www.erlang.org/doc/apps/stdlib/ets.html#new/2"),),
    samples=(
        Sample(
            "defmodule A do\n  def init(_), do: {:ok, :ets.new(:cache, [«:named_table», :public])}\nend\n"
        ),
    ),
    silent=(
        Sample(
            "defmodule A do\n  def init(_), do: {:ok, MyApp.Ets.new(:cache, [«:named_table», :public])}\nend\n"
        ),
    ),
)
