"""Examples of otp/cache-never-expires."""

from __future__ import annotations

from otpwise_analyzers.rules.base import Example

INCORRECT = (
    Example(
        path="lib/my_app/cache.ex",
        code="""\
            defmodule MyApp.Cache do
              use GenServer

              def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

              def get(key), do: GenServer.call(__MODULE__, {:get, key})
              def put(key, value), do: GenServer.cast(__MODULE__, {:put, key, value})

              @impl true
              def init(opts), do: {:ok, %{ttl: Keyword.get(opts, :ttl, 300_000), store: %{}}}

              @impl true
              def handle_call({:get, key}, _from, state) do
                {:reply, Map.get(state.store, key), state}
              end

              @impl true
              def handle_cast({:put, key, value}, state) do
                {:noreply, «put_in(state.store[key], value)»}
              end
            end
            """,
        fixed="""\
            defmodule MyApp.Cache do
              use GenServer

              def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

              def get(key), do: GenServer.call(__MODULE__, {:get, key})
              def put(key, value), do: GenServer.cast(__MODULE__, {:put, key, value})

              @impl true
              def init(opts) do
                state = %{ttl: Keyword.get(opts, :ttl, 300_000), store: %{}}
                schedule_cleanup(state.ttl)
                {:ok, state}
              end

              @impl true
              def handle_call({:get, key}, _from, state) do
                {:reply, Map.get(fresh(state.store, key), key), state}
              end

              @impl true
              def handle_cast({:put, key, value}, state) do
                {:noreply, put_in(state.store[key], expiring(value, state.ttl))}
              end

              @impl true
              def handle_info(:cleanup, state) do
                schedule_cleanup(state.ttl)
                now = System.monotonic_time(:millisecond)
                store = Map.filter(state.store, fn {_key, {_value, expires_at}} -> expires_at > now end)
                {:noreply, %{state | store: store}}
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
            """,
    ),
    Example(
        path="lib/my_app/previews.ex",
        code="""\
            defmodule MyApp.Previews do
              use GenServer

              def start_link(_opts), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

              def get(url), do: GenServer.call(__MODULE__, {:get, url})
              def put(url, preview), do: GenServer.cast(__MODULE__, {:put, url, preview})

              @impl true
              def init(previews), do: {:ok, previews}

              @impl true
              def handle_call({:get, url}, _from, previews) do
                case previews do
                  %{^url => preview} -> {:reply, {:ok, preview}, previews}
                  _ -> {:reply, :miss, previews}
                end
              end

              def handle_call(:all, _from, previews), do: {:reply, previews, previews}

              @impl true
              def handle_cast({:put, url, preview}, previews) do
                {:noreply, «Map.put(previews, url, preview)»}
              end

              @impl true
              def handle_info(_other, previews), do: {:noreply, previews}
            end
            """,
        fixed="""\
            defmodule MyApp.Previews do
              use GenServer

              # TODO: how long an entry may stay, in milliseconds.
              @ttl 300_000

              def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

              def get(url), do: GenServer.call(__MODULE__, {:get, url})
              def put(url, preview), do: GenServer.cast(__MODULE__, {:put, url, preview})

              @impl true
              def init(opts) do
                ttl = Keyword.get(opts, :ttl, @ttl)
                schedule_cleanup(ttl)
                {:ok, %{ttl: ttl, entries: %{}}}
              end

              @impl true
              def handle_call({:get, url}, _from, state) do
                case fresh(state.entries, url) do
                  %{^url => preview} -> {:reply, {:ok, preview}, state}
                  _ -> {:reply, :miss, state}
                end
              end

              def handle_call(:all, _from, state), do: {:reply, fresh(state.entries), state}

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

              @impl true
              def handle_info(_other, state), do: {:noreply, state}

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

              # All entries that are not too old.
              defp fresh(entries) do
                now = System.monotonic_time(:millisecond)
                for {key, {value, expires_at}} <- entries, expires_at > now, into: %{}, do: {key, value}
              end
            end
            """,
    ),
    Example(
        path="lib/my_app/geocoder.ex",
        code="""\
            defmodule MyApp.Geocoder do
              use GenServer

              @table_limit 10

              def start_link(), do: GenServer.start_link(__MODULE__, [], name: MyApp.Geocoder)

              @impl true
              def init(_) do
                :timer.send_interval(60_000, :tick)
                {:ok, %{hits: 0, places: %{}}}
              end

              @impl true
              def handle_call({:locate, address}, _from, state) do
                if place = get_in(state, [:places, address]) do
                  {:reply, place, %{state | hits: state.hits + @table_limit}}
                else
                  place = MyApp.Maps.locate(address)
                  {:reply, place, %{state | places: «Map.put(state.places, address, place)»}}
                end
              end

              @impl true
              def handle_info(:tick, state) do
                IO.puts("#{state.hits} hits")
                {:noreply, state}
              end
            end
            """,
    ),
    Example(
        path="lib/my_app/avatars.ex",
        code="""\
            defmodule MyApp.Avatars do
              use Agent

              def start_link(_opts), do: Agent.start_link(fn -> %{} end, name: __MODULE__)

              def get(user_id), do: Agent.get(__MODULE__, &Map.get(&1, user_id))

              def put(user_id, avatar), do: Agent.update(__MODULE__, &«Map.put(&1, user_id, avatar)»)
            end
            """,
    ),
)

CORRECT = (
    Example(
        """\
        defmodule MyApp.Sessions do
          use GenServer

          def start_link(_opts), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

          @impl true
          def init(sessions), do: {:ok, sessions}

          @impl true
          def handle_call({:join, pid, user}, _from, sessions) do
            Process.monitor(pid)
            {:reply, :ok, Map.put(sessions, pid, user)}
          end

          @impl true
          def handle_info({:DOWN, _ref, :process, pid, _reason}, sessions) do
            {:noreply, Map.delete(sessions, pid)}
          end
        end
        """,
        why="Entries go with the processes that they are about.",
    ),
    Example(
        """\
        defmodule MyApp.Tally do
          use GenServer

          def start_link(_opts), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

          def signed_up, do: GenServer.cast(__MODULE__, {:add, :sign_ups})
          def paid, do: GenServer.cast(__MODULE__, {:add, :payments})

          @impl true
          def init(counts), do: {:ok, counts}

          @impl true
          def handle_cast({:add, what}, counts) do
            count = Map.get(counts, what, 0)
            {:noreply, Map.put(counts, what, count + 1)}
          end
        end
        """,
        why="All keys are written in the module.",
    ),
    Example(
        """\
        defmodule MyApp.Upload do
          use GenServer

          def start_link(file), do: GenServer.start_link(__MODULE__, file)

          @impl true
          def init(file), do: {:ok, %{file: file, parts: %{}}}

          @impl true
          def handle_call({:part, number, bytes}, _from, state) do
            {:reply, :ok, put_in(state.parts[number], bytes)}
          end
        end
        """,
        why="A process for each upload, without a name: it ends with it.",
    ),
    Example(
        """\
        defmodule MyApp.Outbox do
          use GenServer

          def start_link(_opts), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

          @impl true
          def init(pending), do: {:ok, pending}

          @impl true
          def handle_cast({:add, id, mail}, pending), do: {:noreply, Map.put(pending, id, mail)}

          @impl true
          def handle_call(:flush, _from, pending), do: {:reply, Map.values(pending), %{}}
        end
        """,
        why="It is emptied.",
    ),
    Example(
        """\
        defmodule MyApp.Hashes do
          use Agent

          @most 10_000

          def start_link(_opts), do: Agent.start_link(fn -> %{} end, name: __MODULE__)

          def put(digest, hash) do
            Agent.update(__MODULE__, fn hashes ->
              if map_size(hashes) < @most, do: Map.put(hashes, digest, hash), else: hashes
            end)
          end
        end
        """,
        why="It has a limit.",
    ),
    Example(
        """\
        defmodule MyApp.Rates do
          use GenServer

          def start_link(_opts), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

          @impl true
          def init(rates), do: {:ok, rates}

          @impl true
          def handle_cast({:rate, currency, rate}, rates) when currency in [:eur, :usd] do
            {:noreply, Map.put(rates, currency, rate)}
          end

          def handle_cast({:spread, pair, spread}, rates) when is_atom(pair) do
            {:noreply, Map.put(rates, pair, spread)}
          end
        end
        """,
        why="Its guards let only a few keys in.",
    ),
    Example(
        """\
        defmodule MyApp.Board do
          use GenServer

          defstruct games: %{}, seen: nil

          def start_link(_opts), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)

          @impl true
          def init(_opts), do: {:ok, %__MODULE__{}}

          @impl true
          def handle_call({:start, id, players}, _from, state) do
            {:reply, :ok, %{state | games: Map.put(state.games, id, players)}}
          end

          def handle_call({:finish, id}, _from, state), do: {:reply, :ok, forget(state, id)}

          defp forget(state, id), do: %{state | games: Map.delete(state.games, id)}
        end
        """,
        why="What one of its functions makes of the state is not said where it is called.",
    ),
    Example(
        """\
        defmodule MyApp.FeatureFlags do
          use GenServer

          def start_link(_opts), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

          @impl true
          def init(flags), do: {:ok, flags}

          @impl true
          def handle_cast({:set, flag, value}, flags), do: {:noreply, Map.put(flags, flag, value)}
        end
        """,
        why="Settings have names, and there are not many.",
    ),
    Example(
        """\
        defmodule MyApp.Ratings do
          use GenServer

          @leagues [:first, :second]

          def start_link(_opts), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)

          @impl true
          def init(_opts), do: {:ok, Map.new(@leagues, &{&1, []})}

          @impl true
          def handle_cast({:rate, league, ratings}, state) do
            {:noreply, Map.put(state, league, ratings)}
          end
        end
        """,
        why="It is filled at the start, with all the keys that there are.",
    ),
    Example(
        """\
        defmodule MyApp.Trees do
          use Agent

          def start_link(_opts), do: Agent.start_link(fn -> %{} end, name: __MODULE__)

          @spec put(atom, binary) :: :ok
          def put(file, tree), do: Agent.update(__MODULE__, &Map.put(&1, file, tree))
        end
        """,
        why="Its keys are atoms, of which a node has no more than its code names.",
    ),
)
