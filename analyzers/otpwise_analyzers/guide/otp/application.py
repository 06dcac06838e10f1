"""`use Application`: the root of the supervision tree."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Used

CONSTRUCT = Construct(
    name="Application",
    also=("use Application", "application.ex", "children", "project structure"),
    summary="the root of the supervision tree",
    does="""\
        `start/2` starts the children from first to last and is the order of boot: telemetry, the repo, PubSub, your
        own processes (caches, workers, the Task.Supervisor), the endpoint last, so that no request comes in before
        all is there. They stop from last to first, which lets running requests end.""",
    costs="""\
        When the root supervisor gives up, the application ends, and in a release so does the node: put what may fail
        often under a supervisor of its own.""",
    instead="""\
        The modules behind it, as the guide lays them out: contexts in `lib/my_app/`, processes in
        `lib/my_app/workers/`, all that speaks HTTP or WebSocket in `lib/my_app_web/`.""",
    places=(Used("Application"),),
    rules=("otp/never-supervised", "telemetry/missing-telemetry"),
    references=(Reference("Application", "https://hexdocs.pm/elixir/Application.html"),),
    samples=(Sample("defmodule MyApp.Application do\n  «use Application»\nend\n"),),
)
