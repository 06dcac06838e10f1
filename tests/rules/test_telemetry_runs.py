"""What the telemetry fixes write is compiled and run by Elixir; the libraries are stood in for."""

from __future__ import annotations

import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from otpwise_analyzers.rules.sample_files import mix
from otpwise_analyzers.rules.telemetry.missing_telemetry_examples import SILENT
from tests.proof import HAS_ELIXIR, applied, build, findings_in

pytestmark = [pytest.mark.elixir, pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")]

# Each stands in for a library: a child that runs, a metric that is kept as it was described.
_LIBRARIES = """\
defmodule Telemetry.Metrics do
  for kind <- [:counter, :sum, :last_value, :summary, :distribution] do
    def unquote(kind)(name, options \\\\ []), do: {unquote(kind), name, options}
  end
end

defmodule :telemetry_poller do
  def child_spec(options), do: %{id: __MODULE__, start: {Agent, :start_link, [fn -> options end]}}
end

defmodule TelemetryMetricsPrometheus.Core do
  def child_spec(options), do: %{id: __MODULE__, start: {Agent, :start_link, [fn -> options end]}}
end

defmodule Phoenix.PubSub do
  def child_spec(_), do: %{id: __MODULE__, start: {Agent, :start_link, [fn -> [] end]}}
end

defmodule MyApp.Repo do
  def child_spec(_), do: %{id: __MODULE__, start: {Agent, :start_link, [fn -> [] end]}}
end

defmodule MyAppWeb.Endpoint do
  def child_spec(_), do: %{id: __MODULE__, start: {Agent, :start_link, [fn -> [] end]}}
end
"""


def run(folder: Path, *sources: str) -> str:
    script = folder / "run.exs"
    script.write_text("\n".join(sources))
    done = subprocess.run(
        ["elixir", str(script)], capture_output=True, text=True, timeout=120, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("has_repo", [True, False])
def test_the_telemetry_supervisor_starts_first_and_describes_metrics(has_repo: bool, tmp_path: Path) -> None:
    files = {
        "lib/my_app/application.ex": SILENT.encode(),
        "mix.exs": mix('{:phoenix, "~> 1.7"}').encode(),
    }
    if has_repo:
        files["lib/my_app/repo.ex"] = b"defmodule MyApp.Repo do\n  use Ecto.Repo, otp_app: :my_app\nend\n"
    file, findings = findings_in(files, "lib/my_app/application.ex")
    fix = next(f for f in findings if f.rule == "telemetry/missing-telemetry").fixes[0]
    change = build(files, file, fix)
    assert change is not None
    after = applied(files, change)
    out = run(
        tmp_path,
        _LIBRARIES,
        after["lib/my_app_web/telemetry.ex"].decode(),
        after["lib/my_app/application.ex"].decode(),
        dedent("""
            {:ok, top} = MyApp.Application.start(:normal, [])
            order = for {id, _, _, _} <- Supervisor.which_children(top), do: id
            IO.inspect(List.last(order))
            IO.inspect(for {id, _, _, _} <- Supervisor.which_children(MyAppWeb.Telemetry), do: id)
            names = for {_, name, _} <- MyAppWeb.Telemetry.metrics(), do: name
            IO.inspect("my_app.repo.query.queue_time" in names)
            IO.inspect(length(names) == length(Enum.uniq(names)))
        """),
    )
    assert out.split("\n")[:4] == [
        "MyAppWeb.Telemetry",
        "[TelemetryMetricsPrometheus.Core, :telemetry_poller]",
        str(has_repo).lower(),
        "true",
    ]


_HANDLER = """\
defmodule MyApp.Log do
  def attach do
    :telemetry.attach("log", [:done], &handle/4, :config)
  end

  defp handle(_event, %{n: n}, _metadata, config) when n > 1, do: {:many, config}
  defp handle(_event, _measurements, _metadata, config), do: {:one, config}
end
"""

_TELEMETRY = """\
defmodule :telemetry do
  def attach(_id, _event, handler, config) do
    IO.inspect(Function.info(handler, :type))
    IO.inspect({handler.([:done], %{n: 1}, %{}, config), handler.([:done], %{n: 2}, %{}, config)})
  end
end
"""


def test_the_handler_is_external_then_and_answers_the_same(tmp_path: Path) -> None:
    files = {"lib/my_app/log.ex": _HANDLER.encode()}
    file, findings = findings_in(files, "lib/my_app/log.ex")
    change = build(files, file, findings[0].fixes[0])
    assert change is not None
    after = applied(files, change)["lib/my_app/log.ex"].decode()
    before = run(tmp_path, _TELEMETRY, _HANDLER, "MyApp.Log.attach()").splitlines()
    now = run(tmp_path, _TELEMETRY, after, "MyApp.Log.attach()").splitlines()
    assert (before[0], now[0]) == ("{:type, :local}", "{:type, :external}")
    assert before[1] == now[1] == "{{:one, :config}, {:many, :config}}"
