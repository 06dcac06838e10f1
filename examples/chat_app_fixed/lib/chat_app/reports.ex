defmodule ChatApp.Reports do
  @moduledoc "Numbers for the people who run the server."

  import Ecto.Query

  alias ChatApp.Messages.Message
  alias ChatApp.Repo
  alias ChatApp.Rooms.Invitation
  alias ChatApp.Rooms.Room

  @daily_activity "daily_activity"

  def archived_room_names do
    rows =
      Repo.all(
        from r in Room,
          where: not is_nil(r.archived_at),
          order_by: r.name,
          select: [r.name]
      )

    List.flatten(rows)
  end

  def forget_invitations(before) do
    Repo.delete_all(from i in Invitation, where: is_nil(i.accepted_at) and i.expires_at < ^before)
  end

  def messages_per_room(since) do
    Repo.all(
      from m in Message,
        where: m.inserted_at >= ^since,
        group_by: m.room_id,
        select: {m.room_id, count(m.id)}
    )
  end

  @doc "The last message of every room. A window function, so the SQL stays."
  def last_words(limit) when is_integer(limit) do
    Repo.query!(
      """
      SELECT room_id, body FROM (
        SELECT room_id, body, row_number() OVER (PARTITION BY room_id ORDER BY id DESC) AS age
        FROM messages
      ) ranked
      WHERE age = 1
      LIMIT $1
      """,
      [limit]
    )
  end

  @doc "A view's name cannot be a parameter; this one is a constant."
  def refresh do
    Repo.query!("REFRESH MATERIALIZED VIEW CONCURRENTLY #{@daily_activity}")
    :ok
  end

  def explain_slow_search do
    Repo.query!("EXPLAIN ANALYZE SELECT * FROM messages WHERE body ILIKE '%hello%'")
  end
end
