defmodule ChatAppWeb.RateLimit do
  @moduledoc "Counts what one socket sends, in windows of a second."

  import Phoenix.Socket, only: [assign: 3]

  @window_ms 1_000

  @doc "`{:ok, socket}` as long as fewer than `max` messages came in this window, `:limited` after that."
  def check(socket, max) do
    now = System.monotonic_time(:millisecond)

    case socket.assigns[:rate_window] do
      {started, count} when now - started < @window_ms and count >= max ->
        :limited

      {started, count} when now - started < @window_ms ->
        {:ok, assign(socket, :rate_window, {started, count + 1})}

      _none_or_over ->
        {:ok, assign(socket, :rate_window, {now, 1})}
    end
  end
end
