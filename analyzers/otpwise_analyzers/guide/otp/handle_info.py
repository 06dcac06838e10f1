"""`handle_info/2`: every other message."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Callback
from otpwise_analyzers.guide.servers import SERVERS
from otpwise_analyzers.project.roles import Role

CONSTRUCT = Construct(
    name="handle_info/2",
    also=("handle_info",),
    summary="gets every message that is no call and no cast",
    does="""\
        Timers, `:DOWN` of monitors, `{:EXIT, ...}` when exits are trapped, replies of tasks, PubSub. `use GenServer`
        brings one that logs the message; with your own clauses that one is gone, and a message without a clause crashes
        the process: end with one that logs and goes on.""",
    costs="As a cast, it queues and slows nobody down; in a LiveView, clicks of that user wait meanwhile.",
    instead="A call or a cast for what your own modules send: they have a name and a function in front.",
    places=(Callback("handle_info", 2, roles=(Role.LIVE_VIEW, Role.CHANNEL), uses=SERVERS),),
    rules=("otp/unbounded-mailbox", "otp/blocking-callback"),
    references=(Reference("handle_info/2", "https://hexdocs.pm/elixir/GenServer.html#c:handle_info/2"),),
    samples=(
        Sample("defmodule A do\n  use GenServer\n  def «handle_info»(:tick, s), do: {:noreply, s}\nend\n"),
        Sample(
            "defmodule AWeb.PageLive do\n  use Phoenix.LiveView\n  def «handle_info»(_, s), do: {:noreply, s}\nend\n"
        ),
    ),
)
