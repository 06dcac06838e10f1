"""Who measures whose mailbox, under which name a process runs, and what of its code it runs itself."""

from __future__ import annotations

from textwrap import dedent

import pytest

from otpwise_analyzers.project.blocking_calls import Wait
from otpwise_analyzers.project.facts import facts_of
from otpwise_analyzers.project.index import Project
from otpwise_analyzers.project.mailboxes import Tag, tag_of
from otpwise_analyzers.project.processes import has_one_name, registered_name
from otpwise_analyzers.project.waiting import waits_of
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile

_TELEMETRY = """\
defmodule MyApp.Telemetry do
  alias MyApp.{Keeper, Other}

  def other, do: Other

  def measure(pid \\\\ Process.whereis(Keeper)) do
    {:KEY, n} = :erlang.process_info(pid, :KEY)
    n
  end
end
"""


def _facts(path: str, text: str):  # type: ignore[no-untyped-def]
    return facts_of(ElixirFile(path, dedent(text).encode()))


def test_a_file_is_checked_again_when_its_mailbox_begins_to_be_measured() -> None:
    project = Project()
    measured = _TELEMETRY.replace("KEY", "message_queue_len")
    project.load([_facts("lib/telemetry.ex", _TELEMETRY.replace("KEY", "memory"))])
    assert not project.view("lib/keeper.ex").is_measured("MyApp.Keeper")
    keys = project.update("lib/telemetry.ex", _facts("lib/telemetry.ex", measured))
    assert project.affected(keys) == ["lib/keeper.ex"]
    assert project.view("lib/keeper.ex").is_measured("MyApp.Keeper")
    assert not project.view("lib/keeper.ex").is_measured("MyApp.Third")


@pytest.mark.parametrize(
    ("start", "name"),
    [
        ("GenServer.start_link(__MODULE__, opts, name: __MODULE__)", "MyApp.Keeper"),
        ("GenServer.start_link(__MODULE__, opts, name: :keeper)", ":keeper"),
        ("GenServer.start_link(__MODULE__, opts, name: @name)", "MyApp.Named"),
        (
            "GenServer.start_link(__MODULE__, opts, name: Keyword.get(opts, :name, __MODULE__))",
            "MyApp.Keeper",
        ),
        ("GenServer.start_link(__MODULE__, opts)", None),
        ("GenServer.start_link(__MODULE__, opts, name: via(opts))", None),
    ],
)
def test_the_name_of_a_process(start: str, name: str | None) -> None:
    code = f"""
    defmodule MyApp.Keeper do
      use GenServer
      @name MyApp.Named
      def start_link(opts), do: {start}
    end
    """
    module = ElixirFile("lib/keeper.ex", dedent(code).encode()).modules[0]
    assert registered_name(module) == name
    assert has_one_name(module) is (name is not None)


def test_a_global_name_is_one_but_not_its_nodes() -> None:
    code = b"defmodule A do\n  def start_link(_), do: GenServer.start_link(A, 0, name: {:global, __MODULE__})\nend\n"
    module = ElixirFile("lib/a.ex", code).modules[0]
    assert has_one_name(module)
    assert registered_name(module) is None


@pytest.mark.parametrize(
    ("pattern", "tag"),
    [
        ("{:put, key, value}", Tag("put", 3)),
        ("{:put, _} = message", Tag("put", 2)),
        (":refresh", None),
        ("{module, :put}", None),
        ("{:put}", None),
    ],
)
def test_tags(pattern: str, tag: Tag | None) -> None:
    file = ElixirFile("lib/a.ex", pattern.encode())
    assert tag_of(nodes.named(file.root)[0], file.data) == tag


def test_what_a_clause_waits_for() -> None:
    code = """
    defmodule MyApp.Work do
      alias MyApp.Repo

      def run(url) do
        Task.start(fn -> Req.get!(url) end)
        Enum.each([url], fn one -> Req.post!(one) end)
        near()
        Process.sleep(1)
        MyApp.Rooms.all()
        Map.get(%{}, url)
      end

      defp near, do: Repo.all(MyApp.Room)
    end
    """
    rooms = "defmodule MyApp.Rooms do\n  def all, do: MyApp.Repo.all(MyApp.Room)\nend\n"
    project = Project([_facts("lib/rooms.ex", rooms)])
    file = ElixirFile("lib/work.ex", dedent(code).encode(), project=project.view("lib/work.ex"))
    waits = waits_of(file.modules[0].definitions[0])
    assert [(wait.kind, wait.said, wait.is_near) for wait in waits] == [
        (Wait.HTTP, "Req.post!/1", True),
        (Wait.REPO, "near/0", True),
        (Wait.SLEEP, "Process.sleep/1", True),
        (Wait.REPO, "MyApp.Rooms.all/0", False),
    ]
    assert waits[1].place is not None and waits[1].place.path == "lib/work.ex"
    assert waits[3].place is not None and waits[3].place.path == "lib/rooms.ex"
    near = [wait.said for wait in waits_of(file.modules[0].definitions[0], far=False)]
    assert "MyApp.Rooms.all/0" not in near
