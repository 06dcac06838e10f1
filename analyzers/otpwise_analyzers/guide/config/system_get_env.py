"""`System.get_env` and `System.fetch_env!`."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.environment import when_read
from otpwise_analyzers.guide.places import Remote

CONSTRUCT = Construct(
    name="System.get_env",
    also=("System.fetch_env!", "System.fetch_env", "get_env", "fetch_env!", "environment variable"),
    summary="reads a variable of the environment, at the moment in which this line runs",
    does="""\
        `get_env/1` answers `nil` for what is not set, and the fault shows somewhere else and later. `fetch_env!/1` raises
        at the boot and names the variable. All values are strings: `"false"` is true.""",
    costs="Next to nothing; read at build time, it is a value that nobody changes without a new release.",
    instead="""\
        One place: `config/runtime.exs` reads and converts, the code asks `Application.fetch_env!/2`. Whoever reads the
        environment all over cannot say what the application needs to run.""",
    places=(Remote("System", "get_env", "fetch_env!", "fetch_env"),),
    here=when_read,
    rules=("config/compile-time-env", "config/env-in-module-attribute"),
    references=(Reference("System.fetch_env!/1", "https://hexdocs.pm/elixir/System.html#fetch_env!/1"),),
    samples=(
        Sample(
            'import Config\n\nconfig :a, url: «System.get_env»("URL")\n',
            path="config/prod.exs",
            says="while it is built",
        ),
        Sample(
            'import Config\n\nconfig :a, url: «System.fetch_env!»("URL")\n',
            path="config/runtime.exs",
            says="at each boot",
        ),
        Sample('defmodule A do\n  @url «System.get_env»("URL")\nend\n', says="when the module is compiled"),
        Sample(
            'defmodule A do\n  def url, do: «System.get_env»("URL")\nend\n',
            says="each time that `url/0` runs",
        ),
    ),
    silent=(Sample('defmodule A do\n  def url, do: «get_env»("URL")\n  defp «get_env»(x), do: x\nend\n'),),
)
