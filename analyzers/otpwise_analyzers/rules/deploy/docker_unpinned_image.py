"""deploy/docker-unpinned-image"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from otpwise_analyzers.findings import Finding, Level
from otpwise_analyzers.project.images import production_image
from otpwise_analyzers.rules.base import DockerRule, Example, Impact, Reference
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.dockerfile import DockerFile, Image, Stage

# Words of tags that name no version.
_MOVING = frozenset(
    {
        "latest",
        "stable",
        "slim",
        "alpine",
        "lts",
        "current",
        "edge",
        "main",
        "master",
        "mainline",
        "nightly",
        "debian",
    }
)


class DockerUnpinnedImage(DockerRule):
    name = "deploy/docker-unpinned-image"
    summary = "a base image without a version"
    impact = Impact.MEDIUM
    detects = (
        "`FROM` (and `COPY --from`) with no tag, `latest`, or a tag without any version such as `alpine` or "
        "`slim`, in the Dockerfile of a production image; variables are followed to their `ARG` defaults"
    )
    why = (
        "The next build takes whatever is newest that day: another Elixir, another OTP, another OpenSSL, and "
        "nothing in the repository says so. A build that worked on Friday fails on Monday, and last month's "
        "image cannot be built again."
    )
    fine_when = (
        "The tag comes from outside (`ARG VERSION` without a default), or the image is for developers."
    )
    trade_off = (
        "A version that is named must be raised by somebody: Renovate and Dependabot do that for Dockerfiles."
    )
    no_fix = (
        "Which version runs today is not written anywhere that can be read here, and a guessed one may be "
        "another."
    )
    references = (
        Reference(
            "Best practices: pin base image versions",
            "https://docs.docker.com/build/building/best-practices/",
        ),
        Reference(
            "hexpm/elixir, tags that name Elixir, OTP and system",
            "https://hub.docker.com/r/hexpm/elixir/tags",
        ),
    )
    mirrors = ("hadolint DL3006, DL3007",)
    instructions = frozenset({"FROM"})

    incorrect = (
        Example(
            path="Dockerfile",
            code="""\
                FROM «elixir:latest» AS builder
                ENV MIX_ENV=prod
                WORKDIR /app
                COPY mix.exs mix.lock ./
                RUN mix deps.get --only prod && mix deps.compile
                COPY config config
                COPY lib lib
                RUN mix release

                FROM «debian»
                WORKDIR /app
                RUN chown nobody /app
                COPY --from=builder --chown=nobody:root /app/_build/prod/rel/my_app ./
                USER nobody
                CMD ["bin/my_app", "start"]
                """,
        ),
        Example(
            path="docker/Dockerfile.web",
            code="""\
                ARG FLAVOUR=alpine
                ARG RUNNER="alpine:${UNSET:-latest}"

                FROM «elixir:${FLAVOUR}» AS build
                ENV MIX_ENV=prod
                COPY mix.exs mix.lock ./
                RUN mix deps.get --only prod && mix deps.compile
                COPY . .
                RUN mix release

                FROM «${RUNNER}»
                COPY --from=«ghcr.io/acme/tini» /tini /sbin/tini
                COPY --from=build --chown=nobody:nobody /_build/prod/rel/my_app /srv
                USER nobody
                ENTRYPOINT ["/sbin/tini", "--"]
                CMD ["/srv/bin/my_app", "start"]
                """,
        ),
    )
    correct = (
        Example(
            path="Dockerfile",
            code="""\
                ARG ELIXIR=1.16.2
                ARG RUNNER
                FROM hexpm/elixir:${ELIXIR}-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY mix.exs mix.lock ./
                RUN mix deps.get --only prod && mix deps.compile
                COPY . .
                RUN mix release

                FROM ${RUNNER}
                COPY --from=build --chown=nobody:nobody /_build/prod/rel/my_app /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="the version is in a variable, or is the builder's to give",
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM debian:bookworm-slim AS base
                FROM elixir:1.16-slim@sha256:3f1c2cd9a0f6a4f0a9d7e3a62a9b2cf7c2e31d52e8a5b7b6f61f1b1a8c0d9e7f AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM base
                COPY --from=build --chown=nobody:root /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="a stage of the file itself, a digest, and the name of a Debian release",
        ),
        Example(
            path=".devcontainer/Dockerfile",
            code="""\
                FROM elixir:latest
                RUN mix local.hex --force
                CMD ["mix", "phx.server"]
                """,
            why="an image for developers",
        ),
    )

    def check(self, file: DockerFile) -> Iterable[Finding]:
        image = production_image(file)
        if image is None:
            return
        seen = set()
        for reference, span in _images(file, image.shipped):
            if reference not in seen and _is_unpinned(Image.of(reference)):
                seen.add(reference)
                yield self.finding(
                    span,
                    f"`{reference}` is another image whenever it is published anew: name the version, so that this "
                    "build can be made again.",
                    Level.INFORMATION,
                )


def _images(file: DockerFile, stages: list[Stage]) -> Iterator[tuple[str, Span]]:
    """The images from outside of the file, with where they are written."""
    for stage in stages:
        if stage.image and stage.base is None and stage.image != "scratch":
            yield stage.image, stage.start.arguments[0].span
        for copy in stage.named("COPY"):
            origin = copy.flags.get("from", "")
            # A bare name is more often a stage that is gone than an image.
            if "/" in origin and "$" not in origin and file.stage_named(origin) is None:
                flag = next(word for word in copy.words if word.text.startswith("--from="))
                yield origin, Span(flag.span.start + len("--from="), flag.span.end)


def _is_unpinned(image: Image) -> bool:
    if image.digest:
        return False
    return not image.tag or all(word in _MOVING for word in image.tag.split("-"))
