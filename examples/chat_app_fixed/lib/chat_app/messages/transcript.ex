defmodule ChatApp.Messages.Transcript do
  @moduledoc "What was said in a room, as a file to take along."

  alias ChatApp.Messages
  alias ChatAppWeb.MessageJSON

  @limit 10_000

  def to_json(room_id) do
    Jason.encode!(MessageJSON.index(%{messages: Messages.list_recent(room_id, @limit)}))
  end
end
