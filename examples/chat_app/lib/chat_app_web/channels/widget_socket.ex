defmodule ChatAppWeb.WidgetSocket do
  use Phoenix.Socket

  channel "widget:*", ChatAppWeb.WidgetChannel

  @impl true
  def connect(_params, socket, _connect_info), do: {:ok, socket}

  @impl true
  def id(_socket), do: nil
end
