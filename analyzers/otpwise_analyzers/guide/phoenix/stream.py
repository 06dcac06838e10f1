"""`stream` in a LiveView: lists that the client keeps."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Imported
from otpwise_analyzers.project.roles import Role

CONSTRUCT = Construct(
    name="stream",
    also=("stream/3", "stream_insert"),
    summary="the rows are rendered, sent and forgotten; the page keeps them",
    does="""\
        The server holds no row after the render. `stream_insert/3` and `stream_delete/3` change single rows;
        `limit: -50` keeps the last 50 in the page. The template needs `phx-update="stream"` and the given `id`s.""",
    costs="What was sent cannot be counted or searched on the server any more: ask the database.",
    instead="`assign` for short lists that the server looks at again.",
    places=(
        Imported("Phoenix.LiveView", "stream", "stream_insert", "stream_delete", roles=(Role.LIVE_VIEW,)),
        Imported(
            "Phoenix.LiveComponent", "stream", "stream_insert", "stream_delete", roles=(Role.LIVE_COMPONENT,)
        ),
    ),
    references=(
        Reference("stream/4", "https://hexdocs.pm/phoenix_live_view/Phoenix.LiveView.html#stream/4"),
    ),
    samples=(
        Sample(
            "defmodule AWeb.PageLive do\n  use Phoenix.LiveView\n"
            "  def mount(_p, _s, socket), do: {:ok, «stream»(socket, :users, [])}\nend\n"
        ),
    ),
    silent=(Sample("defmodule A do\n  def a(repo, q), do: repo.«stream»(q)\nend\n"),),
)
