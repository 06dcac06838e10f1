"""What otp/blocking-init finds, and what it lets pass."""

from __future__ import annotations

from otpwise_analyzers.rules.base import Example

_APPLICATION = """\
defmodule MyApp.Application do
  use Application

  def start(_type, _args) do
    children = [MyApp.Repo, {MyApp.Rates, currency: "EUR"}, MyAppWeb.Endpoint]
    Supervisor.start_link(children, strategy: :one_for_one)
  end
end
"""

INCORRECT = (
    Example(
        path="lib/my_app/rates.ex",
        code="""\
            defmodule MyApp.Rates do
              use GenServer

              def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

              @impl true
              def init(opts) do
                url = "https://rates.example.org/" <> opts[:currency]
                # The whole table, once.
                rates = «Req.get!(url)».body
                {:ok, %{currency: opts[:currency], rates: rates}}
              end

              @impl true
              def handle_call({:rate, to}, _from, state) do
                {:reply, Map.fetch(state.rates, to), state}
              end
            end
            """,
        others={"lib/my_app/application.ex": _APPLICATION},
        fixed="""\
            defmodule MyApp.Rates do
              use GenServer

              def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

              @impl true
              def init(opts) do
                url = "https://rates.example.org/" <> opts[:currency]
                {:ok, %{currency: opts[:currency], rates: nil}, {:continue, {:load, url}}}
              end

              @impl true
              def handle_continue({:load, url}, state) do
                # The whole table, once.
                rates = Req.get!(url).body
                {:noreply, %{state | rates: rates}}
              end

              @impl true
              def handle_call({:rate, to}, _from, state) do
                {:reply, Map.fetch(state.rates, to), state}
              end
            end
            """,
    ),
    Example(
        path="lib/my_app/room.ex",
        code="""\
            defmodule MyApp.Room do
              use GenServer

              defstruct [:id, messages: []]

              def init(id), do: {:ok, %__MODULE__{id: id, messages: «MyApp.Chat.last_messages(id)»}}

              def handle_call(:messages, _from, room), do: {:reply, room.messages, room}
            end
            """,
        others={
            "lib/my_app/chat.ex": """\
                defmodule MyApp.Chat do
                  alias MyApp.{Message, Repo}

                  def last_messages(room_id), do: Repo.all(Message.last_in(room_id, 50))
                end
                """,
        },
        fixed="""\
            defmodule MyApp.Room do
              use GenServer

              defstruct [:id, messages: []]

              def init(id), do: {:ok, %__MODULE__{id: id, messages: nil}, {:continue, {:load, id}}}

              def handle_continue({:load, id}, state) do
                {:noreply, %{state | messages: MyApp.Chat.last_messages(id)}}
              end

              def handle_call(:messages, _from, room), do: {:reply, room.messages, room}
            end
            """,
    ),
    Example(
        path="lib/my_app/queue.ex",
        fix="Move the rest of init/1 into handle_continue/2",
        code="""\
            defmodule MyApp.Queue do
              use GenServer
              use AMQP

              @impl true
              def init(url) do
                Process.flag(:trap_exit, true)

                case «open(url)» do
                  {:ok, channel} ->
                    {:ok, %{channel: channel}}

                  {:error, reason} ->
                    {:stop, reason}
                end
              end

              @impl true
              def handle_continue(:drain, state), do: {:noreply, state}

              defp open(url) do
                with {:ok, connection} <- Connection.open(url), do: Channel.open(connection)
              end
            end
            """,
        fixed="""\
            defmodule MyApp.Queue do
              use GenServer
              use AMQP

              @impl true
              def init(url) do
                Process.flag(:trap_exit, true)

                {:ok, nil, {:continue, {:load, url}}}
              end

              @impl true
              def handle_continue({:load, url}, _state) do
                # TODO: a failure here comes after the boot; decide what stops, and what is tried again.
                case open(url) do
                  {:ok, channel} ->
                    {:noreply, %{channel: channel}}

                  {:error, reason} ->
                    {:stop, reason, nil}
                end
              end

              @impl true
              def handle_continue(:drain, state), do: {:noreply, state}

              defp open(url) do
                with {:ok, connection} <- Connection.open(url), do: Channel.open(connection)
              end
            end
            """,
    ),
    Example(
        path="lib/my_app/probe.ex",
        code="""\
            defmodule MyApp.Probe do
              use GenStateMachine

              def init(opts) do
                «Process.sleep(1_000)»
                {:ok, :idle, opts}
              end
            end
            """,
    ),
)

CORRECT = (
    Example(
        code="""\
            defmodule MyApp.Prices do
              use GenServer

              @impl true
              def init(opts), do: {:ok, opts, {:continue, :load}}

              @impl true
              def handle_continue(:load, opts) do
                {:noreply, Map.new(opts) |> Map.put(:prices, Req.get!("https://prices.example.org").body)}
              end
            end
            """,
        why="The work waits for `handle_continue/2`.",
    ),
    Example(
        code="""\
            defmodule MyApp.Warmer do
              use GenServer

              @impl true
              def init(urls) do
                {:ok, Task.async(fn -> Enum.map(urls, &Req.get!/1) end)}
              end
            end
            """,
        why="A task does the work, and `init/1` returns at once.",
    ),
    Example(
        code="""\
            defmodule MyApp.Buckets do
              use GenServer

              @impl true
              def init(opts) do
                table = :ets.new(:buckets, [:named_table, :public, read_concurrency: true])
                Phoenix.PubSub.subscribe(MyApp.PubSub, "buckets")
                Process.send_after(self(), :sweep, opts[:every])
                {:ok, Map.put(opts, :table, table)}
              end
            end
            """,
        why="What is quick, and what others rely on once the process is there.",
    ),
    Example(
        code="""\
            defmodule MyAppWeb.Plugs.Tenant do
              @behaviour Plug

              def init(opts), do: Keyword.put(opts, :tenants, MyApp.Repo.all(MyApp.Tenant))

              def call(conn, _opts), do: conn
            end
            """,
        path="lib/my_app_web/plugs/tenant.ex",
        why="The `init/1` of a plug is no process's.",
    ),
    Example(
        code="""\
            defmodule MyApp.Importer do
              use GenServer

              @impl true
              def init(_opts) do
                if MyApp.Repo.exists?(MyApp.Import), do: {:ok, %{}}, else: :ignore
              end
            end
            """,
        why="Whether it starts at all hangs on the answer.",
    ),
    Example(
        code="""\
            defmodule MyApp.Ipc do
              use GenServer

              @impl true
              def init(path), do: :gen_tcp.connect({:local, path}, 0, [:binary])
            end
            """,
        why="A socket file on the same machine answers at once, or is not there.",
    ),
)
