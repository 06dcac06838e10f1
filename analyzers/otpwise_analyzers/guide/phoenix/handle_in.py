"""`handle_in/3` of a channel: what clients send."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Callback
from otpwise_analyzers.project.roles import Role

CONSTRUCT = Construct(
    name="handle_in/3",
    also=("handle_in", "rate limit"),
    summary="one message of one client; as many a second as it likes, unless you count",
    does="""\
        Event and payload are whatever was sent: match the shape, build what you broadcast anew, take the user from the
        assigns. An event without a clause crashes the channel. Count messages in a window that starts anew
        (`System.monotonic_time/1` in the assigns, or Hammer): a count that nothing resets, as in the guide's sample,
        silences a user for good.""",
    costs="A broadcast to a room of 1,000 is 1,000 sends: twenty messages a second of one client are 20,000.",
    instead='`{:reply, {:error, %{reason: "rate_limited"}}, socket}` tells an honest client to slow down.',
    places=(Callback("handle_in", 3, roles=(Role.CHANNEL,)),),
    rules=("phoenix/unlimited-channel-messages", "phoenix/raw-broadcast"),
    references=(Reference("handle_in/3", "https://hexdocs.pm/phoenix/Phoenix.Channel.html#c:handle_in/3"),),
    samples=(
        Sample(
            "defmodule AWeb.RoomChannel do\n  use Phoenix.Channel\n"
            '  def «handle_in»("say", _params, socket), do: {:noreply, socket}\nend\n'
        ),
    ),
    silent=(Sample("defmodule A do\n  def «handle_in»(a, b, c), do: {a, b, c}\nend\n"),),
)
