defmodule ChatAppWeb.RoomComponents do
  use ChatAppWeb, :html

  alias ChatApp.Messages.Message
  alias ChatApp.Repo
  alias ChatApp.Rooms.Room

  attr :room, Room, required: true

  def room_header(assigns) do
    assigns =
      assign(assigns, :members, Repo.aggregate(Ecto.assoc(assigns.room, :memberships), :count))

    ~H"""
    <header>
      <h1><%= @room.name %></h1>
      <p><%= @room.topic %></p>
      <span class="members"><%= @members %> members</span>
    </header>
    """
  end

  attr :message, Message, required: true

  def message(assigns) do
    ~H"""
    <article id={"message-#{@message.id}"}>
      <strong><%= @message.author.username %></strong>
      <p><%= @message.body %></p>
      <small :if={@message.edited_at}>edited</small>
    </article>
    """
  end
end
