"""The types of an ETS table: `:set`, `:ordered_set`, `:bag`, `:duplicate_bag`."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.ets import is_option
from otpwise_analyzers.guide.places import Atom

CONSTRUCT = Construct(
    name=":set",
    also=(":ordered_set", ":bag", ":duplicate_bag", "ets type"),
    summary="the type of an ETS table: how keys and rows relate",
    does="""\
        `:set` has one row for each key and finds it in constant time. `:ordered_set` keeps the keys sorted, for ranges
        and for first and last, and compares them with `==`: `1` and `1.0` are one key. `:bag` has many rows for a key,
        `:duplicate_bag` the same row twice too.""",
    costs="""\
        `:ordered_set` is a tree: the logarithm of its size for each access. `:bag` compares a new row with all rows of
        its key, so a key with thousands of rows is slow to write; `:duplicate_bag` is not.""",
    places=(Atom(frozenset({"set", "ordered_set", "bag", "duplicate_bag"}), is_option),),
    references=(Reference("ets:new/2", "https://www.erlang.org/doc/apps/stdlib/ets.html#new/2"),),
    samples=(Sample("defmodule A do\n  def init(_), do: {:ok, :ets.new(:cache, [«:set», :public])}\nend\n"),),
    silent=(
        Sample("defmodule A do\n  def init(_), do: {:ok, MyApp.Ets.new(:cache, [«:set», :public])}\nend\n"),
    ),
)
