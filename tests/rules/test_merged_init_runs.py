"""A merged `init/1` is compiled and run by Elixir."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from otpwise_analyzers.findings import Applicability
from tests.guide_snippets import CORRECT
from tests.proof import HAS_ELIXIR, findings_in, objections

pytestmark = [pytest.mark.elixir, pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")]

_GUIDE = next(snippet for snippet in CORRECT if snippet.name == "cache").files["lib/my_app/cache.ex"]

_GUIDE_RUN = """\
{:ok, cache} = Supervisor.start_link([{MyApp.Cache, ttl: 20}], strategy: :one_for_one)
pid = Process.whereis(MyApp.Cache)
%{ttl: 20, store: %{}} = :sys.get_state(pid)

# Its timer fires, is started again, and is taken for what it is.
:erlang.trace(pid, true, [:receive])
for _ <- 1..3 do
  receive do
    {:trace, ^pid, :receive, :cleanup} -> :ok
  after
    1_000 -> raise "no cleanup"
  end
end

^pid = Process.whereis(MyApp.Cache)
%{ttl: 20, store: %{}} = :sys.get_state(pid)
Supervisor.stop(cache)
"""

_FEED = b"""\
defmodule MyApp.Feed do
  use GenServer

  def start_link(report), do: GenServer.start_link(__MODULE__, report, name: __MODULE__)

  @impl true
  def init(report) do
    Process.flag(:trap_exit, true)

    {:ok,
     %{
       report: report,
       count: 0
     }, {:continue, :announce}}
  end

  @impl true
  def init(state) do
    # The first one comes at once.
    send(self(), :tick)
    {:ok, state}
  end

  @impl true
  def handle_continue(:announce, state) do
    send(state.report, :up)
    {:noreply, state}
  end

  @impl true
  def handle_info(:tick, state) do
    send(state.report, {:tick, state.count})
    {:noreply, %{state | count: state.count + 1}}
  end
end
"""

_FEED_RUN = """\
{:ok, _} = MyApp.Feed.start_link(self())
receive do :up -> :ok after 1_000 -> raise "not announced" end
receive do {:tick, 0} -> :ok after 1_000 -> raise "no tick" end
%{count: 1} = :sys.get_state(MyApp.Feed)
"""

_SWEEPER = b"""\
defmodule MyApp.Sweeper do
  use GenServer

  def start_link(pause), do: GenServer.start_link(__MODULE__, pause, name: __MODULE__)

  def init(pause), do: {:ok, pause}

  def handle_call(:pause, _from, pause), do: {:reply, pause, pause}

  def init(pause) do
    sweep_later()
    {:ok, pause}
  end

  def handle_info(:hurry, pause) do
    sweep_later()
    {:noreply, pause}
  end

  defp sweep_later do
    Process.send_after(self(), :sweep, pause)
  end
end
"""

_SWEEPER_RUN = """\
{:ok, pid} = MyApp.Sweeper.start_link(5)
:erlang.trace(pid, true, [:receive])
send(pid, :hurry)
receive do {:trace, ^pid, :receive, :sweep} -> :ok after 1_000 -> raise "no sweep" end
5 = GenServer.call(pid, :pause)
"""


@pytest.mark.parametrize(
    ("code", "run", "applicability"),
    [
        pytest.param(_GUIDE, _GUIDE_RUN, Applicability.SCAFFOLD, id="guide"),
        pytest.param(_FEED, _FEED_RUN, Applicability.UNSAFE, id="feed"),
        pytest.param(_SWEEPER, _SWEEPER_RUN, Applicability.SCAFFOLD, id="sweeper"),
    ],
)
def test_it_starts_and_what_it_sends_is_taken(
    code: bytes, run: str, applicability: Applicability, tmp_path: Path
) -> None:
    path = "lib/my_app/server.ex"
    files = {path: code}
    _, findings = findings_in(files, path)
    finding = next(found for found in findings if found.rule == "otp/unreachable-callback-clause")
    assert [fix.applicability for fix in finding.fixes] == [applicability]
    wrong, after = objections(files, path, finding, finding.fixes[0])
    assert not wrong and after is not None
    # What the guide prints behind the module is no part of it.
    module = after[path].decode().partition("\n# In application.ex")[0]
    (tmp_path / "server.ex").write_text(module)
    (tmp_path / "run.exs").write_text(f'Code.require_file("server.ex")\n{run}IO.puts("all is well")\n')
    done = subprocess.run(
        ["elixir", "run.exs"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.endswith("all is well\n"), done.stdout
    assert "warning:" not in done.stderr and "[error]" not in done.stdout + done.stderr
