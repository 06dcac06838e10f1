"""`join/3` of a channel: who may enter a topic."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Callback
from otpwise_analyzers.project.roles import Role

CONSTRUCT = Construct(
    name="join/3",
    also=("join", "channel join"),
    summary="decides who may enter a topic; the name of the topic is the client's word",
    does="""\
        `"room:" <> id` matches every id that a client cares to send. Ask whether this user may
        (`socket.assigns.current_user`), and answer `{:error, %{reason: "unauthorized"}}` else. Nothing after it asks
        again: whoever is in gets every broadcast of the topic.""",
    costs="One query for each join; after a deploy all clients join again, all at once.",
    instead="""\
        `send(self(), :after_join)` for what may come later (presence, the last messages): the client has its answer
        meanwhile. Rights that were taken away: broadcast a `"disconnect"` to the socket's id.""",
    places=(Callback("join", 3, roles=(Role.CHANNEL,)),),
    rules=("phoenix/channel-join-without-authorization", "phoenix/authorization-stub"),
    references=(Reference("join/3", "https://hexdocs.pm/phoenix/Phoenix.Channel.html#c:join/3"),),
    samples=(
        Sample(
            "defmodule AWeb.RoomChannel do\n  use Phoenix.Channel\n"
            '  def «join»("room:" <> _id, _params, socket), do: {:ok, socket}\nend\n'
        ),
    ),
    silent=(Sample("defmodule A do\n  def «join»(a, b, c), do: Enum.«join»([a, b, c])\nend\n"),),
)
