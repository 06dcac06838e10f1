defmodule ChatAppWeb.RoomController do
  use ChatAppWeb, :controller

  alias ChatApp.Rooms

  action_fallback ChatAppWeb.FallbackController

  def index(conn, _params) do
    json(conn, %{data: Rooms.list_rooms_for(conn.assigns.current_user)})
  end

  # A room says itself which fields may leave the house.
  def show(conn, %{"id" => id}) do
    room = Rooms.get_room!(id)

    if not room.private or Rooms.can_access_room?(conn.assigns.current_user, room.id) do
      json(conn, room)
    else
      {:error, :not_found}
    end
  end

  def create(conn, %{"room" => params}) do
    with {:ok, room} <- Rooms.create_room(conn.assigns.current_user, params) do
      conn
      |> put_status(:created)
      |> json(%{data: room})
    end
  end
end
