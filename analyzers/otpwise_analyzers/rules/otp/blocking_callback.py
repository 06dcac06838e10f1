"""otp/blocking-callback"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.project.blocking_calls import Wait, sleeps, waiting_calls
from otpwise_analyzers.project.handlers import Handler, Host, handler_of, runs_itself
from otpwise_analyzers.project.processes import has_one_name
from otpwise_analyzers.project.roles import Role, has_role
from otpwise_analyzers.project.waiting import Waiting, waits_of
from otpwise_analyzers.rewrite.later_message import goes_on_after
from otpwise_analyzers.rules.base import FixNote, Impact, Reference, Rule
from otpwise_analyzers.rules.otp.blocking_callback_examples import CORRECT, INCORRECT
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.results import results

# Words of those who wait on purpose.
_ON_PURPOSE = re.compile(
    r"retr(y|ies)|back_?off|wait|poll|throttl|delay|jitter|pace|pacing|rate|tarpit|cool_?down"
)
_ASKS_ANOTHER = re.compile(rb"(?:GenServer|gen_server)\.call[\s(]+[A-Z]")
_ENDS = ("halt", "stop", "exit", "raise", "abort")
_WORKERS = ("Oban.Worker", "Oban.Pro.Worker", "Broadway", "Mix.Task", "Exq.Worker", "GenStage", "Flow")
_HTTP_IN_PAGES = frozenset({"handle_event", "handle_info", "handle_params", "handle_in", "mount", "update"})
_FAILURES = re.compile(r":error\b|:halt\b|\bhalt\(|\{:stop\b|:unauthorized|:forbidden|:too_many_requests")


class BlockingCallback(Rule):
    name = "otp/blocking-callback"
    summary = "A callback sleeps or waits, and with it everybody who talks to its process"
    impact = Impact.MEDIUM
    detects = (
        "`Process.sleep` in a callback of a server, LiveView or channel, in a controller's action or in an "
        "Application's `start/2`; an HTTP request in a callback of a LiveView, a channel or a server with one "
        "name that others call; `GenServer.call` from one such server to another"
    )
    why = (
        "A process does one thing at a time. While a callback waits, everything else that was sent to the "
        "process waits in its mailbox: a click on the page, a broadcast, the next caller. Callers of a server "
        "give up after 5 seconds (unless told otherwise) and crash, but their requests stay in the mailbox and "
        "are worked off all the same. A server that answers each request after one of 200 ms over HTTP serves "
        "five a second, however many cores there are."
    )
    fine_when = (
        "The pause is the point: a backoff before an error, a limit on guessing, pacing what another service "
        "allows; the process serves nobody else, as a worker or a poller of its own; `handle_continue/2`"
    )
    trade_off = (
        "With `Process.send_after/3` other messages come in between, so the state may have changed when the "
        "process goes on. Work in a task answers later, with `GenServer.reply/2` or `handle_async/3`."
    )
    fix_note = FixNote(
        writes=(
            "`Process.send_after(self(), message, ms)` in the place of a sleep, and a clause of "
            "`handle_info/2` with what came behind it; `handle_call/3` answers with `GenServer.reply/2`."
        ),
        because=(
            "Scaffold: other messages come in between from then on. The message carries the variables that "
            "are needed, the state is the one by then: whether that is right is the marked decision."
        ),
        leaves=(
            "A sleep behind which stands something else than what the callback answers with, and waits that "
            "are no sleep: for those the finding stands alone."
        ),
    )
    references = (
        Reference("Process.send_after/4", "https://hexdocs.pm/elixir/Process.html#send_after/4"),
        Reference("GenServer.reply/2", "https://hexdocs.pm/elixir/GenServer.html#reply/2"),
        Reference(
            "Phoenix.LiveView: async operations",
            "https://hexdocs.pm/phoenix_live_view/Phoenix.LiveView.html#module-async-operations",
        ),
    )
    definitions = frozenset(
        {
            *("handle_call", "handle_cast", "handle_info", "handle_event", "handle_in", "handle_params"),
            *("handle_async", "mount", "update", "join", "render", "start"),
        }
    )
    calls = frozenset({"sleep"})
    needles = (
        *(b".sleep", b"GenServer.call", b"gen_server.call", b"HTTPo", b"Tesla", b"Req.", b"Finch", b"ExAws"),
        *(b":httpc", b":hackney"),
    )

    incorrect = INCORRECT
    correct = CORRECT

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        for call in sleeps(file):
            yield from self._sleep(file, call)
        for wait, handler in _others(file):
            yield self.finding(
                wait.call.node,
                _message_of(wait, handler),
                Level.INFORMATION,
                related=[
                    Related(place.span, f"Here it waits for {wait.kind}.", place.path)
                    for place in (wait.place,)
                    if place is not None
                ],
            )

    def _sleep(self, file: ElixirFile, call: Call) -> Iterable[Finding]:
        definition, module = call.definition, call.enclosing_module
        if definition is None or module is None or call.arity != 1 or call.capture_arity is not None:
            return
        if not runs_itself(file, call.node, definition) or _is_on_purpose(file, definition, call):
            return
        if module.uses_module(*_WORKERS):
            return
        if definition.name == "start" and definition.arity == 2 and has_role(module, Role.APPLICATION):
            yield self.finding(call.node, _BOOT, Level.INFORMATION)
            return
        handler = handler_of(definition)
        if handler is None or handler.host in (Host.PLUG, Host.SOCKET):
            return
        # What `init/1` waits for has a rule of its own, and `handle_continue/2` is where it may.
        if definition.name == "handle_continue" or (
            handler.host is Host.SERVER and definition.name == "init"
        ):
            return
        yield self.finding(
            call.node,
            _asleep(handler, module),
            Level.INFORMATION,
            fixes=[
                Fix(
                    "Go on after Process.send_after/3",
                    Applicability.SCAFFOLD,
                    partial(goes_on_after, handler=handler, sleep=call),
                )
            ],
        )


def _is_on_purpose(file: ElixirFile, definition: Definition, call: Call) -> bool:
    duration = file.text(call.all_args[0])
    if duration == ":infinity" or _ON_PURPOSE.search(duration) or _ON_PURPOSE.search(definition.name):
        return True
    if any(own.is_local for own in definition.calls(definition.name)):
        return True
    if any(other.node.start_byte > call.node.start_byte for other in definition.calls(*_ENDS)):
        return True
    return _answers_an_error(file, call, definition)


def _answers_an_error(file: ElixirFile, call: Call, definition: Definition) -> bool:
    """Whether the branch in which the sleep stands ends in an error, be it the last of an outer one."""
    for ancestor in nodes.ancestors(call.node):
        if ancestor == definition.node:
            return False
        if ancestor.type in ("body", "do_block", "else_block", "stab_clause"):
            right = ancestor.child_by_field_name("right") if ancestor.type == "stab_clause" else ancestor
            statements = nodes.block_statements(right) if right is not None else []
            if statements and statements[-1].type != "stab_clause":
                answers = results(statements[-1], file.data)
                return all(_FAILURES.search(file.text(answer)) for answer in answers)
    return False


def _others(file: ElixirFile) -> Iterator[tuple[Waiting, Handler]]:
    """HTTP in what serves others, and calls from one server to another."""
    # Most servers ask none but themselves.
    kinds = (Wait.HTTP, Wait.SERVER) if _ASKS_ANOTHER.search(file.data) else (Wait.HTTP,)
    near = waiting_calls(file, kinds)
    waiting = {call.definition for _, call in near}
    # Those that wait, and those that call them: few of all that a file defines.
    around = waiting | {
        call.definition
        for definition in waiting
        if definition is not None and definition.name
        for call in file.calls(definition.name)
    }
    for definition in around:
        module = definition.module if definition is not None else None
        handler = handler_of(definition) if definition is not None and module is not None else None
        if definition is None or module is None or handler is None or module.uses_module(*_WORKERS):
            continue
        if handler.host is Host.SERVER and not _serves_others(module, definition):
            continue
        if handler.host is not Host.SERVER and not _is_page(handler):
            continue
        waits = waits_of(definition, kinds, near, far=False)
        first = next((wait for wait in waits if _counts(wait, handler, module)), None)
        if first is not None:
            yield first, handler


def _serves_others(module: Module, definition: Definition) -> bool:
    """Whether a server's callback keeps callers waiting: it answers them, or others do in the same process."""
    if definition.name not in ("handle_call", "handle_info") or not has_one_name(module):
        return False
    return module.defines("handle_call", 3)


def _is_page(handler: Handler) -> bool:
    return (
        handler.host in (Host.LIVE_VIEW, Host.CHANNEL)
        and handler.definition.name in _HTTP_IN_PAGES
        and not _ON_PURPOSE.search(handler.definition.name)
    )


def _counts(wait: Waiting, handler: Handler, module: Module) -> bool:
    if wait.kind is Wait.HTTP:
        return True
    # A page may well ask a server; two servers that ask each other wait for ever.
    if handler.host is not Host.SERVER or wait.place is not None or wait.call.name != "call":
        return False
    if wait.call.module not in ("GenServer", ":gen_server") or not wait.call.args:
        return False
    server = wait.call.args[0]
    if server.type != "alias":
        return False
    return wait.call.file.module_name(server) != module.name


_BOOT = (
    "The application sleeps while it boots: no child is up before it is over, and whatever is waited for may "
    "need longer. Children start in order; what must be there first belongs before the others, or is asked for."
)
_SLEEPERS = {
    Host.LIVE_VIEW: "the page with it: clicks and broadcasts wait until it is over",
    Host.CHANNEL: "the channel with it: what its client sends waits until it is over",
    Host.CONTROLLER: "the request keeps its connection and its process as long",
}


def _asleep(handler: Handler, module: Module) -> str:
    definition = handler.definition
    what = f"`{definition.name}/{definition.arity}` sleeps"
    if handler.host is Host.SERVER:
        return (
            f"{what}, and `{module.name}` serves nobody else meanwhile: what is sent to it waits, and who calls "
            "gives up after a while. `Process.send_after/3` comes back to it without."
        )
    tail = "." if handler.host is Host.CONTROLLER else ". `Process.send_after/3` comes back to it without."
    return f"{what}, and {_SLEEPERS[handler.host]}{tail}"


def _message_of(wait: Waiting, handler: Handler) -> str:
    definition = handler.definition
    where = f"`{definition.name}/{definition.arity}`"
    how = f"waits for {wait.kind} (`{wait.said}`)"
    if wait.place is not None:
        how = f"calls `{wait.said}`, which waits for {wait.kind}"
    module = definition.module.name if definition.module is not None else ""
    if wait.kind is Wait.SERVER:
        server = wait.call.file.text(wait.call.args[0])
        return (
            f"{where} waits for `{server}` while its own callers wait for `{module}`: one that is slow makes both "
            "slow, and if it ever asks back, neither answers."
        )
    if handler.host is Host.SERVER:
        return (
            f"{where} {how}, and every{' other' if definition.name == 'handle_call' else ''} caller of `{module}` "
            "waits behind it: one request at a time, for all of the application."
        )
    thing = "page" if handler.host is Host.LIVE_VIEW else "channel"
    better = "`start_async/3` or `assign_async/3` wait" if thing == "page" else "A task waits"
    return f"{where} {how}, and the {thing} does nothing else meanwhile. {better} beside it."
