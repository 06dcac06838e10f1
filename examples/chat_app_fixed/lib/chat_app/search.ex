defmodule ChatApp.Search do
  @moduledoc "The search box: messages, people, rooms."

  import Ecto.Query

  alias ChatApp.Messages.Message
  alias ChatApp.Repo
  alias ChatApp.Rooms.Room

  @page_size 20

  def messages(room_id, term) do
    Repo.query!(
      """
      SELECT m.id, m.body, u.username
      FROM messages m
      JOIN users u ON u.id = m.author_id
      WHERE m.room_id = $1
        AND m.body ILIKE $2
      ORDER BY m.id DESC
      """,
      [room_id, "%#{term}%"]
    )
    |> to_maps()
  end

  def people(term) do
    to_maps(Repo.query!("SELECT id, username FROM users WHERE username ILIKE $1", ["#{term}%"]))
  end

  def message_count(author_id) do
    count =
      Repo.one!(
        from m in Message,
          where: m.author_id == ^author_id,
          select: count()
      )

    count
  end

  @doc "Messages that mention somebody, newest first."
  def mentions(username) do
    Message
    |> where([m], ilike(m.body, ^"%@#{escape_like(username)}%"))
    |> order_by(desc: :id)
    |> limit(@page_size)
    |> Repo.all()
  end

  def rooms(term) do
    Repo.all(
      from r in Room,
        where: not r.private and ilike(r.name, ^"%#{escape_like(term)}%"),
        order_by: r.name,
        limit: @page_size
    )
  end

  def everywhere(room_id, term) do
    found_messages = Task.async(fn -> messages(room_id, term) end)
    found_people = Task.async(fn -> people(term) end)

    %{
      rooms: rooms(term),
      messages: Task.await(found_messages),
      people: Task.await(found_people)
    }
  end

  defp to_maps(%{columns: columns, rows: rows}) do
    Enum.map(rows, fn row -> columns |> Enum.zip(row) |> Map.new() end)
  end

  defp escape_like(term), do: String.replace(term, ["\\", "%", "_"], &("\\" <> &1))
end
