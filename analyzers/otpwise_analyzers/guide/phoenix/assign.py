"""`assign` in a LiveView: what stays in memory."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Imported
from otpwise_analyzers.guide.token import Token
from otpwise_analyzers.project.roles import Role
from otpwise_analyzers.source.edits import Span


class _OfSocket(Imported):
    """Not the assigns of a function component, which are gone after its render."""

    def match(self, token: Token) -> Span | None:
        span = super().match(token)
        if span is None or token.call is None or not token.call.all_args:
            return None
        return None if token.file.text(token.call.all_args[0]) == "assigns" else span


CONSTRUCT = Construct(
    name="assign",
    also=("assigns", "assign/3"),
    summary="stays in memory for as long as the page is open, for each page",
    does="""\
        What a template needs and no more: ids and small maps. Setting a new value renders what depends on it; an equal
        value renders nothing. A list that only ever grows by messages grows in every open page.""",
    costs="Its size times the number of open pages: 100 kB and 10,000 pages are 1 GB.",
    instead="`stream/3` for lists of rows, `temporary_assigns` for what is rendered once, a query for what is rarely shown.",
    places=(
        _OfSocket("Phoenix.LiveView", "assign", roles=(Role.LIVE_VIEW,)),
        _OfSocket("Phoenix.LiveComponent", "assign", roles=(Role.LIVE_COMPONENT,)),
    ),
    references=(Reference("Assigns", "https://hexdocs.pm/phoenix_live_view/assigns-eex.html"),),
    samples=(
        Sample(
            "defmodule AWeb.PageLive do\n  use Phoenix.LiveView\n"
            "  def mount(_p, _s, socket), do: {:ok, socket |> «assign»(:users, [])}\nend\n"
        ),
    ),
    silent=(
        Sample(
            "defmodule AWeb.PageLive do\n  use Phoenix.LiveView\n  def card(assigns), do: «assign»(assigns, :a, 1)\nend\n"
        ),
        Sample(
            "defmodule AWeb.Auth do\n  import Plug.Conn\n  def call(c, _), do: «assign»(c, :user, 1)\nend\n"
        ),
    ),
)
