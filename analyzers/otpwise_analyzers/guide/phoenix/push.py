"""`push`: to the one client of this channel."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Imported
from otpwise_analyzers.project.roles import Role

CONSTRUCT = Construct(
    name="push",
    also=("Phoenix.Channel.push",),
    summary="sends an event to the one client behind this channel",
    does="""\
        Encoded for each client anew, and without an answer: whether it arrived nobody says. In a loop over many sockets
        it is a broadcast at many times the price.""",
    costs="One encoding and one message.",
    instead="""\
        `{:reply, {:ok, map}, socket}` from `handle_in/3` for what answers a message: the client's promise gets it.""",
    places=(Imported("Phoenix.Channel", "push", roles=(Role.CHANNEL,)),),
    references=(Reference("push/3", "https://hexdocs.pm/phoenix/Phoenix.Channel.html#push/3"),),
    samples=(
        Sample(
            "defmodule AWeb.RoomChannel do\n  use Phoenix.Channel\n"
            '  def handle_info({:old, list}, socket) do\n    «push»(socket, "old", %{list: list})\n'
            "    {:noreply, socket}\n  end\nend\n"
        ),
    ),
    silent=(Sample("defmodule A do\n  import Stack\n  def a(s), do: «push»(s, 1, 2)\nend\n"),),
)
