"""config/missing-runtime-exs"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from functools import partial

from tree_sitter import Node

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level
from otpwise_analyzers.project.build_config import BUILD_FILES
from otpwise_analyzers.project.config_files import RUNTIME_FILES, Configuration
from otpwise_analyzers.rewrite.runtime_config import destination, move_all
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Reference, Rule
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile

_RELEASED = """\
defmodule MyApp.MixProject do
  use Mix.Project

  def project do
    [app: :my_app, version: "0.1.0", elixir: "~> 1.14", releases: [my_app: []]]
  end
end
"""
_PROD = """\
import Config

config :my_app, MyApp.Repo, url: System.get_env("DATABASE_URL")
"""


class MissingRuntimeExs(Rule):
    name = "config/missing-runtime-exs"
    summary = "a release without a file that is evaluated when it starts"
    impact = Impact.MEDIUM
    detects = """
        A project that is built as a release (`releases:` in `mix.exs`, `mix release` in a Dockerfile, `rel/`) and has a `config/prod.exs`,
        but neither `config/runtime.exs` nor `config/releases.exs`, while `config/config.exs` or
        `config/prod.exs` reads environment variables. One finding a project.
    """
    why = """
        Only `config/runtime.exs` is evaluated where a release runs, on each start. Without it nothing can be
        set there: the variables of the building machine are written into the release, and one image cannot
        serve two environments.
    """
    fine_when = """
        A release that gets its settings from elsewhere: its own `config_providers:` or
        `runtime_config_path:`, or `init/2` of the repo and the endpoint. A library, and an application that
        needs nothing of its machine, are let be.
    """
    trade_off = "One more file, which is evaluated in development and in tests as well."
    fix_note = FixNote(
        writes=(
            "`config/runtime.exs` with all that can move, each as the fix of `config/compile-time-env` would "
            "move it by itself."
        ),
        because="Unsafe: all of it is read when the release starts instead of when it is built.",
        leaves="What cannot move stays where it is, and keeps its own finding.",
    )
    references = (
        Reference(
            "Mix.Tasks.Release: runtime configuration",
            "https://hexdocs.pm/mix/Mix.Tasks.Release.html#module-runtime-configuration",
        ),
    )
    calls = frozenset({"import", "use"})
    needles = (b"Config", b"releases")
    incorrect = (
        Example(
            path="mix.exs",
            code="""\
                defmodule MyApp.MixProject do
                  use Mix.Project

                  def project do
                    [app: :my_app, version: "0.1.0", elixir: "~> 1.14", «releases: [my_app: []]»]
                  end
                end
                """,
            others={
                "config/config.exs": """\
                    import Config

                    config :my_app, :page_size, 20

                    import_config "#{config_env()}.exs"
                    """,
                "config/prod.exs": """\
                    import Config

                    config :my_app, MyApp.Repo,
                      url: System.get_env("DATABASE_URL"),
                      ssl: true

                    config :my_app, MyAppWeb.Endpoint,
                      url: [host: System.get_env("HOST"), port: 443],
                      secret_key_base: System.get_env("SECRET_KEY_BASE")

                    config :my_app, :reports, Path.expand(System.get_env("REPORTS", "."), __DIR__)
                    """,
            },
            fixed_others={
                "config/prod.exs": """\
                    import Config

                    config :my_app, MyApp.Repo, ssl: true

                    config :my_app, MyAppWeb.Endpoint, url: [port: 443]

                    config :my_app, :reports, Path.expand(System.get_env("REPORTS", "."), __DIR__)
                    """,
                "config/runtime.exs": """\
                    import Config

                    if config_env() == :prod do
                      config :my_app, MyApp.Repo, url: System.fetch_env!("DATABASE_URL")

                      config :my_app, MyAppWeb.Endpoint,
                        url: [host: System.fetch_env!("HOST")],
                        secret_key_base: System.fetch_env!("SECRET_KEY_BASE")
                    end
                    """,
            },
        ),
        Example(
            path="config/prod.exs",
            code="""\
                «import Config»

                config :my_app, MyApp.Mailer, relay: System.get_env("SMTP_HOST"), port: 587
                """,
            others={
                "rel/config.exs": """\
                    use Distillery.Releases.Config, default_environment: :prod
                    """,
            },
            fixed="""\
                import Config

                config :my_app, MyApp.Mailer, port: 587
                """,
            fixed_others={
                "config/runtime.exs": """\
                    import Config

                    if config_env() == :prod do
                      config :my_app, MyApp.Mailer, relay: System.get_env("SMTP_HOST")
                    end
                    """,
            },
        ),
        Example(
            path="mix.exs",
            code="""\
                defmodule MyUmbrella.MixProject do
                  use Mix.Project

                  def project do
                    [apps_path: "apps", version: "0.1.0", «releases: releases()»]
                  end

                  defp releases, do: [shop: [applications: [shop: :permanent]]]
                end
                """,
            others={
                "config/prod.exs": """\
                    import Config

                    import_config "../apps/shop/config/prod.exs"
                    """,
                "apps/shop/mix.exs": """\
                    defmodule Shop.MixProject do
                      use Mix.Project

                      def project, do: [app: :shop, version: "0.1.0"]
                    end
                    """,
                "apps/shop/config/prod.exs": """\
                    import Config

                    # Payments go through the bank.
                    config :shop, Shop.Payments, token: System.get_env("PAYMENTS_TOKEN")
                    """,
            },
            fixed_others={
                "apps/shop/config/prod.exs": """\
                    import Config
                    """,
                "config/runtime.exs": """\
                    import Config

                    if config_env() == :prod do
                      # Payments go through the bank.
                      config :shop, Shop.Payments, token: System.fetch_env!("PAYMENTS_TOKEN")
                    end
                    """,
            },
        ),
    )
    correct = (
        Example(
            path="config/prod.exs",
            code=_PROD,
            others={"mix.exs": _RELEASED, "config/runtime.exs": "import Config\n"},
            why="The file is there.",
        ),
        Example(
            path="mix.exs",
            code=_RELEASED,
            others={"config/prod.exs": _PROD, "config/releases.exs": "import Config\n"},
            why="The file is there under its name of Elixir 1.9.",
        ),
        Example(
            path="mix.exs",
            code=_RELEASED,
            others={"config/prod.exs": "import Config\n\nconfig :logger, level: :info\n"},
            why="The application asks its machine for nothing.",
        ),
        Example(
            path="mix.exs",
            code="""\
                defmodule MyApp.MixProject do
                  use Mix.Project

                  def project do
                    [
                      app: :my_app,
                      version: "0.1.0",
                      releases: [my_app: [config_providers: [{MyApp.Vault, "/run/secrets"}]]]
                    ]
                  end
                end
                """,
            others={"config/prod.exs": _PROD},
            why="The release has another provider of its configuration.",
        ),
        Example(
            path="config/prod.exs",
            code=_PROD,
            why="Nothing says that a release is built.",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        is_mix = posixpath.basename(file.path) == "mix.exs"
        if not is_mix and posixpath.basename(file.path) != "prod.exs":
            return
        project = file.project
        if not project.builds_releases or project.is_package or any(m.has_own_runtime for m in project.mixes):
            return
        of_app = is_mix and project.app
        configuration = project.configuration if of_app else project.whole_configuration
        at = _place(file, configuration, is_mix=is_mix)
        if at is None or configuration.file(*RUNTIME_FILES) is not None:
            return
        readers = [
            path
            for path, facts in configuration.files.items()
            if posixpath.basename(path) in BUILD_FILES and facts.reads_env
        ]
        if not readers or configuration.file("prod.exs") is None:
            return
        where = destination(project, "prod")
        fixes = []
        if where is not None:
            title = f"Create {where.path}, and read the environment there"
            move = partial(move_all, paths=_in_order(readers), where=where.path)
            fixes.append(Fix(title, Applicability.UNSAFE, move))
        yield self.finding(at, _message(file, readers), Level.INFORMATION, fixes=fixes)


def _in_order(paths: list[str]) -> list[str]:
    return sorted(
        paths, key=lambda path: (path.count("/"), BUILD_FILES.index(posixpath.basename(path)), path)
    )


def _message(file: ElixirFile, readers: list[str]) -> str:
    ordered = _in_order(readers)
    prods = [path for path in ordered if posixpath.basename(path) == "prod.exs"]
    named = file.path if file.path in readers else (prods or ordered)[0]
    return (
        f"The release has no `config/runtime.exs`: what `{named}` reads of the environment is what the machine "
        "that builds it has."
    )


def _place(file: ElixirFile, configuration: Configuration, *, is_mix: bool) -> Node | None:
    """The `releases:` of a mix.exs, or the first line of a prod.exs where no mix.exs has any."""
    if is_mix:
        for pair in nodes.descendants(file.root, "pair"):
            key = pair.child_by_field_name("key")
            if key is not None and nodes.keyword_name(key, file.data) == "releases":
                return pair
        return None
    if any(mix.has_releases for mix in file.project.mixes) or file.path != configuration.file("prod.exs"):
        return None
    return next(iter(nodes.named(file.root)), None)
