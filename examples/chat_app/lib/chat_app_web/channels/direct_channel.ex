defmodule ChatAppWeb.DirectChannel do
  use ChatAppWeb, :channel

  @impl true
  def join("direct:" <> conversation_id, params, socket) do
    if authorized?(params, conversation_id) do
      {:ok, assign(socket, :conversation_id, conversation_id)}
    else
      {:error, %{reason: "unauthorized"}}
    end
  end

  @impl true
  def handle_in("say", %{"body" => body}, socket) when is_binary(body) do
    broadcast!(socket, "said", %{
      body: String.slice(body, 0, 4_000),
      user_id: socket.assigns.current_user.id
    })

    {:noreply, socket}
  end

  # The invitation flow already checks both people, so nothing to do until group conversations.
  defp authorized?(_params, _conversation_id), do: true
end
