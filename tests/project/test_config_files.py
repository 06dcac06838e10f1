"""What config files set, for which environments, and what a change of them touches."""

from __future__ import annotations

from textwrap import dedent

import pytest

from otpwise_analyzers.project.build_config import groups_of
from otpwise_analyzers.project.config_files import (
    ConfigFacts,
    Configuration,
    Environments,
    config_facts,
    environment_of,
)
from otpwise_analyzers.project.facts import facts_of
from otpwise_analyzers.project.index import Project
from otpwise_analyzers.syntax.file import ElixirFile


def _facts(text: str, path: str = "config/config.exs") -> ConfigFacts:
    facts = config_facts(ElixirFile(path, dedent(text).encode()))
    assert facts is not None
    return facts


def test_paths_go_down_to_the_values() -> None:
    facts = _facts(
        """
        import Config

        config :shop, ecto_repos: [Shop.Repo], mail: [from: "a@b"]
        config :shop, Shop.Repo, pool: [size: 1, name: "x"], url: System.get_env("URL")
        config :shop, :limit, 5
        config(:shop, Shop.Web, [port: 1])
        import_config "../apps/a/config/config.exs"
        import_config "#{config_env()}.exs"
        """
    )
    assert [setting.path for setting in facts.settings] == [
        ("shop", "ecto_repos"),
        ("shop", "mail", "from"),
        ("shop", "Shop.Repo", "pool", "size"),
        ("shop", "Shop.Repo", "pool", "name"),
        ("shop", "Shop.Repo", "url"),
        ("shop", "limit"),
        ("shop", "Shop.Web", "port"),
    ]
    assert [setting.path[-1] for setting in facts.settings if setting.reads_env] == ["url"]
    assert facts.imports == ("apps/a/config/config.exs",) and facts.reads_env


@pytest.mark.parametrize(
    ("condition", "inside", "outside"),
    [
        ("if config_env() == :prod do", "prod", "dev"),
        ("if :prod == Mix.env() do", "prod", "dev"),
        ("if config_env() != :prod do", "dev", "prod"),
        ("unless Mix.env() == :test do", "prod", "test"),
        ("if config_env() in [:dev, :test] do", "test", "prod"),
        ("if Mix.env in ~w(dev test)a do", "test", "prod"),
        ("if config_env() not in [:dev, :test] do", "prod", "dev"),
        ("if not (config_env() == :dev) do", "prod", "dev"),
    ],
)
def test_conditions_on_the_environment(condition: str, inside: str, outside: str) -> None:
    facts = _facts(f"{condition}\n  config :a, b: 1\nelse\n  config :a, c: 1\nend\n")
    first, second = facts.settings
    assert inside in first.environments and outside not in first.environments
    assert outside in second.environments and inside not in second.environments
    assert not first.maybe


def test_other_conditions_are_a_maybe() -> None:
    facts = _facts('if System.get_env("X") do\n  config :a, b: 1\nend\n', "config/prod.exs")
    (setting,) = facts.settings
    assert setting.maybe and "prod" in setting.environments and "dev" not in setting.environments


def test_environments_of_files() -> None:
    names = ("config.exs", "runtime.exs", "prod.exs", "prod.secret.exs")
    assert [environment_of(f"config/{name}") for name in names] == [None, None, "prod", "prod"]
    prod, others = Environments(("prod",), False), Environments(("prod", "test"))
    assert not prod.meets(others) and prod.inverted().meets(others)
    assert prod.both(Environments()) == prod and others.both(Environments()) == others


def test_a_configuration_is_that_of_its_app_and_umbrella() -> None:
    facts = _facts("config :a, b: 1\n")
    paths = ("config/runtime.exs", "apps/a/config/prod.exs", "apps/b/config/prod.exs", "priv/x/config/a.exs")
    configuration = Configuration(("", "apps/a"), dict.fromkeys(paths, facts))
    assert list(configuration.files) == ["config/runtime.exs", "apps/a/config/prod.exs"]
    assert configuration.runtime == "config/runtime.exs"
    assert configuration.sets(("a", "b"), "prod", names=("prod.exs",))
    assert not configuration.sets(("a", "c"), "prod")


def test_files_that_asked_are_checked_again() -> None:
    texts = {
        "config/prod.exs": 'config :a, b: System.get_env("B")\n',
        "config/runtime.exs": "import Config\n",
        "lib/a.ex": "defmodule A do\nend\n",
    }
    project = Project(facts_of(ElixirFile(path, text.encode())) for path, text in texts.items())
    view = project.view("config/prod.exs")
    assert view.configuration.runtime == "config/runtime.exs" and view.compiled_config == frozenset()
    changed = ElixirFile("config/runtime.exs", b"import Config\nconfig :a, b: 1\n")
    keys = project.update("config/runtime.exs", facts_of(changed))
    assert project.affected(keys) == ["config/prod.exs"]
    moved = ElixirFile("config/runtime.exs", b"import Config\n\n\nconfig :a, b: 1\n")
    assert project.update("config/runtime.exs", facts_of(moved)) == set()
    reader = ElixirFile(
        "lib/a.ex", b"defmodule A do\n  @b Application.compile_env(:a, [:b, __MODULE__])\nend\n"
    )
    assert ("compiled config",) in project.update("lib/a.ex", facts_of(reader))
    assert [read.path for read in project.view("config/prod.exs").compiled_config] == [("a", "b", "A")]


def test_a_release_shows_itself() -> None:
    for path, text in {
        "mix.exs": "defmodule M do\n  def project, do: [app: :a, releases: [a: []]]\nend\n",
        "config/runtime.exs": "import Config\n",
        "rel/config.exs": "use Distillery.Releases.Config\n",
    }.items():
        project = Project([facts_of(ElixirFile(path, text.encode()))])
        assert project.view("config/prod.exs").is_released
    assert not Project([facts_of(ElixirFile("config/prod.exs", b""))]).view("config/prod.exs").is_released


def test_reads_that_hang_together_are_one_group() -> None:
    text = """
        import Config
        url = System.get_env("URL")
        config :a, A.Repo, url: url, size: System.get_env("SIZE")
        config :a, A.Mail, from: System.get_env("FROM")
        config :a, A.Other, url: url
        """
    project = Project([facts_of(ElixirFile("config/prod.exs", dedent(text).encode()))])
    file = ElixirFile("config/prod.exs", dedent(text).encode(), project=project.view("config/prod.exs"))
    groups = groups_of(file)
    assert [[read.name for read in group.reads] for group in groups] == [["URL", "SIZE"], ["FROM"]]
    assert [binding.name for binding in groups[0].bindings] == ["url"]
    paths = {use.path[1:] for use in groups[0].uses}
    assert paths == {("A.Repo", "url"), ("A.Other", "url"), ("A.Repo", "size")}
