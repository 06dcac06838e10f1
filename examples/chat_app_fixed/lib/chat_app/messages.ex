defmodule ChatApp.Messages do
  @moduledoc "What people say to each other."

  import Ecto.Query

  alias ChatApp.Accounts.User
  alias ChatApp.Messages.Message
  alias ChatApp.Repo
  alias ChatApp.Rooms.Room
  alias Ecto.Multi

  def list_recent(room_id, limit \\ 50) do
    Message
    |> where([m], m.room_id == ^room_id)
    |> order_by(desc: :id)
    |> limit(^limit)
    |> preload(:author)
    |> Repo.all()
    |> Enum.reverse()
  end

  def get_message!(id), do: Repo.get!(Message, id)

  def post_message(%User{} = author, room_id, attrs) do
    message = %Message{author_id: author.id, room_id: room_id}

    Multi.new()
    |> Multi.insert(:message, Message.changeset(message, attrs))
    |> Multi.update_all(:count, from(r in Room, where: r.id == ^room_id), inc: [messages_count: 1])
    |> Repo.transaction()
    |> case do
      {:ok, %{message: message}} -> {:ok, Repo.preload(message, :author)}
      {:error, :message, changeset, _changes} -> {:error, changeset}
    end
  end

  def update_message(%Message{} = message, attrs) do
    message
    |> Message.changeset(attrs)
    |> Ecto.Changeset.put_change(:edited_at, DateTime.truncate(DateTime.utc_now(), :second))
    |> Repo.update()
  end

  def delete_message(%Message{} = message) do
    room = from(r in Room, where: r.id == ^message.room_id)

    Repo.transaction(fn ->
      message = Repo.delete!(message)
      Repo.update_all(room, inc: [messages_count: -1])
      message
    end)
  end

  @doc "A message with everything below it. Recursive, hence SQL; the id is bound."
  def thread(root_id) do
    %{rows: rows} =
      Repo.query!(
        """
        WITH RECURSIVE thread AS (
          SELECT id, parent_id, body, 0 AS depth FROM messages WHERE id = $1
          UNION ALL
          SELECT m.id, m.parent_id, m.body, t.depth + 1
          FROM messages m JOIN thread t ON m.parent_id = t.id
        )
        SELECT id, parent_id, body, depth FROM thread ORDER BY id
        """,
        [root_id]
      )

    Enum.map(rows, fn [id, parent_id, body, depth] ->
      %{id: id, parent_id: parent_id, body: body, depth: depth}
    end)
  end
end
