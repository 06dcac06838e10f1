defmodule ChatAppWeb.DirectChannel do
  use ChatAppWeb, :channel

  # TODO: how many messages one client may send in a window of this length.
  @max_messages 5
  @rate_window_ms 1_000

  @impl true
  def join("direct:" <> conversation_id, params, socket) do
    if authorized?(params, conversation_id) do
      {:ok, assign(socket, :conversation_id, conversation_id)}
    else
      {:error, %{reason: "unauthorized"}}
    end
  end

  @impl true
  def handle_in(event, payload, socket) do
    case count_message(socket) do
      {:ok, socket} -> on_event(event, payload, socket)
      :rate_limited -> {:reply, {:error, %{reason: "rate_limited"}}, socket}
    end
  end

  defp on_event("say", %{"body" => body}, socket) when is_binary(body) do
    broadcast!(socket, "said", %{
      body: String.slice(body, 0, 4_000),
      user_id: socket.assigns.current_user.id
    })

    {:noreply, socket}
  end

  # The invitation flow already checks both people, so nothing to do until group conversations.
  defp authorized?(_params, _conversation_id), do: true

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
