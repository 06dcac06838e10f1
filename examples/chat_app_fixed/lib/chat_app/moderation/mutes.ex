defmodule ChatApp.Moderation.Mutes do
  @moduledoc "Who may read in a room and not write, and why; until a moderator lifts it, or a restart."

  use GenServer

  @table __MODULE__

  def start_link([]), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

  def mute(room_id, user_id, reason) do
    GenServer.call(__MODULE__, {:mute, {room_id, user_id}, reason})
  end

  def lift(room_id, user_id), do: GenServer.call(__MODULE__, {:lift, {room_id, user_id}})

  @doc "The reason for which somebody is muted in a room, or nil."
  def get(room_id, user_id) do
    key = {room_id, user_id}

    case :ets.lookup(@table, key) do
      [{^key, value}] -> value
      [] -> nil
    end
  end

  @impl true
  def init(mutes) do
    :ets.new(@table, [:named_table, :protected, read_concurrency: true])
    {:ok, mutes}
  end

  @impl true
  def handle_call({:mute, key, reason}, _from, mutes) do
    :ets.insert(@table, {key, reason})
    {:reply, :ok, mutes}
  end

  def handle_call({:lift, key}, _from, mutes) do
    :ets.delete(@table, key)
    {:reply, :ok, mutes}
  end
end
