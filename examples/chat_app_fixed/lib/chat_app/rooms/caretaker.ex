defmodule ChatApp.Rooms.Caretaker do
  @moduledoc "Closes rooms for the night, with a word of warning to whoever is still there."

  use GenServer

  @topic "rooms:closing"

  def start_link(opts) do
    GenServer.start_link(__MODULE__, 0, name: Keyword.get(opts, :name, __MODULE__))
  end

  def close(room_id), do: GenServer.cast(__MODULE__, {:close, room_id})

  @impl true
  def init(closed), do: {:ok, closed}

  @impl true
  def handle_cast({:close, room_id}, closed) do
    Phoenix.PubSub.broadcast(ChatApp.PubSub, @topic, {:closing_soon, room_id})
    Process.send_after(self(), {:after_close, room_id}, :timer.seconds(30))
    {:noreply, closed}
  end

  @impl true
  def handle_info({:after_close, room_id}, closed) do
    # TODO: other messages may have come in between; is what this one carries still true?
    Phoenix.PubSub.broadcast(ChatApp.PubSub, @topic, {:closed, room_id})
    {:noreply, closed + 1}
  end
end
