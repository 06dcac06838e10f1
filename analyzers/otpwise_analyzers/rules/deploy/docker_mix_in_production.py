"""deploy/docker-mix-in-production"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level
from otpwise_analyzers.project.images import production_image
from otpwise_analyzers.rewrite.release_image import as_release_image
from otpwise_analyzers.rules.base import DockerRule, Example, FixNote, Impact, Reference
from otpwise_analyzers.rules.deploy.docker_samples import PROJECT
from otpwise_analyzers.syntax.dockerfile import DockerFile


class DockerMixInProduction(DockerRule):
    name = "deploy/docker-mix-in-production"
    summary = "the container runs Mix instead of a release"
    impact = Impact.HIGH
    detects = (
        "`mix phx.server` (or `mix run --no-halt`) as the command of an image that is built for production"
    )
    why = (
        "Mix checks and compiles before it starts, loads modules when they are first called, needs Hex, the sources "
        "and a compiler in the image, and does not know `stop`, `remote` or `eval`: no console into the running node, no "
        "migration without a second build. A release boots everything at once and fails at once."
    )
    fine_when = "The image is for developers, who want their code reloaded."
    trade_off = (
        "There is no Mix in a release: `mix ecto.migrate` becomes a function that `bin/my_app eval` calls "
        "(`mix phx.gen.release` writes one)."
    )
    fix_note = FixNote(
        writes=(
            "A release: the steps of the build stay, `mix release` follows them, and a second stage has the "
            "release alone, with the packages that are known to be for running, the variables, the port, and "
            "`nobody` as its user."
        ),
        because=(
            "Scaffold: an image is more than Elixir. What fits neither stage is left as comments under a "
            "TODO."
        ),
        leaves=(
            "Nothing is thrown away: what is not understood stands in the comments. The configuration that "
            "the release will read, and the orchestrator's start command."
        ),
    )
    references = (
        Reference(
            "mix release: why releases", "https://hexdocs.pm/mix/Mix.Tasks.Release.html#module-why-releases"
        ),
        Reference("mix phx.gen.release", "https://hexdocs.pm/phoenix/Mix.Tasks.Phx.Gen.Release.html"),
    )
    instructions = frozenset({"CMD", "ENTRYPOINT"})
    needles = (b"mix",)

    incorrect = (
        Example(
            path="Dockerfile",
            others=PROJECT,
            code="""\
                FROM elixir:1.16.2-alpine
                RUN apk add --no-cache git nodejs npm tzdata
                WORKDIR /app
                COPY . /app
                EXPOSE 4000
                ENV PORT 4000
                ENV MIX_ENV prod

                RUN mix local.hex --force && \\
                    mix local.rebar --force && \\
                    mix do deps.get, deps.compile && \\
                    mix do compile, phx.digest

                # the web server
                «CMD ["mix", "phx.server"]»
                """,
            fixed="""\
                FROM elixir:1.16.2-alpine AS builder
                RUN apk add --no-cache git nodejs npm tzdata
                WORKDIR /app
                COPY mix.exs mix.lock ./
                COPY config/config.exs config/prod.exs config/
                ENV PORT 4000
                ENV MIX_ENV prod

                RUN mix local.hex --force && \\
                    mix local.rebar --force && \\
                    mix do deps.get --only prod, deps.compile
                COPY . /app
                RUN mix do compile, phx.digest
                RUN mix release

                # TODO: the bare system that this image stands on (its /etc/os-release names it) is enough and smaller: a release
                # brings its own Erlang
                FROM elixir:1.16.2-alpine

                RUN apk add --no-cache tzdata

                ENV LANG=C.UTF-8
                ENV PORT=4000
                ENV PHX_SERVER=true
                WORKDIR /app
                # TODO: name the other folders that the app writes to, such as uploads and volumes
                RUN chown nobody /app
                COPY --from=builder --chown=nobody:root /app/_build/prod/rel/my_app ./
                USER nobody

                EXPOSE 4000
                # the web server
                CMD ["bin/my_app", "start"]
                """,
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM elixir:1.16.2-slim
                ENV MIX_ENV=prod
                COPY . .
                RUN mix deps.get --only prod
                ENTRYPOINT ["/usr/bin/tini", "--"]
                «CMD elixir --sname web -S mix run --no-halt»
                """,
        ),
    )
    correct = (
        Example(
            path="Dockerfile",
            code="""\
                FROM elixir:1.16.2
                WORKDIR /app
                RUN mix local.hex --force
                CMD ["mix", "phx.server"]
                """,
            why="nothing says that users are served from it",
        ),
        Example(
            path="docker/development/Dockerfile",
            code="""\
                FROM elixir:1.16.2
                ENV MIX_ENV=prod
                CMD ["mix", "phx.server"]
                """,
            why="an image for developers",
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM build AS dev
                CMD ["mix", "phx.server"]
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="a stage for developers beside the one that ships",
        ),
    )

    def check(self, file: DockerFile) -> Iterable[Finding]:
        image = production_image(file)
        task = image.server_task if image is not None else None
        if image is None or task is None:
            return
        yield self.finding(
            task.instruction.span,
            f"The container runs `mix {task.name}`: it needs sources, Hex and a compiler in production, and compiles "
            "before it answers. Build a release and start that.",
            Level.WARNING,
            fixes=(
                Fix(
                    "Rewrite as a multi-stage release image",
                    Applicability.SCAFFOLD,
                    partial(as_release_image, file),
                ),
            ),
        )
