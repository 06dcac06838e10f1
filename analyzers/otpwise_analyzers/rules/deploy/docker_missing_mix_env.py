"""deploy/docker-missing-mix-env"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Change, Finding, Fix, Level
from otpwise_analyzers.project.images import ElixirImage, production_image
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.mix_env import bare_task, set_for_production
from otpwise_analyzers.rules.base import DockerRule, Example, FixNote, Impact, Reference
from otpwise_analyzers.syntax.dockerfile import DockerFile, Stage


class DockerMissingMixEnv(DockerRule):
    name = "deploy/docker-missing-mix-env"
    summary = "a production image that is compiled for development"
    impact = Impact.HIGH
    detects = "Mix compiles, makes a release or serves in a stage in which MIX_ENV is never set"
    why = (
        "Without MIX_ENV Mix builds `dev`: code reloading, the development dependencies, `config/dev.exs` with its "
        "local database and its printed secrets, debug pages with stack traces for every visitor. The release lies "
        "in `_build/dev`."
    )
    fine_when = "mix.exs chooses the environment itself: `def cli, do: [preferred_envs: [release: :prod]]`."
    trade_off = "None."
    fix_note = FixNote(
        writes=(
            "`ENV MIX_ENV=prod` in front of the first task; paths below `_build/dev` follow, and `mix "
            "deps.get` fetches for production alone."
        ),
        because=(
            "Unsafe: what the image runs changes from `dev` to `prod`, with `config/prod.exs` and "
            "`config/runtime.exs`."
        ),
        leaves="An image whose base is not known, for that may set the environment.",
    )
    references = (
        Reference("Mix: environments", "https://hexdocs.pm/mix/Mix.html#module-environments"),
        Reference("Deploying with releases", "https://hexdocs.pm/phoenix/releases.html"),
    )
    instructions = frozenset({"RUN"})
    needles = (b"mix",)

    incorrect = (
        Example(
            path="Dockerfile",
            code="""\
                FROM elixir:1.16.2-slim AS build
                WORKDIR /app
                RUN mix local.hex --force && mix local.rebar --force
                COPY mix.exs mix.lock ./
                RUN mix deps.get
                RUN «mix deps.compile»
                COPY . .
                RUN mix release

                FROM elixir:1.16.2-slim
                COPY --from=build --chown=nobody:root /app/_build/dev/rel/my_app /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            fixed="""\
                FROM elixir:1.16.2-slim AS build
                WORKDIR /app
                ENV MIX_ENV=prod
                RUN mix local.hex --force && mix local.rebar --force
                COPY mix.exs mix.lock ./
                RUN mix deps.get --only prod
                RUN mix deps.compile
                COPY . .
                RUN mix release

                FROM elixir:1.16.2-slim
                COPY --from=build --chown=nobody:root /app/_build/prod/rel/my_app /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
        ),
        Example(
            path="Dockerfile",
            code="""\
                ARG MIX_ENV=prod
                FROM elixir:1.16.2-slim AS build
                WORKDIR /app
                COPY mix.exs mix.lock ./
                RUN mix do deps.get, deps.compile
                COPY . .
                RUN MIX_ENV=prod mix compile && \\
                  # built for dev all the same
                  «mix release --path /out»

                FROM elixir:1.16.2-slim
                COPY --from=build --chown=nobody:root /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """.replace("RUN mix do deps.get, deps.compile", "RUN mix deps.get"),
            fixed="""\
                ARG MIX_ENV=prod
                FROM elixir:1.16.2-slim AS build
                WORKDIR /app
                COPY mix.exs mix.lock ./
                ENV MIX_ENV=prod
                RUN mix deps.get --only prod
                COPY . .
                RUN MIX_ENV=prod mix compile && \\
                  # built for dev all the same
                  mix release --path /out

                FROM elixir:1.16.2-slim
                COPY --from=build --chown=nobody:root /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM elixir:1.16.2-slim
                WORKDIR /app
                COPY mix.exs mix.lock ./
                RUN mix deps.get --only prod
                COPY . .
                CMD «mix phx.server»
                """,
            fixed="""\
                FROM elixir:1.16.2-slim
                WORKDIR /app
                COPY mix.exs mix.lock ./
                ENV MIX_ENV=prod
                RUN mix deps.get --only prod
                COPY . .
                CMD mix phx.server
                """,
        ),
    )
    correct = (
        Example(
            path="Dockerfile",
            code="""\
                FROM elixir:1.16.2-slim AS build
                ARG MIX_ENV=prod
                COPY mix.exs mix.lock ./
                RUN mix deps.get --only $MIX_ENV && mix deps.compile
                COPY . .
                RUN mix release --path /out
                FROM elixir:1.16.2-slim
                COPY --from=build --chown=nobody:root /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="an ARG is set while the image is built",
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM elixir:1.16.2-slim AS build
                COPY . .
                RUN export MIX_ENV=prod && mix deps.get --only prod && mix compile
                RUN MIX_ENV=prod mix release --path /out
                FROM elixir:1.16.2-slim
                COPY --from=build --chown=nobody:root /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="said for each command",
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM elixir:1.16.2-slim AS base
                ENV MIX_ENV=prod
                FROM base AS build
                ARG BUILD_ENV
                COPY . .
                RUN mix release --path /out
                FROM elixir:1.16.2-slim
                COPY --from=build --chown=nobody:root /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="inherited from the stage that this one continues",
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM elixir:1.16.2
                WORKDIR /app
                COPY mix.exs mix.lock ./
                RUN mix deps.get && mix deps.compile
                CMD ["mix", "phx.server"]
                """,
            why="nothing says that this image is for users; developers run `mix phx.server`",
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM bitwalker/alpine-elixir-phoenix:1.14 AS build
                COPY . .
                RUN mix do deps.get, compile, phx.digest
                RUN mix release --path /out
                FROM alpine:3.17
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="what somebody else's image sets is not known here",
        ),
    )

    def check(self, file: DockerFile) -> Iterable[Finding]:
        image = production_image(file)
        if image is None:
            return
        for stage in image.shipped:
            bare = bare_task(image, stage)
            if bare is None:
                # Set later is a finding of its own.
                continue
            result = "release" if bare.name.endswith("release") else "code"
            yield self.finding(
                bare.command.span,
                f"MIX_ENV is not set here: `mix {bare.name}` makes {result} for development, with `config/dev.exs` "
                "and code reloading.",
                Level.WARNING,
                fixes=(Fix("Set MIX_ENV=prod", Applicability.UNSAFE, partial(_set, file, image, stage)),),
            )


def _set(file: DockerFile, image: ElixirImage, stage: Stage, context: FixContext) -> Change | None:
    return set_for_production(file, image, stage)
