defmodule ChatApp.Rooms.RollCall do
  @moduledoc "Whether anybody looks at a room right now: the first open page that answers will do."

  def anybody_there?(room_id) do
    Phoenix.PubSub.broadcast(ChatApp.PubSub, "roll_call:#{room_id}", {:who_is_there, self()})

    receive do
      {:here, ^room_id, _user_id} -> true
    after
      # TODO: how long this may wait, and what follows when nothing came.
      5_000 -> exit(:timeout)
    end
  end
end
