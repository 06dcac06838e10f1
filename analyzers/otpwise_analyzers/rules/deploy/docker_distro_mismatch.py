"""deploy/docker-distro-mismatch"""

from __future__ import annotations

from collections.abc import Iterable

from otpwise_analyzers.findings import Finding, Level, Related
from otpwise_analyzers.project.distributions import Distribution, distribution_of
from otpwise_analyzers.project.images import production_image
from otpwise_analyzers.rules.base import DockerRule, Example, Impact, Reference
from otpwise_analyzers.syntax.dockerfile import DockerFile, Stage


class DockerDistroMismatch(DockerRule):
    name = "deploy/docker-distro-mismatch"
    summary = "a release is built on one system and started on another"
    impact = Impact.HIGH
    detects = (
        "a release that is built on Alpine and copied into Debian or Ubuntu, or the other way round; and one that is "
        "copied to an older release of the same system, or to one with another OpenSSL"
    )
    why = (
        "A release carries Erlang's own virtual machine and the NIFs of its dependencies, linked against the C library "
        "and the OpenSSL of the system that built them. musl's do not start under glibc (`no such file or "
        "directory`), and `crypto` built for OpenSSL 1.1 does not load where only 3 is installed: the first "
        "container crashes."
    )
    fine_when = "The release is built with `include_erts: false`, has no NIFs, and the final image brings its own Erlang."
    trade_off = "None: one variable for the system's version keeps both stages together."
    no_fix = (
        "Which of the two distributions is the right one is a decision about all packages of the image; "
        "an edit of the one name would be right half of the time."
    )
    references = (
        Reference(
            "mix release: requirements of the target",
            "https://hexdocs.pm/mix/Mix.Tasks.Release.html#module-requirements",
        ),
    )
    instructions = frozenset({"FROM"})

    incorrect = (
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY mix.exs mix.lock ./
                RUN mix deps.get --only prod && mix deps.compile
                COPY . .
                RUN mix release

                FROM «debian:bookworm-20240513-slim»
                COPY --from=build --chown=nobody:root /_build/prod/rel/my_app /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
        ),
        Example(
            path="Dockerfile",
            code="""\
                ARG ELIXIR=1.14.5
                ARG RUNNER=ubuntu:22.04
                FROM hexpm/elixir:${ELIXIR}-erlang-25.3-ubuntu-focal-20230126 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release

                FROM «${RUNNER}»
                COPY --from=build --chown=nobody:root /_build/prod/rel/my_app /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM elixir:1.16.2-alpine AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release

                FROM build AS test
                RUN MIX_ENV=test mix test

                FROM «gcr.io/distroless/base-debian12»
                COPY --from=build /_build/prod/rel/my_app /srv
                USER nonroot
                CMD ["/srv/bin/my_app", "start"]
                """,
        ),
    )
    correct = (
        Example(
            path="Dockerfile",
            code="""\
                ARG ALPINE=3.19.1
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-${ALPINE} AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release
                FROM alpine:${ALPINE}
                COPY --from=build --chown=nobody:nobody /_build/prod/rel/my_app /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="one system for both",
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM node:20-alpine AS assets
                COPY assets assets
                RUN npm --prefix assets run deploy
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-debian-bookworm-20240513-slim AS build
                ENV MIX_ENV=prod
                COPY . .
                COPY --from=assets /priv/static priv/static
                RUN mix release
                FROM debian:12-slim
                COPY --from=build --chown=nobody:root /_build/prod/rel/my_app /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="JavaScript may be built anywhere, and 12 is bookworm",
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM elixir:1.16.2 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release
                FROM debian:bookworm-20240513-slim
                COPY --from=build --chown=nobody:root /_build/prod/rel/my_app /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="the tag does not say which Debian this Elixir stands on",
        ),
    )

    def check(self, file: DockerFile) -> Iterable[Finding]:
        image = production_image(file)
        if image is None or image.release is None:
            return
        builder, runner = image.release.instruction.stage, image.final
        if builder is None or builder in runner.bases or not _takes_from(runner, builder):
            return
        built_on, runs_on = _system(builder), _system(runner)
        if built_on is None or runs_on is None:
            return
        reason = _reason(built_on, runs_on)
        if reason is not None:
            where = list(runner.bases)[-1].start.arguments[0].span
            message = f"The release is built on {built_on} and started on {runs_on}: {reason}."
            level = Level.WARNING if built_on.libc != runs_on.libc else Level.INFORMATION
            related = [Related(builder.start.span, "the release is built in this stage")]
            yield self.finding(where, message, level, related=related)


def _takes_from(runner: Stage, builder: Stage) -> bool:
    return any(
        copy.stage is not None
        and runner.file.stage_named(copy.flags.get("from", "")) in (builder, *_continuing(builder))
        for copy in runner.lineage
        if copy.name == "COPY"
    )


def _continuing(stage: Stage) -> list[Stage]:
    return [other for other in stage.file.stages if other is not stage and stage in other.bases]


def _system(stage: Stage) -> Distribution | None:
    first = list(stage.bases)[-1]
    return distribution_of(first.image) if first.image else None


def _reason(built_on: Distribution, runs_on: Distribution) -> str | None:
    """What breaks, as the rest of a sentence; None when nothing is known to."""
    if built_on.libc != runs_on.libc:
        return (
            f"its virtual machine is linked against {built_on.libc} and does not start under {runs_on.libc}"
        )
    if built_on.openssl is not None and runs_on.openssl is not None and built_on.openssl != runs_on.openssl:
        one, other = (
            f"OpenSSL {'1.1' if version == 1 else version}" for version in (built_on.openssl, runs_on.openssl)
        )
        return f"`crypto` is linked against {one} there and finds {other} here"
    if built_on.name != runs_on.name or built_on.version is None or runs_on.version is None:
        return None
    if runs_on.name != "alpine" and runs_on.version < built_on.version:
        return "the older C library lacks symbols that the newer one gave the virtual machine"
    return None
