"""`Registry`: names for processes that come and go."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Child, Remote

CONSTRUCT = Construct(
    name="Registry",
    also=("Registry.lookup", "via tuple"),
    summary="finds processes of this node by any key",
    does="""\
        Lookups read an ETS table in the caller's own process: nothing queues. An entry goes when its process ends, a
        moment later, so a lookup may answer a dead pid. It knows this node only.""",
    costs="""\
        A row for each name, and one registration at a time in each partition: with many starts a second,
        `partitions: System.schedulers_online()`.""",
    instead="`:pg` for groups across nodes; never atoms made from ids as names: atoms are not collected.",
    places=(Child("Registry"), Remote("Registry", "lookup", "register", "start_link", "dispatch")),
    references=(Reference("Registry", "https://hexdocs.pm/elixir/Registry.html"),),
    samples=(
        Sample("defmodule A do\n  def children, do: [{«Registry», keys: :unique, name: MyApp.Names}]\nend\n"),
        Sample("defmodule A do\n  def at(id), do: «Registry.lookup»(MyApp.Names, id)\nend\n"),
    ),
    silent=(
        Sample("defmodule A do\n  alias MyApp.Registry\n  def at(id), do: «Registry.lookup»(id)\nend\n"),
    ),
)
