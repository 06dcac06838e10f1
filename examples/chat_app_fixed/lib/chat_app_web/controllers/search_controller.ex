defmodule ChatAppWeb.SearchController do
  use ChatAppWeb, :controller

  alias ChatApp.{Rooms, Search}

  def index(conn, %{"room_id" => room_id, "q" => term}) do
    if Rooms.can_access_room?(conn.assigns.current_user, room_id) do
      json(conn, %{data: Search.everywhere(room_id, term)})
    else
      send_resp(conn, :not_found, "")
    end
  end

  def index(conn, %{"mentions" => username}) do
    json(conn, %{data: Enum.map(Search.mentions(username), &%{id: &1.id, room_id: &1.room_id})})
  end

  def index(conn, %{"q" => term}) do
    json(conn, %{data: %{rooms: Search.rooms(term), people: Search.people(term)}})
  end
end
