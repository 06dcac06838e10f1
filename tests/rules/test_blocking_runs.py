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


_REPO = """\
defmodule Repo do
  def insert!(row), do: Process.sleep(30) && row
end
"""

_CALLED = """\
{:ok, pid} = Server.start_link([])
started = System.monotonic_time(:millisecond)
for n <- 1..5, do: :ok = Server.keep(n)
took = System.monotonic_time(:millisecond) - started
true = took >= 150 || raise "nobody waited: #{took} ms"
{:message_queue_len, 0} = Process.info(pid, :message_queue_len)
15 = Server.sum()
:ok = Server.reset()
0 = Server.sum()
"""


@pytest.mark.parametrize(
    "handlers",
    [
        """
        def sum, do: GenServer.call(__MODULE__, :sum)
        def reset, do: GenServer.cast(__MODULE__, :reset)

        @impl true
        def handle_cast(:reset, _sum), do: {:noreply, 0}

        def handle_cast({:keep, n}, sum) do
          Repo.insert!(n)
          {:noreply, sum + n}
        end

        @impl true
        def handle_call(message, _from, sum) do
          :sum = message
          {:reply, sum, sum}
        end
        """,
        """
        def sum, do: :sys.get_state(__MODULE__)
        def reset, do: GenServer.cast(__MODULE__, :reset)

        @impl true
        def handle_cast({:keep, 0}, sum), do: {:noreply, sum}

        def handle_cast({:keep, n}, sum) do
          case Repo.insert!(n) do
            :full -> {:stop, :full, sum}
            n -> {:noreply, sum + n, :hibernate}
          end
        end

        def handle_cast(_reset, _sum) do
          {:noreply, 0}
        end
        """,
        """
        def sum, do: :sys.get_state(__MODULE__)
        def reset, do: with(_ <- :sys.replace_state(__MODULE__, fn _ -> 0 end), do: :ok)

        @impl true
        def handle_cast({:keep, n}, sum) do
          sum = sum + Repo.insert!(n)
          {:noreply, sum}
        end
        """,
    ],
    ids=["among others", "two clauses", "the only one"],
)
def test_callers_wait_for_what_was_cast(handlers: str, tmp_path: Path) -> None:
    body = dedent(handlers).strip().replace("\n", "\n  ").replace("\n  \n", "\n\n")
    code = f"""\
defmodule Server do
  use GenServer

  def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

  def keep(n), do: GenServer.cast(__MODULE__, {{:keep, n}})

  @impl true
  def init(_opts), do: {{:ok, 0}}

  {body}
end
"""
    run(tmp_path, _REPO, fixed(code, "otp/unbounded-mailbox"), _CALLED)


_POLLED = """\
defmodule MyApp.Telemetry do
  import Telemetry.Metrics

  def children, do: [{:telemetry_poller, measurements: periodic_measurements(), period: 10_000}]

  def metrics do
    [counter("my_app.requests"), counter("my_app.errors"), last_value("my_app.users", tags: [])]
  end

  defp periodic_measurements, do: []
end
"""

_STUBS = """\
defmodule Telemetry.Metrics do
  def counter(name), do: {name, []}
  def last_value(name, options), do: {name, options}
end

defmodule :telemetry do
  def execute(event, measurements, metadata), do: send(:watch, {event, measurements, metadata})
end
"""

_MEASURED = """\
Process.register(self(), :watch)
[{_poller, options}] = MyApp.Telemetry.children()
[{module, function, arguments}] = options[:measurements]
{"my_app.requests", []} = hd(MyApp.Telemetry.metrics())
{"my_app.mailbox.length", [tags: [:process]]} = List.last(MyApp.Telemetry.metrics())

# Nobody is there yet: no measurement, and no crash, which would end the poller's interest.
apply(module, function, arguments)
{:messages, []} = Process.info(self(), :messages)

{:ok, pid} = MyApp.Keeper.start_link([])
:sys.suspend(pid)
for n <- 1..3, do: MyApp.Keeper.keep(n)
apply(module, function, arguments)
{:messages, [message]} = Process.info(self(), :messages)
{[:my_app, :mailbox], %{length: 3}, %{process: "MyApp.Keeper"}} = message
"""


def test_the_mailbox_is_measured(tmp_path: Path) -> None:
    keeper = """\
        defmodule MyApp.Keeper do
          use GenServer

          def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

          def keep(n), do: GenServer.cast(__MODULE__, {:keep, n})

          @impl true
          def init(_opts), do: {:ok, 0}

          @impl true
          def handle_cast({:keep, n}, sum), do: {:noreply, sum + Repo.insert!(n)}
        end
        """
    mix = """\
        defmodule MyApp.MixProject do
          use Mix.Project

          def project, do: [app: :my_app, deps: [{:telemetry_poller, "~> 1.0"}]]
        end
        """
    telemetry = "lib/my_app/telemetry.ex"
    files = {
        "lib/my_app/keeper.ex": dedent(keeper).encode(),
        telemetry: _POLLED.encode(),
        "mix.exs": dedent(mix).encode(),
    }
    file, findings = findings_in(files, "lib/my_app/keeper.ex", Settings())
    fix = next(
        fix
        for finding in findings
        if finding.rule == "otp/unbounded-mailbox"
        for fix in finding.fixes
        if "telemetry_poller" in fix.title
    )
    change = build(files, file, fix)
    assert change is not None
    after = applied(files, change)
    assert findings_in(after, "lib/my_app/keeper.ex", Settings())[1] == []
    run(tmp_path, _STUBS, _REPO, keeper, after[telemetry].decode(), _MEASURED)
