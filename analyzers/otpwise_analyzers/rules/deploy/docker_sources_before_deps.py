"""deploy/docker-sources-before-deps"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level, Related
from otpwise_analyzers.project.images import production_image
from otpwise_analyzers.rewrite.deps_layer import is_of_dependencies, separated, sources_above
from otpwise_analyzers.rules.base import DockerRule, Example, FixNote, Impact, Reference
from otpwise_analyzers.rules.sample_files import mix
from otpwise_analyzers.syntax.dockerfile import DockerFile

_PROJECT = {
    "mix.exs": mix('{:phoenix, "~> 1.7"}'),
    "mix.lock": "%{}\n",
    "config/config.exs": 'import Config\n\nimport_config "#{config_env()}.exs"\n',
    "config/prod.exs": "import Config\n",
}


class DockerSourcesBeforeDeps(DockerRule):
    name = "deploy/docker-sources-before-deps"
    summary = "the application's code is copied before its dependencies are built"
    impact = Impact.HIGH
    detects = (
        "`COPY . .` (or of `lib`, `apps`, `web`) above `mix deps.get` or `mix deps.compile` in the same stage; a "
        "stage that only builds JavaScript is another matter"
    )
    why = (
        "Docker keeps a layer until something above it changes. With the sources above, each changed line fetches "
        "and compiles every dependency again: minutes for a Phoenix project, on every build, for what changes once "
        "a week."
    )
    fine_when = (
        "Dependencies lie in the repository (`path:`) and come with the sources; then copy those alone first."
    )
    trade_off = "More lines: mix.exs and mix.lock first, the configuration, then everything else."
    fix_note = FixNote(
        writes=(
            "mix.exs, mix.lock and the compile-time configuration are copied first, the rest below `mix "
            "deps.compile`; a `.dockerignore` that keeps `_build` and `deps` of the developer's machine out "
            "is made where there is none."
        ),
        because=(
            "Safe: the same files are there when the application is compiled, and dependencies cannot see the "
            "application's sources."
        ),
        leaves=(
            "Umbrellas, dependencies by path, a mix.exs that reads other files, and a command in between that "
            "may need the sources."
        ),
    )
    references = (
        Reference("Docker: optimize cache usage", "https://docs.docker.com/build/cache/optimize/"),
        Reference(
            "mix phx.gen.release --docker", "https://hexdocs.pm/phoenix/Mix.Tasks.Phx.Gen.Release.html"
        ),
    )
    instructions = frozenset({"COPY", "ADD"})
    needles = (b"deps.",)

    incorrect = (
        Example(
            path="Dockerfile",
            others=_PROJECT,
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                WORKDIR /app
                ENV MIX_ENV=prod
                # everything
                «COPY . .»
                RUN mix local.hex --force && mix local.rebar --force
                RUN mix deps.get
                RUN mix compile
                RUN mix release

                FROM alpine:3.19.1
                WORKDIR /app
                COPY --from=build --chown=nobody:nobody /app/_build/prod/rel/my_app ./
                USER nobody
                CMD ["bin/my_app", "start"]
                """,
            fixed="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                WORKDIR /app
                ENV MIX_ENV=prod
                COPY mix.exs mix.lock ./
                RUN mix local.hex --force && mix local.rebar --force
                RUN mix deps.get --only prod
                COPY config/config.exs config/prod.exs config/
                RUN mix deps.compile
                # everything
                COPY . .
                RUN mix compile
                RUN mix release

                FROM alpine:3.19.1
                WORKDIR /app
                COPY --from=build --chown=nobody:nobody /app/_build/prod/rel/my_app ./
                USER nobody
                CMD ["bin/my_app", "start"]
                """,
            fixed_others={".dockerignore": "_build/\ndeps/\n"},
        ),
        Example(
            path="Dockerfile",
            others=_PROJECT,
            code="""\
                FROM elixir:1.16.2-alpine
                WORKDIR /app
                «ADD . /app»
                EXPOSE 4000
                ENV MIX_ENV prod

                RUN mix local.hex --force && \\
                    mix do deps.get --only prod, deps.compile && \\
                    mix do compile, phx.digest

                CMD ["mix", "phx.server"]
                """,
            fixed="""\
                FROM elixir:1.16.2-alpine
                WORKDIR /app
                COPY mix.exs mix.lock ./
                COPY config/config.exs config/prod.exs config/
                EXPOSE 4000
                ENV MIX_ENV prod

                RUN mix local.hex --force && \\
                    mix do deps.get --only prod, deps.compile
                ADD . /app
                RUN mix do compile, phx.digest

                CMD ["mix", "phx.server"]
                """,
            fixed_others={".dockerignore": "_build/\ndeps/\n"},
        ),
        Example(
            path="Dockerfile",
            others=_PROJECT,
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ARG MIX_ENV=prod
                WORKDIR /app
                RUN mix local.hex --force && mix local.rebar --force
                COPY mix.exs mix.lock ./
                COPY config config
                RUN mix deps.get --only $MIX_ENV
                COPY priv priv
                «COPY lib lib»
                RUN mix deps.compile
                RUN mix release
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /app/_build/prod/rel/my_app /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            fixed="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ARG MIX_ENV=prod
                WORKDIR /app
                RUN mix local.hex --force && mix local.rebar --force
                COPY mix.exs mix.lock ./
                COPY config config
                RUN mix deps.get --only $MIX_ENV
                COPY priv priv
                RUN mix deps.compile
                COPY lib lib
                RUN mix release
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /app/_build/prod/rel/my_app /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
        ),
        Example(
            path="Dockerfile",
            others={**_PROJECT, ".dockerignore": "_build/\n"},
            code="""\
                FROM elixir:1.16.2-slim
                WORKDIR /app
                «COPY . /app»
                RUN mix deps.get
                RUN npm ci --prefix assets
                ENV MIX_ENV prod
                CMD ["mix", "phx.server"]
                """,
            fixed="""\
                FROM elixir:1.16.2-slim
                WORKDIR /app
                COPY mix.exs mix.lock ./
                RUN mix deps.get
                COPY . /app
                RUN npm ci --prefix assets
                ENV MIX_ENV prod
                CMD ["mix", "phx.server"]
                """,
        ),
        Example(
            path="Dockerfile",
            others={
                "mix.exs": 'defmodule U.MixProject do\n  use Mix.Project\n\n  def project, do: [apps_path: "apps"]\nend\n'
            },
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY mix.exs mix.lock ./
                COPY config config
                «COPY apps apps»
                RUN mix do deps.get --only prod + deps.compile
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
        ),
    )
    correct = (
        Example(
            path="Dockerfile",
            code="""\
                FROM node:20-alpine AS assets
                COPY . .
                RUN npm ci --prefix assets && npm run deploy --prefix assets
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY mix.exs mix.lock ./
                RUN mix deps.get --only prod && mix deps.compile
                COPY lib lib
                COPY --from=assets /priv/static priv/static
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="`COPY . .` belongs to the stage that builds JavaScript",
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY mix.exs mix.lock ./
                COPY libs ./libs
                RUN mix deps.get --only prod && mix deps.compile
                COPY . .
                RUN mix deps.compile sentry --force && mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="dependencies by path come first, and one dependency is compiled once more on purpose",
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS deps
                COPY mix.exs mix.lock ./
                RUN mix deps.get --only prod
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                COPY --from=deps /deps deps
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="nothing is fetched in the stage that has the sources",
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS deps
                ENV MIX_ENV=prod
                COPY mix.exs mix.lock ./
                RUN mix deps.get --only prod && mix deps.compile
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS development
                COPY . .
                RUN mix do deps.get, deps.compile
                CMD ["mix", "phx.server"]
                FROM deps AS build
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="a stage for developers, of which nothing is in the image",
        ),
    )

    def check(self, file: DockerFile) -> Iterable[Finding]:
        image = production_image(file)
        if image is None:
            return
        for stage in image.shipped:
            copies = sources_above(image, stage)
            if not copies:
                continue
            first = copies[0]
            tasks = filter(is_of_dependencies, image.tasks_in(stage))
            task = next(task for task in tasks if task.instruction.span.start > first.span.start)
            again = "fetches and compiles" if task.name == "deps.get" else "compiles"
            yield self.finding(
                first.span,
                f"This stands above `mix {task.name}`: each change of any file that it copies {again} all dependencies "
                "again.",
                Level.WARNING,
                related=(Related(task.command.span, "built anew after each change"),),
                fixes=(
                    Fix(
                        "Copy the sources below the dependencies",
                        Applicability.SAFE,
                        partial(separated, file, image, stage, copies),
                    ),
                ),
            )
