defmodule ChatAppWeb.WidgetChannel do
  @moduledoc "A visitor of a customer's site who asks something. The page carries a signed token."

  use ChatAppWeb, :channel

  alias ChatAppWeb.RateLimit

  @max_age 3600

  @impl true
  def join("widget:" <> visitor, %{"token" => token}, socket) do
    case Phoenix.Token.verify(socket, "widget", token, max_age: @max_age) do
      {:ok, ^visitor} -> {:ok, assign(socket, :visitor, visitor)}
      _refused -> {:error, %{reason: "unauthorized"}}
    end
  end

  @impl true
  def handle_in("ask", %{"question" => question}, socket) when is_binary(question) do
    case RateLimit.check(socket, 1) do
      {:ok, socket} ->
        broadcast!(socket, "asked", %{
          question: String.slice(question, 0, 500),
          visitor: socket.assigns.visitor
        })

        {:noreply, socket}

      :limited ->
        {:reply, {:error, %{reason: "rate_limited"}}, socket}
    end
  end
end
