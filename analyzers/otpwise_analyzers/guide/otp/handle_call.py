"""`handle_call/3`: the answer to a call."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Callback
from otpwise_analyzers.guide.servers import SERVERS

CONSTRUCT = Construct(
    name="handle_call/3",
    also=("handle_call",),
    summary="answers a call; until it returns, all other callers wait",
    does="""\
        `{:reply, answer, state}` answers. `{:noreply, state}` with `GenServer.reply(from, answer)` later lets a task do
        slow work while the server goes on. A call without a clause for it crashes the server, and its callers exit.""",
    costs="Its duration times the number of callers is how long the last of them waits; at 5 s they exit.",
    instead="""\
        For a clause that only reads the state: an ETS table that callers read themselves. For one that queries or calls
        out: do it in the caller, and send the server the result.""",
    places=(Callback("handle_call", 3, uses=SERVERS),),
    rules=("otp/genserver-bottleneck", "otp/blocking-callback"),
    references=(Reference("handle_call/3", "https://hexdocs.pm/elixir/GenServer.html#c:handle_call/3"),),
    samples=(
        Sample(
            "defmodule A do\n  use GenServer\n  def «handle_call»(:get, _from, s), do: {:reply, s, s}\nend\n"
        ),
    ),
    silent=(Sample("defmodule A do\n  def «handle_call»(:get, _from, s), do: {:reply, s, s}\nend\n"),),
)
