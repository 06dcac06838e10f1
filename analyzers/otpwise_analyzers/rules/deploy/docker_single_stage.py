"""deploy/docker-single-stage"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level, Related
from otpwise_analyzers.project.images import production_image
from otpwise_analyzers.rewrite.release_image import as_release_image
from otpwise_analyzers.rules.base import DockerRule, Example, FixNote, Impact, Reference
from otpwise_analyzers.rules.deploy.docker_samples import PROJECT, UMBRELLA
from otpwise_analyzers.syntax.dockerfile import DockerFile


class DockerSingleStage(DockerRule):
    name = "deploy/docker-single-stage"
    summary = "the image that runs the release has everything in it that built it"
    impact = Impact.MEDIUM
    detects = "`mix release` in the same stage whose container starts the release"
    why = (
        "Compilers, Git, Hex, the sources and every dependency's code stay in the image, for `rm` in a later layer "
        "removes nothing from the one below: ten times the size of a release on its own, pulled at every deployment, "
        "and a toolbox for whoever gets in."
    )
    fine_when = "The image only makes the release, and something else takes it from there."
    trade_off = (
        "Libraries that the release needs while it runs must be named once more, for the second stage."
    )
    fix_note = FixNote(
        writes=(
            "Two stages: the steps of the build as they are, with the sources below the dependencies, then "
            "the release alone with the packages that are known to be for running, the variables, the port, "
            "and `nobody` as its user."
        ),
        because=(
            "Scaffold: which packages and files the running application needs besides is yours to say. What "
            "fits neither stage is left as comments under a TODO."
        ),
        leaves="Nothing is thrown away: what is not understood stands in the comments.",
    )
    references = (
        Reference("Multi-stage builds", "https://docs.docker.com/build/building/multi-stage/"),
        Reference(
            "mix phx.gen.release --docker", "https://hexdocs.pm/phoenix/Mix.Tasks.Phx.Gen.Release.html"
        ),
    )
    instructions = frozenset({"RUN"})
    needles = (b"release",)

    incorrect = (
        Example(
            path="Dockerfile",
            others=PROJECT,
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1
                RUN apk add --no-cache build-base git imagemagick
                WORKDIR /app
                RUN mix local.hex --force && mix local.rebar --force
                # everything at once
                COPY . .
                RUN MIX_ENV=prod mix deps.get --only prod && MIX_ENV=prod mix compile
                RUN «MIX_ENV=prod mix release»
                EXPOSE 8080
                CMD ["_build/prod/rel/my_app/bin/my_app", "start"]
                """.replace("«MIX_ENV=prod mix release»", "MIX_ENV=prod «mix release»"),
            fixed="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS builder
                RUN apk add --no-cache build-base git imagemagick
                WORKDIR /app
                RUN mix local.hex --force && mix local.rebar --force
                COPY mix.exs mix.lock ./
                RUN MIX_ENV=prod mix deps.get --only prod
                COPY config/config.exs config/prod.exs config/
                RUN MIX_ENV=prod mix deps.compile
                # everything at once
                COPY . .
                RUN MIX_ENV=prod mix compile
                RUN MIX_ENV=prod mix release

                FROM alpine:3.19.1

                RUN apk add --no-cache libstdc++ openssl ncurses-libs ca-certificates imagemagick

                ENV LANG=C.UTF-8
                ENV PHX_SERVER=true
                WORKDIR /app
                # TODO: name the other folders that the app writes to, such as uploads and volumes
                RUN chown nobody /app
                COPY --from=builder --chown=nobody:root /app/_build/prod/rel/my_app ./
                USER nobody

                EXPOSE 8080
                CMD ["bin/my_app", "start"]
                """,
        ),
        Example(
            path="Dockerfile",
            others=UMBRELLA,
            code="""\
                FROM elixir:1.16.2-slim
                ENV MIX_ENV=prod PORT=4000
                WORKDIR /build
                RUN mix local.hex --force && mix local.rebar --force
                COPY . .
                RUN mix deps.get --only prod
                RUN mix deps.compile
                RUN «mix release»

                WORKDIR /srv
                # keep the release only
                RUN mv /build/_build/prod/rel/shop/* . && rm -rf /build
                USER nobody
                ENTRYPOINT ["/srv/bin/shop"]
                CMD ["start"]
                """,
            fixed="""\
                FROM elixir:1.16.2-slim AS builder
                ENV MIX_ENV=prod PORT=4000
                WORKDIR /build
                RUN mix local.hex --force && mix local.rebar --force
                COPY mix.exs mix.lock ./
                COPY apps/shop/mix.exs apps/shop/
                COPY apps/shop_web/mix.exs apps/shop_web/
                RUN mix deps.get --only prod
                COPY config/config.exs config/prod.exs config/
                RUN mix deps.compile
                COPY . .
                RUN mix release

                # TODO: the bare system that this image stands on (its /etc/os-release names it) is enough and smaller: a release
                # brings its own Erlang
                FROM elixir:1.16.2-slim

                ENV LANG=C.UTF-8
                ENV PORT=4000
                # TODO: `server: true` for the endpoint in config/prod.exs: a release starts it without its HTTP server
                WORKDIR /srv
                # TODO: name the other folders that the app writes to, such as uploads and volumes
                RUN chown nobody /srv
                COPY --from=builder --chown=nobody:root /build/_build/prod/rel/shop ./
                # TODO: the old image ran this as well; what the release needs of it belongs here
                # keep the release only
                # RUN mv /build/_build/prod/rel/shop/* . && rm -rf /build
                USER nobody

                CMD ["bin/shop", "start"]
                """,
        ),
    )
    correct = (
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="two stages",
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM elixir:1.16.2-slim
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out && tar -czf /my_app.tar.gz -C /out .
                """,
            why="nothing is started: the image makes an archive",
        ),
        Example(
            path="Dockerfile.ci",
            code="""\
                FROM elixir:1.16.2-slim
                COPY . .
                RUN mix release
                CMD ["_build/dev/rel/my_app/bin/my_app", "start"]
                """,
            why="for tests",
        ),
    )

    def check(self, file: DockerFile) -> Iterable[Finding]:
        image = production_image(file)
        if image is None or image.release is None or image.start is None:
            return
        if image.release.instruction.stage not in list(image.final.bases):
            return
        yield self.finding(
            image.release.command.span,
            "The release is built in the image that runs it: compilers, sources and dependencies are shipped, too.",
            Level.INFORMATION,
            related=(Related(image.start.span, "started here, in the same stage"),),
            fixes=(
                Fix(
                    "Rewrite as a multi-stage release image",
                    Applicability.SCAFFOLD,
                    partial(as_release_image, file),
                ),
            ),
        )
