defmodule ChatApp.Rooms.Directory do
  @moduledoc "The rooms that anybody may find and join."

  import Ecto.Query

  alias ChatApp.Repo
  alias ChatApp.Rooms.Room

  def list_open_rooms do
    Repo.all(from r in Room, where: is_nil(r.archived_at) and not r.private, order_by: r.name)
  end

  def count_open_rooms do
    Repo.aggregate(from(r in Room, where: is_nil(r.archived_at) and not r.private), :count)
  end

  def get_open_room(name) do
    Repo.one(from r in Room, where: r.name == ^name and not r.private and is_nil(r.archived_at))
  end
end
