"""`telemetry_poller`: what nobody emits, measured now and then."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Child
from otpwise_analyzers.guide.token import Token
from otpwise_analyzers.source.edits import Span

_NAME = ":telemetry_poller"


class _ErlangChild(Child):
    """`{:telemetry_poller, options}`: an atom, as Erlang's modules are; not the dependency, with its version."""

    def match(self, token: Token) -> Span | None:
        span = super().match(token)
        parent = token.node.parent
        if span is None or parent is None or parent.named_child_count != 2:
            return None
        options = parent.named_child(1)
        return span if options is not None and options.type in ("list", "keywords") else None


CONSTRUCT = Construct(
    name=":telemetry_poller",
    also=("telemetry_poller", "message_queue_len", "poller"),
    summary="emits memory, run queues and your own measurements every few seconds",
    does="""\
        Every 5 s unless `period:` says so (Phoenix generates 10 s): `[:vm, :memory]`, `[:vm, :total_run_queue_lengths]`,
        `[:vm, :system_counts]`, and each `{Module, :function, args}` of `measurements:`. The place to watch a mailbox:
        `Process.info(pid, :message_queue_len)`.""",
    costs="One process. A measurement that raises is dropped from the list, with a line in the log.",
    instead="Events that the code emits itself for all that happens at a moment: a poll sees only every tenth second.",
    places=(_ErlangChild(_NAME),),
    rules=("otp/unbounded-mailbox", "telemetry/missing-telemetry"),
    references=(Reference("telemetry_poller", "https://hexdocs.pm/telemetry_poller/telemetry_poller.html"),),
    samples=(
        Sample(
            "defmodule AWeb.Telemetry do\n  def all, do: [{«:telemetry_poller», measurements: [], period: 10_000}]\nend\n"
        ),
    ),
    silent=(
        Sample(
            'defmodule A.MixProject do\n  def deps, do: [{«:telemetry_poller», "~> 1.0"}]\nend\n',
            path="mix.exs",
        ),
    ),
)
