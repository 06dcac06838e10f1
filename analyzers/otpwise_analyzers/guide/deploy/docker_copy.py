"""`COPY`: what makes a layer new."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.instructions import Named, Pointed


def _here(pointed: Pointed) -> str:
    source = pointed.instruction.flags.get("from")
    if source is None:
        return ""
    stage = pointed.file.stage_named(source)
    what = f"stage `{stage.name}`" if stage is not None else f"`{source}`"
    return f"Here: from {what}; all else of it is left behind."


CONSTRUCT = Construct(
    name="COPY",
    also=("layers", "COPY --from"),
    summary="a changed file builds this layer, and all below it, anew",
    does="""\
        What changes seldom comes first: `mix.exs` and `mix.lock`, the config, then `priv`, `assets`, `lib`, `runtime.exs`
        last. `COPY --from=builder` takes the release alone; with `--chown=nobody` it belongs to the user that runs
        it.""",
    costs="`COPY . .` takes everything along that `.dockerignore` does not name: `.git`, `.env`, `_build` of your machine.",
    instead="Name the folders, and keep `_build`, `deps`, `.git` and `.env` in `.dockerignore`.",
    instructions=(Named("COPY"), Named("ADD")),
    here_in_image=_here,
    rules=("deploy/docker-sources-before-deps", "deploy/docker-runtime-config-not-copied"),
    references=(Reference("COPY", "https://docs.docker.com/reference/dockerfile/#copy"),),
    samples=(
        Sample("FROM elixir:1.17\n«COPY» mix.exs mix.lock ./\n", path="Dockerfile"),
        Sample(
            "FROM elixir:1.17 AS builder\nRUN mix release\n\nFROM alpine:3.20\n"
            "«COPY» --from=builder /app/rel ./\n",
            path="Dockerfile",
            says="stage `builder`",
        ),
    ),
    silent=(Sample("FROM elixir:1.17\nCOPY «mix.exs mix.lock ./»\n", path="Dockerfile"),),
)
