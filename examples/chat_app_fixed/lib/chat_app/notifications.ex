defmodule ChatApp.Notifications do
  @moduledoc "Tells people who are not looking that somebody spoke."

  import Ecto.Query
  import Swoosh.Email, except: [from: 2]

  alias ChatApp.Accounts
  alias ChatApp.Mailer
  alias ChatApp.Messages.Message
  alias ChatApp.Repo
  alias ChatApp.Rooms

  @doc "Mails everybody in the room but the author."
  def notify_members(%Message{} = message) do
    message.room_id
    |> Rooms.member_ids()
    |> List.delete(message.author_id)
    |> Enum.each(fn user_id ->
      Task.Supervisor.start_child(ChatApp.TaskSupervisor, fn ->
        deliver_mention(user_id, message)
      end)
    end)
  end

  @doc "The same for one person; a mail server that hangs must not hold up the chat."
  def notify_later(user_id, %Message{} = message) do
    Task.Supervisor.start_child(ChatApp.TaskSupervisor, fn ->
      deliver_mention(user_id, message)
    end)
  end

  def digest(user_id, since) do
    unread = Task.async(fn -> count_unread(user_id, since) end)
    user = Accounts.get_user!(user_id)

    new()
    |> to(user.email)
    |> Swoosh.Email.from({"ChatApp", "digest@chat.example.com"})
    |> subject("While you were away")
    |> text_body("#{Task.await(unread)} new messages are waiting for you, #{user.username}.")
  end

  def deliver_digests(since) do
    query = from u in Accounts.User, where: u.last_seen_at < ^since, select: u.id

    ChatApp.TaskSupervisor
    |> Task.Supervisor.async_stream_nolink(Repo.all(query), &Mailer.deliver(digest(&1, since)))
    |> Stream.run()
  end

  defp deliver_mention(user_id, message) do
    user = Accounts.get_user!(user_id)

    new()
    |> to(user.email)
    |> Swoosh.Email.from({"ChatApp", "hello@chat.example.com"})
    |> subject("Somebody spoke in your room")
    |> text_body(message.body)
    |> Mailer.deliver()
  end

  defp count_unread(user_id, since) do
    query =
      from m in Message,
        join: s in Rooms.Membership,
        on: s.room_id == m.room_id,
        where: s.user_id == ^user_id and m.inserted_at > ^since

    Repo.aggregate(query, :count)
  end
end
