defmodule ChatApp.Reports.Refresher do
  @moduledoc "Keeps the numbers of the reports fresh."

  use GenServer

  alias ChatApp.Reports

  def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

  @impl true
  def init(opts) do
    state = %{every: Keyword.get(opts, :every, :timer.minutes(15))}
    # Nobody looks at the numbers in the first minutes.
    refresh_after(state.every)
    {:ok, state}
  end

  @impl true
  def handle_info(:refresh, state) do
    Task.Supervisor.start_child(ChatApp.TaskSupervisor, &Reports.refresh/0)
    refresh_after(state.every)
    {:noreply, state}
  end

  defp refresh_after(pause), do: Process.send_after(self(), :refresh, pause)
end
