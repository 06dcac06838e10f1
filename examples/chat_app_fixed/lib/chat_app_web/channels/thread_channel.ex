defmodule ChatAppWeb.ThreadChannel do
  use ChatAppWeb, :channel

  alias ChatApp.{Messages, Repo, Rooms}
  alias ChatApp.Messages.Message
  alias ChatAppWeb.RateLimit

  @max_replies_per_second 5

  @impl true
  def join("thread:" <> message_id, _params, socket) do
    with %Message{} = message <- Repo.get(Message, message_id),
         true <- Rooms.can_access_room?(socket.assigns.current_user, message.room_id) do
      {:ok, %{messages: Messages.thread(message.id)}, assign(socket, :root, message)}
    else
      _refused -> {:error, %{reason: "unauthorized"}}
    end
  end

  @impl true
  def handle_in("reply", %{"body" => body}, socket) do
    case RateLimit.check(socket, @max_replies_per_second) do
      {:ok, socket} -> reply(body, socket)
      :limited -> {:reply, {:error, %{reason: "rate_limited"}}, socket}
    end
  end

  defp reply(body, socket) do
    %{root: root, current_user: user} = socket.assigns

    case Messages.post_message(user, root.room_id, %{body: body, parent_id: root.id}) do
      {:ok, message} ->
        broadcast!(socket, "replied", %{id: message.id, body: message.body, user_id: user.id})
        {:noreply, socket}

      {:error, _changeset} ->
        {:reply, {:error, %{reason: "invalid"}}, socket}
    end
  end
end
