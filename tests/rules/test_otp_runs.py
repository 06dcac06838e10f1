"""What the fixes write is compiled and run: by Elixir, under a real supervisor."""

from __future__ import annotations

import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from otpwise_analyzers.project.config import Settings
from tests.proof import HAS_ELIXIR, applied, build, findings_in

pytestmark = [pytest.mark.elixir, pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")]

_APPLICATION = b"""\
defmodule MyApp.Application do
  use Application

  @impl true
  def start(_type, _args) do
    children = [
      {Registry, keys: :unique, name: MyApp.Registry}
    ]

    Supervisor.start_link(children, strategy: :one_for_one, name: MyApp.Supervisor)
  end
end
"""

_CACHE = b"""\
defmodule MyApp.Cache do
  use GenServer

  def start_link(_), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

  def put(key, value), do: GenServer.call(__MODULE__, {:put, key, value})
  def get(key), do: GenServer.call(__MODULE__, {:get, key})

  @impl true
  def handle_call({:put, key, value}, _from, entries) do
    {:reply, :ok, Map.put(entries, key, value)}
  end

  def handle_call({:get, key}, _from, entries) do
    {:reply, Map.get(entries, key), entries}
  end
end

MyApp.Cache.start_link(ttl: 250)
"""

_MAIL = b"""\
defmodule MyApp.Mail do
  def send_later(to, report) do
    Task.start(fn -> send(report, {:sent, to, Process.get(:"$ancestors")}) end)
    :ok
  end

  def send_all(list, report) do
    Enum.each(list, fn to ->
      Task.async(fn -> send(report, {:sent, to, Process.get(:"$ancestors")}) end)
    end)
  end
end
"""

_RUN = """\
for path <- System.argv(), do: Code.require_file(path)
{:ok, _} = MyApp.Application.start(:normal, [])

250 = MyApp.Cache.get(:ttl)
nil = MyApp.Cache.get("a")
:ok = MyApp.Cache.put("a", 1)
1 = MyApp.Cache.get("a")

first = Process.whereis(MyApp.Cache)
Process.exit(first, :kill)

wait = fn wait, left ->
  case Process.whereis(MyApp.Cache) do
    pid when is_pid(pid) and pid != first -> pid
    _ when left > 0 -> Process.sleep(5) && wait.(wait, left - 1)
  end
end

wait.(wait, 400)
250 = MyApp.Cache.get(:ttl)
nil = MyApp.Cache.get("a")

:ok = MyApp.Mail.send_later("eve", self())
:ok = MyApp.Mail.send_all(["ada", "bob"], self())

for to <- ["eve", "ada", "bob"] do
  receive do
    {:sent, ^to, [MyApp.TaskSupervisor | _]} -> :ok
  after
    2_000 -> raise "no mail to #{to}"
  end
end

# No reply and no exit of a task ends in the caller's mailbox.
Process.sleep(20)
{:messages, []} = Process.info(self(), :messages)
IO.puts("all is well")
"""


# How its entries go is shown in test_stores_run.py.
_LEFT = "otp/cache-never-expires"


def _fixed(files: dict[str, bytes], path: str) -> dict[str, bytes]:
    """The project after the first fix of each finding of the file, one after the other."""
    for _ in range(10):
        file, findings = findings_in(files, path, Settings())
        findings = [finding for finding in findings if finding.rule != _LEFT]
        change = next(
            (
                change
                for finding in findings
                for fix in finding.fixes
                if (change := build(files, file, fix)) is not None
            ),
            None,
        )
        if change is None:
            assert not [finding for finding in findings if finding.rule.startswith("otp/")], findings
            return files
        files = applied(files, change)
    raise AssertionError("the fixes never end")


def test_the_fixed_cache_comes_back_and_gets_its_options(tmp_path: Path) -> None:
    files = {
        "lib/my_app/application.ex": _APPLICATION,
        "lib/my_app/cache.ex": _CACHE,
        "lib/my_app/mail.ex": _MAIL,
    }
    for path in ("lib/my_app/cache.ex", "lib/my_app/mail.ex"):
        files = _fixed(files, path)
    for path, data in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    (tmp_path / "run.exs").write_text(dedent(_RUN))
    run = subprocess.run(
        ["elixir", "run.exs", *sorted(files, reverse=True)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert run.stdout.endswith("all is well\n")
    assert "warning:" not in run.stderr, run.stderr
