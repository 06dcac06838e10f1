defmodule Shop.Metrics do
  def children do
    [
      {Shop.Metrics.Reporter, every: 1_000},
      %{
        id: Shop.Metrics.Supervisor,
        type: :supervisor,
        start: {
          Supervisor,
          :start_link,
          [
            Enum.map([:cpu, :memory], &gauge/1),
            [strategy: :one_for_all, name: Shop.Metrics.Supervisor, max_seconds: 30]
          ]
        }
      }
    ]
  end

  defp gauge(name), do: %{id: name, start: {Agent, :start_link, [fn -> 0 end]}}
end

defmodule Shop.Metrics.Reporter do
  use GenServer

  def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

  @impl true
  def init(opts), do: {:ok, opts}
end
