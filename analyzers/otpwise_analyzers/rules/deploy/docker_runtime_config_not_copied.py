"""deploy/docker-runtime-config-not-copied"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Change, Finding, Fix, Level
from otpwise_analyzers.project.images import MixTask, production_image
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.runtime_copy import copied, is_left_out
from otpwise_analyzers.rules.base import DockerRule, Example, FixNote, Impact, Reference
from otpwise_analyzers.syntax.dockerfile import DockerFile

_RUNTIME = 'import Config\n\nconfig :my_app, MyApp.Repo, url: System.fetch_env!("DATABASE_URL")\n'


class DockerRuntimeConfigNotCopied(DockerRule):
    name = "deploy/docker-runtime-config-not-copied"
    summary = "the release is built without the project's runtime.exs"
    impact = Impact.HIGH
    detects = (
        "a stage that copies single files into `config/` and runs `mix release`, but never copies the "
        "`config/runtime.exs` that the project has"
    )
    why = (
        "`mix release` puts `config/runtime.exs` into the release only when it is there while it runs, and says "
        "nothing when it is not. The release then starts with what was known while it compiled: no DATABASE_URL, "
        "no SECRET_KEY_BASE, no port."
    )
    fine_when = "Another file takes its place, such as one that `config_providers` reads."
    trade_off = "None: copied last, a change of it recompiles nothing."
    fix_note = FixNote(
        writes="`COPY config/runtime.exs config/` in front of `mix release`.",
        because=(
            "Unsafe: the release now reads its environment when it starts, and stops where a variable is "
            "missing."
        ),
        leaves="A stage whose layout of `config/` is another one, and copies that may have the file in them.",
    )
    references = (
        Reference(
            "Config and releases",
            "https://hexdocs.pm/mix/Mix.Tasks.Release.html#module-runtime-configuration",
        ),
    )
    instructions = frozenset({"COPY", "ADD"})
    needles = (b"config",)

    incorrect = (
        Example(
            path="Dockerfile",
            others={"config/runtime.exs": _RUNTIME},
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY mix.exs mix.lock ./
                RUN mix deps.get --only prod
                COPY config/config.exs config/${MIX_ENV}.exs config/
                RUN mix deps.compile
                COPY lib lib

                # and now
                RUN mix compile && «mix release»
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /_build/prod/rel/my_app /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            fixed="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY mix.exs mix.lock ./
                RUN mix deps.get --only prod
                COPY config/config.exs config/${MIX_ENV}.exs config/
                RUN mix deps.compile
                COPY lib lib

                COPY config/runtime.exs config/
                # and now
                RUN mix compile && mix release
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /_build/prod/rel/my_app /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
        ),
        Example(
            path="Dockerfile",
            others={"config/runtime.exs": _RUNTIME},
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY mix.exs mix.lock ./
                COPY config/config.exs ./config/config.exs
                COPY config/prod.exs ./config/prod.exs
                RUN mix deps.get --only prod && mix deps.compile
                COPY lib lib
                RUN «mix release --path /out»
                COPY config/runtime.exs config/
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
            others={"config/runtime.exs": _RUNTIME},
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY mix.exs mix.lock ./
                COPY config/config.exs config/prod.exs config/
                RUN mix deps.get --only prod && mix deps.compile
                COPY lib lib
                COPY config/*.exs config/
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="a pattern takes it",
        ),
        Example(
            path="Dockerfile",
            others={"config/runtime.exs": _RUNTIME},
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY mix.exs mix.lock ./
                COPY config/config.exs config/prod.exs config/
                RUN mix deps.get --only prod && mix deps.compile
                COPY lib lib
                COPY config/docker.exs config/runtime.exs
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="another file is put in its place",
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY mix.exs mix.lock ./
                COPY config/config.exs config/prod.exs config/
                RUN mix deps.get --only prod && mix deps.compile
                COPY lib lib
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="the project has none",
        ),
    )

    def check(self, file: DockerFile) -> Iterable[Finding]:
        image = production_image(file)
        if image is None or image.release is None or not file.project.is_known:
            return
        runtime = file.project.configuration.runtime
        if runtime is None or any(mix.has_own_runtime for mix in file.project.mixes):
            return
        if is_left_out(image, runtime):
            yield self.finding(
                image.release.command.span,
                f"`{runtime}` is not copied into this stage: the release is built without it and starts without its "
                "settings.",
                Level.WARNING,
                fixes=(
                    Fix(
                        f"Copy `{runtime}` before the release is made",
                        Applicability.UNSAFE,
                        partial(_copied, file, image.release, runtime),
                    ),
                ),
            )


def _copied(file: DockerFile, release: MixTask, runtime: str, context: FixContext) -> Change | None:
    stage = release.instruction.stage
    return copied(file, stage, release, runtime) if stage is not None else None
