"""`RUN mix release`."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.instructions import Runs

CONSTRUCT = Construct(
    name="RUN mix release",
    also=("mix assets.deploy", "mix compile"),
    summary="the release: your code, the dependencies and Erlang in one folder",
    does="""\
        What the last stage copies, from `_build/prod/rel/my_app`. It needs the assets before it (`mix assets.deploy`) and
        `runtime.exs` beside it. No secret may be needed here: whatever a build asks for stands in a layer.""",
    costs="The slowest step, for each change of a line: all before it should come from the cache.",
    instead="`mix phx.server` in the image only where developers use it.",
    instructions=(Runs(frozenset({"release", "compile", "assets.deploy"})),),
    rules=(
        "deploy/docker-mix-in-production",
        "deploy/docker-runtime-config-not-copied",
        "deploy/docker-secret",
    ),
    references=(Reference("mix release", "https://hexdocs.pm/mix/Mix.Tasks.Release.html"),),
    samples=(Sample("FROM elixir:1.17\nRUN «mix release»\n", path="Dockerfile"),),
)
