"""`use Phoenix.LiveView`: a process for each open page."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Used

CONSTRUCT = Construct(
    name="Phoenix.LiveView",
    also=("use Phoenix.LiveView", "live_view", "LiveView", ":live_view"),
    summary="one process for every open page",
    does="""\
        `mount/3` runs twice: once for the plain HTML, once in the process that stays for the page. That one handles
        clicks, messages and renders in turn, one at a time. What is in its assigns stays in memory as long as the page
        is open.""",
    costs="""\
        A process and all assigns for each open tab: a list of 1 MB and 10,000 users are 10 GB. The render after each
        event, and the difference that is sent.""",
    instead="""\
        A plain controller for pages that do not change; `stream/3` for long lists; `start_async/3` for what is slow.""",
    places=(Used("Phoenix.LiveView", through="live_view"),),
    rules=("phoenix/subscribe-without-connected", "otp/blocking-callback"),
    references=(Reference("Phoenix.LiveView", "https://hexdocs.pm/phoenix_live_view/Phoenix.LiveView.html"),),
    samples=(Sample("defmodule AWeb.PageLive do\n  «use Phoenix.LiveView»\nend\n"),),
)
