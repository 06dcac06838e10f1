"""`use GenStateMachine`: a process whose answers depend on which state it is in."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Used

CONSTRUCT = Construct(
    name="GenStateMachine",
    also=("use GenStateMachine", "gen_statem", ":gen_statem"),
    summary="a process with named states and timeouts for each",
    does="""\
        OTP's `:gen_statem`: what may happen is written once for each state, a state may have a timeout that ends with
        it, and events that come too early can be postponed. One mailbox and one event at a time, as in a
        GenServer.""",
    costs="A second vocabulary for the team, and a process as large as a GenServer.",
    instead="A GenServer while there are two states and no timeouts; a `status` field in the database for what lasts.",
    places=(Used("GenStateMachine"),),
    references=(Reference("gen_statem", "https://www.erlang.org/doc/apps/stdlib/gen_statem.html"),),
    samples=(
        Sample("defmodule MyApp.Door do\n  «use GenStateMachine», callback_mode: :state_functions\nend\n"),
    ),
)
