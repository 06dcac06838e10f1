"""`Application.compile_env`."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote

CONSTRUCT = Construct(
    name="Application.compile_env",
    also=("compile_env", "Application.compile_env!"),
    summary="reads the configuration while compiling, and says so",
    does="""\
        Elixir remembers what was read: it compiles the module again when the value changes, and a release whose
        `runtime.exs` sets another one does not boot. Only in a module's body, for what shapes the code: a plug that is
        there or not, an adapter.""",
    costs="The key is fixed from then on: no `runtime.exs` may set it.",
    instead="`Application.fetch_env!/2` in a function for everything that may differ from one deployment to the next.",
    places=(Remote("Application", "compile_env", "compile_env!"),),
    rules=("config/app-env-in-module-body",),
    references=(Reference("compile_env/3", "https://hexdocs.pm/elixir/Application.html#compile_env/3"),),
    samples=(Sample("defmodule A do\n  @dev «Application.compile_env»(:a, :dev_routes)\nend\n"),),
)
