"""`ENV PHX_SERVER=true`."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.instructions import Variable

CONSTRUCT = Construct(
    name="PHX_SERVER",
    also=("ENV PHX_SERVER", "bin/server"),
    summary="without it a release starts and serves nothing",
    does="""\
        The generated `runtime.exs` asks for it: only when it is set does the endpoint open its port. So the same release
        runs migrations (`bin/my_app eval ...`) and remote shells without becoming a second server.""",
    costs="Forgotten, it is a container that runs, logs no fault and answers nobody.",
    instead="`bin/server`, which `mix phx.gen.release` writes: it sets it and starts.",
    instructions=(Variable("PHX_SERVER"),),
    rules=("deploy/docker-missing-server-flag",),
    references=(Reference("Phoenix releases", "https://hexdocs.pm/phoenix/releases.html"),),
    samples=(Sample("FROM elixir:1.17\nENV «PHX_SERVER»=true\n", path="Dockerfile"),),
)
