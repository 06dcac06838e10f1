defmodule ChatApp.RoomsTest do
  use ChatApp.DataCase, async: true

  alias ChatApp.Rooms
  alias ChatApp.Rooms.Invitation

  test "whoever opens a room owns it" do
    ada = user_fixture("ada")
    assert {:ok, room} = Rooms.create_room(ada, %{name: "engines"})
    assert Rooms.get_member!(room.id, ada.id).role == :owner
  end

  test "an owner cannot leave" do
    ada = user_fixture("ada")
    {:ok, room} = Rooms.create_room(ada, %{name: "engines"})
    assert {:error, :owner_cannot_leave} = Rooms.leave_room(ada, room)
  end

  test "an invitation works once" do
    ada = user_fixture("ada")
    grace = user_fixture("grace")
    {:ok, room} = Rooms.create_room(ada, %{name: "engines"})

    invitation =
      %Invitation{room_id: room.id, inviter_id: ada.id}
      |> Invitation.changeset(%{email: grace.email})
      |> Repo.insert!()

    assert {:ok, _membership} = Rooms.accept_invitation(grace, invitation.token)
    assert {:error, :not_found} = Rooms.accept_invitation(grace, invitation.token)
  end
end
