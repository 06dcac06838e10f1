defmodule Shop.Application do
  use Application

  alias Shop.{Audit, Cache, Metrics, Orders}
  alias Shop.Pricing, as: Prices

  @env :prod
  @rates Shop.Rates

  @impl true
  def start(_type, _args) do
    children =
      [
        {Registry, keys: :unique, name: Shop.Registry},
        {Task.Supervisor, name: Shop.Tasks, max_restarts: 10, max_seconds: 60},
        Cache,
        {Prices, name: Prices, currency: :eur},
        {@rates, []},
        Supervisor.child_spec({Cache, name: Shop.SecondCache}, id: :second_cache, restart: :transient)
      ] ++ audit() ++ pools(@env) ++ Metrics.children() ++ [Orders.Supervisor | late(:prod)]

    opts = [strategy: :rest_for_one, name: Shop.Supervisor, max_restarts: 7]
    Supervisor.start_link(children, opts)
  end

  defp audit do
    [
      if(true, do: Audit),
      %{
        id: :journal,
        start: {GenServer, :start_link, [Shop.Journal, [], [name: Shop.Journal]]},
        restart: :temporary
      }
    ]
    |> Enum.reject(&is_nil/1)
  end

  defp pools(:test), do: []

  defp pools(_) do
    for name <- [:small, :large], do: Supervisor.child_spec({Shop.Pool, size: 2}, id: name)
  end

  defp late(:test), do: []
  defp late(:prod), do: [{Shop.Mailer, []}, worker(Shop.Clock)]

  defp worker(module), do: %{id: module, start: {module, :begin, []}, type: :worker}
end
