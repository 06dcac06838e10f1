"""`broadcast_from`: to everyone but oneself."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Imported, Remote
from otpwise_analyzers.project.roles import Role

CONSTRUCT = Construct(
    name="broadcast_from",
    also=("broadcast_from!", "Phoenix.PubSub.broadcast_from"),
    summary="as a broadcast, but not to the process that sends it",
    does="""\
        For what the sender shows already: its own message, the cursor that it moves. It leaves out one process, not one
        user: the same user's other tab gets it.""",
    costs="As a broadcast: one message for each other subscriber.",
    instead="`broadcast` where the sender, too, should see what became of its message (an id, a time, a filtered text).",
    places=(
        Imported("Phoenix.Channel", "broadcast_from", "broadcast_from!", roles=(Role.CHANNEL,)),
        Remote("Phoenix.PubSub", "broadcast_from", "broadcast_from!"),
    ),
    rules=("phoenix/raw-broadcast",),
    references=(
        Reference("broadcast_from/3", "https://hexdocs.pm/phoenix/Phoenix.Channel.html#broadcast_from/3"),
    ),
    samples=(
        Sample(
            "defmodule AWeb.RoomChannel do\n  use Phoenix.Channel\n"
            '  def typing(socket), do: «broadcast_from!»(socket, "typing", %{})\nend\n'
        ),
    ),
)
