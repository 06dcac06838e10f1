"""`temporary_assigns:` of a LiveView."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Key
from otpwise_analyzers.guide.token import Token
from otpwise_analyzers.project.roles import Role, has_role


def _fits(token: Token) -> bool:
    return token.module is not None and has_role(token.module, Role.LIVE_VIEW)


CONSTRUCT = Construct(
    name="temporary_assigns",
    also=("temporary_assigns:",),
    summary="assigns that fall back to a small value after every render",
    does="""\
        For what is large and rendered once. It is an option in `{:ok, socket, temporary_assigns: [...]}`;
        `assign(socket, :temporary_assigns, ...)` does nothing. What is reset is not rendered again until it is set.""",
    costs="No handler may read the value later: it is the fallback by then.",
    instead="`stream/3` for lists: rows can be added, changed and removed one by one.",
    places=(Key("temporary_assigns", _fits),),
    references=(
        Reference("mount/3", "https://hexdocs.pm/phoenix_live_view/Phoenix.LiveView.html#c:mount/3"),
    ),
    samples=(
        Sample(
            "defmodule AWeb.PageLive do\n  use Phoenix.LiveView\n"
            "  def mount(_p, _s, socket), do: {:ok, socket, «temporary_assigns:» [rows: []]}\nend\n"
        ),
    ),
)
