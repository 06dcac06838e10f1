"""`socket "/socket"` in an endpoint: how many can connect."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Local
from otpwise_analyzers.guide.token import Token
from otpwise_analyzers.project.roles import Role, has_role


def _fits(token: Token) -> bool:
    call = token.call
    if call is None or len(call.args) < 2 or call.args[0].type != "string":
        return False
    return token.module is not None and has_role(token.module, Role.ENDPOINT)


CONSTRUCT = Construct(
    name="socket",
    also=("websocket", "connections", "2M connections"),
    summary="where clients connect for good, a process each",
    does="""\
        Plan with 100,000 connections for each node, as the guide does, and measure from there. The 2 million are real
        and from 2015: one chat room on a machine of 40 cores and 128 GB, with few messages and with raised limits for
        files (`ulimit -n`), ports and processes (`+P`; the default is 1,048,576 from OTP 26, 262,144 before).""",
    costs="""\
        A process for the connection and one for each topic, kernel buffers for each TCP socket, and TLS where it ends
        here. A connection is closed 60 s after the last thing that was heard from it (`timeout:`); clients send a
        heartbeat every 30 s.""",
    instead="""\
        Longpolling behind proxies that cut WebSockets (`longpoll: true`). A larger
        machine first, then more nodes: PubSub reaches all that are connected.""",
    places=(Local("socket", _fits),),
    rules=("phoenix/open-socket",),
    references=(
        Reference("Phoenix.Endpoint.socket/3", "https://hexdocs.pm/phoenix/Phoenix.Endpoint.html#socket/3"),
        Reference(
            "The road to 2 million connections",
            "https://phoenixframework.org/blog/the-road-to-2-million-websocket-connections",
        ),
    ),
    samples=(
        Sample(
            "defmodule AWeb.Endpoint do\n  use Phoenix.Endpoint, otp_app: :a\n\n"
            '  «socket» "/socket", AWeb.UserSocket, websocket: true\nend\n'
        ),
    ),
    silent=(
        Sample('defmodule A do\n  def a(«socket»), do: «socket»("/x", «socket»)\nend\n'),
        Sample(
            "defmodule AWeb.Endpoint do\n  use Phoenix.Endpoint\n  def a(socket), do: «socket».assigns\nend\n"
        ),
    ),
)
