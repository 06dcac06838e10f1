defmodule ChatApp.Rooms.ReadReceipts do
  @moduledoc "Collects \"read up to here\" marks, so that scrolling does not write a row for every line."

  use GenServer

  alias ChatApp.Rooms

  @batch 200

  def start_link(opts) do
    GenServer.start_link(__MODULE__, %{}, name: Keyword.get(opts, :name, __MODULE__))
  end

  @impl true
  def init(state) do
    {:ok, state}
  end

  def mark(user_id, room_id, message_id) do
    GenServer.cast(__MODULE__, {:mark, {user_id, room_id}, message_id})
  end

  def flush, do: GenServer.call(__MODULE__, :flush)

  @impl true
  def handle_cast({:mark, key, message_id}, marks) do
    marks = Map.update(marks, key, message_id, &max(&1, message_id))

    if map_size(marks) >= @batch do
      Rooms.store_read_marks(marks)
      {:noreply, %{}}
    else
      {:noreply, marks}
    end
  end

  @impl true
  def handle_call(:flush, _from, marks) do
    {:reply, Rooms.store_read_marks(marks), %{}}
  end
end
