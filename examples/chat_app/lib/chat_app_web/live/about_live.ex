defmodule ChatAppWeb.AboutLive do
  use ChatAppWeb, :live_view

  alias ChatApp.Repo
  alias ChatApp.Rooms.Room

  @impl true
  def mount(_params, _session, socket) do
    {:ok, assign(socket, page_title: "About", version: Application.spec(:chat_app, :vsn))}
  end
end
