defmodule ChatAppWeb.MessageController do
  use ChatAppWeb, :controller

  alias ChatApp.{Messages, Notifications, Rooms}
  alias ChatApp.Moderation.Mutes

  plug :require_membership
  plug :refuse_muted when action == :create

  def index(conn, %{"room_id" => room_id}) do
    render(conn, :index, messages: Messages.list_recent(room_id))
  end

  def create(conn, %{"room_id" => room_id, "message" => params}) do
    case Messages.post_message(conn.assigns.current_user, room_id, params) do
      {:ok, message} ->
        Task.Supervisor.start_child(ChatApp.TaskSupervisor, fn ->
          Notifications.notify_members(message)
        end)

        conn
        |> put_status(:created)
        |> render(:show, message: message)

      {:error, changeset} ->
        conn
        |> put_status(:unprocessable_entity)
        |> put_view(json: ChatAppWeb.ErrorJSON)
        |> render("changeset.json", changeset: changeset)
    end
  end

  def delete(conn, %{"id" => id}) do
    message = Messages.get_message!(id)

    if message.author_id == conn.assigns.current_user.id do
      {:ok, _message} = Messages.delete_message(message)
      send_resp(conn, :no_content, "")
    else
      send_resp(conn, :forbidden, "")
    end
  end

  defp require_membership(conn, _opts) do
    if Rooms.can_access_room?(conn.assigns.current_user, conn.params["room_id"]) do
      conn
    else
      conn |> send_resp(:not_found, "") |> halt()
    end
  end

  defp refuse_muted(conn, _opts) do
    case Mutes.get(conn.params["room_id"], conn.assigns.current_user.id) do
      nil -> conn
      _reason -> conn |> send_resp(:forbidden, "") |> halt()
    end
  end
end
