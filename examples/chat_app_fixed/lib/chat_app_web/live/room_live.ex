defmodule ChatAppWeb.RoomLive do
  use ChatAppWeb, :live_view

  import ChatAppWeb.RoomComponents

  alias ChatApp.{Accounts, LinkPreviews, Messages, Reports, Rooms}

  @impl true
  def mount(%{"id" => id}, %{"user_id" => user_id}, socket) do
    user = Accounts.get_user!(user_id)
    room = Rooms.get_room!(id)

    if Rooms.can_access_room?(user, room.id) do
      if connected?(socket), do: Phoenix.PubSub.subscribe(ChatApp.PubSub, "room:#{room.id}")

      {:ok,
       socket
       |> assign(current_user: user, room: room, page_title: room.name)
       |> assign(previews: [], preview_task: nil)
       |> stream(:messages, Messages.list_recent(room.id))}
    else
      {:ok, push_navigate(socket, to: "/")}
    end
  end

  @impl true
  def render(assigns) do
    ~H"""
    <.room_header room={@room} />
    <section id="messages" phx-update="stream">
      <div :for={{id, message} <- @streams.messages} id={id}>
        <.message message={message} />
      </div>
    </section>
    <ul>
      <li :for={preview <- @previews}><%= preview.title %></li>
    </ul>
    <form phx-submit="post"><textarea name="body"></textarea><button>Send</button></form>
    <button phx-click="archive">Archive this room</button>
    <button phx-click="recount">Refresh the numbers</button>
    """
  end

  @impl true
  def handle_event("post", %{"body" => body}, socket) do
    %{current_user: user, room: room} = socket.assigns

    case Messages.post_message(user, room.id, %{body: body}) do
      {:ok, message} ->
        Phoenix.PubSub.broadcast(ChatApp.PubSub, "room:#{room.id}", {:posted, message})
        task = Task.async(fn -> LinkPreviews.for_message(message.body) end)
        {:noreply, assign(socket, :preview_task, task)}

      {:error, _changeset} ->
        {:noreply, put_flash(socket, :error, "That was too long, or nothing at all.")}
    end
  end

  def handle_event("archive", _params, socket) do
    room = Rooms.archive_room!(socket.assigns.room)
    {:noreply, assign(socket, :room, room)}
  end

  def handle_event("recount", _params, socket) do
    Task.Supervisor.start_child(ChatApp.TaskSupervisor, fn -> Reports.refresh() end)
    {:noreply, put_flash(socket, :info, "The numbers will be there in a minute.")}
  end

  def handle_event("leave", _params, socket) do
    case Rooms.leave_room(socket.assigns.current_user, socket.assigns.room) do
      {:ok, _room} ->
        {:noreply, push_navigate(socket, to: "/")}

      {:error, :owner_cannot_leave} ->
        {:noreply, put_flash(socket, :error, "Find a new owner first.")}
    end
  end

  @impl true
  def handle_info({:posted, message}, socket) do
    {:noreply, stream_insert(socket, :messages, message)}
  end

  def handle_info({ref, previews}, %{assigns: %{preview_task: %Task{ref: ref}}} = socket) do
    Process.demonitor(ref, [:flush])
    {:noreply, assign(socket, previews: previews, preview_task: nil)}
  end

  def handle_info(
        {:DOWN, ref, :process, _pid, _reason},
        %{assigns: %{preview_task: %Task{ref: ref}}} = socket
      ) do
    {:noreply, assign(socket, preview_task: nil)}
  end
end
