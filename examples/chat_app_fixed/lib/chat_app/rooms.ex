defmodule ChatApp.Rooms do
  @moduledoc "Rooms, who is in them, and how to get in."

  import Ecto.Query

  alias ChatApp.Accounts.User
  alias ChatApp.Audit.Entry
  alias ChatApp.Repo
  alias ChatApp.Rooms.{Invitation, Membership, Room}
  alias Ecto.Multi

  def list_rooms_for(%User{id: user_id}) do
    Repo.all(
      from r in Room,
        join: m in assoc(r, :memberships),
        where: m.user_id == ^user_id and is_nil(r.archived_at),
        order_by: r.name
    )
  end

  def get_room!(id), do: Repo.get!(Room, id)

  def get_member!(room_id, user_id) do
    Repo.get_by!(Membership, room_id: room_id, user_id: user_id)
  end

  def member_ids(room_id) do
    Repo.all(from m in Membership, where: m.room_id == ^room_id, select: m.user_id)
  end

  def can_access_room?(%User{id: user_id}, room_id) do
    Repo.exists?(from m in Membership, where: m.room_id == ^room_id and m.user_id == ^user_id)
  end

  @doc "Opens a room; whoever opens it owns it."
  def create_room(%User{} = owner, attrs) do
    changeset = Room.changeset(%Room{}, attrs)

    Multi.new()
    |> Multi.insert(:room, changeset)
    |> Multi.insert(:membership, fn %{room: room} ->
      %Membership{room_id: room.id, user_id: owner.id, role: :owner}
    end)
    |> Repo.transaction()
    |> case do
      {:ok, %{room: room}} ->
        {:ok, room}

      {:error, _step, changeset, _changes} ->
        {:error, changeset}
    end
  end

  def update_room(%Room{} = room, attrs) do
    room
    |> Room.changeset(attrs)
    |> Repo.update()
  end

  def update_member(%Membership{} = membership, attrs) do
    membership
    |> Membership.changeset(attrs)
    |> Repo.update()
  end

  def join_room(%User{} = user, %Room{} = room) do
    membership = %Membership{room_id: room.id, user_id: user.id}

    Multi.new()
    |> Multi.insert(:membership, Membership.changeset(membership, %{role: :member}))
    |> Multi.update_all(:count, room_query(room), inc: [members_count: 1])
    |> Repo.transaction()
    |> case do
      {:ok, %{membership: membership}} -> {:ok, membership}
      {:error, :membership, changeset, _changes} -> {:error, changeset}
    end
  end

  def leave_room(%User{} = user, %Room{} = room) do
    Repo.transaction(fn ->
      member = get_member!(room.id, user.id)
      if member.role == :owner, do: Repo.rollback(:owner_cannot_leave)

      Repo.delete!(member)
      Repo.update_all(room_query(room), inc: [members_count: -1])
      room
    end)
  end

  @doc "Turns an invitation into a membership. The row stays locked until both are written."
  def accept_invitation(%User{} = user, token) do
    now = DateTime.utc_now()

    Repo.transaction(fn ->
      query =
        from i in Invitation,
          where: i.token == ^token and is_nil(i.accepted_at) and i.expires_at > ^now,
          lock: "FOR UPDATE"

      case Repo.one(query) do
        nil ->
          Repo.rollback(:not_found)

        invitation ->
          Repo.update!(Invitation.accept_changeset(invitation))
          Repo.insert!(%Membership{room_id: invitation.room_id, user_id: user.id})
      end
    end)
  end

  @doc "Writes what `ReadReceipts` has collected in one statement; returns the number of rows."
  def store_read_marks(marks) do
    rows =
      for {{user_id, room_id}, message_id} <- marks do
        %{user_id: user_id, room_id: room_id, message_id: message_id}
      end

    {count, _rows} =
      Repo.insert_all("read_marks", rows,
        on_conflict: {:replace, [:message_id]},
        conflict_target: [:room_id, :user_id]
      )

    count
  end

  @doc "Those of the rooms that somebody is in."
  def list_own(rooms, %User{id: user_id}) do
    Repo.all(from r in rooms, join: m in assoc(r, :memberships), where: m.user_id == ^user_id)
  end

  @doc "Gets one room by its id; raises when there is none."
  def get_room_with_invitations!(room_id) do
    Room |> Repo.get!(room_id) |> Repo.preload(:invitations)
  end

  @doc "Creates an invitation."
  def create_invitation(room, inviter, params) do
    Multi.new()
    |> Multi.insert(
      :invitation,
      Invitation.changeset(%Invitation{room_id: room.id, inviter_id: inviter.id}, params)
    )
    |> Multi.insert(:entry, fn %{invitation: invitation} ->
      %Entry{
        action: "invitation.sent",
        actor_id: inviter.id,
        subject_id: invitation.id
      }
    end)
    |> Repo.transaction()
    |> case do
      {:ok, %{invitation: invitation}} ->
        {:ok, invitation}

      {:error, _step, changeset, _changes} ->
        {:error, changeset}
    end
  end

  @doc "Archives a room."
  def archive_room!(room), do: Repo.update!(Room.archive_changeset(room))

  defp room_query(%Room{id: id}), do: from(r in Room, where: r.id == ^id)
end
