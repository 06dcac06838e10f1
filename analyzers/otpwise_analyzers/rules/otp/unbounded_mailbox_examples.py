"""What otp/unbounded-mailbox finds, and what it lets pass."""

from __future__ import annotations

from otpwise_analyzers.rules.base import Example

_MIX = """\
defmodule MyApp.MixProject do
  use Mix.Project

  def project, do: [app: :my_app, version: "0.1.0", deps: deps()]

  defp deps, do: [{:telemetry_metrics, "~> 1.0"}, {:telemetry_poller, "~> 1.0"}]
end
"""

_TELEMETRY = """\
defmodule MyAppWeb.Telemetry do
  use Supervisor
  import Telemetry.Metrics

  def start_link(arg), do: Supervisor.start_link(__MODULE__, arg, name: __MODULE__)

  @impl true
  def init(_arg) do
    children = [
      {:telemetry_poller, measurements: periodic_measurements(), period: 10_000}
    ]

    Supervisor.init(children, strategy: :one_for_one)
  end

  def metrics do
    [
      summary("phoenix.endpoint.stop.duration", unit: {:native, :millisecond})
    ]
  end

  defp periodic_measurements do
    [
      # A module, function and arguments to be invoked periodically.
      # {MyAppWeb, :count_users, []}
    ]
  end
end
"""

_MEASURED = """\
defmodule MyAppWeb.Telemetry do
  use Supervisor
  import Telemetry.Metrics

  def start_link(arg), do: Supervisor.start_link(__MODULE__, arg, name: __MODULE__)

  @impl true
  def init(_arg) do
    children = [
      {:telemetry_poller, measurements: periodic_measurements(), period: 10_000}
    ]

    Supervisor.init(children, strategy: :one_for_one)
  end

  def metrics do
    [
      summary("phoenix.endpoint.stop.duration", unit: {:native, :millisecond}),
      last_value("my_app.mailbox.length", tags: [:process])
    ]
  end

  defp periodic_measurements do
    [
      # A module, function and arguments to be invoked periodically.
      # {MyAppWeb, :count_users, []}
      {__MODULE__, :dispatch_mailbox, [MyApp.Mail]}
    ]
  end

  @doc false
  def dispatch_mailbox(process) do
    # There is no process while it is started again.
    with pid when is_pid(pid) <- Process.whereis(process),
         {:message_queue_len, length} <- Process.info(pid, :message_queue_len) do
      # TODO: how long a mailbox may get, and who is told.
      :telemetry.execute([:my_app, :mailbox], %{length: length}, %{process: inspect(process)})
    end
  end
end
"""

INCORRECT = (
    Example(
        path="lib/my_app/visits.ex",
        code="""\
            defmodule MyApp.Visits do
              use GenServer

              alias MyApp.{Repo, Visit}

              def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

              def visited(page, visitor) do
                «GenServer.cast(__MODULE__, {:visited, page, visitor})»
              end

              def reset, do: GenServer.cast(__MODULE__, :reset)

              def count, do: GenServer.call(__MODULE__, :count)

              @impl true
              def init(_opts), do: {:ok, 0}

              @impl true
              def handle_call(:count, _from, count), do: {:reply, count, count}

              @impl true
              def handle_cast({:visited, page, visitor}, count) do
                Repo.insert!(%Visit{page: page, visitor: visitor})
                {:noreply, count + 1}
              end

              def handle_cast(:reset, _count), do: {:noreply, 0}
            end
            """,
        fixed="""\
            defmodule MyApp.Visits do
              use GenServer

              alias MyApp.{Repo, Visit}

              def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

              def visited(page, visitor) do
                GenServer.call(__MODULE__, {:visited, page, visitor})
              end

              def reset, do: GenServer.cast(__MODULE__, :reset)

              def count, do: GenServer.call(__MODULE__, :count)

              @impl true
              def init(_opts), do: {:ok, 0}

              @impl true
              def handle_call({:visited, page, visitor}, _from, count) do
                Repo.insert!(%Visit{page: page, visitor: visitor})
                {:reply, :ok, count + 1}
              end

              @impl true
              def handle_call(:count, _from, count), do: {:reply, count, count}

              @impl true
              def handle_cast(:reset, _count), do: {:noreply, 0}
            end
            """,
    ),
    Example(
        path="lib/my_app/mail.ex",
        code="""\
            defmodule MyApp.Mail do
              use GenServer

              def start_link(_opts), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)

              def welcome(user), do: «GenServer.cast(__MODULE__, {:welcome, user})»

              @impl true
              def init(sent), do: {:ok, sent}

              @impl true
              def handle_cast({:welcome, user}, sent) do
                post(user)
                {:noreply, [user.id | sent]}
              end

              defp post(user) do
                Req.post!("https://mail.example.org", json: %{to: user.email})
              end
            end
            """,
        others={"mix.exs": _MIX, "lib/my_app_web/telemetry.ex": _TELEMETRY},
        fixed_others={"lib/my_app_web/telemetry.ex": _MEASURED},
    ),
    Example(
        path="lib/my_app/audit.ex",
        code="""\
            defmodule MyApp.Audit do
              use GenServer

              @name :audit

              def start_link(_opts), do: GenServer.start_link(__MODULE__, nil, name: @name)

              def record(%{id: id}, action) do
                «GenServer.cast(@name, {:record, id, action})»
                :ok
              end

              def init(_), do: {:ok, nil}

              # Written one by one, in the order in which they happened.
              def handle_cast({:record, id, action}, state) do
                case MyApp.Entries.create_entry(id, action) do
                  {:ok, _entry} -> {:noreply, state}
                  {:error, reason} -> {:stop, reason, state}
                end
              end
            end
            """,
        others={
            "lib/my_app/entries.ex": """\
                defmodule MyApp.Entries do
                  alias MyApp.{Entry, Repo}

                  def create_entry(id, action), do: Repo.insert(%Entry{subject_id: id, action: action})
                end
                """,
        },
        fixed="""\
            defmodule MyApp.Audit do
              use GenServer

              @name :audit

              def start_link(_opts), do: GenServer.start_link(__MODULE__, nil, name: @name)

              def record(%{id: id}, action) do
                GenServer.call(@name, {:record, id, action})
                :ok
              end

              def init(_), do: {:ok, nil}

              # Written one by one, in the order in which they happened.
              def handle_call({:record, id, action}, _from, state) do
                case MyApp.Entries.create_entry(id, action) do
                  {:ok, _entry} -> {:reply, :ok, state}
                  {:error, reason} -> {:stop, reason, :ok, state}
                end
              end
            end
            """,
    ),
    Example(
        path="lib/my_app/digests.ex",
        code="""\
            defmodule MyApp.Digests do
              alias MyApp.{Repo, User}

              def send_all do
                for user <- Repo.all(User), do: «GenServer.cast(MyApp.Digester, {:digest, user.id})»
              end
            end
            """,
        others={
            "lib/my_app/digester.ex": """\
                defmodule MyApp.Digester do
                  use GenServer

                  def start_link(_opts), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)

                  @impl true
                  def init(state), do: {:ok, state}

                  @impl true
                  def handle_cast({:digest, id}, state) do
                    MyApp.Repo.insert!(%MyApp.Digest{user_id: id})
                    {:noreply, state}
                  end
                end
                """,
        },
    ),
    Example(
        path="lib/my_app/clock.ex",
        code="""\
            defmodule MyApp.Clock do
              use GenServer

              @impl true
              def init(state), do: {:ok, state}

              @impl true
              def handle_info(:tick, state) do
                «send(self(), :tick)»
                {:noreply, Map.put(state, :now, DateTime.utc_now())}
              end
            end
            """,
    ),
)

CORRECT = (
    Example(
        code="""\
            defmodule MyApp.Counter do
              use GenServer

              def start_link(_opts), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

              def count(page), do: GenServer.cast(__MODULE__, {:count, page})

              @impl true
              def init(counts), do: {:ok, counts}

              @impl true
              def handle_cast({:count, page}, counts) do
                {:noreply, Map.update(counts, page, 1, &(&1 + 1))}
              end
            end
            """,
        why="A handler that takes a microsecond falls behind nobody.",
    ),
    Example(
        code="""\
            defmodule MyApp.WriteBuffer do
              use GenServer

              def start_link(_opts), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)

              def insert(event), do: GenServer.cast(__MODULE__, {:insert, event})

              @impl true
              def init(events), do: {:ok, events}

              @impl true
              def handle_cast({:insert, event}, events) do
                if length(events) >= 500 do
                  MyApp.Repo.insert_all(MyApp.Event, [event | events])
                  {:noreply, []}
                else
                  {:noreply, [event | events]}
                end
              end
            end
            """,
        why="It gathers, and writes now and then.",
    ),
    Example(
        code="""\
            defmodule MyApp.Thumbnails do
              use GenServer

              def start_link(_opts), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

              def make(picture), do: GenServer.cast(__MODULE__, {:make, picture})

              @impl true
              def init(state), do: {:ok, state}

              @impl true
              def handle_cast({:make, picture}, state) do
                Task.Supervisor.start_child(MyApp.TaskSupervisor, fn ->
                  System.cmd("convert", [picture, "small.png"])
                end)

                {:noreply, state}
              end
            end
            """,
        why="The work goes on to tasks.",
    ),
    Example(
        code="""\
            defmodule MyApp.Repairer do
              use GenServer

              def start_link(_opts), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

              def repair, do: GenServer.cast(__MODULE__, :repair)

              @impl true
              def init(state), do: {:ok, state}

              @impl true
              def handle_cast(:repair, state) do
                MyApp.Repo.update_all(MyApp.Drive, set: [broken: false])
                {:noreply, state}
              end
            end
            """,
        why="A signal without a payload, given by hand or by a timer.",
    ),
    Example(
        code="""\
            defmodule MyApp.Checks do
              use GenServer

              def start_link(_opts), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

              def check(user, address) do
                with {:allow, _count} <- Hammer.check_rate("check:#{user.id}", 60_000, 5) do
                  GenServer.cast(__MODULE__, {:check, address})
                end
              end

              @impl true
              def init(state), do: {:ok, state}

              @impl true
              def handle_cast({:check, address}, state) do
                MyApp.Repo.insert!(%MyApp.Check{address: address})
                {:noreply, state}
              end
            end
            """,
        why="What comes in is limited where it comes in.",
    ),
    Example(
        code="""\
            defmodule MyApp.Drain do
              use GenServer

              @impl true
              def init(queue), do: {:ok, queue}

              @impl true
              def handle_info(:next, []), do: {:noreply, []}

              def handle_info(:next, [job | rest]) do
                send(self(), :next)
                {:noreply, [MyApp.Jobs.run(job) | rest]}
              end
            end
            """,
        why="The loop ends when the queue is empty, and lets other messages in between.",
    ),
    Example(
        code="""\
            defmodule MyApp.Log do
              use GenServer

              def start_link(_opts), do: GenServer.start_link(__MODULE__, nil, name: __MODULE__)

              def log(entry), do: GenServer.cast(__MODULE__, {:log, entry})

              @impl true
              def init(state), do: {:ok, state}

              @impl true
              def handle_cast({:log, entry}, state) do
                MyApp.Repo.insert!(entry)
                {:noreply, state}
              end
            end
            """,
        path="lib/my_app/log.ex",
        others={
            "lib/my_app_web/telemetry.ex": """\
                defmodule MyAppWeb.Telemetry do
                  def measure do
                    {:message_queue_len, n} = Process.info(Process.whereis(MyApp.Log), :message_queue_len)
                    :telemetry.execute([:my_app, :log], %{waiting: n})
                  end
                end
                """,
        },
        why="Its mailbox is measured: whoever looks sees that it falls behind.",
    ),
)
