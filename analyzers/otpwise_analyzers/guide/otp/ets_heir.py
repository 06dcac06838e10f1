"""Who inherits an ETS table."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.ets import is_option
from otpwise_analyzers.guide.places import Atom, Key

CONSTRUCT = Construct(
    name="heir",
    also=("ets heir",),
    summary="who gets the table when its owner ends",
    does="""\
        The process that is named gets the message `{:"ETS-TRANSFER", table, from, data}` and owns the table: its rows
        survive a crash of the owner. It has to give it back with `:ets.give_away/3` once there is a new one.""",
    costs="A second process and a protocol between the two, for rows that may be the reason of the crash.",
    instead="""\
        Fill the table again in `handle_continue/2`. Or let a process that does nothing else make the table, with a
        strategy of `:rest_for_one` below it.""",
    places=(Key("heir", is_option), Atom(frozenset({"heir"}), is_option)),
    references=(Reference("ets:new/2", "https://www.erlang.org/doc/apps/stdlib/ets.html#new/2"),),
    samples=(
        Sample(
            "defmodule A do\n  def init(_), do: {:ok, :ets.new(:cache, [:public, «heir:» self()])}\nend\n"
        ),
    ),
    silent=(
        Sample(
            "defmodule A do\n  def init(_), do: {:ok, MyApp.Ets.new(:cache, [:public, «heir:» self()])}\nend\n"
        ),
    ),
)
