defmodule ChatAppWeb.ArchiveController do
  use ChatAppWeb, :controller

  import Ecto.Query

  alias ChatApp.Rooms
  alias ChatApp.Rooms.Room

  def index(conn, _params) do
    archived = from r in Room, where: not is_nil(r.archived_at), order_by: [desc: r.archived_at]
    rooms = Rooms.list_own(archived, conn.assigns.current_user)

    json(conn, %{data: Enum.map(rooms, &Map.take(&1, [:id, :name, :archived_at]))})
  end
end
