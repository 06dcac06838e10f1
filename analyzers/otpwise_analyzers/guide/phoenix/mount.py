"""`mount/3` of a LiveView."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Callback
from otpwise_analyzers.project.roles import Role

CONSTRUCT = Construct(
    name="mount/3",
    also=("mount",),
    summary="runs twice for each page: for the HTML, then for the live process",
    does="""\
        All that it loads is loaded twice. Subscriptions and timers belong behind `connected?(socket)`: in the first run
        there is a process that ends with the response. The params are the client's word: check what they ask for.""",
    costs="Twice the queries at each visit, and once more for every client after a deploy.",
    instead="""\
        `handle_params/3` for what depends on the URL; `assign_async/3` or `start_async/3` for what is slow: the page is
        there at once, and it runs only once, connected.""",
    places=(Callback("mount", 3, roles=(Role.LIVE_VIEW,)),),
    rules=("phoenix/subscribe-without-connected", "phoenix/repo-in-web"),
    references=(
        Reference("mount/3", "https://hexdocs.pm/phoenix_live_view/Phoenix.LiveView.html#c:mount/3"),
    ),
    samples=(
        Sample(
            "defmodule AWeb.PageLive do\n  use Phoenix.LiveView\n"
            "  def «mount»(_params, _session, socket), do: {:ok, socket}\nend\n"
        ),
    ),
    silent=(Sample("defmodule A do\n  def «mount»(disk, path, opts), do: {disk, path, opts}\nend\n"),),
)
