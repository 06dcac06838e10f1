"""How loud the rules about waiting are, and where."""

from __future__ import annotations

from textwrap import dedent

import pytest

from otpwise_analyzers.findings import Level
from otpwise_analyzers.project.config import Settings
from tests.proof import findings_in

_APPLICATION = """\
defmodule MyApp.Application do
  use Application

  def start(_type, _args), do: Supervisor.start_link([{MyApp.Server, []}], strategy: :one_for_one)
end
"""

_CONTEXT = """\
defmodule MyApp.Rooms do
  def all, do: MyApp.Repo.all(MyApp.Room)
end
"""


def _levels(rule: str, body: str, *, boots: bool = False, profile: str = "recommended") -> list[Level]:
    code = f"defmodule MyApp.Server do\n  use GenServer\n\n{dedent(body)}\nend\n"
    files = {"lib/my_app/server.ex": code.encode(), "lib/my_app/rooms.ex": _CONTEXT.encode()}
    if boots:
        files["lib/my_app/application.ex"] = _APPLICATION.encode()
    _, findings = findings_in(files, "lib/my_app/server.ex", Settings(profile=profile))  # type: ignore[arg-type]
    return [finding.level for finding in findings if finding.rule == rule]


@pytest.mark.parametrize(
    ("call", "boots", "level"),
    [
        ('Req.get!("https://a.example")', True, Level.WARNING),
        ('Req.get!("https://a.example")', False, Level.INFORMATION),
        ("AMQP.Connection.open(opts)", True, Level.WARNING),
        ("MyApp.Repo.all(MyApp.Room)", True, Level.INFORMATION),
        ("Process.sleep(100)", True, Level.INFORMATION),
        ("MyApp.Rooms.all()", True, Level.HINT),
    ],
)
def test_init(call: str, boots: bool, level: Level) -> None:
    body = f"def init(opts) do\n  value = {call}\n  {{:ok, {{opts, value}}}}\nend"
    assert _levels("otp/blocking-init", body, boots=boots) == [level]


def test_one_finding_for_all_that_an_init_waits_for() -> None:
    body = """
    def init(opts) do
      rooms = MyApp.Rooms.all()
      Process.sleep(10)
      rates = Req.get!("https://a.example")
      {:ok, {opts, rooms, rates}}
    end
    """
    assert _levels("otp/blocking-init", body, boots=True) == [Level.WARNING]


@pytest.mark.parametrize(("profile", "level"), [("recommended", Level.HINT), ("strict", Level.INFORMATION)])
def test_mailboxes(profile: str, level: Level) -> None:
    body = """
    def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)
    def keep(row), do: GenServer.cast(__MODULE__, {:keep, row})
    def init(opts), do: {:ok, opts}

    def handle_cast({:keep, row}, state) do
      MyApp.Repo.insert!(row)
      {:noreply, state}
    end
    """
    assert _levels("otp/unbounded-mailbox", body, profile=profile) == [level]


def test_a_receive_is_louder_where_others_wait_for_it() -> None:
    body = """
    def wait(pid) do
      send(pid, {:question, self()})

      receive do
        {:answer, answer} -> answer
      end
    end

    def init(pid) do
      receive do
        {:answer, answer} -> {:ok, {pid, answer}}
      end
    end
    """
    assert _levels("otp/receive-without-after", body) == [Level.INFORMATION, Level.WARNING]
