"""deploy/manual-node-connect"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Confidence, Finding, Fix, Level
from otpwise_analyzers.project import places
from otpwise_analyzers.project.node_names import Origin, connects, origin_of
from otpwise_analyzers.project.roles import Role, has_role
from otpwise_analyzers.rewrite.cluster import clustered
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Reference, Rule
from otpwise_analyzers.rules.sample_files import mix
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile

_CLUSTERING = frozenset({"libcluster", "dns_cluster", "peerage", "partisan", "swarm", "ex_libcluster"})


class ManualNodeConnect(Rule):
    name = "deploy/manual-node-connect"
    summary = "nodes connected by hand, from a list of names"
    impact = Impact.MEDIUM
    detects = (
        "`Node.connect` and `:net_kernel.connect_node` with names that are written in the code or read from the "
        "environment, in a project without a clustering library"
    )
    why = (
        "The list is tried once. A node that starts later, comes back under another address or is cut off for a "
        "minute stays outside: PubSub reaches half of the users, and nothing says so. libcluster keeps asking "
        "(DNS, Kubernetes, gossip or a fixed list) and connects whoever is missing."
    )
    fine_when = "A console, a test, a tool that attaches to one node by name and is done with it."
    trade_off = (
        "One more dependency and one more child. Distribution is a full mesh: every pair of nodes holds a "
        "connection, which is comfortable for some dozen nodes and not for hundreds."
    )
    fix_note = FixNote(
        writes=(
            "libcluster among the dependencies, its supervisor among the children, and a topology with the "
            "same nodes for production in `config/runtime.exs`; statements that only connect are removed."
        ),
        because=(
            "Scaffold: a fixed list (`Epmd`) is the strategy that needs nothing. Where nodes come and go, "
            "choose another at the marked place. `mix deps.get` is yours to run."
        ),
        leaves=(
            "A connection whose answer is looked at, and names that are made from something else than "
            "literals and configuration."
        ),
    )
    references = (
        Reference("libcluster", "https://hexdocs.pm/libcluster/readme.html"),
        Reference("DNSCluster", "https://hexdocs.pm/dns_cluster/DNSCluster.html"),
        Reference("Node.connect/1", "https://hexdocs.pm/elixir/Node.html#connect/1"),
    )
    calls = frozenset({"connect", "connect_node"})
    needles = (b"Node.connect", b"connect_node")

    incorrect = (
        Example(
            path="lib/my_app/cluster.ex",
            code="""\
                defmodule MyApp.Cluster do
                  def join do
                    «Node.connect(:"my_app@10.0.0.2")»
                    «Node.connect(:"my_app@10.0.0.3")»
                    :ok
                  end
                end
                """,
            others={
                "lib/my_app/application.ex": """\
                    defmodule MyApp.Application do
                      use Application

                      def start(_type, _args) do
                        children = [
                          MyApp.Repo,
                          MyAppWeb.Endpoint
                        ]

                        Supervisor.start_link(children, strategy: :one_for_one)
                      end
                    end
                    """,
                "mix.exs": mix('{:phoenix, "~> 1.7"}'),
            },
            fixed="""\
                defmodule MyApp.Cluster do
                  def join do
                    :ok
                  end
                end
                """,
            fixed_others={
                "lib/my_app/application.ex": """\
                    defmodule MyApp.Application do
                      use Application

                      def start(_type, _args) do
                        children = [
                          MyApp.Repo,
                          {Cluster.Supervisor,
                           [Application.get_env(:libcluster, :topologies, []), [name: MyApp.ClusterSupervisor]]},
                          MyAppWeb.Endpoint
                        ]

                        Supervisor.start_link(children, strategy: :one_for_one)
                      end
                    end
                    """,
                "mix.exs": mix('{:phoenix, "~> 1.7"}', '{:libcluster, "~> 3.4"}'),
                "config/runtime.exs": """\
                    import Config

                    if config_env() == :prod do
                      # TODO: where nodes come and go, Cluster.Strategy.DNSPoll or a Kubernetes strategy finds them.
                      config :libcluster,
                        topologies: [
                          my_app: [
                            strategy: Cluster.Strategy.Epmd,
                            config: [hosts: [:"my_app@10.0.0.2", :"my_app@10.0.0.3"]]
                          ]
                        ]
                    end
                    """,
            },
        ),
        Example(
            path="lib/my_app/connector.ex",
            code="""\
                defmodule MyApp.Connector do
                  def connect, do: connect(System.get_env("CLUSTER_NODES"))

                  def connect(nil), do: :ok

                  def connect(names) do
                    names
                    |> String.split(",")
                    |> Enum.map(&String.to_atom/1)
                    |> Enum.each(&«Node.connect»/1)
                  end
                end
                """,
            others={
                "lib/my_app/application.ex": """\
                    defmodule MyApp.Application do
                      use Application

                      def start(_type, _args) do
                        children = [
                          MyApp.Repo,
                          MyAppWeb.Endpoint
                        ]

                        Supervisor.start_link(children, strategy: :one_for_one)
                      end
                    end
                    """,
                "mix.exs": mix('{:phoenix, "~> 1.7"}'),
                "config/runtime.exs": """\
                    import Config

                    if config_env() == :prod do
                      config :my_app, MyApp.Repo, url: System.fetch_env!("DATABASE_URL")
                    end
                    """,
            },
            fixed_others={
                "config/runtime.exs": """\
                    import Config

                    if config_env() == :prod do
                      config :my_app, MyApp.Repo, url: System.fetch_env!("DATABASE_URL")

                      # TODO: where nodes come and go, Cluster.Strategy.DNSPoll or a Kubernetes strategy finds them.
                      nodes =
                        "CLUSTER_NODES"
                        |> System.get_env("")
                        |> String.split([",", " "], trim: true)
                        |> Enum.map(&String.to_atom/1)

                      config :libcluster,
                        topologies: [
                          my_app: [strategy: Cluster.Strategy.Epmd, config: [hosts: nodes]]
                        ]
                    end
                    """,
            },
        ),
        Example(
            path="lib/my_app/peers.ex",
            code="""\
                defmodule MyApp.Peers do
                  use GenServer

                  def start_link(opts), do: GenServer.start_link(__MODULE__, opts)

                  @impl true
                  def init(opts) do
                    peers = Application.get_env(:my_app, :peers, [])
                    for peer <- peers, do: «:net_kernel.connect_node(peer)»
                    {:ok, opts}
                  end
                end
                """,
        ),
        Example(
            path="lib/my_app/mesh.ex",
            code="""\
                defmodule MyApp.Mesh do
                  @peers [:"a@db.internal", :"b@db.internal"]

                  def connect do
                    Enum.map(@peers, &«Node.connect»/1)
                  end
                end
                """,
            others={
                "lib/my_app/application.ex": """\
                    defmodule MyApp.Application do
                      use Application

                      def start(_type, _args) do
                        children = [MyApp.Repo]
                        Supervisor.start_link(children, strategy: :one_for_one)
                      end
                    end
                    """,
                "mix.exs": mix('{:jason, "~> 1.4"}'),
                "config/runtime.exs": "import Config\n",
            },
            fixed_others={
                "config/runtime.exs": """\
                    import Config

                    if config_env() == :prod do
                      # TODO: where nodes come and go, Cluster.Strategy.DNSPoll or a Kubernetes strategy finds them.
                      config :libcluster,
                        topologies: [
                          my_app: [
                            strategy: Cluster.Strategy.Epmd,
                            config: [hosts: [:"a@db.internal", :"b@db.internal"]]
                          ]
                        ]
                    end
                    """,
            },
        ),
    )
    correct = (
        Example(
            path="lib/my_app/attach.ex",
            code="""\
                defmodule MyApp.Attach do
                  def to(name), do: Node.connect(String.to_atom(name))
                end
                """,
            why="The user names the node.",
        ),
        Example(
            path="lib/my_app/rooms.ex",
            code="""\
                defmodule MyApp.Rooms do
                  def meet(group) do
                    group |> :pg.get_members() |> Enum.map(&node/1) |> Enum.each(&Node.connect/1)
                  end
                end
                """,
            why="Found at run time, not from a list.",
        ),
        Example(
            path="lib/mix/tasks/my_app.attach.ex",
            code="""\
                defmodule Mix.Tasks.MyApp.Attach do
                  use Mix.Task

                  def run(_args), do: Node.connect(:"my_app@127.0.0.1")
                end
                """,
            why="A tool that looks at one node and ends.",
        ),
        Example(
            path="lib/my_app/graph.ex",
            code="""\
                defmodule MyApp.Graph do
                  alias MyApp.Graph.Node

                  def join, do: Node.connect(:"a@10.0.0.1")
                end
                """,
            why="Another `Node`.",
        ),
        Example(
            path="lib/my_app/cluster.ex",
            code="""\
                defmodule MyApp.Cluster do
                  def join, do: Node.connect(:"console@10.0.0.9")
                end
                """,
            others={"mix.exs": mix('{:libcluster, "~> 3.4"}')},
            why="The cluster is libcluster's; this is one more node beside it.",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path) or file.project.deps & _CLUSTERING:
            return
        for call in connects(file):
            module = call.enclosing_module
            if call.quoted or module is None or has_role(module, Role.MIX_TASK, Role.TEST):
                continue
            # An escript's `main/1` is somebody's command line.
            if module.defines("main", 1):
                continue
            origin = origin_of(call)
            if origin is not None:
                fix = Fix(
                    "Connect the nodes with libcluster", Applicability.SCAFFOLD, partial(clustered, call=call)
                )
                yield self.finding(
                    call.node,
                    _message(call, origin),
                    Level.INFORMATION,
                    confidence=Confidence.LIKELY,
                    fixes=[fix],
                )


def _message(call: Call, origin: Origin) -> str:
    where = "names written here" if origin is Origin.LITERAL else "names from the environment"
    return (
        f"`{call.module}.{call.name}/1` is tried once for {where}: a node that starts later, or is cut off for a "
        "minute, stays outside of the cluster. libcluster keeps asking."
    )
