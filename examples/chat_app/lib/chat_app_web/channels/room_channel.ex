defmodule ChatAppWeb.RoomChannel do
  use ChatAppWeb, :channel

  alias ChatApp.{Messages, Polls}
  alias ChatApp.Rooms.{ReadReceipts, TypingTracker}
  alias ChatAppWeb.Presence

  @impl true
  def join("room:" <> room_id, _params, socket) do
    send(self(), :after_join)
    {:ok, assign(socket, :room_id, String.to_integer(room_id))}
  end

  @impl true
  def handle_info(:after_join, socket) do
    {:ok, _ref} =
      Presence.track(socket, socket.assigns.current_user.id, %{since: System.os_time()})

    push(socket, "presence_state", Presence.list(socket))
    {:noreply, socket}
  end

  @impl true
  def handle_in("post", %{"body" => body}, socket) do
    case Messages.post_message(socket.assigns.current_user, socket.assigns.room_id, %{body: body}) do
      {:ok, message} ->
        broadcast!(socket, "posted", %{body: message.body, author: socket.assigns.current_user})
        {:reply, {:ok, %{id: message.id}}, socket}

      {:error, changeset} ->
        {:reply, {:error, ChatAppWeb.ErrorJSON.render("changeset.json", %{changeset: changeset})},
         socket}
    end
  end

  def handle_in("draw", strokes, socket) do
    broadcast_from!(socket, "draw", strokes)
    {:noreply, socket}
  end

  def handle_in("poll", %{"question" => question}, socket) when is_binary(question) do
    case Polls.start_poll(socket.assigns.room_id, question) do
      {:ok, _poll} ->
        broadcast!(socket, "poll", %{question: String.slice(question, 0, 200)})
        {:reply, :ok, socket}

      {:error, {:already_started, _poll}} ->
        {:reply, {:error, %{reason: "one poll at a time"}}, socket}
    end
  end

  def handle_in("typing", _params, socket) do
    TypingTracker.typing(socket.assigns.room_id, socket.assigns.current_user.id)
    broadcast_from!(socket, "typing", %{user_id: socket.assigns.current_user.id})
    {:noreply, socket}
  end

  def handle_in("read", %{"message_id" => message_id}, socket) when is_integer(message_id) do
    ReadReceipts.mark(socket.assigns.current_user.id, socket.assigns.room_id, message_id)
    {:noreply, socket}
  end
end
