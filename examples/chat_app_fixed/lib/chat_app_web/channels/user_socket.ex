defmodule ChatAppWeb.UserSocket do
  use Phoenix.Socket

  alias ChatApp.Accounts.User
  alias ChatApp.Repo

  @max_age 14 * 24 * 3600

  channel "room:*", ChatAppWeb.RoomChannel
  channel "direct:*", ChatAppWeb.DirectChannel
  channel "thread:*", ChatAppWeb.ThreadChannel

  @impl true
  def connect(%{"token" => token}, socket, _connect_info) do
    with {:ok, user_id} <- Phoenix.Token.verify(socket, "user socket", token, max_age: @max_age),
         %User{deactivated_at: nil} = user <- Repo.get(User, user_id) do
      {:ok, assign(socket, :current_user, user)}
    else
      _refused -> :error
    end
  end

  def connect(_params, _socket, _connect_info), do: :error

  @impl true
  def id(socket), do: "user_socket:#{socket.assigns.current_user.id}"
end
