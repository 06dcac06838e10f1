"""Who may use an ETS table: `:public`, `:protected`, `:private`."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.ets import is_option
from otpwise_analyzers.guide.places import Atom

CONSTRUCT = Construct(
    name=":public",
    also=(":protected", ":private", "ets access"),
    summary="who may read and write an ETS table",
    does="""\
        `:protected` (the default): all read, the owner alone writes, so that the rules for writing live in one place.
        `:public`: all write; each insert is atomic, but reading and then writing is not. `:private`: only the owner.""",
    costs="With `:public` nobody is in charge any more: two processes that read, add one and write lose a count.",
    instead="`:ets.update_counter/3` and `:ets.insert_new/2` where many write: each is one atomic step.",
    places=(Atom(frozenset({"public", "protected", "private"}), is_option),),
    references=(Reference("ets:new/2", "https://www.erlang.org/doc/apps/stdlib/ets.html#new/2"),),
    samples=(Sample("defmodule A do\n  def init(_), do: {:ok, :ets.new(:cache, [:set, «:public»])}\nend\n"),),
    silent=(
        Sample("defmodule A do\n  def init(_), do: {:ok, MyApp.Ets.new(:cache, [:set, «:public»])}\nend\n"),
    ),
)
