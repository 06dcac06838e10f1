defmodule ChatAppWeb.Plugs.RequireUser do
  @moduledoc "Turns everybody away who has not signed in."

  @behaviour Plug

  import Plug.Conn

  @impl true
  def init(opts), do: opts

  @impl true
  def call(%{assigns: %{current_user: nil}} = conn, _opts) do
    conn
    |> put_status(:unauthorized)
    |> Phoenix.Controller.json(%{errors: %{detail: "sign in first"}})
    |> halt()
  end

  def call(conn, _opts), do: conn
end
