"""Facts and the index: what a project answers, and which files a change touches."""

from __future__ import annotations

import pickle
from textwrap import dedent

import msgspec
import pytest

from otpwise_analyzers.project.answers import locked_versions, version_numbers
from otpwise_analyzers.project.facts import FileFacts, facts_of
from otpwise_analyzers.project.index import Project
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.languages import open_file

FILES = {
    "mix.exs": """
        defmodule Shop.MixProject do
          use Mix.Project
          def project, do: [app: :shop, version: "0.1.0", deps: deps()]
          def application, do: [mod: {Shop.Application, []}, extra_applications: [:logger]]

          defp deps do
            [
              {:phoenix, "~> 1.7.10"},
              {:ecto_sql, "~> 3.10"},
              {:local, path: "../local"}
            ]
          end
        end
        """,
    "lib/shop/application.ex": """
        defmodule Shop.Application do
          use Application

          def start(_type, _args) do
            children = [
              Shop.Repo,
              {Phoenix.PubSub, name: Shop.PubSub},
              {Task.Supervisor, name: Shop.TaskSupervisor},
              Supervisor.child_spec({Shop.Cache, ttl: 5}, id: :cache),
              %{id: Shop.Old, start: {Shop.Old, :start_link, []}}
            ] ++ more()

            Supervisor.start_link(children, strategy: :one_for_one)
          end

          defp more, do: [Shop.Late]
        end
        """,
    "lib/shop/repo.ex": """
        defmodule Shop.Repo do
          use Ecto.Repo, otp_app: :shop, adapter: Ecto.Adapters.Postgres
        end
        """,
    "lib/shop/accounts/user.ex": """
        defmodule Shop.Accounts.User do
          use Ecto.Schema
          alias Shop.Sales.Order

          schema "users" do
            field :email, :string
            field :age, :integer, default: 0
            belongs_to :team, Shop.Accounts.Team
            has_many :orders, Order
            timestamps()
          end

          @spec changeset(t, map) :: Ecto.Changeset.t()
          def changeset(user, attrs \\\\ %{}), do: {user, attrs}
        end
        """,
    "lib/shop_web.ex": """
        defmodule ShopWeb do
          def controller do
            quote do
              use Phoenix.Controller
              import Plug.Conn
              alias ShopWeb.Router.Helpers, as: Routes
              unquote(verified_routes())
            end
          end

          def live_view do
            quote do
              use Phoenix.LiveView
              unquote(html_helpers())
            end
          end

          defp html_helpers do
            quote do
              import ShopWeb.CoreComponents
              unquote(verified_routes())
            end
          end

          def verified_routes do
            quote do
              use Phoenix.VerifiedRoutes, endpoint: ShopWeb.Endpoint
            end
          end

          defmacro __using__(which) when is_atom(which), do: apply(__MODULE__, which, [])
        end
        """,
    "lib/shop_web/user_socket.ex": """
        defmodule ShopWeb.UserSocket do
          use Phoenix.Socket
          channel "room:*", ShopWeb.RoomChannel
        end
        """,
    "lib/shop_web/page_controller.ex": """
        defmodule ShopWeb.PageController do
          use ShopWeb, :controller
          def index(conn, _), do: Routes.page_path(conn, :index)
        end
        """,
}


def facts(path: str, text: str) -> FileFacts:
    return facts_of(ElixirFile(path, dedent(text).encode()))


def project() -> Project:
    project = Project()
    project.load(facts(path, text) for path, text in FILES.items())
    return project


def test_answers() -> None:
    view = project().view("lib/shop/x.ex")
    assert view.repos == {"Shop.Repo"}
    assert view.is_repo("Shop.Repo") and view.is_repo("Other.Repo")
    assert not view.is_repo("GithubRepo") and not view.is_repo("Oban.Repo") and not view.is_repo(None)
    assert view.adapter("Shop.Repo") == "Ecto.Adapters.Postgres"
    assert view.application is not None and view.application.path == "lib/shop/application.ex"
    for child in ("Shop.Repo", "Shop.Cache", "Shop.Old", "Shop.Late", "Task.Supervisor"):
        assert view.supervisors_of(child) == ("Shop.Application",), child
    assert view.names_of("Task.Supervisor") == ("Shop.TaskSupervisor",)
    assert view.mounts_of("ShopWeb.RoomChannel") == ("ShopWeb.UserSocket",)
    assert view.deps == {"phoenix", "ecto_sql", "local"}
    assert view.version("phoenix") == (1, 7, 10)
    user = view.schema("Shop.Accounts.User")
    assert user is not None and user.table == "users"
    assert set(user.fields) == {"email", "age", "team_id", "inserted_at", "updated_at"}
    assert [(a.kind, a.name, a.module) for a in user.associations] == [
        ("belongs_to", "team", "Shop.Accounts.Team"),
        ("has_many", "orders", "Shop.Sales.Order"),
    ]
    assert view.schema_of_table("users") == "Shop.Accounts.User"
    changeset = view.function("Shop.Accounts.User", "changeset", 1)
    assert changeset is not None and changeset.spec and changeset.arity == 2


def test_the_web_module_is_followed() -> None:
    whole = project()
    path = "lib/shop_web/page_controller.ex"
    file = ElixirFile(path, dedent(FILES[path]).encode(), project=whole.view(path))
    module = file.modules[0]
    assert {"Phoenix.Controller", "Phoenix.VerifiedRoutes"} <= module.all_uses
    assert "Plug.Conn" in module.imports
    assert file.calls("page_path")[0].module == "ShopWeb.Router.Helpers"
    live = whole.expansion("ShopWeb", "live_view")
    assert live is not None and live.imports == ("ShopWeb.CoreComponents",)
    assert set(live.uses) == {"Phoenix.LiveView", "Phoenix.VerifiedRoutes"}


def test_facts_travel() -> None:
    for path, text in FILES.items():
        one = facts(path, text)
        assert pickle.loads(pickle.dumps(one)) == one
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=FileFacts) == one


def test_only_files_that_asked_are_affected() -> None:
    whole = project()
    asks_supervision, asks_nothing = whole.view("lib/a.ex"), whole.view("lib/b.ex")
    asks_supervision.supervisors_of("Shop.Cache")
    asks_nothing.module("Shop.Unrelated")
    path = "lib/shop/application.ex"
    changed = whole.update(path, facts(path, FILES[path].replace("{Shop.Cache, ttl: 5}", "{Shop.Other, []}")))
    assert whole.affected(changed) == ["lib/a.ex"]


def test_a_changed_tree_affects_those_who_asked_for_the_module() -> None:
    whole = project()
    mix = "defmodule M do\n  def application, do: [mod: {Shop.Application, []}]\nend"
    whole.update("mix.exs", facts("mix.exs", mix))
    assert [p.position for p in whole.view("lib/a.ex").supervision("Shop.Cache").parents] == [4]
    whole.view("lib/b.ex").module("Shop.Unrelated")
    path = "lib/shop/application.ex"
    text = FILES[path].replace("Shop.Repo,", "Shop.Repo, Shop.Another,")
    assert whole.affected(whole.update(path, facts(path, text))) == ["lib/a.ex"]
    # Nobody is told twice of the same, and nobody of what changes no tree.
    assert whole.affected(whole.update(path, facts(path, f"# moved\n{dedent(text)}"))) == []


def test_moving_code_affects_nobody() -> None:
    whole = project()
    whole.view("lib/a.ex").module("Shop.Application")
    path = "lib/shop/application.ex"
    before = whole.span("Shop.Application", "start", 2)
    assert whole.update(path, facts(path, "# a comment more\n" + dedent(FILES[path]))) == set()
    after = whole.span("Shop.Application", "start", 2)
    assert before is not None and after is not None and after[0] > before[0]


def test_a_new_or_removed_module_is_noticed() -> None:
    whole = project()
    whole.view("lib/a.ex").module("Shop.New")
    changed = whole.update("lib/new.ex", facts("lib/new.ex", "defmodule Shop.New do\nend"))
    assert whole.affected(changed) == ["lib/a.ex"]
    whole.view("lib/a.ex").module("Shop.New")
    assert whole.affected(whole.remove("lib/new.ex")) == ["lib/a.ex"]


def test_umbrella_apps_have_their_own_application_and_dependencies() -> None:
    whole = Project()
    whole.load(
        facts(path, text)
        for path, text in {
            "mix.exs": 'defmodule U do\n  def project, do: [apps_path: "apps", deps: [{:credo, "~> 1.7"}]]\nend',
            "apps/a/mix.exs": 'defmodule A do\n  def project, do: [app: :a, deps: [{:ecto, "~> 3.0"}]]\nend',
            "apps/a/lib/a/application.ex": "defmodule A.Application do\n  use Application\nend",
            "apps/b/mix.exs": "defmodule B do\n  def project, do: [app: :b]\nend",
            "apps/b/lib/b/application.ex": "defmodule B.Application do\n  use Application\nend",
        }.items()
    )
    in_a, in_b = whole.view("apps/a/lib/x.ex"), whole.view("apps/b/lib/x.ex")
    assert in_a.app == "apps/a"
    assert in_a.application is not None and in_a.application.facts.name == "A.Application"
    assert in_b.application is not None and in_b.application.facts.name == "B.Application"
    assert in_a.deps == {"credo", "ecto"} and in_b.deps == {"credo"}


def test_the_lock_gives_the_versions() -> None:
    lock = b'%{\n  "ecto": {:hex, :ecto, "3.12.4", "abc", [:mix], [], "hexpm", "x"},\n  "own": {:git, "u", "r", []},\n}\n'
    assert locked_versions(lock) == {"own": "", "ecto": "3.12.4"}
    whole = project()
    assert whole.set_lock("mix.lock", lock) == {("deps",)}
    assert whole.set_lock("mix.lock", lock) == set()
    assert whole.view("lib/x.ex").version("ecto") == (3, 12, 4)
    assert version_numbers("~> 1.0 or ~> 2.0") == (1, 0) and version_numbers("") is None


@pytest.mark.parametrize(
    ("path", "text", "builds"),
    [
        ("Dockerfile", "FROM elixir:1.16 AS build\nRUN mix do compile, release\n", True),
        ("Dockerfile", "FROM elixir:1.16\nCMD mix phx.server\n", False),
        ("Dockerfile", "FROM elixir:1.16\nRUN echo mix release\n", False),
        ("docker/prod.Dockerfile", 'FROM elixir:1.16\nRUN ["mix", "release"]\n', True),
    ],
)
def test_a_dockerfile_says_that_there_is_a_release(path: str, text: str, builds: bool) -> None:
    whole = project()
    assert not whole.view("lib/a.ex").is_released
    changed = whole.update(path, facts_of(open_file(path, text.encode())))
    assert whole.affected(changed) == (["lib/a.ex"] if builds else [])
    assert whole.view("lib/a.ex").is_released is builds


def test_without_an_index_everything_still_answers() -> None:
    view = Project().view("x.exs")
    assert not view.is_known and view.application is None and view.repos == frozenset()
    assert view.is_repo("Repo") and view.adapter("Repo") == "" and view.deps == frozenset()
    assert view.repo_share_of_controllers == 0.0 and not view.is_package
    assert not view.is_released
