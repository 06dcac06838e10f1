"""What otp/never-supervised is judged by."""

from __future__ import annotations

from otpwise_analyzers.rules.base import Example

_MIX = """\
    defmodule MyApp.MixProject do
      use Mix.Project

      def project, do: [app: :my_app, version: "0.1.0"]
      def application, do: [mod: {MyApp.Application, []}]
    end
    """
_APPLICATION = """\
    defmodule MyApp.Application do
      use Application

      @impl true
      def start(_type, _args) do
        children = [
          {Phoenix.PubSub, name: MyApp.PubSub},
          MyAppWeb.Endpoint
        ]

        Supervisor.start_link(children, strategy: :one_for_one)
      end
    end
    """
_WITH_MORE = """\
    defmodule MyApp.Application do
      use Application

      @impl true
      def start(_type, _args) do
        children = [MyAppWeb.Endpoint | more()]

        Supervisor.start_link(children, strategy: :one_for_one)
      end

      defp more, do: MORE
    end
    """
_PROJECT = {"mix.exs": _MIX, "lib/my_app/application.ex": _APPLICATION}

_REMINDERS = """\
    defmodule MyApp.Reminders do
      use GenServer

      def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

      def remind(user), do: GenServer.cast(__MODULE__, {:remind, user})

      @impl true
      def init(opts), do: {:ok, Map.new(opts)}

      @impl true
      def handle_cast({:remind, user}, state), do: {:noreply, Map.put(state, user, :due)}
    end
    """
_FLAGGED = _REMINDERS.replace("MyApp.Reminders do", "«MyApp.Reminders» do")


def _with_child(entry: str) -> dict[str, str]:
    listed = _APPLICATION.replace("MyAppWeb.Endpoint\n", f"{entry},\n          MyAppWeb.Endpoint\n")
    return {"lib/my_app/application.ex": listed}


INCORRECT = (
    Example(
        path="lib/my_app/reminders.ex",
        code=_FLAGGED,
        others={
            **_PROJECT,
            "test/my_app/reminders_test.exs": """\
                defmodule MyApp.RemindersTest do
                  use ExUnit.Case

                  setup do: start_supervised!(MyApp.Reminders) && :ok

                  test "reminds", do: assert(MyApp.Reminders.remind("ada") == :ok)
                end
                """,
        },
        fixed_others=_with_child("MyApp.Reminders"),
    ),
    Example(
        path="lib/my_app/imports.ex",
        code="""\
            defmodule «MyApp.Imports» do
              use Supervisor

              def start_link, do: Supervisor.start_link(__MODULE__, :ok, name: __MODULE__)

              @impl true
              def init(:ok), do: Supervisor.init([MyApp.Imports.Queue], strategy: :one_for_all)
            end

            defmodule MyApp.Imports.Queue do
              use Agent

              def start_link(_), do: Agent.start_link(fn -> [] end, name: __MODULE__)
            end
            """,
        others=_PROJECT,
        fixed_others=_with_child("%{id: MyApp.Imports, start: {MyApp.Imports, :start_link, []}}"),
    ),
    Example(
        path="lib/my_app/pricing.ex",
        code="""\
            defmodule «MyApp.Pricing» do
              use GenServer

              def total(items), do: items |> Enum.map(& &1.price) |> Enum.sum()

              @impl true
              def init(items), do: {:ok, items}
            end
            """,
        others=_PROJECT,
    ),
    Example(
        path="lib/my_app/basket.ex",
        code="""\
            defmodule «MyApp.Basket» do
              use Agent

              def start_link(user), do: Agent.start_link(fn -> {user, []} end)
            end
            """,
        others=_PROJECT,
    ),
)

CORRECT = (
    Example(
        path="lib/my_app/reminders.ex",
        code=_REMINDERS,
        others={
            **_PROJECT,
            "lib/my_app/application.ex": _with_child("MyApp.Reminders")["lib/my_app/application.ex"],
        },
        why="The application's supervisor has it among its children.",
    ),
    Example(
        path="lib/my_app/reminders.ex",
        code=_REMINDERS,
        others={
            **_PROJECT,
            "lib/my_app/reminding.ex": """\
                defmodule MyApp.Reminding do
                  def open(id), do: DynamicSupervisor.start_child(MyApp.Pool, {MyApp.Reminders, id: id})
                end
                """,
        },
        why="It is started while the system runs.",
    ),
    Example(
        path="lib/my_app/reminders.ex",
        code=_REMINDERS,
        others={
            **_PROJECT,
            "lib/my_app/application.ex": _WITH_MORE.replace("MORE", "MyApp.Jobs.children()"),
            "lib/my_app/jobs.ex": """\
                defmodule MyApp.Jobs do
                  def children do
                    if Application.get_env(:my_app, :jobs), do: [MyApp.Reminders], else: []
                  end
                end
                """,
        },
        why="A function of another module lists it, if only sometimes.",
    ),
    Example(
        path="lib/my_app/reminders.ex",
        code=_REMINDERS,
        others={
            **_PROJECT,
            "lib/my_app/application.ex": _WITH_MORE.replace(
                "MORE", "Application.fetch_env!(:my_app, :children)"
            ),
        },
        why="What the configuration lists, the code does not know.",
    ),
    Example(
        path="lib/my_app/reminders.ex",
        code=_REMINDERS,
        others={
            **_PROJECT,
            "config/config.exs": "import Config\n\nconfig :my_app, Oban, plugins: [MyApp.Reminders]\n",
        },
        why="The configuration names it, and a dependency may start it.",
    ),
    Example(
        path="lib/my_app/reminders.ex",
        code=_REMINDERS,
        others={
            **_PROJECT,
            "lib/my_app/application.ex": _APPLICATION.replace(
                "MyAppWeb.Endpoint", "{MyApp.Leader, run: MyApp.Reminders}"
            ),
        },
        why="Another child is given it, and starts it where it is the leader.",
    ),
    Example(
        path="lib/my_app/reminders.ex",
        code=_REMINDERS,
        others={
            **_PROJECT,
            "mix.exs": _MIX.replace('version: "0.1.0"', 'version: "0.1.0", package: [licenses: ["MIT"]]'),
        },
        why="A library: its users supervise it.",
    ),
    Example(
        path="lib/my_app/probe.ex",
        code="""\
            defmodule MyApp.Probe do
              use GenServer

              def measure(url) do
                {:ok, pid} = GenServer.start(__MODULE__, url)
                GenServer.call(pid, :measure)
              end

              @impl true
              def init(url), do: {:ok, url}

              @impl true
              def handle_call(:measure, _from, url), do: {:stop, :normal, byte_size(url), url}
            end
            """,
        others=_PROJECT,
        why="It starts itself for as long as one measurement takes.",
    ),
    Example(
        path="lib/my_app/worker.ex",
        code="""\
            defmodule MyApp.Worker do
              defmacro __using__(_opts) do
                quote do
                  use GenServer

                  def start_link(opts), do: GenServer.start_link(__MODULE__, opts)
                end
              end
            end
            """,
        others=_PROJECT,
        why="A wrapper: what `use`s it is the process.",
    ),
    Example(
        path="lib/my_app/reminders.ex",
        code=_REMINDERS,
        others={"mix.exs": _MIX.replace("mod: {MyApp.Application, []}", "extra_applications: [:logger]")},
        why="An application without a callback starts nothing itself; another one may have it among its children.",
    ),
)
