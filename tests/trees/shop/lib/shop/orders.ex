defmodule Shop.Orders.Supervisor do
  use Supervisor

  def start_link(arg), do: Supervisor.start_link(__MODULE__, arg, name: __MODULE__)

  @impl true
  def init(_arg) do
    base = [Shop.Orders.Desk]
    base = base ++ [{DynamicSupervisor, name: Shop.Orders.Open, strategy: :one_for_one}]
    more = [Shop.Carts, {PartitionSupervisor, child_spec: DynamicSupervisor, name: Shop.Jobs}]

    Supervisor.init(base ++ more, strategy: :one_for_all, max_restarts: 1, max_seconds: 2)
  end
end

defmodule Shop.Orders.Desk do
  use GenServer

  def start_link(_), do: GenServer.start_link(__MODULE__, :ok, name: __MODULE__)

  def open(number) do
    DynamicSupervisor.start_child(Shop.Orders.Open, {Shop.Orders.Order, number})
  end

  def work(number) do
    supervisor = {:via, PartitionSupervisor, {Shop.Jobs, number}}
    DynamicSupervisor.start_child(supervisor, {Shop.Job, number})
  end

  @impl true
  def init(:ok), do: {:ok, []}
end

defmodule Shop.Orders.Order do
  use GenServer, restart: :temporary

  def start_link(number), do: GenServer.start_link(__MODULE__, number)

  @impl true
  def init(number), do: {:ok, number}
end

defmodule Shop.Job do
  use GenServer, restart: :temporary

  def start_link(number), do: GenServer.start_link(__MODULE__, number)

  @impl true
  def init(number), do: {:ok, number}
end

defmodule Shop.Carts do
  use DynamicSupervisor

  def start_link(_), do: DynamicSupervisor.start_link(__MODULE__, :ok, name: __MODULE__)

  def add(user) do
    spec = %{id: Shop.Cart, start: {Shop.Cart, :start_link, [user]}, restart: :transient}
    DynamicSupervisor.start_child(__MODULE__, spec)
  end

  @impl true
  def init(:ok), do: DynamicSupervisor.init(strategy: :one_for_one, max_children: 100)
end

defmodule Shop.Cart do
  use GenServer

  def start_link(user), do: GenServer.start_link(__MODULE__, user)

  @impl true
  def init(user), do: {:ok, user}
end
