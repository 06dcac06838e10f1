"""`init/1` of a server."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Callback
from otpwise_analyzers.guide.servers import SERVERS

CONSTRUCT = Construct(
    name="init/1",
    also=("init",),
    summary="what the supervisor waits for before it starts the next child",
    does="""\
        `start_link` returns when `init/1` does: whatever takes long here holds up the whole start, and a restart too. A
        crash here is a failed start and counts for `max_restarts`; in the application's first start it ends the
        boot.""",
    costs="Nothing when it only builds the state.",
    instead="""\
        `{:ok, state, {:continue, :load}}` for what is slow or may fail (a query, HTTP, a connection): `handle_continue/2`
        runs next, before any message. One `init/1`: a second clause that the first already matches never runs, as in the
        guide's cache.""",
    places=(Callback("init", 1, uses=SERVERS),),
    rules=("otp/blocking-init", "otp/missing-init", "otp/unreachable-callback-clause"),
    references=(Reference("init/1", "https://hexdocs.pm/elixir/GenServer.html#c:init/1"),),
    samples=(Sample("defmodule A do\n  use GenServer\n  def «init»(state), do: {:ok, state}\nend\n"),),
    silent=(
        Sample("defmodule A do\n  use GenServer\n  defp «init»(state), do: {:ok, state}\nend\n"),
        Sample("defmodule A do\n  @behaviour Plug\n  def «init»(opts), do: opts\nend\n"),
        Sample(
            "defmodule A do\n  use GenServer\n  @spec «init»(term) :: term\n  def a, do: «init»(1)\nend\n"
        ),
    ),
)
