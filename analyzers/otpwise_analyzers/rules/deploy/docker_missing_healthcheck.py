"""deploy/docker-missing-healthcheck"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level
from otpwise_analyzers.project.images import production_image
from otpwise_analyzers.rewrite.health_check import checked
from otpwise_analyzers.rules.base import DockerRule, Example, FixNote, Impact, Reference
from otpwise_analyzers.syntax.dockerfile import DockerFile

_ROUTER = """\
defmodule MyAppWeb.Router do
  use MyAppWeb, :router

  scope "/api", MyAppWeb do
    get "/health", HealthController, :show
  end
end
"""


class DockerMissingHealthcheck(DockerRule):
    name = "deploy/docker-missing-healthcheck"
    summary = "nobody asks the container whether it still answers"
    impact = Impact.LOW
    detects = (
        "a production image without HEALTHCHECK in a project whose router has a route for one (`/health`, `/ping`, "
        "...); in the strict profile in every project"
    )
    why = (
        "Docker takes a container for well as long as its process runs. A virtual machine whose Repo has lost its "
        "database, or whose endpoint no longer accepts, still runs: Compose and Swarm keep sending requests to it."
    )
    fine_when = "Kubernetes, Fly or Nomad ask the application themselves and never look at HEALTHCHECK."
    trade_off = "A request every half minute, and a small HTTP client in the image."
    fix_note = FixNote(
        writes=(
            "`HEALTHCHECK` that asks the application's own health route on its port every half minute, with "
            "Alpine's own `wget`; on Debian `curl` is added to the packages that are installed. Without a "
            "route, the same with a marked place for one."
        ),
        because=(
            "Unsafe: an orchestrator may restart what is not healthy. Without a route it is a scaffold, and "
            "fails closed: the container stays unhealthy until there is one."
        ),
        leaves=(
            "The router: whether the route exists, and what it checks, is yours. Not offered for an image whose "
            "distribution is not known."
        ),
    )
    references = (
        Reference("Dockerfile: HEALTHCHECK", "https://docs.docker.com/reference/dockerfile/#healthcheck"),
    )
    instructions = frozenset({"CMD", "ENTRYPOINT"})

    incorrect = (
        Example(
            path="Dockerfile",
            others={"lib/my_app_web/router.ex": _ROUTER},
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                EXPOSE 8080

                # the release
                «CMD ["/srv/bin/my_app", "start"]»
                """,
            fixed="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                EXPOSE 8080

                HEALTHCHECK --interval=30s --timeout=3s CMD wget -q -O /dev/null http://localhost:8080/api/health || exit 1
                # the release
                CMD ["/srv/bin/my_app", "start"]
                """,
        ),
        Example(
            path="Dockerfile",
            others={"lib/my_app_web/router.ex": _ROUTER},
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-debian-bookworm-20240513-slim AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM debian:bookworm-20240513-slim
                RUN apt-get update && apt-get install -y --no-install-recommends libstdc++6 openssl \\
                  && rm -rf /var/lib/apt/lists/*
                COPY --from=build --chown=nobody:root /out /srv
                USER nobody
                «ENTRYPOINT ["/srv/bin/my_app"]»
                CMD ["start"]
                """.replace("«ENTRYPOINT", "ENTRYPOINT")
            .replace('"]»', '"]')
            .replace('CMD ["start"]', '«CMD ["start"]»'),
            fixed="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-debian-bookworm-20240513-slim AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM debian:bookworm-20240513-slim
                RUN apt-get update && apt-get install -y --no-install-recommends libstdc++6 openssl curl \\
                  && rm -rf /var/lib/apt/lists/*
                COPY --from=build --chown=nobody:root /out /srv
                USER nobody
                ENTRYPOINT ["/srv/bin/my_app"]
                HEALTHCHECK --interval=30s --timeout=3s CMD curl -fsS http://localhost:4000/api/health || exit 1
                CMD ["start"]
                """,
        ),
        Example(
            path="Dockerfile",
            profile="strict",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                «CMD ["/srv/bin/server"]»
                """,
            fixed="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                # TODO: a route that answers 200 only when the application can do its work
                HEALTHCHECK --interval=30s --timeout=3s CMD wget -q -O /dev/null http://localhost:4000/health || exit 1
                CMD ["/srv/bin/server"]
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
                CMD ["/srv/bin/server"]
                """,
            why="there is no route to ask; the generator's own image has no check either",
        ),
        Example(
            path="Dockerfile",
            others={"lib/my_app_web/router.ex": _ROUTER},
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1 AS base
                HEALTHCHECK CMD /srv/bin/my_app pid
                FROM base
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="the stage that this one continues has it",
        ),
        Example(
            path="Dockerfile",
            others={"lib/my_app_web/router.ex": _ROUTER},
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                HEALTHCHECK NONE
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="turned off on purpose",
        ),
    )

    def check(self, file: DockerFile) -> Iterable[Finding]:
        image = production_image(file)
        if image is None or image.start is None:
            return
        if any(one.name == "HEALTHCHECK" for one in image.final.lineage):
            return
        if not (image.started_release or image.starts_server_script or image.server_task):
            return
        paths = file.project.health_paths if file.project.is_known else ()
        if paths:
            fix = Fix(
                f"Ask `{paths[0]}` every half minute", Applicability.UNSAFE, partial(checked, image, paths[0])
            )
            message = f"The router has `{paths[0]}`, and this image never asks it: a container that no longer answers stays in service."
        else:
            fix = Fix("Add a health check", Applicability.SCAFFOLD, partial(checked, image, None))
            message = (
                "Nothing asks whether the application still answers: a container that hangs stays in service."
            )
        where = image.start.span
        yield self.finding(where, message, Level.HINT, fixes=(fix,), strict_only=not paths)
