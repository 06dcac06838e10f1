defmodule ChatAppWeb.LobbyLive do
  use ChatAppWeb, :live_view

  alias ChatApp.{Accounts, Rooms}
  alias ChatAppWeb.Endpoint

  @impl true
  def mount(_params, %{"user_id" => user_id}, socket) do
    user = Accounts.get_user!(user_id)
    if connected?(socket), do: Endpoint.subscribe("lobby:#{user.id}")

    {:ok, assign(socket, current_user: user, rooms: Rooms.list_rooms_for(user))}
  end

  @impl true
  def render(assigns) do
    ~H"""
    <ul id="rooms">
      <li :for={room <- @rooms}><.link navigate={~p"/rooms/#{room.id}"}><%= room.name %></.link></li>
    </ul>
    """
  end

  @impl true
  def handle_info(%{event: "rooms_changed"}, socket) do
    {:noreply, assign(socket, :rooms, Rooms.list_rooms_for(socket.assigns.current_user))}
  end
end
