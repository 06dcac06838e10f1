"""`RUN mix deps.get`: the layers of the dependencies."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.instructions import Runs

CONSTRUCT = Construct(
    name="RUN mix deps.get",
    also=("mix deps.get", "mix deps.compile", "deps.get"),
    summary="dependencies are fetched and compiled in layers of their own",
    does="""\
        Before the sources are copied, so that a changed line of yours builds only your code: `COPY mix.exs mix.lock ./`,
        `deps.get --only prod`, then the config that they are compiled with (`config.exs`, `prod.exs`), then
        `deps.compile`. The guide's file copies the config after it, so what it sets for a dependency at compile time
        comes too late.""",
    costs="Minutes in each build when the order is wrong; seconds when it is right.",
    instead="`runtime.exs` is copied last: no layer depends on it.",
    instructions=(Runs(frozenset({"deps.get", "deps.compile"})),),
    rules=("deploy/docker-sources-before-deps", "deploy/docker-dev-deps"),
    references=(Reference("mix deps.get", "https://hexdocs.pm/mix/Mix.Tasks.Deps.Get.html"),),
    samples=(
        Sample("FROM elixir:1.17\nRUN «mix deps.get» --only prod\n", path="Dockerfile"),
        Sample("FROM elixir:1.17\n«RUN» mix do deps.get, deps.compile\n", path="Dockerfile"),
        Sample("FROM elixir:1.17\nRUN «mix do deps.get», deps.compile\n", path="Dockerfile"),
    ),
    silent=(Sample("FROM elixir:1.17\n«RUN apk add git»\n", path="Dockerfile"),),
)
