"""deploy/docker-root"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Confidence, Finding, Fix, Level
from otpwise_analyzers.project.images import ElixirImage, production_image
from otpwise_analyzers.rewrite.unprivileged import unprivileged
from otpwise_analyzers.rules.base import DockerRule, Example, FixNote, Impact, Reference
from otpwise_analyzers.syntax.dockerfile import DockerFile, Image, Instruction, expanded

# What gives up root's rights when the container starts, or prepares the image for any user.
_DROPS = re.compile(
    rb"gosu|su-exec|setpriv|s6-setuidgid|s6-overlay|runuser|chroot|\bsudo\b|\bsu\s+-|chpst|--userspec"
    rb"|chgrp\s+-R\s+0\b|chown\s+-R\s+\S+:0\b|chmod\s+(?:-R\s+)?(?:go=u|a\+rX|g=u)"
)
# Images that run as root unless they are told otherwise; of others nobody knows.
_ROOTS = frozenset(
    {"alpine", "debian", "ubuntu", "elixir", "erlang", "fedora", "centos", "rockylinux", "amazonlinux"}
)
_ROOT = frozenset({"root", "0"})


class DockerRoot(DockerRule):
    name = "deploy/docker-root"
    summary = "the application runs as root in its container"
    impact = Impact.MEDIUM
    detects = (
        "the final stage of a production image says `USER root` last, or never says USER on a base image that runs as "
        "root. A hint for an image that holds nothing but a release; information where `USER root` is written out, and "
        "where compilers and Mix are in the image, too"
    )
    why = (
        "Whoever gets the application to run a command (an upload, a NIF, a dependency) is root in the container: "
        "writes everywhere, installs tools, reads every mounted secret, and needs one hole in the kernel or one "
        "mounted socket to be root on the host. A release needs no rights at all, and ports above 1023 need none "
        "either. The guide's own image leaves USER out; that of `mix phx.gen.release --docker` runs as `nobody`, and "
        "so does what Otpwise writes."
    )
    fine_when = (
        "The entrypoint drops its rights (gosu, su-exec, setpriv, s6), the platform runs containers under a user of "
        "its own (OpenShift), or the container must change the host's network."
    )
    trade_off = (
        "Folders that the application writes to (uploads, mounted volumes) must belong to the user; volumes that root "
        "has filled already are changed once by hand."
    )
    fix_note = FixNote(
        writes=(
            "`USER nobody` at the end, the release copied with `--chown=nobody:root`, and a marked place for "
            "the folders that are written to."
        ),
        because=(
            "Scaffold: which folders the application writes to (uploads, volumes) only you know; until they "
            "are named, writing there fails."
        ),
        leaves=(
            "An image that runs Mix: that one is to become a release first. Ports below 1024 and the owners "
            "of volumes are not looked at."
        ),
    )
    references = (
        Reference("Best practices: USER", "https://docs.docker.com/build/building/best-practices/#user"),
        Reference("mix phx.gen.release", "https://hexdocs.pm/phoenix/Mix.Tasks.Phx.Gen.Release.html"),
    )
    mirrors = ("hadolint DL3002",)
    instructions = frozenset({"CMD", "ENTRYPOINT"})

    incorrect = (
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out

                FROM alpine:3.19.1
                WORKDIR /app
                COPY --from=build /out ./
                EXPOSE 4000
                «CMD ["bin/my_app", "start"]»
                """,
            fixed="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out

                FROM alpine:3.19.1
                WORKDIR /app
                COPY --from=build --chown=nobody:root /out ./
                EXPOSE 4000
                # TODO: name the other folders that the app writes to, such as uploads and volumes
                RUN chown nobody /app
                USER nobody
                CMD ["bin/my_app", "start"]
                """,
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-debian-bookworm-20240513-slim AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release

                FROM debian:bookworm-20240513-slim
                WORKDIR /srv
                RUN chown nobody /srv
                COPY --from=build --chown=nobody:root /_build/prod/rel/my_app ./
                # needed for a mount, once
                «USER root»
                ENV LANG=C.UTF-8
                CMD ["/srv/bin/server"]
                """,
            fixed="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-debian-bookworm-20240513-slim AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release

                FROM debian:bookworm-20240513-slim
                WORKDIR /srv
                RUN chown nobody /srv
                COPY --from=build --chown=nobody:root /_build/prod/rel/my_app ./
                # needed for a mount, once
                # TODO: name the other folders that the app writes to, such as uploads and volumes
                RUN chown nobody /srv
                USER nobody
                ENV LANG=C.UTF-8
                CMD ["/srv/bin/server"]
                """,
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM elixir:1.16.2-alpine
                ENV MIX_ENV=prod
                COPY . .
                RUN mix deps.get --only prod && mix compile
                «CMD ["mix", "phx.server"]»
                """,
        ),
    )
    correct = (
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                USER root
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1 AS base
                RUN adduser -D app
                USER app
                FROM base
                COPY --from=build --chown=app /out /srv
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="root builds, and the stage that the final one continues says who runs",
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                RUN apk add --no-cache su-exec libstdc++ ncurses-libs
                COPY --from=build /out /srv
                ENTRYPOINT ["/srv/entrypoint.sh"]
                CMD ["start"]
                """,
            why="the entrypoint gives the rights up",
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build /out /srv
                RUN chgrp -R 0 /srv && chmod -R g=u /srv
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="made for a platform that runs it under any user, in the group 0",
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM registry.acme.dev/platform/runtime:7
                COPY --from=build /out /srv
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="who runs in that image is not known here",
        ),
    )

    def check(self, file: DockerFile) -> Iterable[Finding]:
        image = production_image(file)
        if image is None or image.start is None or image.start.stage is None:
            return
        said = _last_user(image)
        user = _name(said) if said is not None else None
        if said is not None and user not in _ROOT:
            return
        if said is None and (not _runs_as_root(image) or _drops_rights(image)):
            return
        if said is None and not _starts_the_app(image):
            # A script of the project's own may give the rights up.
            return
        fixes: tuple[Fix, ...] = ()
        if image.release is not None and image.server_task is None:
            build = partial(unprivileged, image, said)
            fixes = (Fix("Run as `nobody`", Applicability.SCAFFOLD, build),)
        where = said.span if said is not None else image.start.span
        if said is not None:
            message = "The image ends with root: whoever gets the application to run a command may do everything in it."
        else:
            message = "No USER is named, so that this runs as root: whoever gets the application to run a command may do everything in the container."
        has_tools = image.release is None or image.release.instruction.stage in list(image.final.bases)
        is_loud = said is not None or has_tools
        yield self.finding(
            where,
            message,
            Level.INFORMATION if is_loud else Level.HINT,
            confidence=Confidence.CERTAIN if is_loud else Confidence.HINT,
            fixes=fixes,
        )


def _last_user(image: ElixirImage) -> Instruction | None:
    users = [one for one in image.final.lineage if one.name == "USER" and one.arguments]
    return users[-1] if users else None


def _name(user: Instruction) -> str | None:
    stage = user.stage
    values = stage.environment(before=user) if stage is not None else {}
    name = expanded(user.arguments[0].text, values)
    return name.partition(":")[0] if name is not None else None


def _runs_as_root(image: ElixirImage) -> bool:
    first = list(image.final.bases)[-1]
    if not first.image:
        return False
    repository = Image.of(first.image).repository
    name = posixpath.basename(repository)
    return name in _ROOTS and "chainguard" not in repository and "distroless" not in repository


def _drops_rights(image: ElixirImage) -> bool:
    data = image.file.data
    return any(
        _DROPS.search(data, *one.span) is not None for one in image.final.lineage if one.name != "FROM"
    )


def _starts_the_app(image: ElixirImage) -> bool:
    return bool(image.started_release or image.starts_server_script or image.server_task)
