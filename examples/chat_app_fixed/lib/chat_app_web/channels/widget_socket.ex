defmodule ChatAppWeb.WidgetSocket do
  use Phoenix.Socket

  channel "widget:*", ChatAppWeb.WidgetChannel

  @impl true
  def connect(%{"token" => token}, socket, _connect_info) do
    # TODO: sign the token where the page is rendered:
    # Phoenix.Token.sign(conn, "user socket", user.id)
    case Phoenix.Token.verify(socket, "user socket", token, max_age: 86_400) do
      {:ok, user_id} -> {:ok, assign(socket, :user_id, user_id)}
      {:error, _reason} -> :error
    end
  end

  def connect(_params, _socket, _connect_info), do: :error

  @impl true
  def id(_socket), do: nil
end
