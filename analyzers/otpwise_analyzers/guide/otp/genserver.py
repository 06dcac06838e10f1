"""`use GenServer`: a process with a state."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Used

CONSTRUCT = Construct(
    name="GenServer",
    also=("use GenServer", "process", ":gen_server"),
    summary="one process, one state, one mailbox",
    does="""\
        Messages are answered one at a time, in the order in which they come. That is what makes the state safe,
        and what makes the process a bottleneck: if one answer takes 5 ms it serves 200 a second, on any number of
        cores.""",
    costs="""\
        About 2.6 kB at its start (327 words, 233 of them heap) and its state; about 1.2 kB while it hibernates.
        The guide's 2 kB and 1 kB are rounded from these. Every message is copied, and a crash loses the state.""",
    instead="""\
        For state that many read: an ETS table which this process owns and alone writes. For work that is done once:
        a `Task`. For code that needs neither state nor its own failure: plain functions, which cost no process.""",
    places=(Used("GenServer"),),
    rules=(
        "otp/missing-init",
        "otp/never-supervised",
        "otp/genserver-bottleneck",
        "otp/unbounded-mailbox",
        "otp/cache-never-expires",
    ),
    references=(
        Reference("GenServer", "https://hexdocs.pm/elixir/GenServer.html"),
        Reference("What a process costs", "https://www.erlang.org/doc/system/eff_guide_processes.html"),
    ),
    samples=(
        Sample("defmodule MyApp.Cache do\n  «use GenServer»\nend\n"),
        Sample("defmodule MyApp.Cache do\n  «use GenServer», restart: :transient\nend\n"),
    ),
    silent=(
        Sample("defmodule MyApp.Cache do\n  «use MyApp.GenServer»\nend\n"),
        Sample('defmodule MyApp.Cache do\n  @moduledoc "«use GenServer»"\n  # «use GenServer»\nend\n'),
        Sample("defmodule A do\n  alias MyApp.GenServer\n  «use GenServer»\nend\n"),
    ),
)
