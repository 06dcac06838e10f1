"""`connected?` in a LiveView."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Imported, Remote
from otpwise_analyzers.project.roles import Role

CONSTRUCT = Construct(
    name="connected?",
    also=("connected",),
    summary="false in the first of the two mounts, true in the process that stays",
    does="""\
        What needs a process that lives on (subscriptions, timers, presence) goes behind it. Queries need not: the first
        render is what search engines and slow connections see.""",
    costs="A page that is empty until it is connected, for all that only comes behind it.",
    instead="`assign_async/3` shows a placeholder first and loads connected, without asking.",
    places=(
        Imported("Phoenix.LiveView", "connected?", roles=(Role.LIVE_VIEW, Role.LIVE_COMPONENT)),
        Remote("Phoenix.LiveView", "connected?"),
    ),
    rules=("phoenix/subscribe-without-connected",),
    references=(
        Reference("connected?/1", "https://hexdocs.pm/phoenix_live_view/Phoenix.LiveView.html#connected?/1"),
    ),
    samples=(
        Sample(
            "defmodule AWeb.PageLive do\n  use Phoenix.LiveView\n"
            "  def live?(socket), do: «connected?»(socket)\nend\n"
        ),
    ),
    silent=(Sample("defmodule A do\n  def a(c), do: «connected?»(c)\n  defp «connected?»(c), do: c\nend\n"),),
)
