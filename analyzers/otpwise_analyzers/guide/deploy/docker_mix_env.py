"""`ENV MIX_ENV=prod`."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.instructions import Variable

CONSTRUCT = Construct(
    name="MIX_ENV",
    also=("ENV MIX_ENV", "mix env"),
    summary="which environment is compiled; `dev` unless it is set before",
    does="""\
        It has to stand above the first `mix`: what was compiled before is compiled for `dev`, and again for `prod`, and
        `prod.exs` was not there when the dependencies were built. A release does not read it any more.""",
    costs="Without it: debug pages, code reloading, and a compiler in production.",
    instead="`ARG MIX_ENV=prod` with `ENV MIX_ENV=$MIX_ENV` where the same file builds a staging image.",
    instructions=(Variable("MIX_ENV"),),
    rules=("deploy/docker-missing-mix-env", "deploy/docker-late-mix-env"),
    references=(Reference("Mix environments", "https://hexdocs.pm/mix/Mix.html#module-environments"),),
    samples=(
        Sample('FROM elixir:1.17\nENV «MIX_ENV»="prod"\n', path="Dockerfile"),
        Sample("FROM elixir:1.17\n«ENV» MIX_ENV=prod\n", path="Dockerfile"),
        Sample("FROM elixir:1.17\nENV LANG=C.UTF-8 «MIX_ENV»=prod\n", path="Dockerfile"),
    ),
    silent=(Sample("FROM elixir:1.17\n«ENV LANG»=C.UTF-8\nENV MIX_ENV=«prod»\n", path="Dockerfile"),),
)
