defmodule ChatApp.Digests do
  @moduledoc "What the mail at the end of the day tells somebody about their rooms."

  import Ecto.Query

  alias ChatApp.Accounts.User
  alias ChatApp.Messages.Message
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

  @doc "Whether there is anything to tell about these rooms; if not, no mail is sent."
  def any_news?(room_ids, since) do
    Message
    |> where([m], m.room_id in ^room_ids and m.inserted_at > ^since)
    |> Repo.exists?()
  end
end
