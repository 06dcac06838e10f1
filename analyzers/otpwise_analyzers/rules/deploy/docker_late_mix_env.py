"""deploy/docker-late-mix-env"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Change, Finding, Fix, Level, Related
from otpwise_analyzers.project.images import ElixirImage, production_image
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.mix_env import late_setting, moved_up
from otpwise_analyzers.rules.base import DockerRule, Example, FixNote, Impact, Reference
from otpwise_analyzers.syntax.dockerfile import DockerFile, Stage


class DockerLateMixEnv(DockerRule):
    name = "deploy/docker-late-mix-env"
    summary = "MIX_ENV is set after Mix has compiled"
    impact = Impact.HIGH
    detects = "`ENV MIX_ENV` (or `ARG`) below a `mix compile`, `mix deps.compile` or `mix release` of the same stage"
    why = (
        "An ENV holds for what stands below it. What was compiled above lies in `_build/dev`; under the new MIX_ENV "
        "it is not there, so that everything is compiled again: at every start when the container runs Mix, "
        "minutes before the first request is answered, with a compiler that a locked-down container may not have."
    )
    fine_when = "Both environments are wanted: tests run in the same stage, before the build for production."
    trade_off = "None."
    fix_note = FixNote(
        writes=(
            "The instruction that sets MIX_ENV moves in front of the first `mix` of its stage, and "
            "dependencies are fetched for production alone."
        ),
        because=(
            "Safe: the value was meant for all of the stage; what ran for `dev` before it was compiled a "
            "second time for production anyhow."
        ),
        leaves="A value that is only known further down (an `ARG` in between).",
    )
    references = (Reference("Dockerfile: ENV", "https://docs.docker.com/reference/dockerfile/#env"),)
    instructions = frozenset({"ENV", "ARG"})
    needles = (b"MIX_ENV",)

    incorrect = (
        Example(
            path="Dockerfile",
            code="""\
                FROM elixir:1.16.2-alpine
                WORKDIR /app

                # tools
                RUN mix local.hex --force
                COPY mix.exs mix.lock ./
                RUN mix deps.get && mix deps.compile
                COPY . .
                RUN mix compile && mix phx.digest

                «ENV MIX_ENV=prod»

                CMD ["mix", "phx.server"]
                """,
            fixed="""\
                FROM elixir:1.16.2-alpine
                WORKDIR /app

                ENV MIX_ENV=prod
                # tools
                RUN mix local.hex --force
                COPY mix.exs mix.lock ./
                RUN mix deps.get --only prod && mix deps.compile
                COPY . .
                RUN mix compile && mix phx.digest

                CMD ["mix", "phx.server"]
                """,
        ),
        Example(
            path="Dockerfile",
            code="""\
                from hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 as build
                copy mix.exs mix.lock ./
                run mix deps.get && mix deps.compile
                copy . .
                «env LANG=C.UTF-8 MIX_ENV=prod PORT=4000»
                run mix release --path /out

                from alpine:3.19.1
                copy --from=build --chown=nobody:nobody /out /srv
                user nobody
                cmd ["/srv/bin/my_app", "start"]
                """,
            fixed="""\
                from hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 as build
                copy mix.exs mix.lock ./
                env MIX_ENV=prod
                run mix deps.get --only prod && mix deps.compile
                copy . .
                env LANG=C.UTF-8 PORT=4000
                run mix release --path /out

                from alpine:3.19.1
                copy --from=build --chown=nobody:nobody /out /srv
                user nobody
                cmd ["/srv/bin/my_app", "start"]
                """,
        ),
    )
    correct = (
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                RUN mix local.hex --force && mix local.rebar --force
                COPY mix.exs mix.lock ./
                RUN mix deps.get
                ENV MIX_ENV=prod
                RUN mix deps.compile
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                ENV MIX_ENV=prod
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="fetching compiles nothing, and the second stage is another",
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ARG BUILD_ENV=prod
                COPY . .
                RUN MIX_ENV=$BUILD_ENV mix do deps.get --only prod, deps.compile
                ENV MIX_ENV=$BUILD_ENV
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="the command above says it for itself",
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix do deps.get --only prod, deps.compile
                ENV MIX_ENV=prod PORT=4000
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="said twice",
        ),
    )

    def check(self, file: DockerFile) -> Iterable[Finding]:
        image = production_image(file)
        if image is None:
            return
        for stage in image.shipped:
            late = late_setting(image, stage)
            if late is not None:
                setting, early = late
                yield self.finding(
                    setting.span,
                    f"MIX_ENV is set after `mix {early.name}` has compiled for `dev`: under it everything is compiled "
                    "once more.",
                    Level.WARNING,
                    related=(Related(early.command.span, "compiled for `dev`"),),
                    fixes=(
                        Fix(
                            "Set MIX_ENV before anything is compiled",
                            Applicability.SAFE,
                            partial(_moved, file, image, stage),
                        ),
                    ),
                )


def _moved(file: DockerFile, image: ElixirImage, stage: Stage, context: FixContext) -> Change | None:
    return moved_up(file, image, stage)
