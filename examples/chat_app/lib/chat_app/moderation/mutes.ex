defmodule ChatApp.Moderation.Mutes do
  @moduledoc "Who may read in a room and not write, and why; until a moderator lifts it, or a restart."

  use GenServer

  def start_link([]), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

  def mute(room_id, user_id, reason) do
    GenServer.call(__MODULE__, {:mute, {room_id, user_id}, reason})
  end

  def lift(room_id, user_id), do: GenServer.call(__MODULE__, {:lift, {room_id, user_id}})

  @doc "The reason for which somebody is muted in a room, or nil."
  def get(room_id, user_id), do: GenServer.call(__MODULE__, {:get, {room_id, user_id}})

  @impl true
  def init(mutes), do: {:ok, mutes}

  @impl true
  def handle_call({:get, key}, _from, mutes), do: {:reply, Map.get(mutes, key), mutes}

  def handle_call({:mute, key, reason}, _from, mutes) do
    {:reply, :ok, Map.put(mutes, key, reason)}
  end

  def handle_call({:lift, key}, _from, mutes), do: {:reply, :ok, Map.delete(mutes, key)}
end
