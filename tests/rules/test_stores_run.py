"""What becomes of servers that keep values by key: compiled and run by Elixir."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from otpwise_analyzers.project.config import Settings
from tests.proof import HAS_ELIXIR, elixir_verdicts, findings_in, objections
from tests.rules.store_shapes import shapes

pytestmark = [pytest.mark.elixir, pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")]

_APPLICATION = b"""\
defmodule MyApp.Application do
  use Application

  @impl true
  def start(_type, _args) do
    children = [
      {Registry, keys: :unique, name: MyApp.Registry}
    ]

    Supervisor.start_link(children, strategy: :one_for_one, name: MyApp.Supervisor)
  end
end
"""


def mended(files: dict[str, bytes], path: str, *rules: str) -> dict[str, bytes]:
    """The project after the first fix of each of these rules' findings, one after the other."""
    taken: list[str] = []
    for _ in range(10):
        _, findings = findings_in(files, path, Settings())
        step = None
        for finding in findings:
            if finding.rule in rules and finding.fixes:
                wrong, step = objections(files, path, finding, finding.fixes[0])
                assert not wrong, f"{finding.rule}: {wrong}"
                if step is not None:
                    taken.append(finding.rule)
                    break
        if step is None:
            assert set(taken) == set(rules), f"only {taken}"
            assert not [finding for finding in findings if finding.rule in rules]
            return files
        files = step
    raise AssertionError("the fixes never end")


def run(folder: Path, files: dict[str, bytes], script: str) -> str:
    """Runs a script after the modules, which must draw no warning and log no error. Returns what it prints."""
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    (folder / "run.exs").write_text(
        f'for path <- System.argv(), do: Code.require_file(path)\n{script}\nIO.puts("all is well")\n'
    )
    done = subprocess.run(
        ["elixir", "run.exs", *sorted(files, reverse=True)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    shown = "\n".join(data.decode() for data in files.values())
    assert done.returncode == 0, done.stderr[-3000:] + shown
    assert done.stdout.endswith("all is well\n"), done.stdout
    assert "warning:" not in done.stderr and "[error]" not in done.stdout + done.stderr, done.stderr
    return done.stdout


# -- otp/cache-never-expires -----------------------------------------------------------------------------

_WAIT = """
defmodule Wait do
  def until(check, left \\\\ 400) do
    cond do
      check.() -> :ok
      left == 0 -> raise "it never came"
      true -> Process.sleep(5) && until(check, left - 1)
    end
  end
end
"""

_GUIDE = b"""\
# Starting a GenServer without supervision - if it crashes, it's gone forever
defmodule MyApp.Cache do
  use GenServer
  def start_link(_), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

  def put(key, value), do: GenServer.call(__MODULE__, {:put, key, value})
  def get(key), do: GenServer.call(__MODULE__, {:get, key})

  def handle_call({:put, key, value}, _from, entries) do
    {:reply, :ok, Map.put(entries, key, value)}
  end

  def handle_call({:get, key}, _from, entries) do
    {:reply, Map.get(entries, key), entries}
  end
end

# Somewhere in application startup:
MyApp.Cache.start_link(ttl: 150)  # No restart strategy, no monitoring
"""

_GUIDE_RUN = f"""
{_WAIT}
{{:ok, _}} = MyApp.Application.start(:normal, [])
pid = Process.whereis(MyApp.Cache)
nil = MyApp.Cache.get("a")
:ok = MyApp.Cache.put("a", 1)
:ok = MyApp.Cache.put("b", nil)
1 = MyApp.Cache.get("a")
2 = map_size(:sys.get_state(pid).entries)

Wait.until(fn -> MyApp.Cache.get("a") == nil end)
Wait.until(fn -> :sys.get_state(pid).entries == %{{}} end)
:ok = MyApp.Cache.put("a", 2)
2 = MyApp.Cache.get("a")
Wait.until(fn -> :sys.get_state(pid).entries == %{{}} end)
^pid = Process.whereis(MyApp.Cache)
%{{ttl: 150}} = :sys.get_state(pid)
"""


def test_the_guides_cache_with_every_fix_taken_truly_expires(tmp_path: Path) -> None:
    files = {"lib/my_app/application.ex": _APPLICATION, "lib/my_app/cache.ex": _GUIDE}
    files = mended(
        files,
        "lib/my_app/cache.ex",
        "otp/unsupervised-process",
        "otp/ignored-start-options",
        "otp/cache-never-expires",
    )
    run(tmp_path, files, _GUIDE_RUN)


_SCAFFOLDS = {
    "a field and a ttl": (
        b"""\
defmodule Store do
  use GenServer

  def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

  def get(key), do: GenServer.call(__MODULE__, {:get, key})
  def fetch(key), do: GenServer.call(__MODULE__, {:fetch, key})
  def put(key, value), do: GenServer.cast(__MODULE__, {:put, key, value})
  def keys, do: GenServer.call(__MODULE__, :keys)

  @impl true
  def init(opts) do
    {:ok,
     %{
       data: %{},
       ttl: Keyword.get(opts, :ttl, 60_000)
     }}
  end

  @impl true
  def handle_call({:get, key}, _from, state) do
    {:reply, state.data[key], state}
  end

  def handle_call({:fetch, key}, _from, %{data: data} = state) do
    case Map.fetch(data, key) do
      {:ok, value} -> {:reply, {:ok, value}, state}
      :error -> {:reply, :missing, state}
    end
  end

  def handle_call(:keys, _from, state), do: {:reply, Map.keys(state.data), state}

  @impl true
  def handle_cast({:put, key, value}, state) do
    {:noreply, %{state | data: Map.put(state.data, key, value)}}
  end
end
""",
        "[ttl: 100]",
        "data",
        """
{:ok, 1} = Store.fetch("a")
:missing = Store.fetch("z")
["a", "b"] = Enum.sort(Store.keys())
Wait.until(fn -> Store.fetch("a") == :missing end)
Wait.until(fn -> Store.keys() == [] end)
""",
    ),
    "a catch-all and other messages": (
        b"""\
defmodule Store do
  use GenServer
  require Logger

  def start_link(_opts \\\\ []) do
    GenServer.start_link(__MODULE__, :ok, name: __MODULE__)
  end

  def get(key) do
    GenServer.call(__MODULE__, {:get, key})
  end

  def put(key, value) do
    GenServer.cast(__MODULE__, {:set, key, value})
  end

  def init(:ok) do
    send(self(), :warm)
    {:ok, %{}}
  end

  def handle_cast({:set, k, v}, cache) do
    cache = cache |> Map.put(k, v)
    {:noreply, cache}
  end

  def handle_call({:get, key}, _from, cache) do
    value = Map.get(cache, key, nil)
    {:reply, value, cache}
  end

  def handle_info(:warm, cache), do: {:noreply, cache}
  def handle_info(message, cache) do
    Logger.error("what is #{inspect(message)}?")
    {:noreply, cache}
  end
end
""",
        "[ttl: 100]",
        "entries",
        "",
    ),
    "a tick that did nothing": (
        b"""\
defmodule Store do
  use GenServer

  def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: :store)

  def get(key), do: GenServer.call(:store, {:get, key})
  def put(key, value), do: GenServer.call(:store, {:put, key, value})

  def init(opts) do
    state = %{ttl: Keyword.get(opts, :ttl, 300_000), store: %{}}
    schedule_cleanup(state)
    {:ok, state}
  end

  def handle_call({:put, key, value}, _from, state) do
    {:reply, :ok, %{state | store: Map.put(state.store, key, value)}}
  end

  def handle_call({:get, key}, _from, state) do
    {:reply, get_in(state, [:store, key]), state}
  end

  # TODO: what `:cleanup` is sent for.
  def handle_info(:cleanup, state) do
    schedule_cleanup(state)
    {:noreply, state}
  end

  defp schedule_cleanup(state), do: Process.send_after(self(), :cleanup, state.ttl)
end
""",
        "[ttl: 100]",
        "store",
        "",
    ),
}

_STORE_RUN = f"""
{_WAIT}
{{:ok, pid}} = Store.start_link(OPTIONS)
nil = Store.get("a")
Store.put("a", 1)
Store.put("b", %{{c: 2}})
1 = Store.get("a")
%{{c: 2}} = Store.get("b")
MORE
Wait.until(fn -> Store.get("a") == nil end)
Wait.until(fn -> :sys.get_state(pid).PLACE == %{{}} end)
Store.put("a", 3)
3 = Store.get("a")
Wait.until(fn -> :sys.get_state(pid).PLACE == %{{}} end)
true = Process.alive?(pid)
"""


@pytest.mark.parametrize("shape", _SCAFFOLDS)
def test_entries_go_when_their_time_is_over(shape: str, tmp_path: Path) -> None:
    code, options, place, more = _SCAFFOLDS[shape]
    files = mended({"lib/store.ex": code}, "lib/store.ex", "otp/cache-never-expires")
    script = _STORE_RUN.replace("OPTIONS", options).replace("PLACE", place).replace("MORE", more)
    run(tmp_path, files, script)


# -- every form of start, put and read -------------------------------------------------------------------

_COMPARE = """
defmodule Compare do
  def run(before, now, steps) do
    {:ok, one} = apply(before, :start_link, args(before))
    {:ok, two} = apply(now, :start_link, args(now))

    for {function, arguments} = step <- steps do
      a = apply(before, function, arguments)
      :sys.get_state(one)
      b = apply(now, function, arguments)
      :sys.get_state(two)
      a == b || raise "#{inspect(now)}: #{inspect(step)} gives #{inspect(b)} and not #{inspect(a)}"
    end

    GenServer.stop(one)
    GenServer.stop(two)
  end

  def args(module), do: if(function_exported?(module, :start_link, 1), do: [[]], else: [])

  def steps(deletes?) do
    :rand.seed(:exsss, {1, 2, 3})
    keys = ["a", :b, 3, {4, "d"}, nil]
    values = [1, nil, false, :skip, %{x: 1}, {:v, 1}]

    for _ <- 1..120 do
      key = Enum.random(keys)

      case :rand.uniform(if(deletes?, do: 5, else: 4)) do
        1 -> {:put, [key, Enum.random(values)]}
        2 -> {:get, [key]}
        3 -> {:other, [key]}
        4 -> {:all, []}
        5 -> {:delete, [key]}
      end
    end
  end
end
"""


def _renamed(code: str, module: str) -> str:
    return code.replace("defmodule Store do", f"defmodule {module} do").replace(":NAME", f":{module.lower()}")


def compared(folder: Path, pairs: list[tuple[str, str]], *, deletes: bool, more: str = "") -> str:
    """Runs the same steps on each module as it was and as it became, and compares all answers."""
    files: dict[str, bytes] = {}
    script = [_COMPARE]
    for number, (before, now) in enumerate(pairs):
        files[f"lib/before_{number}.ex"] = _renamed(before, f"Before{number}").encode()
        files[f"lib/now_{number}.ex"] = _renamed(now, f"Now{number}").encode()
        script.append(f"Compare.run(Before{number}, Now{number}, Compare.steps({str(deletes).lower()}))")
    return run(folder, files, "\n".join([*script, more]))


def test_until_their_time_is_over_entries_are_what_they_were(tmp_path: Path) -> None:
    formatted = formatted_shapes(tmp_path, with_delete=False)
    pairs = []
    for code in formatted:
        after = mended({"lib/store.ex": code.encode()}, "lib/store.ex", "otp/cache-never-expires")
        pairs.append((code, after["lib/store.ex"].decode()))
    texts = [now.encode() for _, now in pairs]
    verdicts = elixir_verdicts(texts, tmp_path / "format")
    assert [word for word, _ in verdicts] == ["ok"] * len(texts)
    compared(tmp_path, pairs, deletes=False)


def formatted_shapes(folder: Path, *, with_delete: bool) -> list[str]:
    """The shapes as Elixir's formatter lays them out."""
    written = [shape.code for shape in shapes(with_delete=with_delete)]
    verdicts = elixir_verdicts([code.encode() for code in written], folder / "shapes")
    assert not [payload for word, payload in verdicts if word == "broken"]
    return [
        payload if word == "unformatted" else code
        for code, (word, payload) in zip(written, verdicts, strict=True)
    ]


# -- otp/genserver-bottleneck ----------------------------------------------------------------------------

_WEB = b"""\
defmodule MyAppWeb.PageController do
  def show(key), do: Store.get(key)
end
"""

_READERS = """
defmodule Readers do
  # Every value that is ever written is {n, n}: half of one beside half of another would be torn.
  def run(store) do
    {:ok, pid} = apply(store, :start_link, Compare.args(store))
    parent = self()

    readers =
      for _ <- 1..50 do
        spawn_monitor(fn ->
          for _ <- 1..200, key <- 1..3, do: ok(store.get(key))
          send(parent, :read)
        end)
      end

    for n <- 1..300 do
      store.put(rem(n, 3) + 1, {n, n})
      if rem(n, 7) == 0, do: store.delete(rem(n, 3) + 1)
    end

    for {reader, ref} <- readers do
      receive do
        {:DOWN, ^ref, :process, ^reader, reason} -> :normal = reason
      after
        20_000 -> raise "a reader hangs"
      end
    end

    # Nobody waits for a server that does not answer.
    :sys.get_state(pid)
    store.put(1, {0, 0})
    :sys.get_state(pid)
    :sys.suspend(pid)
    ok(store.get(1))
    ok(store.get(:nothing))
    :sys.resume(pid)
    GenServer.stop(pid)
  end

  defp ok({n, n}) when is_integer(n), do: :ok
  defp ok({word, {n, n}}) when is_atom(word), do: :ok
  defp ok({:value, nil}), do: :ok
  defp ok(word) when is_atom(word), do: :ok
end
"""


def test_a_table_answers_what_the_map_answered(tmp_path: Path) -> None:
    """For every shape: the same answers, no torn value, no reader that waits for the server."""
    pairs = []
    for code in formatted_shapes(tmp_path, with_delete=True):
        files = {"lib/store.ex": code.encode(), "lib/web.ex": _WEB}
        after = mended(files, "lib/store.ex", "otp/genserver-bottleneck")
        pairs.append((code, after["lib/store.ex"].decode()))
    texts = [now.encode() for _, now in pairs]
    verdicts = elixir_verdicts(texts, tmp_path / "format")
    assert [word for word, _ in verdicts] == ["ok"] * len(texts)
    reading = "\n".join(f"Readers.run(Now{number})" for number in range(len(pairs)))
    compared(tmp_path, pairs, deletes=True, more=f"{_READERS}\n{reading}")


_MORE = b"""\
defmodule Store do
  use GenServer

  def start_link(opts), do: GenServer.start_link(__MODULE__, opts, name: __MODULE__)

  def get(key), do: GenServer.call(__MODULE__, {:get, {:k, key}})

  def fetch(key) do
    case GenServer.call(__MODULE__, {:fetch, {:k, key}}) do
      {:ok, value} -> {:there, value}
      :error -> :absent
    end
  end

  def default(key, otherwise), do: GenServer.call(__MODULE__, {:default, {:k, key}, otherwise})
  def put(key, value), do: GenServer.call(__MODULE__, {:put, {:k, key}, value})
  def put_new(key, value), do: GenServer.call(__MODULE__, {:put_new, {:k, key}, value})
  def swap(key, value), do: GenServer.call(__MODULE__, {:swap, {:k, key}, value})
  def bump(key), do: GenServer.call(__MODULE__, {:bump, {:k, key}})
  def move(from, to), do: GenServer.call(__MODULE__, {:move, {:k, from}, {:k, to}})
  def small, do: GenServer.call(__MODULE__, :small)
  def large, do: GenServer.call(__MODULE__, :large)
  def drop(keys), do: GenServer.call(__MODULE__, {:drop, keys})
  def reset, do: GenServer.call(__MODULE__, :reset)
  def count, do: GenServer.call(__MODULE__, :count)
  def puts, do: GenServer.call(__MODULE__, :puts)

  @impl true
  def init(_opts) do
    {:ok, %{puts: 0, store: %{{:k, 1} => 10, {:k, :b} => 2}}}
  end

  @impl true
  def handle_call({:get, key}, _from, state), do: {:reply, state.store[key], state}

  def handle_call({:fetch, id}, _from, %{store: store} = state) do
    {:reply, Map.fetch(store, id), state}
  end

  def handle_call({:default, key, otherwise}, _from, state) do
    {:reply, Map.get(state.store, key, otherwise), state}
  end

  def handle_call({:put, key, value}, _from, state) do
    {:reply, :ok, %{state | store: Map.put(state.store, key, value), puts: state.puts + 1}}
  end

  def handle_call({:put_new, key, value}, _from, state) do
    {:reply, :ok, %{state | store: Map.put_new(state.store, key, value)}}
  end

  def handle_call({:swap, key, value}, _from, state) do
    {:reply, Map.get(state.store, key), put_in(state.store[key], value)}
  end

  def handle_call({:bump, key}, _from, state) do
    {:reply, :ok, %{state | store: Map.update(state.store, key, 1, &bumped/1)}}
  end

  def handle_call({:move, from, to}, _caller, state) do
    case Map.fetch(state.store, from) do
      {:ok, value} ->
        store = state.store |> Map.delete(from) |> Map.put(to, value)
        {:reply, {:ok, value}, %{state | store: store}}

      :error ->
        {:reply, :error, state}
    end
  end

  def handle_call(:small, _from, state) do
    store = Map.filter(state.store, fn {_key, value} -> bumped(value) < 5 end)
    {:reply, map_size(store), %{state | store: store}}
  end

  def handle_call(:large, _from, state) do
    store = state.store |> Enum.reject(fn {_key, value} -> bumped(value) < 5 end) |> Map.new()
    {:reply, :ok, %{state | store: store}}
  end

  def handle_call({:drop, keys}, _from, state) do
    keys = Enum.map(keys, &{:k, &1})
    {:reply, :ok, %{state | store: Map.drop(state.store, keys)}}
  end

  def handle_call(:reset, _from, state), do: {:reply, :ok, %{state | store: %{}}}
  def handle_call(:count, _from, state), do: {:reply, Enum.count(state.store), state}
  def handle_call(:puts, _from, state), do: {:reply, state.puts, state}

  defp bumped(value) when is_integer(value), do: value + 1
  defp bumped(_value), do: 0
end
"""

_MORE_STEPS = """
:rand.seed(:exsss, {3, 1, 2})

steps =
  for _ <- 1..2_000 do
    key = Enum.random([1, :b, "c", nil])

    Enum.random([
      {:get, [key]},
      {:fetch, [key]},
      {:default, [key, :otherwise]},
      {:put, [key, Enum.random(1..9)]},
      {:put_new, [key, :new]},
      {:swap, [key, Enum.random(1..9)]},
      {:bump, [key]},
      {:move, [key, :b]},
      {:count, []},
      {:puts, []},
      Enum.random([{:small, []}, {:large, []}, {:drop, [[key, :b]]}, {:reset, []}])
    ])
  end

Compare.run(Before, Now, steps)
"""


def test_all_that_is_done_to_a_map_is_done_to_the_table(tmp_path: Path) -> None:
    """Also to what was there at first, and with answers that tell what was there before."""
    files = {"lib/store.ex": _MORE, "lib/web.ex": _WEB}
    after = mended(files, "lib/store.ex", "otp/genserver-bottleneck")["lib/store.ex"]
    assert elixir_verdicts([_MORE, after], tmp_path / "format") == [("ok", "")] * 2
    both = {
        "lib/before.ex": _renamed(_MORE.decode(), "Before").encode(),
        "lib/now.ex": _renamed(after.decode(), "Now").encode(),
    }
    run(tmp_path, both, _COMPARE + _MORE_STEPS)


_EXPIRED_RUN = f"""
{_WAIT}
{{:ok, pid}} = MyApp.Cache.start_link(ttl: 100)
:ok = MyApp.Cache.put("a", 1)
:ok = MyApp.Cache.put("b", 2)
:sys.suspend(pid)
1 = MyApp.Cache.get("a")
nil = MyApp.Cache.get("z")
# Too old is too old, although the server does not come to drop it.
Wait.until(fn -> MyApp.Cache.get("a") == nil end)
2 = length(:ets.tab2list(MyApp.Cache))
:sys.resume(pid)
Wait.until(fn -> :ets.tab2list(MyApp.Cache) == [] end)
:ok = MyApp.Cache.put("a", 3)
3 = MyApp.Cache.get("a")
Wait.until(fn -> :ets.tab2list(MyApp.Cache) == [] end)
^pid = Process.whereis(MyApp.Cache)
"""


def test_one_finding_after_the_other_a_cache_expires_and_is_read_without_its_server(tmp_path: Path) -> None:
    """The cache that never expires is said first; once it does, its readers are no longer kept waiting."""
    page = _WEB.replace(b"Store", b"MyApp.Cache")
    store = _GUIDE.partition(b"\n# Somewhere")[0].replace(b"def start_link(_)", b"def start_link(_opts)")
    files = {"lib/cache.ex": store, "lib/web.ex": page}
    _, findings = findings_in(files, "lib/cache.ex", Settings())
    named = {finding.rule for finding in findings}
    assert "otp/cache-never-expires" in named and "otp/genserver-bottleneck" not in named
    expiring = mended(files, "lib/cache.ex", "otp/cache-never-expires")
    after = mended(expiring, "lib/cache.ex", "otp/genserver-bottleneck")
    run(tmp_path, {"lib/cache.ex": after["lib/cache.ex"]}, _EXPIRED_RUN)
