"""Examples of otp/genserver-bottleneck."""

from __future__ import annotations

from otpwise_analyzers.rules.base import Example

_CONTROLLER = """\
    defmodule MyAppWeb.PriceController do
      use Phoenix.Controller

      def show(conn, %{"id" => id}), do: json(conn, MyApp.Prices.get(id))
    end
    """

INCORRECT = (
    Example(
        path="lib/my_app/prices.ex",
        others={"lib/my_app_web/controllers/price_controller.ex": _CONTROLLER},
        code="""\
            defmodule MyApp.Prices do
              use GenServer

              def start_link([]), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

              def get(id), do: GenServer.call(__MODULE__, {:get, id})
              def put(id, price), do: GenServer.call(__MODULE__, {:put, id, price})
              def withdraw(id), do: GenServer.call(__MODULE__, {:withdraw, id})

              @impl true
              def init(prices), do: {:ok, prices}

              @impl true
              def «handle_call({:get, id}, _from, prices)» do
                {:reply, Map.get(prices, id), prices}
              end

              def handle_call({:put, id, price}, _from, prices) do
                {:reply, :ok, Map.put(prices, id, price)}
              end

              def handle_call({:withdraw, id}, _from, prices) do
                {:reply, :ok, Map.delete(prices, id)}
              end
            end
            """,
        fixed="""\
            defmodule MyApp.Prices do
              use GenServer

              @table __MODULE__

              def start_link([]), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

              def get(id) do
                case :ets.lookup(@table, id) do
                  [{^id, value}] -> value
                  [] -> nil
                end
              end

              def put(id, price), do: GenServer.call(__MODULE__, {:put, id, price})
              def withdraw(id), do: GenServer.call(__MODULE__, {:withdraw, id})

              @impl true
              def init(prices) do
                :ets.new(@table, [:named_table, :protected, read_concurrency: true])
                {:ok, prices}
              end

              @impl true
              def handle_call({:put, id, price}, _from, prices) do
                :ets.insert(@table, {id, price})
                {:reply, :ok, prices}
              end

              def handle_call({:withdraw, id}, _from, prices) do
                :ets.delete(@table, id)
                {:reply, :ok, prices}
              end
            end
            """,
    ),
    Example(
        path="lib/my_app/tokens.ex",
        others={
            "lib/my_app/mailer.ex": """\
                defmodule MyApp.Mailer do
                  def deliver(mail), do: {mail, MyApp.Tokens.fetch("smtp")}
                end
                """,
            "lib/my_app/archive.ex": """\
                defmodule MyApp.Archive do
                  alias MyApp.Tokens

                  def store(file), do: {file, Tokens.fetch("s3")}
                end
                """,
        },
        code="""\
            defmodule MyApp.Tokens do
              use GenServer

              @name MyApp.Tokens

              def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: @name)

              def fetch(service) do
                case GenServer.call(@name, {:fetch, String.downcase(service)}) do
                  {:ok, token} -> token
                  :error -> raise "no token for #{service}"
                end
              end

              def renew(service, token), do: GenServer.cast(@name, {:renew, service, token})
              def known, do: GenServer.call(@name, :known)

              @impl true
              def init(opts) do
                {:ok, %{path: opts[:path], tokens: %{}, renewed: 0}}
              end

              @impl true
              def «handle_call({:fetch, name}, _from, %{tokens: tokens} = state)» do
                {:reply, Map.fetch(tokens, name), state}
              end

              @impl true
              def handle_call(:known, _from, state), do: {:reply, Map.keys(state.tokens), state}

              @impl true
              def handle_cast({:renew, service, token}, state) do
                tokens = Map.put(state.tokens, service, token)
                {:noreply, %{state | tokens: tokens, renewed: state.renewed + 1}}
              end

              @impl true
              def handle_info(:revoked, state), do: {:noreply, %{state | tokens: %{}}}
            end
            """,
        fixed="""\
            defmodule MyApp.Tokens do
              use GenServer

              @table __MODULE__

              @name MyApp.Tokens

              def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: @name)

              def fetch(service) do
                name = String.downcase(service)

                case Map.fetch(entry(name), name) do
                  {:ok, token} -> token
                  :error -> raise "no token for #{service}"
                end
              end

              # TODO: this returns before it is written: a read right after may miss it, a call would wait.
              def renew(service, token), do: GenServer.cast(@name, {:renew, service, token})
              def known, do: GenServer.call(@name, :known)

              @impl true
              def init(opts) do
                :ets.new(@table, [:named_table, :protected, read_concurrency: true])
                {:ok, %{path: opts[:path], renewed: 0}}
              end

              @impl true
              def handle_call(:known, _from, state),
                do: {:reply, Map.keys(Map.new(:ets.tab2list(@table))), state}

              @impl true
              def handle_cast({:renew, service, token}, state) do
                :ets.insert(@table, {service, token})
                {:noreply, %{state | renewed: state.renewed + 1}}
              end

              @impl true
              def handle_info(:revoked, state) do
                :ets.delete_all_objects(@table)
                {:noreply, state}
              end

              # The entry of a key as a map of its own; empty when there is none.
              defp entry(key), do: Map.new(:ets.lookup(@table, key))
            end
            """,
    ),
    Example(
        path="lib/my_app/sessions.ex",
        others={
            "lib/my_app_web/plugs/session.ex": """\
                defmodule MyAppWeb.Plugs.Session do
                  def call(conn, _opts), do: Map.put(conn, :user, MyApp.Sessions.lookup(conn.token))
                end
                """
        },
        code="""\
            defmodule MyApp.Sessions do
              use GenServer

              def start_link([]), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)

              def lookup(token), do: GenServer.call(__MODULE__, {:lookup, token})

              def sign_in(token, user), do: GenServer.cast(__MODULE__, {:in, token, user})
              def sign_out(token), do: GenServer.cast(__MODULE__, {:out, token})

              @impl true
              def init([]), do: {:ok, %{users: %{}}}

              @impl true
              def «handle_call({:lookup, token}, _from, state)» do
                case state.users do
                  %{^token => user} -> {:reply, {:ok, user}, state}
                  _ -> {:reply, :unknown, state}
                end
              end

              @impl true
              def handle_cast({:in, token, user}, state) do
                {:noreply, put_in(state.users[token], user)}
              end

              def handle_cast({:out, token}, state) do
                {:noreply, %{state | users: Map.delete(state.users, token)}}
              end
            end
            """,
        fixed="""\
            defmodule MyApp.Sessions do
              use GenServer

              @table __MODULE__

              def start_link([]), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)

              def lookup(token) do
                case :ets.lookup(@table, token) do
                  [{^token, user}] -> {:ok, user}
                  _ -> :unknown
                end
              end

              # TODO: this returns before it is written: a read right after may miss it, a call would wait.
              def sign_in(token, user), do: GenServer.cast(__MODULE__, {:in, token, user})
              # TODO: this returns before it is written: a read right after may miss it, a call would wait.
              def sign_out(token), do: GenServer.cast(__MODULE__, {:out, token})

              @impl true
              def init([]) do
                :ets.new(@table, [:named_table, :protected, read_concurrency: true])
                {:ok, %{}}
              end

              @impl true
              def handle_cast({:in, token, user}, state) do
                :ets.insert(@table, {token, user})
                {:noreply, state}
              end

              def handle_cast({:out, token}, state) do
                :ets.delete(@table, token)
                {:noreply, state}
              end
            end
            """,
    ),
)

CORRECT = (
    Example(
        path="lib/my_app/prices.ex",
        others={
            "lib/my_app/import.ex": """\
                defmodule MyApp.Import do
                  def price(id), do: MyApp.Prices.get(id)
                end
                """
        },
        code="""\
            defmodule MyApp.Prices do
              use GenServer

              def start_link([]), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

              def get(id), do: GenServer.call(__MODULE__, {:get, id})

              @impl true
              def init(prices), do: {:ok, prices}

              @impl true
              def handle_call({:get, id}, _from, prices), do: {:reply, Map.get(prices, id), prices}

              @impl true
              def handle_cast({:replace, prices}, _prices), do: {:noreply, prices}
            end
            """,
        why="One module asks, and it is no page.",
    ),
    Example(
        path="lib/my_app/job.ex",
        others={
            "lib/my_app_web/live/job_live.ex": """\
                defmodule MyAppWeb.JobLive do
                  use Phoenix.LiveView

                  def mount(_params, _session, socket), do: {:ok, assign(socket, s: MyApp.Job.status())}
                end
                """
        },
        code="""\
            defmodule MyApp.Job do
              use GenServer

              def start_link([]), do: GenServer.start_link(__MODULE__, %{status: :idle}, name: __MODULE__)

              def status, do: GenServer.call(__MODULE__, :status)

              @impl true
              def init(state), do: {:ok, state}

              @impl true
              def handle_call(:status, _from, state), do: {:reply, Map.get(state, :status), state}
            end
            """,
        why="One value and no key: a field of the state, asked for now and then.",
    ),
    Example(
        path="lib/my_app/prices.ex",
        others={"lib/my_app_web/controllers/price_controller.ex": _CONTROLLER},
        code="""\
            defmodule MyApp.Prices do
              use GenServer

              def start_link([]), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

              def get(id), do: GenServer.call(__MODULE__, {:get, id})

              @impl true
              def init(prices), do: {:ok, prices}

              @impl true
              def handle_call({:get, id}, _from, prices) do
                case Map.fetch(prices, id) do
                  {:ok, price} -> {:reply, price, prices}
                  :error -> {:reply, nil, Map.put(prices, id, load(id))}
                end
              end

              @impl true
              def handle_info(:reload, _prices), do: {:noreply, %{}}

              defp load(id), do: {:price_of, id}
            end
            """,
        why="The read fills the cache: that it comes one at a time keeps a value from being loaded twice.",
    ),
    Example(
        path="lib/my_app/prices.ex",
        others={"lib/my_app_web/controllers/price_controller.ex": _CONTROLLER},
        code="""\
            defmodule MyApp.Prices do
              use GenServer

              def start_link(shop), do: GenServer.start_link(__MODULE__, %{shop: shop})

              def get(id), do: GenServer.call(whereis(id), {:get, id})

              @impl true
              def init(state), do: {:ok, state}

              @impl true
              def handle_call({:get, id}, _from, state), do: {:reply, Map.get(state, id), state}

              defp whereis(id), do: {:via, Registry, {MyApp.Registry, id}}
            end
            """,
        why="Many of them run, each for its own callers.",
    ),
    Example(
        path="lib/my_app/prices.ex",
        others={"lib/my_app_web/controllers/price_controller.ex": _CONTROLLER},
        code="""\
            defmodule MyApp.Prices do
              use GenServer

              def start_link([]), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

              def get(id) do
                case :ets.lookup(__MODULE__, id) do
                  [{^id, price}] -> price
                  [] -> GenServer.call(__MODULE__, {:get, id})
                end
              end

              @impl true
              def init(prices) do
                :ets.new(__MODULE__, [:named_table])
                {:ok, prices}
              end

              @impl true
              def handle_call({:get, id}, _from, prices), do: {:reply, Map.get(prices, id), prices}
            end
            """,
        why="A table is there already.",
    ),
    Example(
        path="lib/my_app/prices.ex",
        others={"lib/my_app_web/controllers/price_controller.ex": _CONTROLLER},
        code="""\
            defmodule MyApp.Prices do
              use GenServer

              def start_link([]), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

              def get(id), do: GenServer.call(__MODULE__, {:get, id})

              @impl true
              def init(prices), do: {:ok, prices}

              @impl true
              def handle_call({:get, id}, _from, prices) do
                {:reply, MyApp.Money.format(Map.get(prices, id)), prices}
              end

              @impl true
              def handle_info(:reload, _prices), do: {:noreply, %{}}
            end
            """,
        why="It does more than to look something up.",
    ),
)
