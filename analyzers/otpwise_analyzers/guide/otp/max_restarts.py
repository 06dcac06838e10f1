"""`max_restarts:` and `max_seconds:`: when a supervisor gives up."""

from otpwise_analyzers.guide import supervisors
from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Key
from otpwise_analyzers.guide.token import Token


def _here(token: Token) -> str:
    restarts, seconds = token.siblings.get("max_restarts"), token.siblings.get("max_seconds")
    written = [
        (token.file.text(node) if node is not None else default)
        for node, default in ((restarts, "3"), (seconds, "5"))
    ]
    if not all(text.replace("_", "").isdecimal() for text in written):
        return ""
    times, within = (int(text.replace("_", "")) for text in written)
    count = "the first crash" if not times else f"crash {times + 1:,} within {within:,} s"
    return f"Here: {count} ends the supervisor with all its children."


CONSTRUCT = Construct(
    name="max_restarts",
    also=("max_seconds", "max_restarts:", "max_seconds:", "restart intensity"),
    summary="how many restarts within `max_seconds` are too many: 3 in 5 s unless set",
    does="""\
        One restart more, and the supervisor stops all its children and crashes, so that the one above starts the
        group afresh. At the root that ends the application. All children count together.""",
    costs="""\
        Too low, and a database that is away for ten seconds takes the node down; too high, and a child that cannot
        start burns a core and fills the log without anybody higher up hearing of it.""",
    instead="""\
        For what is expected to fail (a connection), retry with a growing pause inside of the child and let it crash
        only for the unexpected. Many children under one supervisor need a higher number than three.""",
    places=(Key("max_restarts", supervisors.is_option), Key("max_seconds", supervisors.is_option)),
    here=_here,
    references=(Reference("Supervisor options", "https://hexdocs.pm/elixir/Supervisor.html#init/2"),),
    samples=(
        Sample(
            "defmodule A do\n  def start(c) do\n"
            "    Supervisor.start_link(c, strategy: :one_for_one, «max_restarts: 10», «max_seconds: 60»)\n  end\nend\n",
            says="crash 11 within 60 s ends the supervisor",
        ),
        Sample(
            "defmodule A do\n  def children, do: [{DynamicSupervisor, name: A.S, «max_restarts: 0»}]\nend\n",
            says="the first crash ends",
        ),
        Sample("defmodule A do\n  def init(n), do: DynamicSupervisor.init(«max_restarts:» n)\nend\n"),
    ),
    silent=(Sample("defmodule A do\n  def a, do: Pod.run(«max_restarts: 3»)\nend\n"),),
)
