"""Examples of otp/unreachable-callback-clause."""

from __future__ import annotations

from otpwise_analyzers.rules.base import Example

INCORRECT = (
    Example(
        path="lib/my_app/quotes.ex",
        code="""\
            defmodule MyApp.Quotes do
              use GenServer

              def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

              @impl true
              def init(opts), do: {:ok, %{every: Keyword.get(opts, :every, 60_000), rates: %{}}}

              # Rates change all day.
              def «init(state)» do
                refresh_later()
                {:ok, state}
              end

              @impl true
              def handle_info(:refresh, state) do
                refresh_later()
                {:noreply, %{state | rates: MyApp.Bank.rates()}}
              end

              defp refresh_later, do: Process.send_after(self(), :refresh, state.every)
            end
            """,
        fixed="""\
            defmodule MyApp.Quotes do
              use GenServer

              def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

              @impl true
              def init(opts) do
                state = %{every: Keyword.get(opts, :every, 60_000), rates: %{}}
                # Rates change all day.
                refresh_later(state)
                {:ok, state}
              end

              @impl true
              def handle_info(:refresh, state) do
                refresh_later(state)
                {:noreply, %{state | rates: MyApp.Bank.rates()}}
              end

              defp refresh_later(state), do: Process.send_after(self(), :refresh, state.every)
            end
            """,
    ),
    Example(
        path="lib/my_app/sweeper.ex",
        code="""\
            defmodule MyApp.Sweeper do
              use GenServer

              @impl true
              def init(opts) do
                folder = Keyword.fetch!(opts, :folder)

                {:ok,
                 %{
                   folder: folder,
                   kept: Keyword.get(opts, :kept, 100)
                 }}
              end

              @impl true
              def «init(state)» do
                schedule_sweep()
                {:ok, state, :hibernate}
              end

              defp schedule_sweep, do: Process.send_after(self(), :sweep, 60_000)
            end
            """,
        fixed="""\
            defmodule MyApp.Sweeper do
              use GenServer

              @impl true
              def init(opts) do
                folder = Keyword.fetch!(opts, :folder)

                state = %{
                  folder: folder,
                  kept: Keyword.get(opts, :kept, 100)
                }

                schedule_sweep()
                {:ok, state, :hibernate}
              end

              # TODO: what `:sweep` is sent for.
              @impl true
              def handle_info(:sweep, state) do
                schedule_sweep()
                {:noreply, state}
              end

              defp schedule_sweep, do: Process.send_after(self(), :sweep, 60_000)
            end
            """,
    ),
    Example(
        path="lib/my_app_web/live/board_live.ex",
        code="""\
            defmodule MyAppWeb.BoardLive do
              use Phoenix.LiveView

              def handle_info({:moved, %{card: card}}, socket) do
                {:noreply, stream_insert(socket, :cards, card)}
              end

              # Somebody else's card goes to the top.
              def «handle_info({:moved, %{card: card, by: _user}}, socket)» do
                {:noreply, stream_insert(socket, :cards, card, at: 0)}
              end
            end
            """,
        fixed="""\
            defmodule MyAppWeb.BoardLive do
              use Phoenix.LiveView

              # Somebody else's card goes to the top.
              def handle_info({:moved, %{card: card, by: _user}}, socket) do
                {:noreply, stream_insert(socket, :cards, card, at: 0)}
              end

              def handle_info({:moved, %{card: card}}, socket) do
                {:noreply, stream_insert(socket, :cards, card)}
              end
            end
            """,
    ),
    Example(
        path="lib/my_app/inbox.ex",
        code="""\
            defmodule MyApp.Inbox do
              use GenServer

              @impl true
              def init(opts), do: {:ok, Map.new(opts)}

              @impl true
              def handle_info(:poll, state), do: {:noreply, poll(state)}

              @impl true
              def handle_info(_other, state), do: {:noreply, state}

              @impl true
              def «handle_info({:DOWN, _ref, :process, _pid, _reason}, state)», do: {:noreply, state}

              defp poll(state), do: Map.update(state, :polls, 1, &(&1 + 1))
            end
            """,
        fixed="""\
            defmodule MyApp.Inbox do
              use GenServer

              @impl true
              def init(opts), do: {:ok, Map.new(opts)}

              @impl true
              def handle_info(:poll, state), do: {:noreply, poll(state)}

              @impl true
              def handle_info(_other, state), do: {:noreply, state}

              defp poll(state), do: Map.update(state, :polls, 1, &(&1 + 1))
            end
            """,
    ),
    Example(
        """\
        defmodule MyApp.Members do
          def from_answer(%{body: %{"ok" => true, "members" => members}}) do
            {:ok, Enum.reject(members, & &1["is_bot"])}
          end

          def «from_answer(%{body: %{"ok" => true, "members" => []}})», do: {:error, :nobody}

          def from_answer(_other), do: {:error, :unreadable}
        end
        """,
        fixed="""\
        defmodule MyApp.Members do
          def from_answer(%{body: %{"ok" => true, "members" => []}}), do: {:error, :nobody}

          def from_answer(%{body: %{"ok" => true, "members" => members}}) do
            {:ok, Enum.reject(members, & &1["is_bot"])}
          end

          def from_answer(_other), do: {:error, :unreadable}
        end
        """,
    ),
)

CORRECT = (
    Example(
        """\
        defmodule MyApp.Worker do
          use GenServer

          @impl true
          def init(nil), do: :ignore

          @impl true
          def init(opts) when is_map(opts), do: {:ok, opts}

          @impl true
          def init(opts), do: {:ok, Map.new(opts)}
        end
        """,
        why="The literal and the guard above leave something over.",
    ),
    Example(
        """\
        defmodule MyApp.Pairs do
          use GenServer

          @impl true
          def init(opts), do: {:ok, opts}

          @impl true
          def handle_call({:move, place, place}, _from, state), do: {:reply, :nothing_to_do, state}

          def handle_call({:move, from, to}, _caller, state), do: {:reply, {from, to}, state}
        end
        """,
        why="A variable that stands twice matches only what is equal.",
    ),
    Example(
        """\
        defmodule MyApp.Clock do
          use GenServer

          if Mix.env() == :test do
            def init(opts), do: {:ok, opts}
          else
            def init(opts), do: {:ok, opts, {:continue, :tick}}
          end
        end
        """,
        why="Only one of them is compiled.",
    ),
    Example(
        """\
        defmodule MyApp.Server do
          defmacro __using__(_opts) do
            quote do
              use GenServer

              def init(state), do: {:ok, state}

              defoverridable init: 1
            end
          end

          def handle_frame(frame, state), do: {:ok, frame, state}

          defoverridable handle_frame: 2

          def handle_frame({:text, text}, state), do: super(text, state)
        end
        """,
        why="The later definition overrides the first, and calls it.",
    ),
    Example(
        """\
        defmodule MyAppWeb.RoomChannel do
          use Phoenix.Channel

          def join("room:lobby", _params, socket), do: {:ok, socket}

          def join("room:" <> id, _params, socket), do: {:ok, assign(socket, :id, id)}

          def handle_in("say", %{"to" => _id, "body" => _body}, socket), do: {:reply, :ok, socket}
          def handle_in("say", %{"body" => _body}, socket), do: {:noreply, socket}
        end
        """,
        path="lib/my_app_web/channels/room_channel.ex",
        why="The narrower pattern stands first.",
    ),
    Example(
        """\
        defmodule MyApp.Queue do
          @closing "closing"

          def handle(<<kind, _rest::binary>>, state), do: {kind, state}
          def handle(<<kind, _size, _rest::binary>>, state), do: {kind, state}
          def handle(@closing, state), do: {:closing, state}
          def handle("clos" <> _rest, state), do: {:unknown, state}
          def handle([one], state), do: {one, state}
          def handle([one | _more], state), do: {one, state}
          def handle(%URI{} = uri, state), do: {uri, state}
          def handle(%{} = map, state), do: {map, state}
        end
        """,
        why="Of binaries and attributes nothing is said; one item is not many, and a struct is not any map.",
    ),
    Example(
        """\
        defmodule MyApp.Options do
          def start(opts \\\\ [])
          def start(opts), do: start(opts, [])

          def start(opts, more), do: opts ++ more
        end
        """,
        why="A head without a body, and a function of another arity.",
    ),
)
