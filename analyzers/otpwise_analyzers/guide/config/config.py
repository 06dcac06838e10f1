"""`config` in a config file: when it is evaluated."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Local
from otpwise_analyzers.guide.token import Token
from otpwise_analyzers.project.places import is_config

_HERE = {
    "runtime.exs": "Here (`runtime.exs`): evaluated at each boot, of a release and of `mix`, before the applications "
    "start. The place for everything that comes from the environment. No `import_config` and no `Mix` in it.",
    "dev.exs": "Here (`dev.exs`): evaluated when `mix` starts on a developer's machine; never part of a release.",
    "test.exs": "Here (`test.exs`): evaluated when `mix test` starts; never part of a release.",
    "releases.exs": "Here (`releases.exs`): evaluated at each boot of a release and deprecated: its successor is "
    "`runtime.exs`, which `mix` evaluates too.",
}
_BUILD = (
    "Here (`{name}`): evaluated when `mix` starts, which for a release is while it is built. What it reads from the "
    "environment is what the building machine had."
)


def _fits(token: Token) -> bool:
    return is_config(token.file.path)


def _here(token: Token) -> str:
    name = token.file.path.rpartition("/")[2]
    return _HERE.get(name) or _BUILD.format(name=name)


CONSTRUCT = Construct(
    name="Config.config",
    also=("config/2", "config/3", "config.exs", "runtime.exs", "prod.exs", "import_config", "config files"),
    summary="when a config file is evaluated decides what it may read",
    does="""\
        `config.exs` and what it imports (`dev.exs`, `test.exs`, `prod.exs`) are evaluated at build time, `runtime.exs` at
        each boot. A later file overrides an earlier one key by key: lists of keywords are merged deeply, everything
        else is replaced.""",
    costs="""\
        A secret or a host in `config.exs` is baked into the release: to change it means to build again, and whoever has
        the image has the secret.""",
    instead="""\
        `System.fetch_env!/1` in `runtime.exs`, under `if config_env() == :prod do`. A module attribute only for what
        really is fixed at compile time, by `Application.compile_env/3`.""",
    places=(Local("config", _fits), Local("import_config", _fits)),
    here=_here,
    rules=("config/compile-time-env", "config/missing-runtime-exs", "config/hardcoded-secret"),
    references=(
        Reference("Config", "https://hexdocs.pm/elixir/Config.html"),
        Reference("runtime.exs", "https://hexdocs.pm/elixir/Config.html#module-config-runtime-exs"),
    ),
    samples=(
        Sample(
            "import Config\n\n«config» :a, key: 1\n",
            path="config/prod.exs",
            says="while it is built",
        ),
        Sample(
            "import Config\n\n«config» :a, A.Repo, pool_size: 10\n",
            path="config/runtime.exs",
            says="at each boot",
        ),
        Sample('import Config\n\n«import_config» "#{config_env()}.exs"\n', path="config/config.exs"),
    ),
    silent=(
        Sample("defmodule A do\n  import Other\n  «config» :a, key: 1\nend\n"),
        Sample("import Config\n\nconfig :a, «key»: 1, «config»: 2\n", path="config/prod.exs"),
    ),
)
