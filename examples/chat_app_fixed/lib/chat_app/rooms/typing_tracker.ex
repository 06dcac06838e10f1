defmodule ChatApp.Rooms.TypingTracker do
  @moduledoc "Who is typing where. Forgets a person who has been quiet for `:quiet_after` milliseconds."

  use GenServer

  def start_link(opts) do
    GenServer.start_link(__MODULE__, opts, name: Keyword.get(opts, :name, __MODULE__))
  end

  def typing(room_id, user_id), do: GenServer.cast(__MODULE__, {:typing, room_id, user_id})

  def typists(room_id), do: GenServer.call(__MODULE__, {:typists, room_id})

  @impl true
  def init(opts) do
    {:ok, %{quiet_after: Keyword.get(opts, :quiet_after, 5_000), timers: %{}}}
  end

  @impl true
  def handle_cast({:typing, room_id, user_id}, state) do
    key = {room_id, user_id}
    with %{^key => timer} <- state.timers, do: Process.cancel_timer(timer)
    timer = Process.send_after(self(), {:quiet, key}, state.quiet_after)
    {:noreply, put_in(state.timers[key], timer)}
  end

  @impl true
  def handle_call({:typists, room_id}, _from, state) do
    {:reply, for({^room_id, user_id} <- Map.keys(state.timers), do: user_id), state}
  end

  @impl true
  def handle_info({:quiet, key}, state) do
    {:noreply, %{state | timers: Map.delete(state.timers, key)}}
  end
end
