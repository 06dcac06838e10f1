"""Where a child goes, in the ways in which real applications build their lists."""

from __future__ import annotations

from textwrap import dedent

import pytest

from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.children import add_child, child_entry
from otpwise_analyzers.source.edits import apply
from otpwise_analyzers.syntax.file import ElixirFile
from tests.proof import project_of

_PATH = "lib/my_app/application.ex"


def _added(body: str, entry: str = "MyApp.Cache", others: dict[str, str] | None = None) -> str | None:
    """The application (or what else was changed) after the child was added; None when it cannot be."""
    files = {_PATH: dedent(body).encode(), "lib/my_app/a.ex": b"defmodule MyApp.A do\nend\n"}
    files |= {path: dedent(text).encode() for path, text in (others or {}).items()}
    file = ElixirFile(
        "lib/my_app/a.ex", files["lib/my_app/a.ex"], project=project_of(files).view("lib/my_app/a.ex")
    )
    change = add_child(FixContext(file, file.project, files.get), "MyApp.Cache", entry)
    if change is None:
        return None
    assert len(change) <= 1
    return apply(files[change[0].path], change[0].edits).decode() if change else "nothing to do"


def _application(children: str) -> str:
    return f"""\
defmodule MyApp.Application do
  use Application

  def start(_type, _args) do
{children}
    Supervisor.start_link(children, strategy: :one_for_one)
  end
end
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "    children = [\n      MyApp.Repo,\n      MyAppWeb.Endpoint\n    ]\n",
            "    children = [\n      MyApp.Repo,\n      MyApp.Cache,\n      MyAppWeb.Endpoint\n    ]\n",
        ),
        # The comments of a fresh project stay with what they are about.
        (
            "    children = [\n      MyApp.Repo,\n      # {MyApp.Worker, arg},\n      # The last entry\n      MyAppWeb.Endpoint\n    ]\n",
            "    children = [\n      MyApp.Repo,\n      MyApp.Cache,\n      # {MyApp.Worker, arg},\n      # The last entry\n      MyAppWeb.Endpoint\n    ]\n",
        ),
        # The endpoint before PubSub: what the child may need comes first.
        (
            "    children = [\n      MyAppWeb.Endpoint,\n      {Phoenix.PubSub, name: MyApp.PubSub}\n    ]\n",
            "    children = [\n      MyAppWeb.Endpoint,\n      {Phoenix.PubSub, name: MyApp.PubSub},\n      MyApp.Cache\n    ]\n",
        ),
        (
            "    children = [\n      MyAppWeb.Endpoint\n    ]\n",
            "    children = [\n      MyApp.Cache,\n      MyAppWeb.Endpoint\n    ]\n",
        ),
        ("    children = []\n", "    children = [MyApp.Cache]\n"),
        ("    children = [MyApp.Repo]\n", "    children = [MyApp.Repo, MyApp.Cache]\n"),
        (
            "    children = [\n      # {MyApp.Worker, arg}\n    ]\n",
            "    children = [\n      # {MyApp.Worker, arg}\n      MyApp.Cache\n    ]\n",
        ),
        (
            "    children = [MyApp.Repo, {Phoenix.PubSub, name: MyApp.PubSub}, {Finch, name: MyApp.Finch}, A.B]\n    log()\n",
            "    children = [\n      MyApp.Repo,\n      {Phoenix.PubSub, name: MyApp.PubSub},\n      {Finch, name: MyApp.Finch},\n      A.B,\n      MyApp.Cache\n    ]\n\n    log()\n",
        ),
        (
            "    children = [MyApp.Repo, MyAppWeb.Endpoint] ++ extra()\n",
            "    children = [MyApp.Repo, MyApp.Cache, MyAppWeb.Endpoint] ++ extra()\n",
        ),
        (
            "    children = [MyApp.Repo]\n    children = children ++ workers()\n",
            "    children = [MyApp.Repo, MyApp.Cache]\n    children = children ++ workers()\n",
        ),
        (
            "    children =\n      [\n        MyApp.Repo\n      ] ++ extra()\n",
            "    children =\n      [\n        MyApp.Repo,\n        MyApp.Cache\n      ] ++ extra()\n",
        ),
        (
            "    children = [\n      supervisor(MyApp.Repo, []),\n      supervisor(MyAppWeb.Endpoint, [])\n    ]\n",
            "    children = [\n      supervisor(MyApp.Repo, []),\n      MyApp.Cache,\n      supervisor(MyAppWeb.Endpoint, [])\n    ]\n",
        ),
    ],
)
def test_goes_behind_the_repo_and_before_the_endpoint(before: str, after: str) -> None:
    assert _added(_application(before)) == _application(after)


def test_nothing_when_it_is_there() -> None:
    assert _added(_application("    children = [{MyApp.Cache, ttl: 5}]\n")) == "nothing to do"


def test_a_list_that_is_an_argument() -> None:
    application = _application("").replace(
        "\n    Supervisor.start_link(children,", "    Supervisor.start_link([MyApp.Repo],"
    )
    assert _added(application) == application.replace("[MyApp.Repo]", "[MyApp.Repo, MyApp.Cache]")


def test_a_list_that_becomes_too_long_as_an_argument_gets_a_name() -> None:
    application = _application("").replace(
        "\n    Supervisor.start_link(children,",
        "    Supervisor.start_link([MyApp.Repo, MyAppWeb.Telemetry, MyAppWeb.Endpoint],",
    )
    children = "    children = [\n      MyApp.Repo,\n      MyAppWeb.Telemetry,\n      MyApp.Cache,\n      MyAppWeb.Endpoint\n    ]\n"
    assert _added(application) == _application(children)


def test_a_list_of_another_function_and_of_another_module() -> None:
    application = """\
        defmodule MyApp.Application do
          use Application
          def start(_type, _args), do: MyApp.Supervisor.start_link([])
        end
        """
    supervisor = """\
        defmodule MyApp.Supervisor do
          use Supervisor
          def start_link(arg), do: Supervisor.start_link(__MODULE__, arg)
          def init(_arg), do: Supervisor.init(children(), strategy: :one_for_one)
          defp children, do: [MyApp.Repo]
        end
        """
    after = _added(application, others={"lib/my_app/supervisor.ex": supervisor})
    assert after == dedent(supervisor).replace("[MyApp.Repo]", "[MyApp.Repo, MyApp.Cache]")


@pytest.mark.parametrize(
    "children",
    [
        "    children = if prod?(), do: [MyApp.Repo], else: []\n",
        "    children = Enum.map(modules(), &{&1, []})\n",
        "    children = [[MyApp.Repo], others()] |> List.flatten()\n",
    ],
)
def test_nothing_is_guessed(children: str) -> None:
    assert _added(_application(children)) is None


def test_line_endings_of_the_file() -> None:
    application = _application("    children = [\n      MyAppWeb.Endpoint\n    ]\n").replace("\n", "\r\n")
    after = _added(application)
    assert after is not None and after.count("\n") == after.count("\r\n")


def test_options_are_written_as_a_child_takes_them() -> None:
    assert child_entry("A", None) == child_entry("A", "[]") == "A"
    assert child_entry("A", "ttl: 5") == child_entry("A", "[ttl: 5]") == "{A, ttl: 5}"
    assert child_entry("A", "[:x]") == "{A, [:x]}"


def test_an_entry_that_is_too_long_is_broken_as_the_formatter_does() -> None:
    options = '[directory: "priv/cache", every: :timer.minutes(30), keep: [:newest, :largest, :dearest]]'
    application = _application("    children = [\n      MyAppWeb.Endpoint\n    ]\n")
    after = _added(application, child_entry("MyApp.Cache", options))
    expected = (
        "      {MyApp.Cache,\n"
        '       directory: "priv/cache",\n'
        "       every: :timer.minutes(30),\n"
        "       keep: [:newest, :largest, :dearest]},\n"
        "      MyAppWeb.Endpoint\n"
    )
    assert after == application.replace("      MyAppWeb.Endpoint\n", expected)
    start = f"{{GenServer, :start_link, [MyApp.Cache, {options}]}}"
    after = _added(application, f"%{{id: MyApp.Cache, start: {start}}}")
    assert after is None
    start = "{GenServer, :start_link, [MyApp.Cache, [every: 30_000], [name: MyApp.Cache]]}"
    after = _added(application, f"%{{id: MyApp.Cache, start: {start}}}")
    assert after == application.replace(
        "      MyAppWeb.Endpoint\n",
        f"      %{{\n        id: MyApp.Cache,\n        start: {start}\n      }},\n      MyAppWeb.Endpoint\n",
    )
