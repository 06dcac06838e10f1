"""deploy/docker-missing-server-flag"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Change, Confidence, Finding, Fix, Level
from otpwise_analyzers.project.images import ElixirImage, production_image
from otpwise_analyzers.project.server_flags import server_flag
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.dockerfile_edits import before, change_of, named
from otpwise_analyzers.rules.base import DockerRule, Example, FixNote, Impact, Reference
from otpwise_analyzers.rules.sample_files import mix
from otpwise_analyzers.syntax.dockerfile import DockerFile

_RUNTIME = """\
import Config

if System.get_env("PHX_SERVER") do
  config :my_app, MyAppWeb.Endpoint, server: true
end
"""
_PROJECT = {"mix.exs": mix('{:phoenix, "~> 1.7"}'), "config/runtime.exs": _RUNTIME}


class DockerMissingServerFlag(DockerRule):
    name = "deploy/docker-missing-server-flag"
    summary = "the release is started without the flag that makes Phoenix listen"
    impact = Impact.HIGH
    detects = (
        "`bin/my_app start` as the image's command, in a Phoenix project whose `config/runtime.exs` sets "
        "`server: true` only when a variable such as PHX_SERVER is there, which the image does not set"
    )
    why = (
        "A release starts Phoenix's endpoint without its HTTP server, so that consoles and migrations do not open a "
        "port. Without the variable the container starts, logs nothing wrong, and refuses every connection."
    )
    fine_when = "The platform sets it (a Compose file, a Kubernetes manifest, fly.toml), or the image runs background jobs only."
    trade_off = "None for an image that serves; `bin/my_app eval` for migrations starts no server either way."
    fix_note = FixNote(
        writes="`ENV PHX_SERVER=true` (or the variable that `config/runtime.exs` asks for) in the final stage.",
        because=(
            "Unsafe: the container opens its port from then on, also when it only runs a migration with the "
            "same image."
        ),
        leaves="`config/runtime.exs`, and a start through `bin/server`, which sets the variable itself.",
    )
    references = (
        Reference("Deploying with releases", "https://hexdocs.pm/phoenix/releases.html"),
        Reference(
            "Phoenix.Endpoint: `:server`",
            "https://hexdocs.pm/phoenix/Phoenix.Endpoint.html#module-runtime-configuration",
        ),
    )
    instructions = frozenset({"CMD", "ENTRYPOINT"})

    incorrect = (
        Example(
            path="Dockerfile",
            others=_PROJECT,
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                WORKDIR /srv
                COPY --from=build --chown=nobody:nobody /out ./
                USER nobody
                «CMD ["bin/my_app", "start"]»
                """,
            fixed="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                WORKDIR /srv
                COPY --from=build --chown=nobody:nobody /out ./
                USER nobody
                ENV PHX_SERVER=true
                CMD ["bin/my_app", "start"]
                """,
        ),
        Example(
            path="Dockerfile",
            others={
                **_PROJECT,
                "config/runtime.exs": 'import Config\n\nconfig :my_app, MyAppWeb.Endpoint, server: System.get_env("SERVE") == "1"\n',
            },
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod SERVE=1
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                «CMD /srv/bin/my_app eval "MyApp.Release.migrate" && exec /srv/bin/my_app start»
                """,
        ),
    )
    correct = (
        Example(
            path="Dockerfile",
            others=_PROJECT,
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
            why="Phoenix's own script sets it",
        ),
        Example(
            path="Dockerfile",
            others=_PROJECT,
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                ENV LANG=C.UTF-8 PHX_SERVER=true
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="it is set",
        ),
        Example(
            path="Dockerfile",
            others={
                **_PROJECT,
                "config/prod.exs": "import Config\n\nconfig :my_app, MyAppWeb.Endpoint, server: true\n",
            },
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="the server runs in production in any case",
        ),
        Example(
            path="Dockerfile",
            others=_PROJECT,
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                COPY --from=build --chown=nobody:nobody /out /srv
                COPY start.sh /
                USER nobody
                ENTRYPOINT ["/start.sh"]
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="a script of the project's own starts the release, and may set anything",
        ),
    )

    def check(self, file: DockerFile) -> Iterable[Finding]:
        image = production_image(file)
        if image is None or image.start is None or not file.project.is_known:
            return
        started = image.started_release
        if started is None or "phoenix" not in file.project.deps:
            return
        flag = server_flag(file.project.configuration)
        if flag is None or flag in image.final.environment() or flag in started.environment:
            return
        value = "true" if flag == "PHX_SERVER" else None
        fixes = (
            (Fix(f"Set {flag}={value}", Applicability.UNSAFE, partial(_set, image, flag, value)),)
            if value
            else ()
        )
        yield self.finding(
            image.start.span,
            f"{flag} is not set in this image, and `config/runtime.exs` lets the endpoint listen only with it: the "
            "container starts and refuses every connection.",
            Level.INFORMATION,
            confidence=Confidence.LIKELY,
            fixes=fixes,
        )


def _set(image: ElixirImage, flag: str, value: str, context: FixContext) -> Change | None:
    lineage = [one for one in image.final.instructions if one.name in ("ENTRYPOINT", "CMD")]
    if not lineage or image.final.has_error:
        return None
    return (change_of(image.file, [before(lineage[0], f"{named(image.file, 'ENV')} {flag}={value}\n")]),)
