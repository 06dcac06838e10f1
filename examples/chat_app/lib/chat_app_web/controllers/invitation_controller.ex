defmodule ChatAppWeb.InvitationController do
  use ChatAppWeb, :controller

  alias ChatApp.Audit.Entry
  alias ChatApp.Repo
  alias ChatApp.Rooms
  alias ChatApp.Rooms.{Invitation, InvitationEmail, Room}

  plug :require_membership when action in [:index, :create]

  def index(conn, %{"room_id" => room_id}) do
    room = Room |> Repo.get!(room_id) |> Repo.preload(:invitations)
    json(conn, %{data: Enum.map(room.invitations, & &1.email)})
  end

  def create(conn, %{"room_id" => room_id, "invitation" => params}) do
    inviter = conn.assigns.current_user
    room = Rooms.get_room!(room_id)

    changeset =
      Invitation.changeset(%Invitation{room_id: room.id, inviter_id: inviter.id}, params)

    case Repo.insert(changeset) do
      {:ok, invitation} ->
        Repo.insert!(%Entry{
          action: "invitation.sent",
          actor_id: inviter.id,
          subject_id: invitation.id
        })

        link = url(~p"/api/invitations/#{invitation.token}/accept")
        Task.start(fn -> InvitationEmail.deliver(invitation, link) end)
        json(conn, invitation)
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
