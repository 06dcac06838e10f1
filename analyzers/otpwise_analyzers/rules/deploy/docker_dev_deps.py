"""deploy/docker-dev-deps"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Change, Finding, Fix, Level
from otpwise_analyzers.project.images import MixTask, production_image
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.dockerfile_edits import change_of
from otpwise_analyzers.rewrite.production_deps import has_only, only_edit
from otpwise_analyzers.rules.base import DockerRule, Example, FixNote, Impact, Reference
from otpwise_analyzers.syntax.dockerfile import DockerFile


class DockerDevDeps(DockerRule):
    name = "deploy/docker-dev-deps"
    summary = "dependencies of development and test are fetched into a production build"
    impact = Impact.LOW
    detects = "`mix deps.get` without `--only` in a stage that builds for production"
    why = (
        "`mix deps.get` fetches the dependencies of every environment, whatever MIX_ENV says: Credo, Dialyxir, "
        "Phoenix's live reload and the test tools travel over the network and into the layer at each change of "
        "mix.lock, and what is there can be scanned, flagged and attacked."
    )
    fine_when = "The same stage runs the tests."
    trade_off = "None: what production needs is fetched as before."
    fix_note = FixNote(
        writes=(
            "`--only prod` behind `mix deps.get`, or `--only $MIX_ENV` where the environment comes from a "
            "build argument."
        ),
        because="Safe: the stage builds for production, so what is not fetched any more was never compiled.",
        leaves="A stage whose tests run, too, and a task inside of quotes.",
    )
    references = (Reference("mix deps.get", "https://hexdocs.pm/mix/Mix.Tasks.Deps.Get.html"),)
    instructions = frozenset({"RUN"})
    needles = (b"deps.get",)

    incorrect = (
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY mix.exs mix.lock ./
                RUN mix do local.hex --force, «deps.get», deps.compile
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            fixed="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY mix.exs mix.lock ./
                RUN mix do local.hex --force, deps.get --only prod, deps.compile
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ARG BUILD_ENV=prod
                ENV MIX_ENV=$BUILD_ENV
                COPY mix.exs mix.lock ./
                RUN --mount=type=cache,target=/root/.hex \\
                    mix «deps.get» --check-locked \\
                    && mix deps.compile
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            fixed="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ARG BUILD_ENV=prod
                ENV MIX_ENV=$BUILD_ENV
                COPY mix.exs mix.lock ./
                RUN --mount=type=cache,target=/root/.hex \\
                    mix deps.get --only $MIX_ENV --check-locked \\
                    && mix deps.compile
                COPY . .
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
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY mix.exs mix.lock ./
                RUN mix deps.get --only=$MIX_ENV
                RUN mix deps.compile
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="only one environment's",
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix deps.get && MIX_ENV=test mix test
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="the tests run here, too",
        ),
        Example(
            path="Dockerfile.dev",
            code="""\
                FROM elixir:1.16
                ENV MIX_ENV=prod
                RUN mix deps.get
                CMD ["mix", "phx.server"]
                """,
            why="an image for developers",
        ),
    )

    def check(self, file: DockerFile) -> Iterable[Finding]:
        image = production_image(file)
        if image is None:
            return
        for stage in image.shipped:
            tasks = image.tasks_in(stage)
            if any(task.mix_env in ("dev", "test") for task in tasks):
                continue
            for task in tasks:
                if task.name == "deps.get" and task.mix_env in ("prod", None) and not has_only(task):
                    yield self.finding(
                        task.word.span,
                        "`mix deps.get` fetches the dependencies of development and test as well: MIX_ENV does not "
                        "change that, `--only` does.",
                        Level.HINT,
                        fixes=self._fixes(file, task),
                    )

    def _fixes(self, file: DockerFile, task: MixTask) -> tuple[Fix, ...]:
        if only_edit(task) is None:
            return ()
        build = partial(_only, file, task)
        return (Fix("Fetch the dependencies of production only", Applicability.SAFE, build),)


def _only(file: DockerFile, task: MixTask, context: FixContext) -> Change | None:
    environment = "prod" if task.mix_env == "prod" and not _from_argument(task) else "$MIX_ENV"
    edit = only_edit(task, environment)
    return (change_of(file, [edit]),) if edit is not None else None


def _from_argument(task: MixTask) -> bool:
    """Whether the builder of the image may choose another environment."""
    stage = task.instruction.stage
    if stage is None or "MIX_ENV" in task.command.environment:
        return False
    for one in reversed(stage.lineage):
        for name, value, _ in one.variables if one.name in ("ENV", "ARG") else ():
            if name == "MIX_ENV":
                return one.name == "ARG" or "$" in (value or "")
    return False
