"""`connect/3` of a socket: who may come in at all."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Callback
from otpwise_analyzers.project.roles import Role

CONSTRUCT = Construct(
    name="connect/3",
    also=("connect", "connect/2", "Phoenix.Socket"),
    summary="the one place where a connection is authenticated",
    does="""\
        Runs once for each connection. Verify a token (`Phoenix.Token.verify/4` with `max_age`), assign the user's id
        and answer `{:ok, socket}`; `:error` refuses. The assigns are what every channel of the socket starts with.
        `id/1` names the connection, so that all of a user's can be closed at once.""",
    costs="""\
        After a restart of a node all its clients come back within seconds: a query here is as many queries. A signed
        token needs none.""",
    instead="`join/3` for what depends on the topic: who may enter this room.",
    places=(Callback("connect", 2, 3, roles=(Role.SOCKET,)),),
    rules=("phoenix/open-socket",),
    references=(Reference("Phoenix.Socket", "https://hexdocs.pm/phoenix/Phoenix.Socket.html#c:connect/3"),),
    samples=(
        Sample(
            "defmodule AWeb.UserSocket do\n  use Phoenix.Socket\n"
            "  def «connect»(_params, socket, _info), do: {:ok, socket}\nend\n"
        ),
    ),
    silent=(Sample("defmodule A do\n  def «connect»(host, port, opts), do: {host, port, opts}\nend\n"),),
)
