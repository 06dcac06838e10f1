defmodule ChatApp.Rooms.LastVisits do
  @moduledoc "When a member last looked into a room. One writer, so that no two updates of a row collide."

  use GenServer

  import Ecto.Query

  alias ChatApp.Repo
  alias ChatApp.Rooms.Membership

  def start_link(opts) do
    GenServer.start_link(__MODULE__, 0, name: Keyword.get(opts, :name, __MODULE__))
  end

  def visited(room_id, user_id) do
    at = DateTime.truncate(DateTime.utc_now(), :second)
    GenServer.call(__MODULE__, {:visited, room_id, user_id, at})
  end

  @impl true
  def init(visits), do: {:ok, visits}

  @impl true
  def handle_call({:visited, room_id, user_id, at}, _from, visits) do
    memberships = where(Membership, room_id: ^room_id, user_id: ^user_id)
    Repo.update_all(memberships, set: [updated_at: at])
    {:reply, :ok, visits + 1}
  end
end
