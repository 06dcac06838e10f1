defmodule ChatAppWeb.SessionController do
  use ChatAppWeb, :controller

  alias ChatApp.Accounts

  @token_salt "user socket"

  def create(conn, %{"email" => email, "password" => password}) do
    case Accounts.authenticate(email, password) do
      {:ok, user} ->
        Task.Supervisor.start_child(ChatApp.TaskSupervisor, fn ->
          Accounts.touch_last_seen(user)
        end)

        conn
        |> configure_session(renew: true)
        |> put_session(:user_id, user.id)
        |> json(%{
          data: %{id: user.id, socket_token: Phoenix.Token.sign(conn, @token_salt, user.id)}
        })

      {:error, _reason} ->
        conn
        |> put_status(:unauthorized)
        |> json(%{errors: %{detail: "wrong email or password"}})
    end
  end

  def delete(conn, _params) do
    conn
    |> configure_session(drop: true)
    |> send_resp(:no_content, "")
  end
end
