defmodule ChatApp.Rooms.RoomQuery do
  @moduledoc "Queries of rooms, to be composed: each function takes a query and returns one."

  import Ecto.Query

  alias ChatApp.Rooms.Room

  @doc "All rooms; a query calls them `:room`."
  def base, do: from(r in Room, as: :room)

  @doc "Those without `archived_at`."
  def not_archived(query), do: where(query, [room: r], is_nil(r.archived_at))

  @doc "Those whose `private` is false."
  def not_private(query), do: where(query, [room: r], not r.private)
end
