"""Whole Dockerfiles: those that must draw nothing, and those that become a multi-stage image of a release.

There is no Docker here. That an image would be built is shown by reading it again, by our own rules, and
by a walk through its stages: what one takes from another must have been made there.
"""

from __future__ import annotations

import posixpath
from random import Random
from textwrap import dedent

import pytest

from otpwise_analyzers.findings import Applicability, Level
from otpwise_analyzers.project.config import Settings
from otpwise_analyzers.project.images import ElixirImage, workdir_at
from otpwise_analyzers.syntax.dockerfile import DockerFile, Instruction, expanded
from tests.guide_snippets import CORRECT
from tests.proof import applied, build, findings_in, objections

REWRITE = "Rewrite as a multi-stage release image"


def stage_objections(file: DockerFile) -> list[str]:
    """What a walk through the stages finds missing."""
    wrong = [f"{file.text(one.node)[:40]!r} is not understood" for one in file.instructions if one.has_error]
    for stage in file.stages:
        for copy in stage.named("COPY"):
            if "from" not in copy.flags:
                continue
            origin = file.stage_named(copy.flags["from"])
            if origin is None or origin.index >= stage.index:
                wrong.append(f"there is no stage {copy.flags['from']}")
                continue
            made = _made_in(file, origin.lineage)
            for source in copy.sources:
                path = posixpath.normpath(posixpath.join("/", source))
                if path not in made:
                    wrong.append(f"{path} is not made in {origin.name}: {sorted(made)}")
    final = ElixirImage(file)
    if final.started_release is None and not final.starts_server_script:
        wrong.append("no release is started")
    return wrong


def _made_in(file: DockerFile, lineage: list[Instruction]) -> set[str]:
    image = ElixirImage(file)
    made: set[str] = set()
    for one in lineage:
        folder = workdir_at(one)
        if one.name == "WORKDIR":
            made.add(posixpath.normpath(posixpath.join(folder, one.arguments[0].text)))
        elif one.name in ("COPY", "ADD"):
            made.add(posixpath.normpath(posixpath.join(folder, one.target)))
        release = image.release
        if release is not None and one.node == release.instruction.node:
            mix_env = release.mix_env or "dev"
            for name in ("shop", "my_app", "board"):
                made.add(posixpath.join(folder, f"_build/{mix_env}/rel/{name}"))
            if "--path" in (words := [word.text for word in release.arguments]):
                made.add(posixpath.join(folder, words[words.index("--path") + 1]))
    return made


def rewritten(files: dict[str, str], path: str = "Dockerfile") -> tuple[str, dict[str, bytes]]:
    """The file after the rewrite that its first finding offers, and all files."""
    data = {name: dedent(text).lstrip("\n").encode() for name, text in files.items()}
    _, findings = findings_in(data, path)
    for finding in findings:
        for fix in finding.fixes:
            if fix.title == REWRITE:
                assert fix.applicability is Applicability.SCAFFOLD
                wrong, after = objections(data, path, finding, fix)
                assert not wrong, wrong
                assert after is not None, "not offered"
                return after[path].decode(), after
    raise AssertionError(f"no rewrite is offered: {[f.rule for f in findings]}")


def mix(app: str, *deps: str, extra: str = "") -> str:
    listed = ", ".join(deps)
    return f"""\
defmodule {app.capitalize()}.MixProject do
  use Mix.Project

  def project do
    [app: :{app}, version: "0.1.0", deps: [{listed}]{extra}]
  end
end
"""


LOCK = '%{\n  "phoenix": {:hex, :phoenix, "1.7.11", "0"}\n}\n'
RUNTIME = 'import Config\n\nif System.get_env("PHX_SERVER") do\n  config :board, BoardWeb.Endpoint, server: true\nend\n'
CONFIG = """\
import Config

config :esbuild, default: [cd: Path.expand("../assets", __DIR__)]

import_config "#{config_env()}.exs"
"""
IGNORED = {".dockerignore": "_build/\ndeps/\n"}

# Debian with Node from elsewhere, Mix in production, MIX_ENV at the end, all at once.
DEBIAN = {
    "mix.exs": mix("board", '{:phoenix, "~> 1.7"}'),
    "mix.lock": LOCK,
    "config/config.exs": CONFIG,
    "config/prod.exs": "import Config\n",
    "config/runtime.exs": RUNTIME,
    "lib/board_web/router.ex": 'defmodule BoardWeb.Router do\n  use BoardWeb, :router\n\n  get "/healthz", BoardWeb.Ops, :show\nend\n',
    "Dockerfile": """
        # syntax=docker/dockerfile:1
        # Board, as we deploy it
        ARG ELIXIR=1.16.2
        FROM hexpm/elixir:${ELIXIR}-erlang-26.2.2-debian-bookworm-20240513-slim
        ARG REVISION=unknown
        LABEL maintainer="ops@board.example" org.opencontainers.image.revision=$REVISION

        RUN apt-get update && apt-get install -y build-essential git curl=7.88.1-10 ffmpeg \\
            libpq-dev imagemagick && rm -rf /var/lib/apt/lists/*
        # Node for the bundler
        RUN curl -fsSL https://deb.nodesource.com/setup_20.x | bash - && apt-get install -y nodejs

        WORKDIR /srv/board
        # all of it
        COPY . .
        RUN mix local.hex --force && mix local.rebar --force
        RUN mix deps.get
        RUN mix compile
        RUN npm ci --prefix assets && npm run deploy --prefix assets && mix phx.digest

        ENV MIX_ENV=prod
        ENV PORT=8080
        EXPOSE 8080
        CMD ["mix", "phx.server"]
        # nothing below this line
        """,
}

# Alpine, an umbrella with a release of its own name, ports and volumes, tini.
UMBRELLA = {
    "mix.exs": """
        defmodule Shop.Umbrella.MixProject do
          use Mix.Project

          def project do
            [apps_path: "apps", deps: [], releases: [shop: [applications: [shop: :permanent]]]]
          end
        end
        """,
    "mix.lock": LOCK,
    "apps/shop/mix.exs": mix("shop", '{:ecto_sql, "~> 3.11"}', extra=', build_path: "../../_build"'),
    "apps/shop_web/mix.exs": mix("shop_web", '{:phoenix, "~> 1.7"}', "{:shop, in_umbrella: true}"),
    "config/config.exs": CONFIG,
    "config/prod.exs": "import Config\n\nconfig :shop_web, ShopWeb.Endpoint, server: true\n",
    **IGNORED,
    "Dockerfile": """
        from hexpm/elixir:1.15.7-erlang-26.1.2-alpine-3.18.4
        arg SHA=unknown
        env MIX_ENV=prod SHA=$SHA
        run apk add --no-cache build-base git tini tzdata
        workdir /build
        run mix local.hex --force && mix local.rebar --force
        copy mix.exs mix.lock ./
        copy config config
        copy apps apps
        run mix deps.get --only prod
        run mix deps.compile
        run mix release shop

        workdir /shop
        run cp -r /build/_build/prod/rel/shop/. . && rm -rf /build
        copy entrypoint.sh .
        volume ["/shop/uploads"]
        expose 4000/tcp
        entrypoint ["/sbin/tini", "--"]
        cmd ["bin/shop", "start"]
        """,
}

# A stage for the bundler beside it, an official image, a release with a path of its own, selective copies.
BESIDE = {
    "mix.exs": mix("my_app", '{:plug_cowboy, "~> 2.7"}'),
    "mix.lock": "%{}\n",
    "config/config.exs": CONFIG,
    "config/prod.exs": "import Config\n",
    "config/runtime.exs": "import Config\n",
    "Dockerfile": """
        FROM node:20-alpine AS bundle
        WORKDIR /assets
        COPY assets/package.json assets/package-lock.json ./
        RUN npm ci
        COPY assets ./
        RUN npm run build

        FROM elixir:1.16.2-slim AS app
        ENV MIX_ENV=prod LANG=en_US.UTF-8
        WORKDIR /app
        RUN mix local.hex --force && mix local.rebar --force
        COPY mix.exs mix.lock ./
        RUN mix deps.get --only prod
        COPY config/config.exs config/prod.exs config/
        RUN mix deps.compile
        COPY lib lib
        COPY --from=bundle /assets ./priv/static
        RUN mix release --path /opt/my_app
        USER root
        HEALTHCHECK CMD /opt/my_app/bin/my_app pid
        CMD ["/opt/my_app/bin/my_app", "start"]
        """,
}


@pytest.mark.parametrize("files", [DEBIAN, UMBRELLA, BESIDE], ids=["debian", "umbrella", "beside"])
def test_a_rewritten_image_is_whole(files: dict[str, str]) -> None:
    text, after = rewritten(files)
    file = DockerFile("Dockerfile", text.encode())
    assert file.error_spans == []
    assert stage_objections(file) == []
    for profile in ("recommended", "strict"):
        _, findings = findings_in(after, "Dockerfile", Settings(profile=profile))  # type: ignore[arg-type]
        assert [f.rule for f in findings if f.rule != "deploy/docker-missing-healthcheck"] == []
    last = file.stages[-1]
    assert expanded(last.named("USER")[0].arguments[0].text, {}) == "nobody"
    # The steps of the build are where they were: dependencies above the sources.
    assert text.index("deps.get") < text.index("mix release")


def test_debian_keeps_versions_packages_comments_and_asks_the_route() -> None:
    text, after = rewritten(DEBIAN)
    builder, runner = text.split("\nFROM debian:")
    assert builder.startswith("# syntax=docker/dockerfile:1\n# Board, as we deploy it\nARG ELIXIR=1.16.2\n")
    assert runner.startswith("bookworm-20240513-slim\n")
    assert "libstdc++6 openssl libncurses6 ca-certificates curl=7.88.1-10 ffmpeg imagemagick \\" in runner
    assert "build-essential" not in runner and "libpq-dev" not in runner and "nodejs" not in runner
    assert builder.index("ENV MIX_ENV=prod") < builder.index("mix local.hex") < builder.index("--only prod")
    assert builder.index("mix deps.compile") < builder.index("COPY . .") < builder.index("npm ci")
    for line in (
        "ENV PORT=8080",
        "ENV PHX_SERVER=true",
        "ARG REVISION=unknown\n",
        "EXPOSE 8080",
    ):
        assert line in runner
    assert "http://localhost:8080/healthz" in runner
    assert 'CMD ["bin/board", "start"]\n' in runner
    assert "/srv/board/_build/prod/rel/board ./" in runner
    assert after[".dockerignore"] == b"_build/\ndeps/\n"
    for comment in ("# Node for the bundler", "# all of it", "# nothing below this line"):
        assert comment in text


def test_umbrella_copies_the_apps_mix_files_and_writes_as_the_file_does() -> None:
    text, _ = rewritten(UMBRELLA)
    builder, runner = text.split("\nfrom alpine:3.18.4\n")
    assert builder.startswith("from hexpm/elixir:1.15.7-erlang-26.1.2-alpine-3.18.4 as builder\n")
    assert "copy apps/shop/mix.exs apps/shop/\ncopy apps/shop_web/mix.exs apps/shop_web/\n" in builder
    assert builder.index("deps.compile") < builder.index("copy apps apps\n")
    assert "apk add --no-cache libstdc++ openssl ncurses-libs ca-certificates tini tzdata\n" in runner
    assert "env SHA=unknown\n" in runner and "MIX_ENV" not in runner
    assert "workdir /shop\n" in runner and 'volume ["/shop/uploads"]\n' in runner
    # What the old image did with the release is left to the author.
    assert "# run cp -r /build/_build/prod/rel/shop/. . && rm -rf /build\n# copy entrypoint.sh .\n" in runner
    assert "PHX_SERVER" not in runner, "config/prod.exs has the server on"


def test_beside_other_stages_and_with_a_path_of_its_own() -> None:
    text, _ = rewritten(BESIDE)
    assert text.startswith("FROM node:20-alpine AS bundle\n")
    assert "FROM elixir:1.16.2-slim AS app\n" in text
    assert "COPY config/runtime.exs config/\nRUN mix release --path /opt/my_app\n" in text
    assert "COPY --from=app --chown=nobody:root /opt/my_app ./\n" in text
    assert "HEALTHCHECK CMD /opt/my_app/bin/my_app pid" in text and "USER root" not in text
    assert "en_US.UTF-8" in text and "PHX_SERVER" not in text


@pytest.mark.parametrize(
    "change",
    [
        ("RUN mix compile", 'SHELL ["/bin/bash", "-c"]\nRUN mix compile'),
        ("RUN mix compile", "RUN mix compile\nNONSENSE here"),
    ],
)
def test_what_is_not_understood_is_left_alone(change: tuple[str, str]) -> None:
    files = {**DEBIAN, "Dockerfile": dedent(DEBIAN["Dockerfile"]).replace(*change)}
    with pytest.raises(AssertionError, match=r"not offered|no rewrite"):
        rewritten(files)


def test_an_umbrella_without_releases_has_no_name_to_start() -> None:
    mix_exs = UMBRELLA["mix.exs"].replace(", releases: [shop: [applications: [shop: :permanent]]]", "")
    image = UMBRELLA["Dockerfile"].replace("mix release shop", "mix release")
    image = image.replace('["bin/shop", "start"]', '["bin/server"]')
    with pytest.raises(AssertionError, match="not offered"):
        rewritten({**UMBRELLA, "mix.exs": mix_exs, "Dockerfile": image})


# As `mix phx.gen.release --docker` lays it out.
GENERATED = """
    ARG ELIXIR_VERSION=1.17.3
    ARG OTP_VERSION=27.1.2
    ARG DEBIAN_VERSION=bookworm-20241016-slim
    ARG BUILDER_IMAGE="docker.io/hexpm/elixir:${ELIXIR_VERSION}-erlang-${OTP_VERSION}-debian-${DEBIAN_VERSION}"
    ARG RUNNER_IMAGE="docker.io/debian:${DEBIAN_VERSION}"

    FROM ${BUILDER_IMAGE} AS builder
    RUN apt-get update \\
      && apt-get install -y --no-install-recommends build-essential git \\
      && rm -rf /var/lib/apt/lists/*
    WORKDIR /app
    RUN mix local.hex --force \\
      && mix local.rebar --force
    ENV MIX_ENV="prod"
    COPY mix.exs mix.lock ./
    RUN mix deps.get --only $MIX_ENV
    RUN mkdir config
    COPY config/config.exs config/${MIX_ENV}.exs config/
    RUN mix deps.compile
    RUN mix assets.setup
    COPY priv priv
    COPY lib lib
    RUN mix compile
    COPY assets assets
    RUN mix assets.deploy
    COPY config/runtime.exs config/
    COPY rel rel
    RUN mix release

    FROM ${RUNNER_IMAGE} AS final
    RUN apt-get update \\
      && apt-get install -y --no-install-recommends libstdc++6 openssl libncurses5 locales ca-certificates \\
      && rm -rf /var/lib/apt/lists/*
    RUN sed -i '/en_US.UTF-8/s/^# //g' /etc/locale.gen \\
      && locale-gen
    ENV LANG=en_US.UTF-8
    WORKDIR "/app"
    RUN chown nobody /app
    ENV MIX_ENV="prod"
    COPY --from=builder --chown=nobody:root /app/_build/${MIX_ENV}/rel/board ./
    USER nobody
    CMD ["/app/bin/server"]
    """


def test_what_phoenix_generates_draws_nothing() -> None:
    files = {
        path: dedent(text).lstrip("\n").encode()
        for path, text in {**DEBIAN, "lib/board_web/router.ex": "", "Dockerfile": GENERATED}.items()
    }
    file, findings = findings_in(files, "Dockerfile")
    assert findings == []
    assert isinstance(file, DockerFile) and stage_objections_of_generated(file) == []


def stage_objections_of_generated(file: DockerFile) -> list[str]:
    """The generator names the folder by a variable."""
    return [one for one in stage_objections(file) if "${MIX_ENV}" not in one]


@pytest.mark.parametrize("profile", ["recommended", "strict"])
def test_the_guide_s_own_image_draws_one_hint(profile: str) -> None:
    snippet = next(snippet for snippet in CORRECT if snippet.name == "dockerfile")
    _, findings = findings_in(snippet.files, "Dockerfile", Settings(profile=profile))  # type: ignore[arg-type]
    assert [(f.rule, f.level) for f in findings] == [("deploy/docker-root", Level.HINT)]


def test_whatever_is_typed_nothing_raises() -> None:
    """Prefixes and random cuts of whole files, as an editor sees them between two keystrokes."""
    random = Random(7)
    texts = [dedent(files["Dockerfile"]) for files in (DEBIAN, UMBRELLA, BESIDE)] + [dedent(GENERATED)]
    for text in texts:
        broken = [text[:end] for end in range(0, len(text), 17)]
        for _ in range(60):
            at, length = random.randrange(len(text)), random.choice((1, 2, 5, 30))
            broken.append(
                text[:at]
                + random.choice(("", '"', "\\", "&&", "\n", "<<EOF", "$", "#"))
                + text[at + length :]
            )
        for one in broken:
            data = {**{p: dedent(t).encode() for p, t in DEBIAN.items()}, "Dockerfile": one.encode()}
            file, findings = findings_in(data, "Dockerfile")
            for finding in findings:
                assert 0 <= finding.span.start < finding.span.end <= len(file.data)
                for fix in finding.fixes:
                    change = build(data, file, fix)
                    if change is not None:
                        applied(data, change)
