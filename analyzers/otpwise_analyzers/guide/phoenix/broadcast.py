"""`broadcast` and `broadcast!`: to everyone in a topic."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Imported, Remote
from otpwise_analyzers.guide.token import Token
from otpwise_analyzers.project.roles import Role
from otpwise_analyzers.source.edits import Span


class _OfEndpoint:
    """`MyAppWeb.Endpoint.broadcast(...)` of a module that uses Phoenix.Endpoint, or is called so where no
    project is known."""

    words = frozenset({"broadcast", "broadcast!"})

    def match(self, token: Token) -> Span | None:
        return token.call_span if is_of_endpoint(token) else None


def is_of_endpoint(token: Token) -> bool:
    """Whether the call is one of an endpoint's functions."""
    call = token.call
    if call is None or call.module is None or not call.is_invocation:
        return False
    located = token.file.project.module(call.module)
    if located is not None:
        return bool(located.facts.uses_module("Phoenix.Endpoint"))
    return call.module.endswith("Web.Endpoint")


CONSTRUCT = Construct(
    name="broadcast",
    also=("broadcast!", "Phoenix.PubSub.broadcast", "pubsub"),
    summary="sends to everyone who is subscribed, on all connected nodes",
    does="""\
        To a channel's clients it is encoded once and handed to their sockets, past the channels (unless they
        `intercept` the event). `broadcast!` raises where `broadcast` answers `{:error, reason}`, which here means that
        PubSub could not be reached. What is sent is everyone's: an explicit map with ids, never the payload as it came
        nor a whole struct.""",
    costs="One message for each subscriber, and one for each other node. Nobody waits, nothing limits it.",
    instead="""\
        `broadcast_from` to leave out the sender, `push` for the one client, `Phoenix.PubSub.local_broadcast/3` for this
        node alone.""",
    places=(
        Imported("Phoenix.Channel", "broadcast", "broadcast!", roles=(Role.CHANNEL,)),
        Remote("Phoenix.PubSub", "broadcast", "broadcast!", "local_broadcast"),
        Remote("Phoenix.Channel", "broadcast", "broadcast!"),
        _OfEndpoint(),
    ),
    rules=("phoenix/raw-broadcast", "phoenix/unlimited-channel-messages"),
    references=(Reference("broadcast/3", "https://hexdocs.pm/phoenix/Phoenix.Channel.html#broadcast/3"),),
    samples=(
        Sample(
            "defmodule AWeb.RoomChannel do\n  use Phoenix.Channel\n"
            '  def say(socket, body), do: «broadcast!»(socket, "said", %{body: body})\nend\n'
        ),
        Sample(
            'defmodule A do\n  def tell(id), do: «Phoenix.PubSub.broadcast»(A.PubSub, "a", {:new, id})\nend\n'
        ),
        Sample('defmodule A do\n  def tell(id), do: «AWeb.Endpoint.broadcast»("a", "new", %{id: id})\nend\n'),
    ),
    silent=(
        Sample("defmodule A do\n  def tell(x), do: «broadcast»(x)\n  defp «broadcast»(x), do: x\nend\n"),
        Sample("defmodule A do\n  def tell(x), do: «A.Radio.broadcast»(x)\nend\n"),
    ),
)
