"""`Node.connect`: a cluster by hand."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote

CONSTRUCT = Construct(
    name="Node.connect",
    also=(":net_kernel.connect_node", "net_kernel.connect_node", "distributed Erlang", "cluster"),
    summary="connects this node to another, once",
    does="""\
        Answers `true`, `false` or `:ignored`; nobody tries again when it fails or when the connection is lost. Connected
        nodes connect to each other's nodes too: the cluster is a full mesh, n nodes have n(n-1)/2 connections. Both need
        the same cookie, and whoever has the cookie runs code on all.""",
    costs="A connection to every other node, with a heartbeat (a node that is silent for 60 s counts as gone).",
    instead="""\
        libcluster (or `DNSCluster`, which `mix phx.new` brings): finds nodes by DNS, Kubernetes or gossip and heals. One
        larger node first: nothing is as cheap as no cluster.""",
    places=(Remote("Node", "connect"), Remote(":net_kernel", "connect_node")),
    rules=("deploy/manual-node-connect",),
    references=(Reference("Node.connect/1", "https://hexdocs.pm/elixir/Node.html#connect/1"),),
    samples=(
        Sample('defmodule A do\n  def join, do: «Node.connect»(:"a@10.0.0.2")\nend\n'),
        Sample("defmodule A do\n  def join(n), do: «:net_kernel.connect_node»(n)\nend\n"),
    ),
    silent=(Sample("defmodule A do\n  alias A.Graph.Node\n  def join(n), do: «Node.connect»(n)\nend\n"),),
)
