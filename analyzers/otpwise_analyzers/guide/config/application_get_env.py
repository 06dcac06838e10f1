"""`Application.get_env` and its siblings."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.environment import when_read
from otpwise_analyzers.guide.places import Remote

CONSTRUCT = Construct(
    name="Application.get_env",
    also=("Application.fetch_env!", "Application.fetch_env"),
    summary="reads the configuration, at the moment in which this line runs",
    does="""\
        In a function: what `runtime.exs` set. In a module's body or an attribute: what was set when the module was
        compiled; a later change is not seen, and Elixir warns.""",
    costs="An ETS lookup and a copy of the value, below 1 µs for a small one.",
    instead="""\
        `Application.fetch_env!/2` for what must be set; `Application.compile_env/3` in a module's body; options handed to
        `start_link/1` for processes, which makes them testable side by side. Libraries: options, no application
        environment.""",
    places=(Remote("Application", "get_env", "fetch_env!", "fetch_env", "get_all_env"),),
    here=when_read,
    rules=("config/app-env-in-module-body",),
    references=(Reference("Application", "https://hexdocs.pm/elixir/Application.html#get_env/3"),),
    samples=(
        Sample(
            "defmodule A do\n  @ttl «Application.get_env»(:a, :ttl)\nend\n",
            says="when the module is compiled",
        ),
        Sample(
            "defmodule A do\n  def ttl(_), do: «Application.get_env»(:a, :ttl)\nend\n",
            says="that `ttl/1` runs",
        ),
    ),
)
