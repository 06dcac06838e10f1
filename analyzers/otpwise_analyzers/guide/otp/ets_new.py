"""`:ets.new`: a table in memory."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote

CONSTRUCT = Construct(
    name=":ets.new",
    also=("ets", "ETS", ":ets.lookup"),
    summary="a table in memory that many processes read at once",
    does="""\
        Belongs to the process that makes it and goes with it: make it in the `init/1` of a supervised GenServer that
        does the writes, and read it in the callers. Without options it is `:set`, `:protected` and has no name.""",
    costs="""\
        A lookup copies the row to the reader: keep rows small (0.4 µs for a small one, measured on OTP 25). It is never
        collected: whoever adds has to delete. The guide's figure: an API that answers in 2 to 5 ms answers below 1 ms
        from ETS.""",
    instead="""\
        `:persistent_term` for what never changes, `:counters` for counting, Cachex for expiry and limits, the database
        for what must survive the node.""",
    places=(Remote(":ets", "new"),),
    rules=("otp/genserver-bottleneck", "otp/cache-never-expires"),
    references=(Reference("ets", "https://www.erlang.org/doc/apps/stdlib/ets.html#new/2"),),
    samples=(Sample("defmodule A do\n  def init(_), do: {:ok, «:ets.new»(:cache, [:set])}\nend\n"),),
    silent=(Sample("defmodule A do\n  def a(ets), do: ets.«new»(:cache, [:set])\nend\n"),),
)
