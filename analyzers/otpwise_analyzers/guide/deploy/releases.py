"""`releases:` in mix.exs."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.mix import is_mix_file
from otpwise_analyzers.guide.places import Key
from otpwise_analyzers.guide.token import Token


def _fits(token: Token) -> bool:
    return is_mix_file(token.file) and token.definition is not None and token.definition.name == "project"


CONSTRUCT = Construct(
    name="releases",
    also=("mix release", "release", "rolling deploy"),
    summary="what `mix release` builds: your code and the runtime in one folder, no Mix in it",
    does="""\
        It starts with `bin/my_app start`, needs no Elixir on the machine, and loads all modules at the boot. Only
        `runtime.exs` is evaluated there. Migrations run by `bin/my_app eval "MyApp.Release.migrate()"`. Phoenix serves
        only with `PHX_SERVER=true` (or `bin/server`).""",
    costs="""\
        It must be built on the system it runs on: same distribution, same libc and OpenSSL. `mix` tasks are not there.""",
    instead="""\
        Deploy by rolling: new nodes up, old ones down. Upgrading a running node (“zero-downtime natively” in the guide)
        is possible on the BEAM, but needs an `.appup` for every version, which `mix release` does not make.""",
    places=(Key("releases", _fits),),
    rules=("config/missing-runtime-exs", "deploy/docker-missing-server-flag"),
    references=(Reference("mix release", "https://hexdocs.pm/mix/Mix.Tasks.Release.html"),),
    samples=(
        Sample(
            "defmodule A.MixProject do\n  use Mix.Project\n  def project, do: [app: :a, «releases:» [a: []]]\nend\n",
            path="mix.exs",
        ),
    ),
    silent=(Sample("defmodule A do\n  def project, do: [app: :a, «releases:» [a: []]]\nend\n"),),
)
