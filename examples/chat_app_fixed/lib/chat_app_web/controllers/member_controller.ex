defmodule ChatAppWeb.MemberController do
  use ChatAppWeb, :controller

  alias ChatApp.{Accounts, Rooms, Search}

  def show(conn, %{"id" => id}) do
    user = Accounts.get_user!(id)

    json(conn, %{
      data: %{
        id: user.id,
        username: user.username,
        email: user.email,
        last_seen_at: user.last_seen_at,
        deactivated_at: user.deactivated_at,
        inserted_at: user.inserted_at,
        updated_at: user.updated_at
      }
    })
  end

  def stats(conn, %{"member_id" => id}) do
    json(conn, %{data: %{messages: Search.message_count(id)}})
  end

  def update(conn, %{"room_id" => room_id, "id" => id, "member" => params}) do
    me = Rooms.get_member!(room_id, conn.assigns.current_user.id)

    if me.role in [:owner, :moderator] do
      member = Rooms.get_member!(room_id, id)

      case Rooms.update_member(member, params) do
        {:ok, member} ->
          json(conn, %{data: %{user_id: member.user_id, role: member.role}})

        {:error, %Ecto.Changeset{} = changeset} ->
          errors = Ecto.Changeset.traverse_errors(changeset, &elem(&1, 0))
          conn |> put_status(422) |> json(%{errors: errors})
      end
    else
      send_resp(conn, :forbidden, "")
    end
  end
end
