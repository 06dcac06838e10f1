"""`handle_cast/2`: what a cast does."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Callback
from otpwise_analyzers.guide.servers import SERVERS

CONSTRUCT = Construct(
    name="handle_cast/2",
    also=("handle_cast",),
    summary="does what a cast asks for; nobody waits for it, and nobody is slowed down",
    does="""\
        Casts queue while one is worked on. Work that takes longer than the pause between two casts grows the mailbox
        without an end, and a crash here loses the state and all that is queued.""",
    costs="Its duration decides how many casts a second the server bears: 1 ms is 1,000, 50 ms is 20.",
    instead="""\
        `handle_call/3` with an immediate `{:reply, :ok, state}` where the callers may be made to wait; batches (collect,
        and write all every 100 ms) for many small writes.""",
    places=(Callback("handle_cast", 2, uses=SERVERS),),
    rules=("otp/unbounded-mailbox", "otp/blocking-callback"),
    references=(Reference("handle_cast/2", "https://hexdocs.pm/elixir/GenServer.html#c:handle_cast/2"),),
    samples=(
        Sample(
            "defmodule A do\n  use GenServer\n  def «handle_cast»({:put, v}, _), do: {:noreply, v}\nend\n"
        ),
    ),
)
