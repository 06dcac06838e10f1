defmodule ChatApp.Rooms.Directory do
  @moduledoc "The rooms that anybody may find and join."

  import Ecto.Query

  alias ChatApp.Repo
  alias ChatApp.Rooms.RoomQuery

  def list_open_rooms do
    RoomQuery.base()
    |> RoomQuery.not_archived()
    |> RoomQuery.not_private()
    |> order_by([room: r], r.name)
    |> Repo.all()
  end

  def count_open_rooms do
    RoomQuery.base()
    |> RoomQuery.not_archived()
    |> RoomQuery.not_private()
    |> Repo.aggregate(:count)
  end

  def get_open_room(name) do
    RoomQuery.base()
    |> where([room: r], r.name == ^name)
    |> RoomQuery.not_private()
    |> RoomQuery.not_archived()
    |> Repo.one()
  end
end
