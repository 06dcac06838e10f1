"""What was never started runs after the fix: compiled by Mix, under the application's own supervisor."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from otpwise_analyzers.project.config import Settings
from tests.proof import HAS_ELIXIR, applied, build, findings_in

pytestmark = [pytest.mark.elixir, pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")]

_MIX = b"""\
defmodule MyApp.MixProject do
  use Mix.Project

  def project, do: [app: :my_app, version: "0.1.0", elixir: "~> 1.14", deps: []]
  def application, do: [mod: {MyApp.Application, []}]
end
"""
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
_PROCESSES = b"""\
defmodule MyApp.Reminders do
  use GenServer

  def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

  @impl true
  def init(opts), do: {:ok, Map.new(opts)}
end

defmodule MyApp.Imports do
  use Supervisor

  def start_link, do: Supervisor.start_link(__MODULE__, :ok, name: __MODULE__)

  @impl true
  def init(:ok), do: Supervisor.init([MyApp.Imports.Queue], strategy: :one_for_all)
end

defmodule MyApp.Imports.Queue do
  use Agent

  def start_link(_), do: Agent.start_link(fn -> [] end, name: __MODULE__)
end

defmodule MyApp.Visits do
  use Agent

  def start_link(initial \\\\ []), do: Agent.start_link(fn -> initial end, name: __MODULE__)
end
"""
_RUN = """\
for name <- [MyApp.Reminders, MyApp.Imports, MyApp.Imports.Queue, MyApp.Visits] do
  first = Process.whereis(name) || raise "no #{inspect(name)}"
  Process.exit(first, :kill)

  wait = fn wait, left ->
    case Process.whereis(name) do
      pid when is_pid(pid) and pid != first -> pid
      _ when left > 0 -> Process.sleep(5) && wait.(wait, left - 1)
    end
  end

  wait.(wait, 400)
  # No more than three restarts in five seconds.
  Process.sleep(if(name == MyApp.Imports.Queue, do: 5_100, else: 0))
end

IO.puts("all is well")
"""


def test_what_nobody_started_is_supervised(tmp_path: Path) -> None:
    path = "lib/my_app/processes.ex"
    files = {"mix.exs": _MIX, "lib/my_app/application.ex": _APPLICATION, path: _PROCESSES}
    fixed = 0
    while True:
        file, findings = findings_in(files, path, Settings())
        own = [finding for finding in findings if finding.rule == "otp/never-supervised"]
        if not own:
            break
        change = build(files, file, own[0].fixes[0])
        assert change is not None
        files = applied(files, change)
        fixed += 1
    assert fixed == 3
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    run = subprocess.run(
        ["mix", "run", "-e", _RUN],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert run.stdout.endswith("all is well\n")
    assert "warning:" not in run.stderr, run.stderr
