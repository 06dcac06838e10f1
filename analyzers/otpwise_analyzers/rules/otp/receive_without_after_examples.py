"""What otp/receive-without-after finds, and what it lets pass."""

from __future__ import annotations

from otpwise_analyzers.rules.base import Example

INCORRECT = (
    Example(
        path="lib/my_app_web/live/player_live.ex",
        code="""\
            defmodule MyAppWeb.PlayerLive do
              use Phoenix.LiveView

              def handle_event("pause", %{"id" => id}, socket) do
                MyApp.Player.pause(id)

                «receive» do
                  {:paused, track} -> {:noreply, assign(socket, :paused, track)}
                end
              end
            end
            """,
        fixed="""\
            defmodule MyAppWeb.PlayerLive do
              use Phoenix.LiveView

              def handle_event("pause", %{"id" => id}, socket) do
                MyApp.Player.pause(id)

                receive do
                  {:paused, track} -> {:noreply, assign(socket, :paused, track)}
                after
                  # TODO: how long this may wait, and what follows when nothing came.
                  5_000 -> {:noreply, put_flash(socket, :error, "That took too long.")}
                end
              end
            end
            """,
    ),
    Example(
        path="lib/my_app_web/controllers/upload_controller.ex",
        code="""\
            defmodule MyAppWeb.UploadController do
              use MyAppWeb, :controller

              def done(conn, %{"path" => path}), do: hand_over(conn, MyApp.Uploads.whereis(path))

              defp hand_over(conn, pid) when is_pid(pid) do
                send(pid, {:uploaded, self(), conn})

                «receive» do
                  {:answered, conn} -> conn
                end
              end

              defp hand_over(conn, nil), do: send_resp(conn, 404, "")
            end
            """,
        fixed="""\
            defmodule MyAppWeb.UploadController do
              use MyAppWeb, :controller

              def done(conn, %{"path" => path}), do: hand_over(conn, MyApp.Uploads.whereis(path))

              defp hand_over(conn, pid) when is_pid(pid) do
                send(pid, {:uploaded, self(), conn})

                receive do
                  {:answered, conn} -> conn
                after
                  # TODO: how long this may wait, and what follows when nothing came.
                  5_000 -> send_resp(conn, 504, "")
                end
              end

              defp hand_over(conn, nil), do: send_resp(conn, 404, "")
            end
            """,
    ),
    Example(
        path="lib/my_app/scanner.ex",
        code="""\
            defmodule MyApp.Scanner do
              use GenServer

              @impl true
              def init(device), do: {:ok, %{device: device}}

              @impl true
              def handle_call(:scan, _from, state) do
                send(state.device, {:scan, self()})

                «receive» do
                  {:code, code} ->
                    {:reply, {:ok, code}, state}

                  {:unreadable, reason} ->
                    {:reply, {:error, reason}, state}
                end
              end
            end
            """,
        fixed="""\
            defmodule MyApp.Scanner do
              use GenServer

              @impl true
              def init(device), do: {:ok, %{device: device}}

              @impl true
              def handle_call(:scan, _from, state) do
                send(state.device, {:scan, self()})

                receive do
                  {:code, code} ->
                    {:reply, {:ok, code}, state}

                  {:unreadable, reason} ->
                    {:reply, {:error, reason}, state}
                after
                  # TODO: how long this may wait, and what follows when nothing came.
                  5_000 -> {:reply, {:error, :timeout}, state}
                end
              end
            end
            """,
    ),
    Example(
        path="lib/my_app/console.ex",
        code="""\
            defmodule MyApp.Console do
              def assigns_of(user_id) do
                MyAppWeb.Endpoint.broadcast("user:" <> user_id, "assigns", %{answer_to: self()})

                assigns =
                  «receive» do
                    {:assigns, assigns} -> assigns
                  end

                Map.delete(assigns, :flash)
              end
            end
            """,
        fixed="""\
            defmodule MyApp.Console do
              def assigns_of(user_id) do
                MyAppWeb.Endpoint.broadcast("user:" <> user_id, "assigns", %{answer_to: self()})

                assigns =
                  receive do
                    {:assigns, assigns} -> assigns
                  after
                    # TODO: how long this may wait, and what follows when nothing came.
                    5_000 -> exit(:timeout)
                  end

                Map.delete(assigns, :flash)
              end
            end
            """,
    ),
    Example(
        path="lib/my_app/lock.ex",
        code="""\
            defmodule MyApp.Lock do
              use GenServer

              @impl true
              def init(holder), do: {:ok, holder}

              @impl true
              def handle_cast(:take, holder) do
                {:ok, key} = ask(holder)
                {:noreply, {holder, key}}
              end

              defp ask(holder) do
                MyApp.Locks.request(holder)

                «receive» do
                  {:key, key} -> {:ok, key}
                end
              end
            end
            """,
        fixed="""\
            defmodule MyApp.Lock do
              use GenServer

              @impl true
              def init(holder), do: {:ok, holder}

              @impl true
              def handle_cast(:take, holder) do
                {:ok, key} = ask(holder)
                {:noreply, {holder, key}}
              end

              defp ask(holder) do
                MyApp.Locks.request(holder)

                receive do
                  {:key, key} -> {:ok, key}
                after
                  # TODO: how long this may wait, and what follows when nothing came.
                  5_000 -> {:error, :timeout}
                end
              end
            end
            """,
    ),
    Example(
        path="lib/my_app/feed.ex",
        code="""\
            defmodule MyApp.Feed do
              use GenServer

              @impl true
              def init(topic), do: {:ok, topic}

              @impl true
              def handle_info(:refresh, topic) do
                Phoenix.PubSub.broadcast(MyApp.PubSub, topic, :who_is_there)

                «receive» do
                  message -> {:noreply, {topic, message}}
                after
                  1_000 -> {:noreply, topic}
                end
              end
            end
            """,
    ),
    Example(
        path="lib/my_app_web/channels/room_channel.ex",
        code="""\
            defmodule MyAppWeb.RoomChannel do
              use Phoenix.Channel

              def handle_in("count", _payload, socket) do
                MyApp.Counter.ask(self())

                «receive» do
                  {:count, n} -> {:reply, {:ok, %{count: n}}, socket}
                end
              end
            end
            """,
        fixed="""\
            defmodule MyAppWeb.RoomChannel do
              use Phoenix.Channel

              def handle_in("count", _payload, socket) do
                MyApp.Counter.ask(self())

                receive do
                  {:count, n} -> {:reply, {:ok, %{count: n}}, socket}
                after
                  # TODO: how long this may wait, and what follows when nothing came.
                  5_000 -> {:reply, {:error, %{reason: "timeout"}}, socket}
                end
              end
            end
            """,
    ),
)

CORRECT = (
    Example(
        code="""\
            defmodule MyAppWeb.Proxy do
              def body({pid, ref}) do
                send(pid, {:body, self(), ref})

                receive do
                  {^ref, body} -> {:ok, body}
                  {:DOWN, ^ref, :process, _pid, reason} -> {:error, reason}
                end
              end
            end
            """,
        path="lib/my_app_web/proxy.ex",
        why="The other process is monitored, and its end has a clause.",
    ),
    Example(
        code="""\
            defmodule MyApp.Ledger do
              use GenServer

              @impl true
              def init(_opts), do: {:ok, spawn_link(fn -> loop(0) end)}

              defp loop(sum) do
                receive do
                  {:add, n} -> loop(sum + n)
                end
              end
            end
            """,
        why="A process that was spawned for this waits for ever; that is its job.",
    ),
    Example(
        code="""\
            defmodule MyApp.Autosave do
              use GenServer

              @impl true
              def init(every), do: {:ok, Process.send_after(self(), :save, every)}

              @impl true
              def handle_cast(:stop, timer) do
                if Process.cancel_timer(timer) == false do
                  receive do
                    :save -> :ok
                  end
                end

                {:noreply, nil}
              end
            end
            """,
        why="The timer went off before it was cancelled: its message is in the mailbox already.",
    ),
    Example(
        code="""\
            defmodule MyAppWeb.QueueController do
              use Phoenix.Controller

              def receive(conn, %{"id" => id}) do
                json(conn, MyApp.Queue.next(id))
              end
            end
            """,
        path="lib/my_app_web/controllers/queue_controller.ex",
        why="An action that is named `receive`.",
    ),
    Example(
        code="""\
            defmodule MyAppWeb.ImportLive do
              use Phoenix.LiveView

              def handle_event("import", %{"path" => path}, socket) do
                Task.Supervisor.start_child(MyApp.TaskSupervisor, fn ->
                  MyApp.Importer.run(path, self())

                  receive do
                    :imported -> MyApp.Reports.write(path)
                  end
                end)

                {:noreply, socket}
              end
            end
            """,
        path="lib/my_app_web/live/import_live.ex",
        why="The task waits, and not the page.",
    ),
    Example(
        code="""\
            defmodule MyApp.Shell do
              def run(command) do
                port = Port.open({:spawn, command}, [:binary, :exit_status])
                send(port, {self(), {:command, "go"}})

                receive do
                  {^port, {:data, data}} -> data
                  {^port, {:exit_status, _status}} -> ""
                end
              end
            end
            """,
        why="A port's own messages: it says when it ends.",
    ),
    Example(
        code="""\
            defmodule MyAppWeb.SlowPlug do
              def init(opts), do: opts

              def call(conn, _opts) do
                receive do
                  {:go, ^conn} -> conn
                after
                  100 -> conn
                end
              end
            end
            """,
        path="lib/my_app_web/plugs/slow_plug.ex",
        why="It has its limit.",
    ),
)
