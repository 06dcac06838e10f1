"""libcluster: nodes that find each other."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Child, Key
from otpwise_analyzers.guide.token import Token
from otpwise_analyzers.syntax import nodes

_STRATEGIES = {
    "Gossip": "Here: by UDP multicast on the local network. For development and plain networks; most clouds have none.",
    "Epmd": "Here: a fixed list of nodes. For machines whose names do not change.",
    "LocalEpmd": "Here: all nodes of this one machine. For development.",
    "DNSPoll": "Here: by a DNS name that has the address of each node, asked every 5 s. For Fly, ECS, Nomad.",
    "Kubernetes": "Here: by Kubernetes' API, which the pods need the right to read.",
    "Kubernetes.DNS": "Here: by the DNS of a headless service: no rights needed, names by IP address.",
    "Kubernetes.DNSSRV": "Here: by the SRV records of a headless service, for a StatefulSet with names that stay.",
}
_PREFIX = "Cluster.Strategy."


def _is_strategy(token: Token) -> bool:
    return token.value is not None and (token.file.module_name(token.value) or "").startswith(_PREFIX)


def _is_topologies(token: Token) -> bool:
    """`config :libcluster, topologies: [...]`."""
    for ancestor in nodes.ancestors(token.node):
        if ancestor.type == "call":
            first = nodes.first_argument(ancestor)
            return first is not None and token.file.text(first) == ":libcluster"
    return False


def _here(token: Token) -> str:
    if token.key != "strategy" or token.value is None:
        return ""
    return _STRATEGIES.get((token.file.module_name(token.value) or "").removeprefix(_PREFIX), "")


CONSTRUCT = Construct(
    name="libcluster",
    also=("Cluster.Supervisor", "topologies", "Cluster.Strategy"),
    summary="nodes find each other and stay connected",
    does="""\
        A topology is a strategy (how nodes are found) and its options; `Cluster.Supervisor` asks again and again and
        connects what it finds. It only connects: what PubSub, Presence or a cache do with it is theirs. All nodes need the
        same cookie and each a name of its own (`RELEASE_DISTRIBUTION=name`, `RELEASE_NODE`).""",
    costs="""\
        A full mesh: each node holds a connection to each. In a netsplit both halves go on by themselves; whatever must
        be there once in a cluster has to bear that.""",
    instead="""\
        One node, as long as it bears the load. `Phoenix.PubSub.Redis` where nodes cannot reach each other, `DNSCluster`
        where a DNS name is all that is needed.""",
    places=(
        Child("Cluster.Supervisor"),
        Key("topologies", _is_topologies),
        Key("strategy", _is_strategy),
    ),
    here=_here,
    rules=("deploy/manual-node-connect",),
    references=(Reference("libcluster", "https://hexdocs.pm/libcluster/readme.html"),),
    samples=(
        Sample("defmodule A do\n  def all(t), do: [{«Cluster.Supervisor», [t, [name: A.Cluster]]}]\nend\n"),
        Sample(
            "import Config\n\nconfig :libcluster, «topologies:» [k8s: [«strategy:» Cluster.Strategy.Kubernetes.DNS]]\n",
            path="config/runtime.exs",
        ),
        Sample(
            "import Config\n\nconfig :libcluster, topologies: [k8s: [«strategy:» Cluster.Strategy.Kubernetes.DNS]]\n",
            path="config/runtime.exs",
            says="headless service",
        ),
    ),
    silent=(Sample("import Config\n\nconfig :other, «topologies:» []\n", path="config/runtime.exs"),),
)
