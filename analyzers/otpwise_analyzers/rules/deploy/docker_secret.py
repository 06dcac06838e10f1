"""deploy/docker-secret"""

from __future__ import annotations

import re
from collections.abc import Iterable

from otpwise_analyzers.findings import Finding, Level
from otpwise_analyzers.project.images import production_image
from otpwise_analyzers.rules.base import DockerRule, Example, Impact, Reference
from otpwise_analyzers.syntax.dockerfile import DockerFile

_NAME = re.compile(
    r"(?:^|_)(?:SECRETS?|PASSWORD|PASSWD|PASSPHRASE|TOKEN|CREDENTIALS?|COOKIE|SALT)(?:_|$)|SECRET_|_KEY$|_KEY_BASE$"
)
# Names that end alike and hold no secret.
_HARMLESS_NAME = re.compile(
    r"PUBLIC|PUBLISHABLE|_KEY_ID$|FINGERPRINT|_FILE$|_PATH$|_URL$|_NAME$|_ENABLED$|_TTL$|_AGE$"
)
_URL_WITH_PASSWORD = re.compile(r"^[a-z][a-z0-9+.-]*://[^/@:\s]+:([^/@\s]+)@")
_PLACEHOLDER = re.compile(
    r"nokey|default|no_?secret|dummy|placeholder|change_?me|change_?this|replace|example|sample|does_not_exist|unused|not[-_ ]?used"
    r"|fake|fill_?in|to_?be_?set|build[-_ ]?(?:time|only)|only[-_ ]?for|temporary|your[-_ ]|xxx|<|\.\.\.|\*\*\*|^(.)\1+$",
    re.IGNORECASE,
)
_SHORTEST = 8


class DockerSecret(DockerRule):
    name = "deploy/docker-secret"
    summary = "a secret is written into the image"
    impact = Impact.HIGH
    detects = (
        "`ENV` and `ARG` with a literal value of at least eight characters under a name such as `SECRET_KEY_BASE`, "
        "`DATABASE_PASSWORD` or `API_KEY`, and URLs with a password; placeholders are let go"
    )
    why = (
        "`docker history` and `docker inspect` show it to everybody who can pull the image, and the registry keeps it "
        "when the line is gone. With SECRET_KEY_BASE anybody can sign a session of any user. Phoenix needs none of "
        "these to build: `config/runtime.exs` reads them when the container starts."
    )
    fine_when = "The value is a placeholder that only satisfies the build; call it `dummy`."
    trade_off = (
        "The value must come from somewhere else at start: the orchestrator's secrets or an environment file. For a "
        "token that the build itself needs there is `RUN --mount=type=secret`."
    )
    no_fix = (
        "Removing the line would break a build that reads it, and the value stays in the image's history: "
        "it has to be revoked, which no edit does."
    )
    references = (
        Reference("Build secrets", "https://docs.docker.com/build/building/secrets/"),
        Reference(
            "Build check: SecretsUsedInArgOrEnv",
            "https://docs.docker.com/reference/build-checks/secrets-used-in-arg-or-env/",
        ),
    )
    mirrors = ("docker build check SecretsUsedInArgOrEnv",)
    instructions = frozenset({"ENV", "ARG"})

    incorrect = (
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ARG «HEX_ORGANIZATION_KEY=3f7a1c9e5b2d8f40»
                ENV MIX_ENV=prod
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                ENV PORT=4000 \\
                    «SECRET_KEY_BASE="kUq3c8vXo1mT0yRz5bWd7hJn2pLs9gAe"» \\
                    «DATABASE_URL=ecto://shop:hunter2-but-longer@db/shop»
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM elixir:1.16.2-alpine
                ENV «RELEASE_COOKIE s3cr3t-cluster-cookie»
                ENV MIX_ENV prod
                COPY . .
                RUN mix deps.get --only prod && mix phx.digest
                CMD ["mix", "phx.server"]
                """,
        ),
    )
    correct = (
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ARG SECRET_KEY_BASE
                ENV MIX_ENV=prod SECRET_KEY_BASE=dummy-for-the-build
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                ENV STRIPE_SECRET=$STRIPE_SECRET ADMIN_PASSWORD=changeme123 SESSION_TOKEN="" MY_SLACK_TOKEN=slack_token
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="placeholders, and values that come from outside",
        ),
        Example(
            path="Dockerfile",
            code="""\
                FROM hexpm/elixir:1.16.2-erlang-26.2.2-alpine-3.19.1 AS build
                ENV MIX_ENV=prod
                RUN --mount=type=secret,id=hex mix hex.organization auth acme --key "$(cat /run/secrets/hex)"
                COPY . .
                RUN mix release --path /out
                FROM alpine:3.19.1
                ENV AWS_ACCESS_KEY_ID=AKIAEXAMPLE123 TLS_KEY_PATH=/etc/ssl/my_app.key TOKEN_MAX_AGE=86400000
                ENV DATABASE_URL=postgresql://postgres@postgres/postgres PUBLIC_KEY=3f7a1c9e5b2d8f40
                COPY --from=build --chown=nobody:nobody /out /srv
                USER nobody
                CMD ["/srv/bin/my_app", "start"]
                """,
            why="a mounted secret leaves no trace; names, paths and public keys are none",
        ),
        Example(
            path="docker/dev/Dockerfile",
            code="""\
                FROM elixir:1.16
                ENV SECRET_KEY_BASE=kUq3c8vXo1mT0yRz5bWd7hJn2pLs9gAe
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
        for instruction in file.instructions:
            if instruction.name not in ("ENV", "ARG"):
                continue
            if instruction.stage is not None and instruction.stage not in image.shipped:
                continue
            for name, value, word in instruction.variables:
                if value and (name, value) not in seen and _is_secret(name, value):
                    seen.add((name, value))
                    yield self.finding(
                        word.span,
                        f"The value of {name} is part of the image: `docker history` shows it to whoever can pull it. "
                        "Give it to the container when it starts.",
                        Level.WARNING,
                    )


def _is_secret(name: str, value: str) -> bool:
    if "$" in value:
        return False
    url = _URL_WITH_PASSWORD.match(value)
    if url is not None:
        password = url[1]
        return (
            len(password) >= _SHORTEST
            and not _PLACEHOLDER.search(password)
            and password.lower() != "postgres"
        )
    name = name.upper()
    if _NAME.search(name) is None or _HARMLESS_NAME.search(name) is not None:
        return False
    if len(value) < _SHORTEST or value.isdigit() or "/" in value[:1]:
        return False
    if value.upper().replace("-", "_") in name:
        # `SLACK_TOKEN=slack_token`
        return False
    return _PLACEHOLDER.search(value) is None and value.lower() not in ("true", "false", "disabled")
