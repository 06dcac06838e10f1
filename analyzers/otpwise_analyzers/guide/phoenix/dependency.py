"""`{:phoenix, ...}` in mix.exs: when to choose it."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.mix import Dependency

CONSTRUCT = Construct(
    name=":phoenix",
    also=("phoenix", "when to choose Phoenix", "when to choose"),
    summary="chosen for many connections, soft real time and parts that fail alone",
    does="""\
        Choose it for chat, presence and devices, for 100,000 connections and more at once, where one user's fault must
        not reach another. The guide's figures for a JSON API: 2 to 5 ms, below 1 ms from ETS. The BEAM coordinates; it
        is not the fastest at computing.""",
    costs="""\
        A smaller market for people and libraries than Node's or Python's, and weeks until a team thinks in processes
        and patterns.""",
    instead="""\
        Work that is bound by the CPU goes into a Rust NIF (Rustler) beside it. A team without any Erlang or functional
        experience and a deadline, or a prototype to be thrown away: what the team knows.""",
    places=(Dependency("phoenix"),),
    references=(Reference("Phoenix", "https://hexdocs.pm/phoenix/overview.html"),),
    samples=(
        Sample(
            'defmodule A.MixProject do\n  use Mix.Project\n  defp deps, do: [{«:phoenix», "~> 1.7"}]\nend\n',
            path="mix.exs",
        ),
    ),
    silent=(
        Sample('defmodule A do\n  defp deps, do: [{«:phoenix», "~> 1.7"}]\nend\n'),
        Sample(
            "defmodule A.MixProject do\n  use Mix.Project\n  def a, do: [extra: «:phoenix»]\nend\n",
            path="mix.exs",
        ),
    ),
)
