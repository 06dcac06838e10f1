"""`use Phoenix.Channel`: a process for each topic that a client joins."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Used

CONSTRUCT = Construct(
    name="Phoenix.Channel",
    also=("use Phoenix.Channel", "channel", ":channel"),
    summary="one process for every topic that a client joins",
    does="""\
        Its callbacks run one after the other in that process, beside the one of the socket. After 15 s of silence it
        hibernates (`hibernate_after:`) and gives back what it does not need. A crash ends this one topic; the client
        joins again by itself.""",
    costs="""\
        About 2.6 kB and its assigns, for each client and topic: 100,000 clients in two rooms are 200,000 processes.
        Keep ids in the assigns, and load what they stand for when it is needed.""",
    instead="""\
        LiveView for pages that the server renders; server-sent events or polling for one direction and little of it.""",
    places=(Used("Phoenix.Channel", through="channel"),),
    rules=("phoenix/channel-join-without-authorization", "phoenix/unlimited-channel-messages"),
    references=(Reference("Phoenix.Channel", "https://hexdocs.pm/phoenix/Phoenix.Channel.html"),),
    samples=(
        Sample("defmodule AWeb.RoomChannel do\n  «use Phoenix.Channel»\nend\n"),
        Sample(
            "defmodule MyAppWeb.RoomChannel do\n  «use MyAppWeb, :channel»\nend\n",
            others={
                "lib/my_app_web.ex": """\
                    defmodule MyAppWeb do
                      def channel do
                        quote do
                          use Phoenix.Channel
                        end
                      end

                      defmacro __using__(which), do: apply(__MODULE__, which, [])
                    end
                    """
            },
        ),
    ),
    silent=(Sample("defmodule AWeb.RoomChannel do\n  use Other, «:channel»\nend\n"),),
)
