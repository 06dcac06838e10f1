"""What the fixes for processes that wait write is compiled and run by Elixir."""

from __future__ import annotations

import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from otpwise_analyzers.project.config import Settings
from tests.proof import HAS_ELIXIR, applied, build, findings_in

pytestmark = [pytest.mark.elixir, pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")]

# Stands in for the HTTP client: it answers after a while, with what it was asked for.
_CLIENT = """\
defmodule Req do
  def get!(url), do: Process.sleep(300) && %{body: "answer of " <> url}

  def get(url), do: {:ok, get!(url)}
end
"""


def fixed(code: str, rule: str, path: str = "lib/my_app/server.ex", title: str | None = None) -> str:
    """The code after the first fix (or the one of this title) that is offered for a rule's first finding."""
    files = {path: dedent(code).encode()}
    file, findings = findings_in(files, path, Settings())
    own = [finding for finding in findings if finding.rule == rule]
    assert own, "no finding"
    for fix in own[0].fixes:
        change = build(files, file, fix) if title in (None, fix.title) else None
        if change is not None:
            return applied(files, change)[path].decode()
    raise AssertionError("no fix is offered")


def run(folder: Path, *texts: str) -> None:
    """Runs the texts as one script, which must end well, say so, and draw no warning."""
    script = folder / "run.exs"
    script.write_text("\n".join([*map(dedent, texts), 'IO.puts("all is well")']))
    done = subprocess.run(
        ["elixir", "run.exs"], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:] + script.read_text()
    assert done.stdout.endswith("all is well\n")
    assert "warning:" not in done.stderr, done.stderr


_START = """\
started = System.monotonic_time(:millisecond)
{:ok, pid} = GenServer.start_link(Server, ARGUMENT)
took = System.monotonic_time(:millisecond) - started
true = took < 200 || raise "start_link took #{took} ms"
"""


def _start(argument: str) -> str:
    return _START.replace("ARGUMENT", argument)


@pytest.mark.parametrize(
    ("init", "argument", "state"),
    [
        (
            """
            @impl true
            def init(currency) do
              url = "rates/" <> currency
              rates = Req.get!(url).body
              {:ok, %{currency: currency, rates: rates}}
            end
            """,
            '"EUR"',
            '%{currency: "EUR", rates: "answer of rates/EUR"}',
        ),
        (
            """
            @impl true
            def init(currency) do
              {:ok, %{body: body}} = Req.get(currency)

              state = %{
                "currency" => currency,
                "state" => body
              }

              {:ok, state}
            end
            """,
            '"EUR"',
            '%{"currency" => "EUR", "state" => "answer of EUR"}',
        ),
        (
            """
            defstruct [:rates, count: 0]

            @impl true
            def init(_opts), do: {:ok, %__MODULE__{rates: Req.get!("rates").body}}
            """,
            "[]",
            '%{__struct__: Server, count: 0, rates: "answer of rates"}',
        ),
        (
            """
            @impl true
            def init(names) do
              Process.flag(:trap_exit, true)
              first = hd(names)
              body = Req.get!(first).body
              # What is long is kept out.
              if String.length(body) > 100 do
                {:stop, :too_long}
              else
                {:ok, {first, body}, :infinity}
              end
            end
            """,
            '["EUR"]',
            '{"EUR", "answer of EUR"}',
        ),
    ],
    ids=["last binding", "state in a variable", "value of a struct", "rest of init"],
)
def test_start_link_returns_before_the_work_is_done(
    init: str, argument: str, state: str, tmp_path: Path
) -> None:
    body = dedent(init).strip().replace("\n", "\n  ")
    server = fixed(f"defmodule Server do\n  use GenServer\n\n  {body}\nend\n", "otp/blocking-init")
    run(tmp_path, _CLIENT, server, _start(argument), f"{state} = :sys.get_state(pid)")
    unfixed = f"defmodule Server do\n  use GenServer\n\n  {body}\nend\n"
    run(
        tmp_path,
        _CLIENT,
        unfixed,
        f"{{:ok, pid}} = GenServer.start_link(Server, {argument})",
        f"{state} = :sys.get_state(pid)",
    )


_PRINTER = """\
defmodule Printer do
  use GenServer

  @impl true
  def init(log), do: {:ok, %{log: log, pages: 0}}

  @impl true
  def handle_call({:print, page}, _from, state) do
    state = %{state | pages: state.pages + 1}
    # The paper has to come in.
    Process.sleep(300)

    case page do
      "" ->
        {:reply, {:error, :empty}, state}

      text ->
        send(state.log, {:printed, text})
        {:reply, {:ok, state.pages}, state}
    end
  end

  def handle_call(:pages, _from, state), do: {:reply, state.pages, state}

  @impl true
  def handle_info(message, state) do
    send(state.log, {:unexpected, message})
    {:noreply, state}
  end
end
"""

_PRINTING = """\
{:ok, pid} = GenServer.start_link(Printer, self())
tasks = for page <- ["one", "", "two"], do: Task.async(fn -> GenServer.call(pid, {:print, page}) end)
Process.sleep(50)
started = System.monotonic_time(:millisecond)
3 = GenServer.call(pid, :pages)
took = System.monotonic_time(:millisecond) - started
true = took < 150 || raise "others waited #{took} ms"
[{:ok, 3}, {:error, :empty}, {:ok, 3}] = Task.await_many(tasks)
{:messages, messages} = Process.info(self(), :messages)
[printed: "one", printed: "two"] = Enum.sort(messages)
"""


def test_others_are_served_while_a_callback_pauses(tmp_path: Path) -> None:
    mended = fixed(_PRINTER, "otp/blocking-callback")
    assert "Process.sleep" not in mended
    run(tmp_path, mended, _PRINTING)


_LAMP = """\
defmodule Lamp do
  use GenServer

  @impl true
  def init(log), do: {:ok, log}

  @impl true
  HANDLER
end
"""


@pytest.mark.parametrize(
    ("handler", "use"),
    [
        (
            """
            def handle_cast({:blink, times}, log) do
              send(log, {:on, times})
              Process.sleep(20)
              send(log, {:off, times})
              {:noreply, log}
            end
            """,
            "GenServer.cast(pid, {:blink, 2})",
        ),
        (
            """
            def handle_info(:blink, log) do
              times = 2
              send(log, {:on, times})
              :timer.sleep(20)
              send(log, {:off, times})
              {:noreply, log}
            end
            """,
            "send(pid, :blink)",
        ),
    ],
    ids=["cast", "info"],
)
def test_what_came_after_a_sleep_still_comes(handler: str, use: str, tmp_path: Path) -> None:
    code = _LAMP.replace("HANDLER", dedent(handler).strip().replace("\n", "\n  "))
    received = """\
    receive do: ({:on, 2} -> :ok)
    receive do: ({:off, 2} -> :ok)
    """
    start = "{:ok, pid} = GenServer.start_link(Lamp, self())"
    run(tmp_path, fixed(code, "otp/blocking-callback"), start, use, received)
