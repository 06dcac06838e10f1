defmodule ChatApp.Notifications.DigestScheduler do
  @moduledoc "Sends the digests every now and then."

  use GenServer

  alias ChatApp.Notifications

  @interval :timer.hours(1)

  def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

  @impl true
  def init(opts) do
    schedule()
    {:ok, Enum.into(opts, %{sent_at: DateTime.utc_now()})}
  end

  @impl true
  def handle_info(:send_digests, state) do
    now = DateTime.utc_now()
    since = state.sent_at

    Task.Supervisor.start_child(ChatApp.TaskSupervisor, fn ->
      Notifications.deliver_digests(since)
    end)

    schedule()
    {:noreply, %{state | sent_at: now}}
  end

  defp schedule, do: Process.send_after(self(), :send_digests, @interval)
end
