"""`FROM`: what an image is built on, and what it leaves behind."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.instructions import Named, Pointed


def _here(pointed: Pointed) -> str:
    stage, stages = pointed.instruction.stage, pointed.file.stages
    if stage is None:
        return ""
    name = f"`{stage.image or stage.written_image}`"
    if len(stages) == 1:
        return f"Here: the only stage, on {name}: sources, compiler and Mix are in what runs."
    if stage is not stages[-1]:
        alias = f" (`{stage.alias}`)" if stage.alias else ""
        return f"Here: stage {stage.index + 1} of {len(stages)}{alias}, on {name}; only what is copied from it stays."
    return f"Here: the last of {len(stages)} stages, on {name}: this is what runs."


CONSTRUCT = Construct(
    name="FROM",
    also=("multi-stage", "Dockerfile", "docker"),
    summary="a stage; only the last one is shipped",
    does="""\
        The first stage has Elixir, Git and a compiler and makes the release; the last one has the release and the few
        libraries that it needs. Both have to be of the same distribution and release of it: a release brings Erlang, which
        is linked to that libc and OpenSSL. Pin the tag, best with the digest.""",
    costs="""\
        An Alpine image is the smallest (and has musl's DNS and busybox's tools); Debian's slim one is what
        `mix phx.gen.release --docker` takes.""",
    instead="One stage only for development, where `mix` is wanted.",
    instructions=(Named("FROM"),),
    here_in_image=_here,
    rules=("deploy/docker-single-stage", "deploy/docker-unpinned-image", "deploy/docker-distro-mismatch"),
    references=(Reference("Phoenix: containers", "https://hexdocs.pm/phoenix/releases.html#containers"),),
    samples=(
        Sample(
            "FROM hexpm/elixir:1.17.3-erlang-27.1-alpine-3.20.3 AS build\nRUN mix release\n\n«FROM» alpine:3.20.3\n",
            path="Dockerfile",
            says="the last of 2 stages, on `alpine:3.20.3`",
        ),
        Sample(
            "«FROM» hexpm/elixir:1.17.3-erlang-27.1-alpine-3.20.3 AS build\nRUN mix release\n\nFROM alpine:3.20.3\n",
            path="Dockerfile",
            says="stage 1 of 2 (`build`)",
        ),
        Sample("«FROM» elixir:1.17\nCMD mix phx.server\n", path="Dockerfile", says="the only stage"),
    ),
    silent=(
        Sample("«FROM python:3.12»\n", path="Dockerfile"),
        Sample("FROM «elixir:1.17 AS build»\n# «FROM elixir»\nRUN «echo FROM»\n", path="Dockerfile"),
    ),
)
