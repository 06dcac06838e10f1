defmodule ChatApp.LinkPreviews.Cache do
  use GenServer

  # TODO: how long an entry may stay, in milliseconds.
  @ttl 300_000

  def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

  @impl true
  def init(opts) do
    ttl = Keyword.get(opts, :ttl, @ttl)
    schedule_cleanup(ttl)
    {:ok, %{ttl: ttl, entries: %{}}}
  end

  def get(url), do: GenServer.call(__MODULE__, {:get, url})

  def put(url, preview), do: GenServer.cast(__MODULE__, {:put, url, preview})

  @impl true
  def handle_call({:get, url}, _from, state) do
    case fresh(state.entries, url) do
      %{^url => preview} -> {:reply, {:ok, preview}, state}
      _ -> {:reply, :miss, state}
    end
  end

  @impl true
  def handle_cast({:put, url, preview}, state) do
    {:noreply, put_in(state.entries[url], expiring(preview, state.ttl))}
  end

  @impl true
  def handle_info(:cleanup, state) do
    schedule_cleanup(state.ttl)
    now = System.monotonic_time(:millisecond)
    entries = Map.filter(state.entries, fn {_key, {_value, expires_at}} -> expires_at > now end)
    {:noreply, %{state | entries: entries}}
  end

  defp schedule_cleanup(ttl), do: Process.send_after(self(), :cleanup, ttl)

  # An entry is kept beside the time from which on it counts for nothing.
  defp expiring(value, ttl), do: {value, System.monotonic_time(:millisecond) + ttl}

  # The entry of a key as a map of its own: empty when there is none, or it is too old.
  defp fresh(entries, key) do
    now = System.monotonic_time(:millisecond)

    case entries do
      %{^key => {value, expires_at}} when expires_at > now -> %{key => value}
      _none -> %{}
    end
  end
end
