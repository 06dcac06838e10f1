defmodule ChatAppWeb.Plugs.FetchCurrentUser do
  @moduledoc "Puts the signed-in person, or `nil`, into `conn.assigns.current_user`."

  @behaviour Plug

  import Plug.Conn

  alias ChatApp.Accounts.User
  alias ChatApp.Repo

  @impl true
  def init(opts), do: opts

  @impl true
  def call(conn, _opts) do
    user_id = get_session(conn, :user_id)
    assign(conn, :current_user, user_id && Repo.get(User, user_id))
  end
end
