defmodule ChatAppWeb.RoomChannel do
  use ChatAppWeb, :channel

  alias ChatApp.{Messages, Polls}
  alias ChatApp.Rooms.{ReadReceipts, TypingTracker}
  alias ChatAppWeb.Presence

  # TODO: how many messages one client may send in a window of this length.
  @max_messages 5
  @rate_window_ms 1_000

  @impl true
  def join("room:" <> room_id, _params, socket) do
    if ChatApp.Rooms.can_access_room?(socket.assigns.current_user, room_id) do
      send(self(), :after_join)
      {:ok, assign(socket, :room_id, String.to_integer(room_id))}
    else
      {:error, %{reason: "unauthorized"}}
    end
  end

  @impl true
  def handle_info(:after_join, socket) do
    {:ok, _ref} =
      Presence.track(socket, socket.assigns.current_user.id, %{since: System.os_time()})

    push(socket, "presence_state", Presence.list(socket))
    {:noreply, socket}
  end

  @impl true
  def handle_in(event, payload, socket) do
    case count_message(socket) do
      {:ok, socket} -> on_event(event, payload, socket)
      :rate_limited -> {:reply, {:error, %{reason: "rate_limited"}}, socket}
    end
  end

  defp on_event("post", %{"body" => body}, socket) do
    case Messages.post_message(socket.assigns.current_user, socket.assigns.room_id, %{body: body}) do
      {:ok, message} ->
        broadcast!(socket, "posted", %{
          body: message.body,
          author_id: socket.assigns.current_user.id
        })

        {:reply, {:ok, %{id: message.id}}, socket}

      {:error, changeset} ->
        {:reply, {:error, ChatAppWeb.ErrorJSON.render("changeset.json", %{changeset: changeset})},
         socket}
    end
  end

  defp on_event("draw", strokes, socket) do
    # TODO: name all that the others may see.
    broadcast_from!(socket, "draw", %{
      body: strokes["body"],
      user_id: socket.assigns.current_user.id
    })

    {:noreply, socket}
  end

  defp on_event("poll", %{"question" => question}, socket) when is_binary(question) do
    case Polls.start_poll(socket.assigns.room_id, question) do
      {:ok, _poll} ->
        broadcast!(socket, "poll", %{question: String.slice(question, 0, 200)})
        {:reply, :ok, socket}

      {:error, {:already_started, _poll}} ->
        {:reply, {:error, %{reason: "one poll at a time"}}, socket}
    end
  end

  defp on_event("typing", _params, socket) do
    TypingTracker.typing(socket.assigns.room_id, socket.assigns.current_user.id)
    broadcast_from!(socket, "typing", %{user_id: socket.assigns.current_user.id})
    {:noreply, socket}
  end

  defp on_event("read", %{"message_id" => message_id}, socket) when is_integer(message_id) do
    ReadReceipts.mark(socket.assigns.current_user.id, socket.assigns.room_id, message_id)
    {:noreply, socket}
  end

  # A fixed window for each socket: once it is over, the count starts anew.
  defp count_message(socket) do
    now = System.monotonic_time(:millisecond)
    {started, count} = Map.get(socket.assigns, :rate_window, {now, 0})

    cond do
      now - started >= @rate_window_ms -> {:ok, assign(socket, :rate_window, {now, 1})}
      count < @max_messages -> {:ok, assign(socket, :rate_window, {started, count + 1})}
      true -> :rate_limited
    end
  end
end
