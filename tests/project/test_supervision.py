"""Supervision trees put together from small projects, one shape of children list at a time."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from textwrap import dedent

import msgspec
import pytest

from otpwise_analyzers.project.facts import FileFacts, facts_of
from otpwise_analyzers.project.index import Project
from otpwise_analyzers.project.supervision import AppTree, Node, Supervised
from otpwise_analyzers.syntax.file import ElixirFile

MIX = """\
    defmodule Shop.MixProject do
      use Mix.Project
      def project, do: [app: :shop, version: "0.1.0"]
      def application, do: [mod: {Shop.Application, []}]
    end
    """


def facts(path: str, text: str) -> FileFacts:
    return facts_of(ElixirFile(path, dedent(text).encode()))


def project(files: Mapping[str, str]) -> Project:
    whole = Project()
    whole.load(facts(path, text) for path, text in {"mix.exs": MIX, **files}.items())
    return whole


def tree(files: Mapping[str, str]) -> AppTree:
    (app,) = project(files).trees.apps
    return app


def sketch(node: Node, depth: int = 0) -> Iterator[str]:
    """A line a process: module, name, what else is known of it."""
    parts = [node.module or f"? {node.source}"]
    if node.name is not None:
        parts.append(f"as {node.name}")
    if node.runs is not None:
        parts.append(f"runs {node.runs}")
    if node.strategy is not None:
        parts.append(f"{node.strategy} {node.max_restarts}/{node.max_seconds}")
    parts.extend(
        word
        for word, is_so in (
            ("*", node.is_repeated),
            ("+", node.is_dynamic),
            ("linked", node.is_linked),
            ("again", node.is_repetition),
        )
        if is_so
    )
    if node.restart not in (None, "permanent"):
        parts.append(str(node.restart))
    if node.condition:
        parts.append(f"[{node.condition}]")
    yield "  " * depth + " ".join(parts)
    for child in node.children:
        yield from sketch(child, depth + 1)


def children(body: str, more: str = "", files: Mapping[str, str] | None = None) -> list[str]:
    """The children that an application with this `children = ...` has, `more` being further functions."""
    text = (
        "defmodule Shop.Application do\n  use Application\n"
        "  alias Shop.{Cache, Mailer}\n\n  def start(_type, args) do\n"
        + "".join(f"    {line}\n" for line in dedent(body).strip().splitlines())
        + "    Supervisor.start_link(children, strategy: :one_for_one)\n  end\n"
        + "".join(f"  {line}\n" for line in dedent(more).strip().splitlines())
        + "end\n"
    )
    app = tree({"lib/shop/application.ex": text, **(files or {})})
    (root,) = app.roots
    return [line for child in root.children for line in sketch(child)]


SHAPES = {
    "a list": (
        "children = [Cache, {Mailer, name: Mailer, from: 1}, Shop.Repo]",
        ["Shop.Cache", "Shop.Mailer as Shop.Mailer", "Shop.Repo"],
    ),
    "specifications": (
        """
        children = [
          %{id: :a, start: {Cache, :start_link, [[]]}, restart: :temporary},
          Supervisor.child_spec({Mailer, []}, id: :b, restart: :transient),
          Supervisor.child_spec(Cache, id: :c),
          Plug.Cowboy.child_spec(scheme: :http, plug: Shop.Router),
          %{id: :d, start: {GenServer, :start_link, [Cache, :ok, [name: Shop.D]]}},
          Map.put(Mailer.child_spec([]), :restart, :temporary),
          %{Cache.child_spec([]) | id: :e}
        ]
        """,
        [
            "Shop.Cache temporary",
            "Shop.Mailer transient",
            "Shop.Cache",
            "Plug.Cowboy",
            "Shop.Cache as Shop.D",
            "Shop.Mailer temporary",
            "Shop.Cache",
        ],
    ),
    "specifications of old": (
        """
        import Supervisor.Spec
        children = [
          worker(Cache, [[name: Cache]]),
          supervisor(Shop.Repo, []),
          worker(Mailer, [], function: :run, restart: :temporary),
          supervisor(Registry, [:unique, Shop.Registry]),
          {Mailer, {Mailer, :start_link, []}, :transient, 5000, :worker, [Mailer]}
        ]
        """,
        [
            "Shop.Cache as Shop.Cache",
            "Shop.Repo",
            "Shop.Mailer temporary",
            "Registry as Shop.Registry",
            "Shop.Mailer transient",
        ],
    ),
    "supervisors of Elixir's own": (
        """
        children = [
          {DynamicSupervisor, name: Shop.Rooms, max_restarts: 10},
          {Task.Supervisor, name: Shop.Tasks},
          {PartitionSupervisor, child_spec: {DynamicSupervisor, max_seconds: 1}, name: Shop.Parts},
          {Registry, keys: :unique, name: Shop.Registry},
          %{
            id: Shop.Inner,
            start: {Supervisor, :start_link, [[Cache], [strategy: :one_for_all, name: Shop.Inner]]}
          }
        ]
        """,
        [
            "DynamicSupervisor as Shop.Rooms one_for_one 10/5",
            "Task.Supervisor as Shop.Tasks one_for_one 3/5",
            "PartitionSupervisor as Shop.Parts one_for_one 3/5",
            "  DynamicSupervisor one_for_one 3/1 *",
            "Registry as Shop.Registry",
            "Supervisor as Shop.Inner one_for_all 3/5",
            "  Shop.Cache",
        ],
    ),
    "put together": (
        """
        base = [Cache]
        base = base ++ [Mailer]
        more = [Shop.Last]
        children = Enum.concat([Shop.First | base], more)
        """,
        ["Shop.First", "Shop.Cache", "Shop.Mailer", "Shop.Last"],
    ),
    "conditional": (
        """
        children = [
          if(args[:mail], do: Mailer),
          unless(args[:bare], do: {Cache, []}),
          args[:last] && Shop.Last
        ]
        children = Enum.reject(children, &is_nil/1)
        """,
        [
            "Shop.Mailer [if args[:mail]]",
            "Shop.Cache [unless args[:bare]]",
            "Shop.Last [if args[:last]]",
        ],
    ),
    "branches of which all have something": (
        """
        children =
          case args do
            :web -> [Cache, Shop.Endpoint]
            :worker -> [Cache, Mailer, Shop.Queue]
            other -> raise ArgumentError, inspect(other)
          end
        """,
        [
            "Shop.Cache",
            "Shop.Endpoint [args is :web]",
            "Shop.Mailer [args is :worker]",
            "Shop.Queue [args is :worker]",
        ],
    ),
    "more in a branch": (
        """
        children = [Cache]
        children = if System.get_env("MAIL"), do: children ++ [Mailer], else: children
        """,
        ["Shop.Cache", 'Shop.Mailer [if System.get_env("MAIL")]'],
    ),
    "filtered": (
        "children = Enum.filter([Cache, Mailer], &enabled?/1)",
        ["Shop.Cache [if Enum.filter keeps it]", "Shop.Mailer [if Enum.filter keeps it]"],
    ),
    "one for each of a written list": (
        "children = Enum.map([Cache, Mailer], &{&1, []}) ++ (for m <- [Shop.A, Shop.B], do: {m, name: m})",
        ["Shop.Cache", "Shop.Mailer", "Shop.A as Shop.A", "Shop.B as Shop.B"],
    ),
    "one for each of something": (
        "children = for n <- 1..args, do: Supervisor.child_spec({Cache, n}, id: n)",
        ["Shop.Cache *"],
    ),
    "modules that only a running system knows": (
        """
        module = Application.get_env(:shop, :adapter)
        children = [Cache, {module, []}, Application.get_env(:shop, :more, Mailer) | args]
        """,
        [
            "Shop.Cache",
            "? {module, []}",
            "Shop.Mailer [by default]",
            "? whoever calls start/2",
        ],
    ),
    "in a module attribute": ("children = @children", ["Shop.Cache", "Shop.Mailer"]),
    "functions": (
        "children = [first() | rest(:prod)] |> with_mail(args)",
        [
            "Shop.First",
            "Shop.Cache",
            "Shop.Mailer [with_mail(children, true)]",
        ],
    ),
    "functions with a default": ("children = named() ++ named(Mailer)", ["Shop.Cache", "Shop.Mailer"]),
    "a function that cannot be read": ("children = [Cache, made_up(args)]", ["Shop.Cache", "? made_up/1"]),
}

MORE = """
@children [Cache, {Mailer, []}]
defp first, do: Shop.First
defp rest(:test), do: []
defp rest(:prod), do: [Cache]
defp with_mail(children, true), do: children ++ [Mailer]
defp with_mail(children, _), do: children
defp named(module \\\\ Cache), do: [{module, []}]
defp made_up(args), do: Enum.random(args)
"""


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_of_lists(shape: str) -> None:
    body, expected = SHAPES[shape]
    assert children(body, MORE) == expected


def test_functions_of_other_modules_are_followed() -> None:
    files = {
        "lib/shop/metrics.ex": """\
            defmodule Shop.Metrics do
              def children(:test), do: []
              def children(_), do: [Shop.Metrics.Poller, {Shop.Metrics.Reporter, every: 5}]
              def child_spec, do: {:telemetry_poller, name: :poller}
            end
            """,
        "lib/shop/cache.ex": """\
            defmodule Shop.Cache do
              def child_spec(opts) do
                %{id: __MODULE__, start: {Cachex, :start_link, [opts]}, restart: :transient}
              end
            end
            """,
        "lib/shop/store.ex": """\
            defmodule Shop.Store do
              use GenServer, restart: :temporary
              def start_link(_), do: GenServer.start_link(__MODULE__, :ok, name: __MODULE__)
              def init(:ok), do: {:ok, %{}}
            end
            """,
    }
    body = "children = [Cache, Shop.Metrics.child_spec(), Shop.Store] ++ Shop.Metrics.children(args) ++ Lib.all()"
    assert children(body, files=files) == [
        "Shop.Cache runs Cachex transient",
        "Shop.Metrics as :poller runs :telemetry_poller",
        "Shop.Store temporary",
        "Shop.Metrics.Poller [children(_)]",
        "Shop.Metrics.Reporter [children(_)]",
        "? Lib.all/0",
    ]


TREE = {
    "lib/shop/application.ex": """\
        defmodule Shop.Application do
          use Application
          def start(_type, _args), do: Shop.Supervisor.start_link([])
        end
        """,
    "lib/shop/supervisor.ex": """\
        defmodule Shop.Supervisor do
          use Supervisor
          def start_link(arg), do: Supervisor.start_link(__MODULE__, arg, name: __MODULE__)

          def init(_) do
            children = [
              Shop.Rooms,
              {Task.Supervisor, name: Shop.Tasks},
              {PartitionSupervisor, child_spec: DynamicSupervisor, name: Shop.Parts},
              {Shop.Runner, []},
              Shop.Looping
            ]
            Supervisor.init(children, strategy: :rest_for_one, max_restarts: 1, max_seconds: 60)
          end
        end
        """,
    "lib/shop/rooms.ex": """\
        defmodule Shop.Rooms do
          use DynamicSupervisor
          @name __MODULE__
          def start_link(_), do: DynamicSupervisor.start_link(__MODULE__, [], name: @name)
          def init(_), do: DynamicSupervisor.init(strategy: :one_for_one)
          def open(id), do: DynamicSupervisor.start_child(@name, {Shop.Room, id})
          def start_child(spec), do: DynamicSupervisor.start_child(__MODULE__, spec)
        end

        defmodule Shop.Room do
          use GenServer, restart: :temporary
          def start_link(id), do: GenServer.start_link(__MODULE__, id)
          def init(id), do: {:ok, id}
        end
        """,
    "lib/shop/work.ex": """\
        defmodule Shop.Work do
          def again(id), do: Shop.Rooms.start_child({Shop.Guest, id})
          def also(id), do: DynamicSupervisor.start_child(Shop.Rooms, {Shop.Room, id})
          def task(fun), do: Task.Supervisor.start_child(Shop.Tasks, fun)
          def job(id) do
            spec = %{id: Shop.Job, start: {Shop.Job, :start_link, [id]}, restart: :transient}
            DynamicSupervisor.start_child({:via, PartitionSupervisor, {Shop.Parts, id}}, spec)
          end
          def somewhere(pid), do: DynamicSupervisor.start_child(pid, Shop.Stray)
          def far(node), do: :rpc.call(node, DynamicSupervisor, :start_child, [Shop.Rooms, Shop.Far])
        end
        """,
    "lib/shop/processes.ex": """\
        defmodule Shop.Runner do
          use GenServer
          def start_link(_), do: GenServer.start_link(__MODULE__, [])
          def init(_) do
            {:ok, pid} = Supervisor.start_link([Shop.Part], strategy: :one_for_all)
            {:ok, pid}
          end
        end

        defmodule Shop.Looping do
          use Supervisor
          def start_link(_), do: Supervisor.start_link(__MODULE__, [])
          def init(_), do: Supervisor.init([Shop.Looping], strategy: :one_for_one)
        end

        defmodule Shop.Forgotten do
          use GenServer
          def start_link(_), do: GenServer.start_link(__MODULE__, [])
          def init(_), do: {:ok, []}
        end

        defmodule Shop.Loner do
          use Supervisor
          def start_link(_), do: Supervisor.start_link(__MODULE__, [])
          def init(_), do: Supervisor.init([Shop.Below], strategy: :one_for_one)
        end

        defmodule Shop.Below do
          use Agent
          def start_link(_), do: Agent.start_link(fn -> 0 end)
        end

        defmodule Shop.ByHand do
          use GenServer
          def start_link(_), do: GenServer.start_link(__MODULE__, [])
          def init(_), do: {:ok, []}
        end

        defmodule Shop.Hand do
          def go, do: Shop.ByHand.start_link([])
        end
        """,
    "test/shop_test.exs": """\
        defmodule Shop.ShopTest do
          use ExUnit.Case
          test "x", do: start_supervised!(Shop.Forgotten)
          def helper, do: Shop.Forgotten.start_link([])
        end
        """,
}


def test_a_whole_tree() -> None:
    app = tree(TREE)
    (root,) = app.roots
    assert list(sketch(root)) == [
        "Shop.Supervisor as Shop.Supervisor rest_for_one 1/60",
        "  Shop.Rooms as Shop.Rooms one_for_one 3/5",
        "    Shop.Room + temporary",
        "    Shop.Guest +",
        "    Shop.Far +",
        "  Task.Supervisor as Shop.Tasks one_for_one 3/5",
        "  PartitionSupervisor as Shop.Parts one_for_one 3/5",
        "    DynamicSupervisor one_for_one 3/5 *",
        "      Shop.Job + transient",
        "  Shop.Runner",
        "    Supervisor one_for_all 3/5 + linked",
        "      Shop.Part",
        "  Shop.Looping one_for_one 3/5",
        "    Shop.Looping again",
    ]
    assert [(supervisor, node.module) for supervisor, node in app.loose] == [(None, "Shop.Stray")]
    assert [(one.module, one.started_by) for one in app.unsupervised] == [
        ("Shop.Forgotten", ()),
        ("Shop.Loner", ()),
        ("Shop.ByHand", ("Shop.Hand",)),
    ]
    assert [line for one in app.unsupervised for line in sketch(one.node)][2] == "  Shop.Below"
    room = root.children[0].children[0]
    assert [place.path for place in room.starts] == ["lib/shop/rooms.ex", "lib/shop/work.ex"]
    assert [place.path for place in root.children[1].tasks] == ["lib/shop/work.ex"]


def test_positions_are_exact_where_the_list_is() -> None:
    (root,) = tree(TREE).roots
    assert [(node.position, node.of, node.is_exact) for node in root.children] == [
        (number, 5, True) for number in range(1, 6)
    ]
    room = root.children[0].children[0]
    assert (room.position, room.of, room.is_exact) == (0, 0, False)
    text = TREE["lib/shop/supervisor.ex"].replace("Shop.Looping\n", "if(x(), do: Shop.Looping)\n")
    (root,) = tree({**TREE, "lib/shop/supervisor.ex": text}).roots
    assert [(node.position, node.of, node.is_exact) for node in root.children] == [
        (number, 5, False) for number in range(1, 6)
    ]


def test_places_are_found() -> None:
    whole = project(TREE)
    (root,) = whole.trees.apps[0].roots
    data = dedent(TREE["lib/shop/supervisor.ex"]).encode()
    for child, text in zip(root.children, (b"Shop.Rooms", b"{Task.Sup", b"{Partition"), strict=False):
        assert child.entry is not None
        span = whole.place(child.entry)
        assert span is not None and data[span[0] :].startswith(text)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("strategy: :one_for_all", "one_for_all 3/5"),
        ("strategy: :one_for_all, max_restarts: 1_000", "one_for_all 1000/5"),
        ("Keyword.merge([strategy: :one_for_all], max_seconds: 7)", "one_for_all 3/7"),
        ("Keyword.put([max_seconds: 7], :strategy, :one_for_all)", "one_for_all 3/7"),
        ("[strategy: :one_for_all] ++ unknown()", "one_for_all None/None"),
        ("strategy: :one_for_all, max_restarts: limit()", "one_for_all None/5"),
        ("[strategy: strategy(), max_restarts: 9]", ""),
        ("options()", "rest_for_one 2/5"),
        ("unknown()", ""),
    ],
)
def test_options_are_read_or_left_open(options: str, expected: str) -> None:
    text = f"""\
        defmodule Shop.Application do
          use Application
          def start(_type, _args), do: Supervisor.start_link([], {options})
          defp options, do: [strategy: :rest_for_one, max_restarts: 2]
          defp strategy, do: Enum.random([:one_for_one, :one_for_all])
          defp limit, do: System.schedulers()
        end
        """
    (root,) = tree({"lib/shop/application.ex": text}).roots
    (line,) = sketch(root)
    assert line == f"Shop.Application {expected}".rstrip()
    assert root.is_default_intensity == (expected in ("one_for_all 3/5",))


def test_who_supervises() -> None:
    trees = project(TREE).trees
    rooms = trees.supervised("Shop.Rooms")
    assert [(p.supervisor, p.strategy, p.position, p.of, p.is_exact) for p in rooms.parents] == [
        ("Shop.Supervisor", "rest_for_one", 1, 5, True)
    ]
    room = trees.supervised("Shop.Room")
    assert [(p.supervisor, p.is_dynamic, p.position) for p in room.parents] == [("Shop.Rooms", True, 0)]
    assert trees.supervised("Shop.Forgotten") == Supervised(is_certain=True)
    assert trees.supervised("Shop.ByHand") == Supervised((), ("Shop.Hand",), True)
    assert [p.supervisor for p in trees.supervised("Shop.Below").parents] == ["Shop.Loner"]
    assert [p.supervisor for p in trees.supervised("Shop.Job").parents] == ["DynamicSupervisor"]
    assert not trees.supervised("Elsewhere").is_certain


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("config/config.exs", "import Config\nconfig :shop, workers: [Shop.Forgotten]\n"),
        (
            "lib/shop/more.ex",
            """\
            defmodule Shop.More do
              def all, do: run(worker: Shop.Forgotten)
              defp run(options), do: Shop.Starter.start_link(options)
            end
            """,
        ),
        (
            "lib/shop/more.ex",
            """\
            defmodule Shop.More do
              use Supervisor
              def start_link(list), do: Supervisor.start_link(__MODULE__, [Shop.Forgotten | list])
              def init(list), do: Supervisor.init(list, strategy: :one_for_one)
            end
            """,
        ),
        (
            "lib/shop/supervisor.ex",
            TREE["lib/shop/supervisor.ex"].replace("{Shop.Runner, []},", "{Shop.Runner, Shop.Forgotten},"),
        ),
        (
            "lib/shop/supervisor.ex",
            TREE["lib/shop/supervisor.ex"].replace("{Shop.Runner, []},", "hd(System.argv()),"),
        ),
        (
            "lib/shop/rooms.ex",
            TREE["lib/shop/rooms.ex"].replace("def start_child(spec)", "def start_any(spec)"),
        ),
    ],
)
def test_nobody_is_certain_only_where_nothing_may_start_it(path: str, text: str) -> None:
    supervised = project({**TREE, path: text}).trees.supervised("Shop.Forgotten")
    assert supervised.parents == () and not supervised.is_certain


def test_facts_travel_and_hold_no_positions() -> None:
    for path, text in TREE.items():
        one = facts(path, text)
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(one), type=FileFacts) == one
        assert pickle.loads(pickle.dumps(one)) == one
        moved = facts(path, "# a line more\n" + dedent(text))
        assert one.same_but_for_positions(moved) and one.spans != moved.spans


def test_applications_of_an_umbrella_have_trees_of_their_own() -> None:
    whole = Project()
    whole.load(
        facts(path, text)
        for path, text in {
            "mix.exs": 'defmodule U do\n  def project, do: [apps_path: "apps"]\nend',
            "apps/a/mix.exs": "defmodule A do\n  def project, do: [app: :a]\n  def application, do: [mod: {A.App, []}]\nend",
            "apps/a/lib/a.ex": """\
                defmodule A.App do
                  use Application
                  def start(_, _) do
                    Supervisor.start_link([{DynamicSupervisor, name: A.Pool}], strategy: :one_for_one)
                  end
                end
                """,
            "apps/b/mix.exs": "defmodule B do\n  def project, do: [app: :b]\n  def application, do: [mod: {B.App, []}]\nend",
            "apps/b/lib/b.ex": """\
                defmodule B.App do
                  use Application
                  def start(_, _), do: Supervisor.start_link([B.Server], strategy: :one_for_one)
                  def more, do: DynamicSupervisor.start_child(A.Pool, B.Extra)
                end
                """,
            "apps/c/mix.exs": "defmodule C do\n  def project, do: [app: :c]\nend",
        }.items()
    )
    apps = whole.trees.apps
    assert [(app.app, app.folder) for app in apps] == [("a", "apps/a"), ("b", "apps/b"), ("c", "apps/c")]
    assert [list(sketch(root)) for app in apps for root in app.roots] == [
        [
            "A.App one_for_one 3/5",
            "  DynamicSupervisor as A.Pool one_for_one 3/5",
            "    B.Extra +",
        ],
        ["B.App one_for_one 3/5", "  B.Server"],
    ]
    assert apps[2].problem and not apps[2].roots


def test_code_that_nests_without_end_is_let_go() -> None:
    nested = " ++ ".join(["[Shop.Cache]"] * 3_000)
    app = tree({"lib/shop/application.ex": _started_with(nested)})
    assert len(list(app.walk())) in (1, 3_001)
    deep = "[" * 2_000 + "Shop.Cache" + "]" * 2_000
    assert tree({"lib/shop/application.ex": _started_with(deep)}).roots
    calls = "\n".join(f"  defp f{n}(x), do: f{n + 1}(x) ++ f{n + 1}(x)" for n in range(40))
    app = tree({"lib/shop/application.ex": _started_with("f0(1)", f"{calls}\n  defp f40(x), do: [x]")})
    assert len(list(app.walk())) < 5_000


def _started_with(children: str, more: str = "") -> str:
    return (
        "defmodule Shop.Application do\n  use Application\n"
        f"  def start(_, _), do: Supervisor.start_link({children}, strategy: :one_for_one)\n{more}\nend\n"
    )


def test_what_can_go_wrong_is_said() -> None:
    (app,) = project({}).trees.apps
    assert "Shop.Application is in none" in app.problem
    text = "defmodule Shop.Application do\n  use Application\n  def start(_, _), do: Lib.start()\nend"
    (app,) = project({"lib/a.ex": text}).trees.apps
    assert [list(sketch(root)) for root in app.roots] == [["? Shop.Application.start/2"]]
    assert Project().trees.apps == []
