defmodule ChatApp.Digests do
  @moduledoc "What the mail at the end of the day tells somebody about their rooms."

  alias ChatApp.Accounts.User
  alias ChatApp.Repo
  alias ChatApp.Rooms

  def for_user(%User{} = user) do
    user
    |> Rooms.list_rooms_for()
    |> Repo.preload(memberships: :user)
    |> Enum.map(fn room ->
      %{room: room.name, people: Enum.map(room.memberships, & &1.user.username)}
    end)
  end
end
