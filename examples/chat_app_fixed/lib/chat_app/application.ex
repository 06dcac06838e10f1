defmodule ChatApp.Application do
  @moduledoc false

  use Application

  @impl true
  def start(_type, _args) do
    children = [
      ChatAppWeb.Telemetry,
      ChatApp.Repo,
      {Phoenix.PubSub, name: ChatApp.PubSub},
      {Finch, name: ChatApp.Finch},
      {Task.Supervisor, name: ChatApp.TaskSupervisor},
      {ChatApp.Moderation.WordList, url: "https://lists.chat.example/words.txt"},
      ChatApp.Moderation.Mutes,
      {Registry, keys: :unique, name: ChatApp.PollRegistry},
      {DynamicSupervisor, name: ChatApp.PollSupervisor, strategy: :one_for_one},
      {ChatApp.Rooms.TypingTracker, quiet_after: :timer.seconds(6)},
      ChatApp.Rooms.ReadReceipts,
      ChatApp.Rooms.Caretaker,
      ChatApp.Rooms.LastVisits,
      {ChatApp.Notifications.DigestScheduler, interval: :timer.minutes(30)},
      {ChatApp.Reports.Refresher, every: :timer.minutes(10)},
      ChatAppWeb.Presence,
      {ChatApp.LinkPreviews.Cache, ttl: :timer.minutes(10)},
      ChatApp.Messages.Drafts,
      ChatAppWeb.Endpoint
    ]

    with {:ok, pid} <-
           Supervisor.start_link(children, strategy: :one_for_one, name: ChatApp.Supervisor) do
      ChatApp.LinkPreviews.enable()
      {:ok, pid}
    end
  end

  @impl true
  def config_change(changed, _new, removed) do
    ChatAppWeb.Endpoint.config_change(changed, removed)
    :ok
  end
end
