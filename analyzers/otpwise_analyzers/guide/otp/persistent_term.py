"""`:persistent_term`: values that all read and hardly anybody writes."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote

CONSTRUCT = Construct(
    name=":persistent_term",
    also=("persistent_term.get", "persistent_term.put", "persistent_term.erase"),
    summary="a value that all processes read without a copy, and that hardly ever changes",
    does="""\
        A read costs no lock and no copy, however large the value is. To replace or erase one makes every process of
        the node look through its heap for the old value, and those that hold it collect all their garbage.""",
    costs="""\
        Reads: next to nothing (0.07 µs against 0.4 µs for an ETS lookup, measured on OTP 25). Writes: a pause that
        grows with the number of processes and of stored terms.""",
    instead="ETS with `read_concurrency: true` for everything that changes while users are connected.",
    places=(Remote(":persistent_term", "get", "put", "erase", "put_new"),),
    rules=("otp/genserver-bottleneck",),
    references=(Reference("persistent_term", "https://www.erlang.org/doc/apps/erts/persistent_term.html"),),
    samples=(Sample("defmodule A do\n  def key, do: «:persistent_term.get»({__MODULE__, :key})\nend\n"),),
)
