"""`handle_continue/2`: what a server does right after."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Callback
from otpwise_analyzers.guide.servers import SERVERS

CONSTRUCT = Construct(
    name="handle_continue/2",
    also=("handle_continue", ":continue"),
    summary="runs right after the callback that asked for it, before any message",
    does="""\
        The place for slow work at the start: `init/1` returns `{:ok, state, {:continue, :load}}`, the supervisor goes on,
        and no message can come between, as it could with `send(self(), :load)`.""",
    costs="While it runs, calls queue: others may exit after their 5 s. A crash is a restart like any other.",
    instead="""\
        A timer (`Process.send_after/3`) for what may wait; a task for what takes longer than callers do, with the state
        saying that it is not ready.""",
    places=(Callback("handle_continue", 2, uses=SERVERS),),
    rules=("otp/blocking-init",),
    references=(
        Reference("handle_continue/2", "https://hexdocs.pm/elixir/GenServer.html#c:handle_continue/2"),
    ),
    samples=(
        Sample(
            "defmodule A do\n  use GenServer\n  def «handle_continue»(:load, s), do: {:noreply, s}\nend\n"
        ),
    ),
)
