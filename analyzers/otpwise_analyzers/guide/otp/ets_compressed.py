"""An ETS table whose rows are compressed."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.ets import is_option
from otpwise_analyzers.guide.places import Atom

CONSTRUCT = Construct(
    name=":compressed",
    also=("ets compressed",),
    summary="rows are kept small and unpacked at every access",
    does="""\
        Less memory for large rows of texts and lists; the key stays as it is. What is searched (`:ets.select/2`) is
        unpacked row by row.""",
    costs="Time at every lookup and insert; for small rows, more than it saves.",
    instead="Binaries: above 64 bytes they are shared and not copied, in a table as in a message.",
    places=(Atom(frozenset({"compressed"}), is_option),),
    references=(Reference("ets:new/2", "https://www.erlang.org/doc/apps/stdlib/ets.html#new/2"),),
    samples=(
        Sample("defmodule A do\n  def init(_), do: {:ok, :ets.new(:cache, [:set, «:compressed»])}\nend\n"),
    ),
    silent=(
        Sample(
            "defmodule A do\n  def init(_), do: {:ok, MyApp.Ets.new(:cache, [:set, «:compressed»])}\nend\n"
        ),
    ),
)
