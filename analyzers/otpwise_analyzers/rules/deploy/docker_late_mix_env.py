"""deploy/docker-late-mix-env"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Change, Finding, Fix, Level, Related
from otpwise_analyzers.project.images import COMPILING_TASKS, ElixirImage, production_image
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.dockerfile_edits import before, change_of, moved_before, named
from otpwise_analyzers.rewrite.production_deps import fetching_for_production
from otpwise_analyzers.rules.base import DockerRule, Example, Impact, Reference
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax.dockerfile import DockerFile, Instruction, Stage


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
    fix_note = "Safe: the line moves in front of the first `mix` of its stage, and dependencies are fetched for production alone."
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
        for stage in file.stages:
            setting = _first_setting(stage)
            if setting is None or stage.environment(before=setting).get("MIX_ENV", "") != "":
                continue
            early = next(
                (
                    task
                    for task in image.tasks_in(stage)
                    if task.name in COMPILING_TASKS
                    and task.mix_env == ""
                    and task.instruction.span.end <= setting.span.start
                ),
                None,
            )
            if early is not None:
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
                            partial(_move, file, image, stage, setting),
                        ),
                    ),
                )


def _first_setting(stage: Stage) -> Instruction | None:
    for one in stage.named("ENV", "ARG"):
        if any(name == "MIX_ENV" and value for name, value, _ in one.variables):
            return one
    return None


def _move(
    file: DockerFile, image: ElixirImage, stage: Stage, setting: Instruction, context: FixContext
) -> Change | None:
    tasks = image.tasks_in(stage)
    target = tasks[0].instruction
    written = next(word for name, _, word in setting.variables if name == "MIX_ENV")
    if stage.has_error or "$" in written.text:
        return None
    if len(setting.variables) == 1:
        return (change_of(file, [*moved_before(setting, target), *fetching_for_production(tasks)]),)
    start, end = written.span
    while file.data[end : end + 1] in (b" ", b"\t"):
        end += 1
    if file.data[end : end + 1] not in b"\r\n\\" or written is not setting.variables[-1][2]:
        taken = Edit(start, end, "")
    else:
        # The last of them: the space before it goes, and a line of its own with its continuation.
        while file.data[start - 1 : start] in (b" ", b"\t", b"\n", b"\r", b"\\"):
            start -= 1
        taken = Edit(start, written.span.end, "")
    text = file.data[written.span.start : written.span.end].decode()
    moved = before(target, f"{named(file, setting.name)} {text}\n")
    return (change_of(file, [moved, taken, *fetching_for_production(tasks)]),)
