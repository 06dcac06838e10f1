defmodule ChatApp.LinkPreviews.Cache do
  use GenServer

  def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

  @impl true
  def init(opts), do: {:ok, Map.new(opts)}

  def get(url), do: GenServer.call(__MODULE__, {:get, url})

  def put(url, preview), do: GenServer.cast(__MODULE__, {:put, url, preview})

  @impl true
  def handle_call({:get, url}, _from, previews) do
    case previews do
      %{^url => preview} -> {:reply, {:ok, preview}, previews}
      _ -> {:reply, :miss, previews}
    end
  end

  @impl true
  def handle_cast({:put, url, preview}, previews) do
    {:noreply, Map.put(previews, url, preview)}
  end
end
