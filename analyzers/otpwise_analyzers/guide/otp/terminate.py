"""`terminate/2`: cleaning up, perhaps."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Callback
from otpwise_analyzers.guide.servers import SERVERS

CONSTRUCT = Construct(
    name="terminate/2",
    also=("terminate",),
    summary="called at some ends of a server, not at all of them",
    does="""\
        It runs after `{:stop, ...}` and after a raise in a callback; when the supervisor stops the server, only if that
        traps exits (`Process.flag(:trap_exit, true)`), and for the 5 s of its `shutdown:` at most. Never after a kill
        or when the node dies.""",
    costs="Trapping exits: a crash of a linked process becomes a message that has to be handled.",
    instead="""\
        A monitor in another process for cleaning that must happen; sockets, files and ETS tables of the process close by
        themselves.""",
    places=(Callback("terminate", 2, uses=SERVERS),),
    references=(Reference("terminate/2", "https://hexdocs.pm/elixir/GenServer.html#c:terminate/2"),),
    samples=(Sample("defmodule A do\n  use GenServer\n  def «terminate»(_reason, _state), do: :ok\nend\n"),),
)
