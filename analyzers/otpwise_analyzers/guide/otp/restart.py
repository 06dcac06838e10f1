"""`restart:` of a child: after which ends it is started again."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Key
from otpwise_analyzers.guide.token import Token

_HERE = {
    ":permanent": "Here: started again whenever it ends, also when it ends well.",
    ":transient": "Here: started again after a crash; not after `:normal`, `:shutdown` or `{:shutdown, _}`.",
    ":temporary": "Here: never started again, and forgotten by its supervisor once it ends.",
}


def _fits(token: Token) -> bool:
    return token.value is not None and token.file.text(token.value) in _HERE


def _here(token: Token) -> str:
    return _HERE[token.file.text(token.value)] if token.value is not None else ""


CONSTRUCT = Construct(
    name="restart",
    also=("restart:", "permanent", "transient", "temporary"),
    summary="after which ends a child is started again",
    does="""\
        `:permanent` (a GenServer's default) always, `:transient` after a crash only, `:temporary` (a Task's default)
        never. A process that stops itself with `{:stop, :normal, state}` and is `:permanent` comes right back.""",
    costs="Each restart counts for the supervisor's `max_restarts`, also that of a child which ended well.",
    instead="""\
        Sessions, rooms and downloads that end by themselves are `:transient` or `:temporary`; what others depend on
        is `:permanent`. None of them repeats the work: what must be done in the end is a job (Oban).""",
    places=(Key("restart", _fits),),
    here=_here,
    references=(
        Reference(
            "Restart values", "https://hexdocs.pm/elixir/Supervisor.html#module-restart-values-restart"
        ),
    ),
    samples=(
        Sample(
            "defmodule A do\n  use GenServer, «restart: :transient»\nend\n", says="after a crash; not after"
        ),
        Sample(
            "defmodule A do\n  def child_spec(o) do\n"
            "    %{id: A, start: {A, :start_link, [o]}, «restart: :temporary»}\n  end\nend\n",
            says="never started again",
        ),
    ),
    silent=(Sample("defmodule A do\n  def a, do: Game.over(«restart: true»)\nend\n"),),
)
