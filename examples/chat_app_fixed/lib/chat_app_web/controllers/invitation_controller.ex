defmodule ChatAppWeb.InvitationController do
  use ChatAppWeb, :controller

  alias ChatApp.Rooms
  alias ChatApp.Rooms.InvitationEmail

  plug :require_membership when action in [:index, :create]

  def index(conn, %{"room_id" => room_id}) do
    room = Rooms.get_room_with_invitations!(room_id)
    json(conn, %{data: Enum.map(room.invitations, & &1.email)})
  end

  def create(conn, %{"room_id" => room_id, "invitation" => params}) do
    inviter = conn.assigns.current_user
    room = Rooms.get_room!(room_id)

    case Rooms.create_invitation(room, inviter, params) do
      {:ok, invitation} ->
        link = url(~p"/api/invitations/#{invitation.token}/accept")

        Task.Supervisor.start_child(ChatApp.TaskSupervisor, fn ->
          InvitationEmail.deliver(invitation, link)
        end)

        json(conn, %{
          data: %{
            id: invitation.id,
            email: invitation.email,
            expires_at: invitation.expires_at,
            accepted_at: invitation.accepted_at,
            room_id: invitation.room_id,
            inviter_id: invitation.inviter_id,
            inserted_at: invitation.inserted_at,
            updated_at: invitation.updated_at
          }
        })

      {:error, changeset} ->
        errors = Ecto.Changeset.traverse_errors(changeset, &elem(&1, 0))
        conn |> put_status(422) |> json(%{errors: errors})
    end
  end

  def accept(conn, %{"token" => token}) do
    case Rooms.accept_invitation(conn.assigns.current_user, token) do
      {:ok, membership} ->
        json(conn, %{data: %{room_id: membership.room_id}})

      {:error, :not_found} ->
        conn
        |> put_status(:not_found)
        |> json(%{errors: %{detail: "this invitation is no longer valid"}})
    end
  end

  defp require_membership(conn, _opts) do
    if Rooms.can_access_room?(conn.assigns.current_user, conn.params["room_id"]) do
      conn
    else
      conn |> send_resp(:not_found, "") |> halt()
    end
  end
end
