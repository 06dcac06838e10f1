"""`otpwise tree`: what it prints, as text, as diagrams and for programs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from textwrap import dedent

import pytest

from tests.cli.conftest import MIX, Otpwise, Project

_MIX = MIX.replace("\nend\n", "\n  def application, do: [mod: {Mini.Application, []}]\nend\n")
_APPLICATION = dedent("""\
    defmodule Mini.Application do
      use Application

      def start(_type, _args) do
        children = [
          Mini.Store,
          {DynamicSupervisor, name: Mini.Rooms, max_restarts: 10},
          {Task.Supervisor, name: Mini.Tasks},
          if(System.get_env("MAIL"), do: {Mini.Mailer, []}),
          more(),
          {Phoenix.PubSub, name: Mini.PubSub}
        ]

        Supervisor.start_link(children, strategy: :rest_for_one, name: Mini.Supervisor)
      end

      defp more, do: Enum.random([])
    end
    """)
_PROCESSES = dedent("""\
    defmodule Mini.Store do
      use GenServer, restart: :transient
      def start_link(_), do: GenServer.start_link(__MODULE__, :ok)
      def open(id), do: DynamicSupervisor.start_child(Mini.Rooms, {Mini.Room, id})
      def run(fun), do: Task.Supervisor.start_child(Mini.Tasks, fun)
    end

    defmodule Mini.Room do
      use GenServer
      def start_link(_), do: GenServer.start_link(__MODULE__, :ok)
    end

    defmodule Mini.Lost do
      use GenServer
      def start_link(_), do: GenServer.start_link(__MODULE__, :ok)
    end
    """)
_FILES = {"mix.exs": _MIX, "lib/mini/application.ex": _APPLICATION, "lib/mini/processes.ex": _PROCESSES}
_TEXT = """\
mini
Mini.Application as Mini.Supervisor · rest_for_one · 3 restarts in 5 s (default)  lib/mini/application.ex:14
├─ Mini.Store · transient  lib/mini/application.ex:6
├─ DynamicSupervisor as Mini.Rooms · one_for_one · 10 restarts in 5 s  lib/mini/application.ex:7
│  └─ + Mini.Room  lib/mini/processes.ex:4
├─ Task.Supervisor as Mini.Tasks · one_for_one · 3 restarts in 5 s (default)  lib/mini/application.ex:8
│  └─ + tasks from lib/mini/processes.ex:5
├─ Mini.Mailer · if System.get_env("MAIL")  lib/mini/application.ex:9
├─ ? from more/0  lib/mini/application.ex:17
└─ Phoenix.PubSub as Mini.PubSub  lib/mini/application.ex:11

In no supervision tree of the project:
└─ Mini.Lost · nothing starts it  lib/mini/processes.ex:13
"""


def test_text(otpwise: Otpwise, project: Project) -> None:
    folder = project(_FILES)
    run = otpwise("tree", cwd=folder)
    assert (run.code, run.out, run.err) == (0, _TEXT, "")
    # A file or a folder inside of it means the project.
    below = otpwise("tree", "application.ex", cwd=folder / "lib" / "mini")
    assert below.code == 0 and "├─ Mini.Store · transient  application.ex:6\n" in below.out


def test_colours_are_asked_for(otpwise: Otpwise, project: Project) -> None:
    coloured = otpwise("tree", "--color", "always", cwd=project(_FILES)).out
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == _TEXT


def test_json(otpwise: Otpwise, project: Project) -> None:
    run = otpwise("tree", "--format", "json", cwd=project(_FILES))
    report = json.loads(run.out)
    assert run.code == 0 and report["version"] == 1
    (app,) = report["applications"]
    assert {key: app[key] for key in ("app", "path", "module", "problem", "loose")} == {
        "app": "mini",
        "path": ".",
        "module": "Mini.Application",
        "problem": None,
        "loose": [],
    }
    (root,) = app["roots"]
    assert root["strategy"] == {"value": "rest_for_one", "default": False}
    assert root["intensity"] == {"max_restarts": 3, "max_seconds": 5, "default": True}
    assert [child["kind"] for child in root["children"]] == [
        "worker",
        "dynamic",
        "dynamic",
        "library",
        "unknown",
        "library",
    ]
    store, rooms, tasks, mailer, more, _ = root["children"]
    assert store["entry"] == {"path": "lib/mini/application.ex", "line": 6, "column": 7}
    assert store["definition"] == {"path": "lib/mini/processes.ex", "line": 1, "column": 1}
    assert (store["restart"], store["type"], store["id"]) == ("transient", "worker", "Mini.Store")
    assert (store["position"], store["of"], store["exact"]) == (1, 6, False)
    (room,) = rooms["children"]
    assert room["dynamic"] and room["starts"] == [{"path": "lib/mini/processes.ex", "line": 4, "column": 63}]
    assert tasks["tasks"] == [{"path": "lib/mini/processes.ex", "line": 5, "column": 21}]
    assert mailer["condition"] == 'if System.get_env("MAIL")'
    assert more["module"] is None and more["source"] == "more/0"
    (lost,) = app["unsupervised"]
    assert (lost["module"], lost["started_by"], lost["named"]) == ("Mini.Lost", [], False)


def test_the_page_names_every_key_of_the_json(otpwise: Otpwise, project: Project) -> None:
    page = (Path(__file__).parents[2] / "docs" / "tree.md").read_text()
    report = json.loads(otpwise("tree", "--format", "json", cwd=project(_FILES)).out)
    (app,) = report["applications"]
    for part in (report, app, app["roots"][0], app["unsupervised"][0], app["roots"][0]["entry"]):
        for key in part:
            assert f"`{key}`" in page, key


def test_diagrams(otpwise: Otpwise, project: Project) -> None:
    folder = project(_FILES)
    mermaid = otpwise("tree", "--format", "mermaid", cwd=folder).out
    assert mermaid.startswith("flowchart LR\n")
    assert '    a0n1("Mini.Store"):::worker\n' in mermaid
    assert "if System.get_env(#quot;MAIL#quot;)" in mermaid
    assert "    a0n2 -.-> a0n3\n" in mermaid and "    a0n0 --> a0n1\n" in mermaid
    assert '("Mini.Lost"):::unsupervised' in mermaid
    declared = set(re.findall(r"^    (a0n\d+)[\[({]", mermaid, re.MULTILINE))
    assert set(re.findall(r"a0n\d+", mermaid)) == declared
    dot = otpwise("tree", "--format", "dot", cwd=folder).out
    assert dot.startswith("digraph supervision {\n") and dot.endswith("}\n")
    assert dot.count("{") == dot.count("}")
    assert '[label="Mini.Mailer\\nif System.get_env(\\"MAIL\\")"' in dot
    assert "    a0n2 -> a0n3 [style=dashed]\n" in dot


_UMBRELLA = {
    "mix.exs": 'defmodule U.MixProject do\n  use Mix.Project\n  def project, do: [apps_path: "apps"]\nend\n',
    **{
        f"apps/{name}/{path}": text.replace("Mini", name.title()).replace(":mini", f":{name}")
        for name in ("one", "two")
        for path, text in (("mix.exs", _MIX), ("lib/app.ex", _APPLICATION))
    },
    "apps/lib/mix.exs": MIX.replace(":mini", ":lib"),
}


def test_umbrellas(otpwise: Otpwise, project: Project) -> None:
    folder = project(_UMBRELLA)
    out = otpwise("tree", cwd=folder).out
    assert [line for line in out.splitlines() if line[:1].islower()] == [
        "lib  apps/lib",
        "one  apps/one",
        "two  apps/two",
    ]
    assert "No supervision tree: its mix.exs names no application callback" in out
    one = otpwise("tree", "--app", "one", cwd=folder)
    assert one.code == 0 and "One.Supervisor" in one.out and "Two" not in one.out
    library = otpwise("tree", "--app", "lib", cwd=folder)
    assert library.code == 1
    missing = otpwise("tree", "--app", "three", cwd=folder)
    assert missing.code == 2 and "the project has lib, one, two" in missing.err and missing.out == ""


def test_projects_below_a_folder_are_separate(otpwise: Otpwise, tmp_path: Path) -> None:
    for name in ("a", "b"):
        for path, text in _FILES.items():
            full = tmp_path / name / path
            full.parent.mkdir(parents=True, exist_ok=True)
            full.write_text(text)
    run = otpwise("tree", cwd=tmp_path)
    assert run.code == 0
    assert [line for line in run.out.splitlines() if line.startswith("mini")] == ["mini  a", "mini  b"]


@pytest.mark.parametrize(
    ("files", "code", "message"),
    [
        ({"mix.exs": MIX, "lib/a.ex": "defmodule A do\nend\n"}, 1, ""),
        ({"mix.exs": _MIX, "lib/a.ex": "defmodule A do\nend\n"}, 1, ""),
        ({**_FILES, "lib/b.ex": "defmodule B do\n  def x(\nend\n"}, 0, "lib/b.ex:"),
        ({**_FILES, "lib/b.ex": b"defmodule B do\n # \xe9\nend\n"}, 3, "lib/b.ex is not UTF-8"),
    ],
)
def test_what_can_go_wrong(
    files: dict[str, str | bytes], code: int, message: str, otpwise: Otpwise, project: Project
) -> None:
    run = otpwise("tree", cwd=project(files))
    assert run.code == code, run
    assert message in run.err


def test_a_folder_without_a_project(otpwise: Otpwise, tmp_path: Path) -> None:
    (tmp_path / "a.ex").write_text("defmodule A do\nend\n")
    run = otpwise("tree", cwd=tmp_path)
    assert run.code == 2 and "is in no Mix project" in run.err and run.out == ""


def test_a_path_that_is_not_there(otpwise: Otpwise, project: Project) -> None:
    run = otpwise("tree", "nowhere", cwd=project(_FILES))
    assert run.code == 2 and "nowhere: there is no such file or folder" in run.err


def test_the_protocol_is_not_imported(otpwise: Otpwise, project: Project) -> None:
    run = otpwise("tree", cwd=project(_FILES), PYTHONPROFILEIMPORTTIME="1")
    assert "otpwise_cli.tree" in run.err
    assert not re.search(r"\b(pygls|lsprotocol|rich)\b", run.err)


def test_html_is_one_page_with_places(project: Project, otpwise: Otpwise) -> None:
    project(_FILES)
    run = otpwise("tree", "--format", "html")
    assert run.code == 0 and run.out.startswith("<!DOCTYPE html>") and run.out.endswith("</html>\n")
    assert "<title>Supervision: mini</title>" in run.out
    assert 'title="lib/mini/application.ex:6"><b>Mini.Store</b>' in run.out
    assert "nothing starts it" in run.out and "<script" not in run.out
