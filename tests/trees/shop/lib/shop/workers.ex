defmodule Shop.Cache do
  use GenServer

  def start_link(opts) do
    GenServer.start_link(__MODULE__, opts, name: Keyword.get(opts, :name, __MODULE__))
  end

  @impl true
  def init(opts), do: {:ok, Map.new(opts)}
end

defmodule Shop.Pricing do
  use Agent, restart: :transient

  def start_link(opts), do: Agent.start_link(fn -> %{} end, name: opts[:name])
end

defmodule Shop.Rates do
  use Task

  def start_link(_), do: Task.start_link(fn -> Process.sleep(:infinity) end)
end

defmodule Shop.Audit do
  use GenServer, restart: :transient, id: :audit

  def start_link(_), do: GenServer.start_link(__MODULE__, :ok)

  @impl true
  def init(:ok), do: {:ok, []}
end

defmodule Shop.Journal do
  use GenServer

  @impl true
  def init(entries), do: {:ok, entries}
end

defmodule Shop.Pool do
  use GenServer

  def start_link(opts), do: GenServer.start_link(__MODULE__, opts)

  @impl true
  def init(opts), do: {:ok, opts}
end

defmodule Shop.Mailer do
  use GenServer

  def child_spec(opts) do
    %{id: {:mailer, 1}, start: {__MODULE__, :start_link, [opts]}, restart: :transient}
  end

  def start_link(_), do: GenServer.start_link(__MODULE__, :ok, name: __MODULE__)

  @impl true
  def init(:ok), do: {:ok, []}
end

defmodule Shop.Clock do
  use GenServer

  def begin, do: GenServer.start_link(__MODULE__, :ok)

  @impl true
  def init(:ok), do: {:ok, 0}
end
