"""What otp/unsupervised-process flags and spares."""

from __future__ import annotations

from otpwise_analyzers.rules.base import Example

MIX = """\
defmodule MyApp.MixProject do
  use Mix.Project

  def project, do: [app: :my_app, version: "0.1.0", deps: []]
  def application, do: [mod: {MyApp.Application, []}]
end
"""

APPLICATION = """\
defmodule MyApp.Application do
  use Application

  @impl true
  def start(_type, _args) do
    children = [
      MyApp.Repo,
      {Phoenix.PubSub, name: MyApp.PubSub},
      MyAppWeb.Endpoint
    ]

    Supervisor.start_link(children, strategy: :one_for_one, name: MyApp.Supervisor)
  end
end
"""


def _with_child(entry: str) -> str:
    return APPLICATION.replace("      MyAppWeb.Endpoint", f"      {entry},\n      MyAppWeb.Endpoint")


_RATES = """\
defmodule MyApp.Rates do
  use GenServer

  def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

  @impl true
  def init(opts), do: {:ok, Map.new(opts)}
end
"""

_WITH_TASKS = _with_child("{Task.Supervisor, name: MyApp.TaskSupervisor}")

INCORRECT = (
    Example(
        path="lib/my_app/rates.ex",
        code=_RATES + "\n«MyApp.Rates.start_link([])»\n",
        others={"mix.exs": MIX, "lib/my_app/application.ex": APPLICATION},
        fixed=_RATES,
        fixed_others={"lib/my_app/application.ex": _with_child("MyApp.Rates")},
    ),
    Example(
        path="lib/my_app/boot.ex",
        code="""\
            defmodule MyApp.Boot do
              alias MyApp.Rates

              def run do
                {:ok, _pid} = «Rates.start_link(every: :timer.minutes(5))»
                :ok
              end
            end
            """,
        others={
            "mix.exs": MIX,
            "lib/my_app/application.ex": APPLICATION,
            "lib/my_app/rates.ex": _RATES,
        },
        fixed="""\
            defmodule MyApp.Boot do
              def run do
                :ok
              end
            end
            """,
        fixed_others={"lib/my_app/application.ex": _with_child("{MyApp.Rates, every: :timer.minutes(5)}")},
    ),
    Example(
        path="lib/my_app_web/controllers/order_controller.ex",
        code="""\
            defmodule MyAppWeb.OrderController do
              use Phoenix.Controller

              def create(conn, params) do
                «Task.start(fn -> MyApp.Shop.confirm(params["id"]) end)»
                send_resp(conn, 202, "")
              end
            end
            """,
        others={"mix.exs": MIX, "lib/my_app/application.ex": _WITH_TASKS},
        fixed="""\
            defmodule MyAppWeb.OrderController do
              use Phoenix.Controller

              def create(conn, params) do
                Task.Supervisor.start_child(MyApp.TaskSupervisor, fn -> MyApp.Shop.confirm(params["id"]) end)
                send_resp(conn, 202, "")
              end
            end
            """,
    ),
    Example(
        path="lib/my_app/audit.ex",
        code="""\
            defmodule MyApp.Audit do
              def note(user, event) do
                «spawn_link(fn ->
                  MyApp.Archive.write(user.id, event)
                end)»

                :ok
              end
            end
            """,
        others={"mix.exs": MIX, "lib/my_app/application.ex": APPLICATION},
        fixed="""\
            defmodule MyApp.Audit do
              def note(user, event) do
                Task.Supervisor.start_child(MyApp.TaskSupervisor, fn ->
                  MyApp.Archive.write(user.id, event)
                end)

                :ok
              end
            end
            """,
        fixed_others={"lib/my_app/application.ex": _WITH_TASKS},
    ),
    Example(
        path="lib/my_app_web/live/report_live.ex",
        code="""\
            defmodule MyAppWeb.ReportLive do
              use Phoenix.LiveView

              @impl true
              def handle_event("refresh", _params, socket) do
                «spawn(fn -> MyApp.Reports.refresh() end)»
                {:noreply, socket}
              end
            end
            """,
        fix="Use start_async, whose result comes to handle_async",
        fixed="""\
            defmodule MyAppWeb.ReportLive do
              use Phoenix.LiveView

              @impl true
              def handle_event("refresh", _params, socket) do
                socket = start_async(socket, :refresh, fn -> MyApp.Reports.refresh() end)
                {:noreply, socket}
              end

              @impl true
              def handle_async(:refresh, {:ok, _result}, socket) do
                # To decide: what the page shows when the work is done.
                {:noreply, socket}
              end

              def handle_async(:refresh, {:exit, _reason}, socket) do
                {:noreply, put_flash(socket, :error, "That did not work. Please try again.")}
              end
            end
            """,
    ),
)
CORRECT = (
    Example(
        path="lib/my_app/application.ex",
        code=_WITH_TASKS,
        why="The application's own supervisor is the root of the tree.",
    ),
    Example(
        path="lib/my_app/tree.ex",
        code="""\
            children = [
              MyApp.Repo,
              {MyApp.Rates, every: 60_000}
            ]

            Supervisor.start_link(children, strategy: :one_for_one)
            """,
        why="What is started by hand here is a supervisor.",
    ),
    Example(
        path="lib/my_app/notifier.ex",
        code="""\
            defmodule MyApp.Notifier do
              defmacro __using__(_opts) do
                quote do
                  use GenServer

                  def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)
                  def restart, do: GenServer.start_link(__MODULE__, [])
                end
              end
            end
            """,
        why="Code inside of `quote` is the entry point of another module's child.",
    ),
    Example(
        path="lib/my_app/session.ex",
        code="""\
            defmodule MyApp.Session do
              use GenServer

              def start_link(id), do: GenServer.start_link(__MODULE__, id)

              @impl true
              def init(id) do
                {:ok, worker} = MyApp.Session.Worker.start_link(id)
                {:ok, %{id: id, worker: worker}}
              end

              @impl true
              def handle_info(:renew, state) do
                {:ok, worker} = MyApp.Session.Worker.start_link(state.id)
                {:noreply, %{state | worker: worker}}
              end
            end
            """,
        why="A process that links a child to itself and keeps its pid owns it.",
    ),
    Example(
        path="lib/my_app/release.ex",
        code="""\
            defmodule MyApp.Release do
              def seed do
                {:ok, _} = MyApp.Repo.start_link(pool_size: 2)
                MyApp.Seeds.run()
              end
            end
            """,
        why="A release task runs without the application: there is no tree yet.",
    ),
    Example(
        path="lib/my_app/importer.ex",
        code="""\
            defmodule MyApp.Importer do
              def rows(url, query) do
                {:ok, conn} = Postgrex.start_link(url: url)
                rows = Postgrex.query!(conn, query, []).rows
                GenServer.stop(conn)
                rows
              end
            end
            """,
        why="The connection is stopped by the function that opened it.",
    ),
    Example(
        path="lib/my_lib/warmer.ex",
        code="""\
            defmodule MyLib.Warmer do
              def warm(keys) do
                Task.start(fn -> Enum.each(keys, &MyLib.get/1) end)
              end
            end
            """,
        others={
            "mix.exs": """\
                defmodule MyLib.MixProject do
                  use Mix.Project

                  def project do
                    [app: :my_lib, version: "1.0.0", package: [licenses: ["MIT"]], deps: []]
                  end
                end
                """,
        },
        why="A library has no tree of its own: its users have.",
    ),
    Example(
        path="lib/my_app/ticker.ex",
        code="""\
            defmodule MyApp.Ticker do
              use GenServer

              def start_link(opts), do: GenServer.start_link(__MODULE__, opts)

              @impl true
              def init(opts), do: {:ok, Map.new(opts)}

              @impl true
              def handle_cast(:tick, state) do
                Task.start_link(fn -> MyApp.Reports.refresh() end)
                {:noreply, state}
              end
            end
            """,
        why="Linked to a supervised server on purpose: it fails and restarts with it.",
    ),
    Example(
        path="lib/my_app/sandbox.ex",
        code="""\
            defmodule MyApp.Sandbox do
              def run(fun) do
                {pid, monitor} = spawn_monitor(fun)

                receive do
                  {:DOWN, ^monitor, :process, ^pid, reason} -> reason
                after
                  5_000 -> :timeout
                end
              end

              def restart(module), do: module.start_link([])
              def start_http, do: HTTPoison.start()
            end
            """,
        why="A monitored process is watched by its caller; what a variable starts is not known.",
    ),
)
