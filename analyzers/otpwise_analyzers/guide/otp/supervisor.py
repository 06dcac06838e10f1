"""`use Supervisor`: who restarts the others."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Used

CONSTRUCT = Construct(
    name="Supervisor",
    also=("use Supervisor", "supervision tree"),
    summary="starts its children in order, restarts what crashes, stops them in reverse order",
    does="""\
        What a child needs stands before it in the list. Each child's `init/1` has to return before the next one
        starts, so slow work belongs into `handle_continue/2`. A supervisor that gives up (more than `max_restarts`)
        crashes itself and leaves the decision to the one above: group together what must fail together.""",
    costs="One process and its children list. It runs none of your code, which is why it does not crash with it.",
    instead="For children that come and go while the system runs: `DynamicSupervisor`.",
    places=(Used("Supervisor"),),
    rules=("otp/unsupervised-process", "otp/never-supervised", "otp/blocking-init"),
    references=(Reference("Supervisor", "https://hexdocs.pm/elixir/Supervisor.html"),),
    samples=(Sample("defmodule MyApp.Workers do\n  «use Supervisor»\nend\n"),),
    silent=(Sample("defmodule MyApp.Workers do\n  «use MyApp.Supervisor»\nend\n"),),
)
