"""What otp/blocking-callback finds, and what it lets pass."""

from __future__ import annotations

from otpwise_analyzers.rules.base import Example

INCORRECT = (
    Example(
        path="lib/my_app_web/live/sign_in_live.ex",
        code="""\
            defmodule MyAppWeb.SignInLive do
              use Phoenix.LiveView

              @impl true
              def handle_info({ref, result}, socket) do
                Process.demonitor(ref, [:flush])

                case result do
                  {:ok, user} ->
                    # Long enough to be seen.
                    «Process.sleep(250)»
                    {:noreply, push_navigate(socket, to: "/users/" <> user.id)}

                  {:error, message} ->
                    {:noreply, assign(socket, error: message)}
                end
              end
            end
            """,
        fixed="""\
            defmodule MyAppWeb.SignInLive do
              use Phoenix.LiveView

              @impl true
              def handle_info({:go_on, user}, socket) do
                # TODO: other messages may have come in between; is what this one carries still true?
                {:noreply, push_navigate(socket, to: "/users/" <> user.id)}
              end

              @impl true
              def handle_info({ref, result}, socket) do
                Process.demonitor(ref, [:flush])

                case result do
                  {:ok, user} ->
                    # Long enough to be seen.
                    Process.send_after(self(), {:go_on, user}, 250)
                    {:noreply, socket}

                  {:error, message} ->
                    {:noreply, assign(socket, error: message)}
                end
              end
            end
            """,
    ),
    Example(
        path="lib/my_app/printer.ex",
        code="""\
            defmodule MyApp.Printer do
              use GenServer

              def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

              @impl true
              def init(opts), do: {:ok, Map.new(opts)}

              @impl true
              def handle_call({:print, page}, _from, state) do
                job = MyApp.Spool.add(page)
                «:timer.sleep(state.warm_up)»

                if MyApp.Spool.done?(job) do
                  {:reply, {:ok, job}, %{state | last: job}}
                else
                  {:reply, {:error, :jammed}, state}
                end
              end
            end
            """,
        fixed="""\
            defmodule MyApp.Printer do
              use GenServer

              def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

              @impl true
              def init(opts), do: {:ok, Map.new(opts)}

              @impl true
              def handle_call({:print, page}, from, state) do
                job = MyApp.Spool.add(page)
                Process.send_after(self(), {:after_print, from, job}, state.warm_up)
                {:noreply, state}
              end

              @impl true
              def handle_info({:after_print, from, job}, state) do
                # TODO: other messages may have come in between; is what this one carries still true?
                if MyApp.Spool.done?(job) do
                  GenServer.reply(from, {:ok, job})
                  {:noreply, %{state | last: job}}
                else
                  GenServer.reply(from, {:error, :jammed})
                  {:noreply, state}
                end
              end
            end
            """,
    ),
    Example(
        path="lib/my_app_web/channels/game_channel.ex",
        code="""\
            defmodule MyAppWeb.GameChannel do
              use Phoenix.Channel

              def handle_in("roll", %{"dice" => dice}, socket) do
                push(socket, "rolling", %{})
                # As long as the animation.
                «Process.sleep(1_500)»
                push(socket, "rolled", %{sum: MyApp.Game.roll(dice)})
                {:noreply, socket}
              end

              def handle_info(:tick, socket), do: {:noreply, socket}
            end
            """,
        fixed="""\
            defmodule MyAppWeb.GameChannel do
              use Phoenix.Channel

              def handle_in("roll", %{"dice" => dice}, socket) do
                push(socket, "rolling", %{})
                # As long as the animation.
                Process.send_after(self(), {:after_roll, dice}, 1_500)
                {:noreply, socket}
              end

              def handle_info({:after_roll, dice}, socket) do
                # TODO: other messages may have come in between; is what this one carries still true?
                push(socket, "rolled", %{sum: MyApp.Game.roll(dice)})
                {:noreply, socket}
              end

              def handle_info(:tick, socket), do: {:noreply, socket}
            end
            """,
    ),
    Example(
        path="lib/my_app/stars.ex",
        code="""\
            defmodule MyApp.Stars do
              use GenServer

              def start_link(_opts), do: GenServer.start_link(__MODULE__, 0, name: __MODULE__)

              def count, do: GenServer.call(__MODULE__, :count)

              @impl true
              def init(count), do: {:ok, count, {:continue, :refresh}}

              @impl true
              def handle_continue(:refresh, _count), do: {:noreply, fetch()}

              @impl true
              def handle_info(:refresh, _count), do: {:noreply, «fetch()»}

              @impl true
              def handle_call(:count, _from, count), do: {:reply, count, count}

              defp fetch, do: Req.get!("https://stars.example.org/count").body
            end
            """,
    ),
    Example(
        path="lib/my_app_web/live/weather_live.ex",
        code="""\
            defmodule MyAppWeb.WeatherLive do
              use Phoenix.LiveView

              def handle_event("refresh", _params, socket) do
                response = «Req.get!("https://weather.example.org")»
                {:noreply, assign(socket, :weather, response.body)}
              end
            end
            """,
    ),
    Example(
        path="lib/my_app/orders.ex",
        code="""\
            defmodule MyApp.Orders do
              use GenServer

              def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

              @impl true
              def init(opts), do: {:ok, opts}

              @impl true
              def handle_call({:place, order}, _from, state) do
                :ok = «GenServer.call(MyApp.Stock, {:reserve, order})»
                {:reply, :ok, state}
              end
            end
            """,
    ),
    Example(
        path="lib/my_app/application.ex",
        code="""\
            defmodule MyApp.Application do
              use Application

              def start(_type, _args) do
                # The database needs a while.
                «:timer.sleep(5_000)»
                Supervisor.start_link([MyApp.Repo], strategy: :one_for_one)
              end
            end
            """,
    ),
    Example(
        path="lib/my_app_web/controllers/export_controller.ex",
        code="""\
            defmodule MyAppWeb.ExportController do
              use Phoenix.Controller

              def create(conn, params) do
                MyApp.Exports.start(params)
                «Process.sleep(2_000)»
                redirect(conn, to: "/exports")
              end
            end
            """,
    ),
)

CORRECT = (
    Example(
        code="""\
            defmodule MyAppWeb.LoginChannel do
              use Phoenix.Channel

              def join("login", params, socket) do
                case MyApp.Accounts.sign_in(params) do
                  {:ok, user} ->
                    {:ok, assign(socket, :user, user)}

                  :error ->
                    Process.sleep(1_000)
                    {:error, %{reason: "unauthorized"}}
                end
              end
            end
            """,
        path="lib/my_app_web/channels/login_channel.ex",
        why="A pause before an error slows down who guesses.",
    ),
    Example(
        code="""\
            defmodule MyApp.Sender do
              use GenServer

              @retry_after 500

              @impl true
              def init(opts), do: {:ok, opts}

              @impl true
              def handle_cast({:deliver, mail}, state) do
                with {:error, _reason} <- MyApp.Smtp.deliver(mail) do
                  Process.sleep(@retry_after)
                  MyApp.Smtp.deliver(mail)
                end

                {:noreply, state}
              end
            end
            """,
        why="Named for what it is: the wait before a second try.",
    ),
    Example(
        code="""\
            defmodule MyApp.Starter do
              use GenServer

              @impl true
              def init(opts), do: {:ok, opts, {:continue, :settle}}

              @impl true
              def handle_continue(:settle, opts) do
                Process.sleep(2_000)
                {:noreply, opts}
              end
            end
            """,
        why="`handle_continue/2` comes before the first message; a pause there guards against restarts that are too quick.",
    ),
    Example(
        code="""\
            defmodule MyApp.Fetcher do
              use GenServer

              def start_link(_opts), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)

              @impl true
              def init(_opts), do: {:ok, nil}

              @impl true
              def handle_info(:fetch, _state) do
                MyApp.Prices.store(Req.get!("https://prices.example.org").body)
                Process.send_after(self(), :fetch, 60_000)
                {:noreply, nil}
              end
            end
            """,
        why="It fetches, and serves nobody: no one waits for it.",
    ),
    Example(
        code="""\
            defmodule MyAppWeb.ReportLive do
              use Phoenix.LiveView

              def handle_event("run", _params, socket) do
                {:noreply, start_async(socket, :run, fn -> Req.get!("https://reports.example.org").body end)}
              end

              def handle_async(:run, {:ok, report}, socket), do: {:noreply, assign(socket, :report, report)}
            end
            """,
        path="lib/my_app_web/live/report_live.ex",
        why="The request runs beside the page.",
    ),
    Example(
        code="""\
            defmodule MyApp.Digest do
              use Oban.Worker

              @impl true
              def perform(job) do
                Enum.each(job.args["users"], fn id ->
                  MyApp.Mailer.digest(id)
                  Process.sleep(100)
                end)
              end
            end
            """,
        why="A job of its own may take its time.",
    ),
    Example(
        code="""\
            defmodule MyAppWeb.BoardLive do
              use Phoenix.LiveView

              def handle_event("place", %{"id" => id}, socket) do
                board = GenServer.call(MyApp.Board, {:place, id})
                {:noreply, assign(socket, :board, board)}
              end
            end
            """,
        path="lib/my_app_web/live/board_live.ex",
        why="A page that asks a server for what it is about to show.",
    ),
)
