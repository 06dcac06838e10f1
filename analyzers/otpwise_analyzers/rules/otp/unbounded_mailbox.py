"""otp/unbounded-mailbox"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial

from tree_sitter import Node

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.project.actions import origin_of
from otpwise_analyzers.project.blocking_calls import Wait
from otpwise_analyzers.project.effects import Effect
from otpwise_analyzers.project.handlers import is_server, runs_itself
from otpwise_analyzers.project.mailboxes import (
    MEASURE,
    Tag,
    casts_to_itself,
    clauses_for,
    is_itself,
    is_public,
    tag_of,
)
from otpwise_analyzers.project.processes import has_one_name, registered_name
from otpwise_analyzers.project.waiting import Waiting, calls_in, waits_of
from otpwise_analyzers.rewrite.back_pressure import calls_instead
from otpwise_analyzers.rewrite.mailbox_gauge import measured_mailbox
from otpwise_analyzers.rules.base import FixNote, Impact, Reference, Rule
from otpwise_analyzers.rules.otp.unbounded_mailbox_examples import CORRECT, INCORRECT
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.loops import Loop, loops_around
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.results import results_of

_SLOW = (Wait.HTTP, Wait.REPO, Wait.MAIL, Wait.CONNECTION, Wait.COMMAND)
_CONDITIONS = frozenset({"if", "unless", "case", "cond"})
_STREAMS = ("File.stream!", "IO.stream", "IO.binstream", "Stream.resource", "Stream.repeatedly")
_LIMITS = re.compile(r"rate_?limit|throttl|debounc|check_rate|Hammer\.|RateLimit|Limiter", re.IGNORECASE)
# What takes no time worth speaking of: a loop of nothing else turns as fast as it can.
_QUICK = frozenset(
    {
        *("Map", "Enum", "Keyword", "List", "MapSet", "Logger", "String", "Integer", "System", "DateTime"),
        *("Process", "Kernel", ":ets", ":queue", "IO", "Access", "Tuple", "File"),
    }
)
_PLAIN = frozenset({"send", "self", "if", "unless", "case", "cond", "with", "for", "is_nil", "put_in"})


class UnboundedMailbox(Rule):
    name = "otp/unbounded-mailbox"
    summary = "Work is sent to one process faster than it may be able to do it"
    impact = Impact.MEDIUM
    detects = (
        "A function of a server with one name that casts work, when the clause of `handle_cast/2` waits for a "
        "database, HTTP, mail or a program each time; `cast` or `send` to such a server for each row of a "
        "table or line of a file; a handler that sends itself the same message again without a pause"
    )
    why = (
        "A mailbox has no limit, and `cast` no answer: nobody learns that the server falls behind. At 5 ms for "
        "a query it works off 200 messages a second; at 300 a second 360,000 wait after an hour, the last one for "
        "half an hour, all in memory and all gone when the process crashes. A long mailbox also makes every "
        "`receive` and every garbage collection of that process slower."
    )
    fine_when = (
        "Senders are few and slow, as an operator's commands are; the handler is cheap (counters, loggers, "
        "batches that are written now and then); something else limits the senders"
    )
    trade_off = (
        "With `call` the sender waits for the work, 5 seconds at most unless told otherwise, and crashes when "
        "that is not enough: slow work shows where it is asked for. Where nobody may wait, a queue in the "
        "database (Oban) or a `Task.Supervisor` with `max_children` holds what is too much."
    )
    fix_note = FixNote(
        writes=(
            "`cast` becomes `call`, and the clause one of `handle_call/3` that replies `:ok`. Or, with "
            "telemetry_poller and a literal list of `periodic_measurements`, a measurement of the mailbox "
            "every few seconds: `Process.info(pid, :message_queue_len)` gives `{:message_queue_len, n}`, or "
            "nil when the process is gone."
        ),
        because=(
            "The call is unsafe: callers wait from then on, and time out after five seconds when the server "
            "is behind, which is the back-pressure. The measurement is a scaffold: at which length to be "
            "alarmed is yours."
        ),
        leaves=(
            "Casts of a server to itself, which would wait for themselves, and servers whose work is HTTP or "
            "mail."
        ),
    )
    references = (
        Reference("GenServer.cast/2", "https://hexdocs.pm/elixir/GenServer.html#cast/2"),
        Reference("Process.info/2", "https://hexdocs.pm/elixir/Process.html#info/2"),
        Reference("telemetry_poller", "https://hexdocs.pm/telemetry_poller/readme.html"),
    )
    calls = frozenset({"cast", "send"})
    needles = (b"GenServer.cast", b"gen_server.cast", b"handle_info", b"Repo", b"File.stream!")

    incorrect = INCORRECT
    correct = CORRECT

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path) or MEASURE in file.data:
            return
        loops = list(self._in_loops(file))
        yield from loops
        taken = {finding.span for finding in loops}
        for module in file.modules:
            yield from self._busy(module)
            if file.names.get(b"handle_cast") and is_server(module) and has_one_name(module):
                yield from self._casts(module, taken)

    # -- work that is cast -------------------------------------------------------------------------

    def _casts(self, module: Module, taken: set[Span]) -> Iterator[Finding]:
        seen: set[Tag] = set()
        for tag, call in casts_to_itself(module):
            if tag in seen or not is_public(call.definition) or _carries_nothing(call):
                continue
            seen.add(tag)
            if call.definition is not None and _LIMITS.search(module.file.text(call.definition.node)):
                continue
            if Span(call.node.start_byte, call.node.end_byte) in taken:
                continue
            slow = _slow_clause(module, "handle_cast", tag)
            if slow is None or module.file.project.is_measured(module.name):
                continue
            clause, wait = slow
            yield self.finding(
                call.node,
                _cast_message(module, call, wait),
                Level.HINT,
                related=[_place_of(clause, wait)],
                fixes=_fixes(module, tag, wait),
            )

    # -- loops -------------------------------------------------------------------------------------

    def _in_loops(self, file: ElixirFile) -> Iterator[Finding]:
        for call in file.calls("cast", "send"):
            definition, module = call.definition, call.enclosing_module
            if definition is None or module is None or call.quoted or len(call.all_args) != 2:
                continue
            callback = _callback_of(call)
            if callback is None:
                continue
            loop = next(loops_around(file, call.node, definition.node), None)
            if loop is None or not runs_itself(file, call.node, definition):
                continue
            what = _unbounded(file, definition, loop)
            server = call.all_args[0]
            if what is None or not _is_slow_server(module, server, callback, call.all_args[1]):
                continue
            if file.project.is_measured(file.module_name(server) or module.name):
                continue
            name = file.text(server)
            yield self.finding(
                call.node,
                f"`{call.name}` once for each {what}: all of them wait in the mailbox of `{name}`, which "
                "takes its time with each, and nothing slows the loop down.",
                Level.HINT,
                related=[
                    Related(
                        Span(loop.subject.start_byte, loop.subject.end_byte),
                        "As many messages as there are here.",
                    )
                ],
            )

    # -- handlers that send themselves their own message -------------------------------------------

    def _busy(self, module: Module) -> Iterator[Finding]:
        file = module.file
        for clause in module.clauses("handle_info", 2):
            for call in clause.calls("send"):
                if _is_busy(module, clause, call):
                    yield self.finding(
                        call.node,
                        f"`handle_info/2` sends itself {_quoted(file, clause.params[0])} again at once, whenever it "
                        "gets it: one core is busy for ever. `Process.send_after/3` gives it a pause.",
                        Level.INFORMATION,
                    )


def _carries_nothing(call: Call) -> bool:
    """Whether a message holds no value of the caller: a signal, of which there are few."""
    message = call.all_args[1]
    return next(nodes.descendants(message, "identifier", "call"), None) is None


def _slow_clause(module: Module, callback: str, tag: Tag) -> tuple[Definition, Waiting] | None:
    """The first clause for a tag that waits whenever it runs, and what it waits for."""
    for clause in clauses_for(module, callback, tag):
        for wait in waits_of(clause, _SLOW):
            if _always_runs(clause, wait.call.node) and _always_waits(wait, module):
                return clause, wait
    return None


def _always_waits(wait: Waiting, module: Module) -> bool:
    """Whether a function of the same module waits on each of its ways."""
    if wait.place is None or not wait.is_near:
        return True
    file = module.file
    helper = file.definition_at(wait.place.span.start)
    node = file.root.descendant_for_byte_range(wait.place.span.start, wait.place.span.end)
    return helper is not None and node is not None and _always_runs(helper, node)


def _always_runs(clause: Definition, node: Node) -> bool:
    """Whether no condition stands between the clause and the node."""
    inner = node
    for ancestor in nodes.ancestors(node):
        if ancestor == clause.node:
            return True
        if nodes.operator_of(ancestor) in ("&&", "||", "and", "or"):
            return False
        if ancestor.type == "call" and inner.type in ("do_block", "arguments"):
            name = nodes.identifier(ancestor.child_by_field_name("target"), clause.file.data)
            if name in _CONDITIONS and (inner.type == "do_block" or _in_keyword_body(ancestor, node)):
                return False
        inner = ancestor
    return True


def _in_keyword_body(call: Node, node: Node) -> bool:
    arguments = nodes.arguments_of(call)
    return bool(arguments) and arguments[-1].type == "keywords" and nodes.encloses(arguments[-1], node)


def _place_of(clause: Definition, wait: Waiting) -> Related:
    if wait.place is not None:
        return Related(wait.place.span, f"Here it waits for {wait.kind}.", wait.place.path)
    node = wait.call.node
    return Related(Span(node.start_byte, node.end_byte), f"Here it waits for {wait.kind}.")


def _cast_message(module: Module, call: Call, wait: Waiting) -> str:
    definition = call.definition
    who = f"`{definition.name}/{definition.arity}`" if definition is not None else "This"
    return (
        f"{who} hands its work over without waiting, and `{module.name}` waits for {wait.kind} each time: when "
        "it falls behind, its mailbox grows without a limit and without a sign."
    )


def _fixes(module: Module, tag: Tag, wait: Waiting) -> list[Fix]:
    fixes: list[Fix] = []
    # Whoever calls should not have to wait for another company's server.
    if wait.kind not in (Wait.HTTP, Wait.MAIL) and "GenServer" in (*module.all_uses, *module.behaviours):
        fixes.append(
            Fix(
                "Let callers wait: GenServer.call",
                Applicability.UNSAFE,
                partial(calls_instead, module=module, tag=tag),
            )
        )
    process = registered_name(module)
    if process is not None and "telemetry_poller" in module.file.project.deps:
        fixes.append(
            Fix(
                "Measure its mailbox with telemetry_poller",
                Applicability.SCAFFOLD,
                partial(measured_mailbox, process=process),
            )
        )
    return fixes


def _callback_of(call: Call) -> str | None:
    """The callback that takes what a call sends."""
    if call.name == "cast":
        return "handle_cast" if call.module in ("GenServer", ":gen_server") else None
    if call.receiver is None or call.module in ("Process", "Kernel"):
        return "handle_info" if call.all_args[0].type in ("alias", "identifier", "atom") else None
    return None


def _is_slow_server(module: Module, server: Node, callback: str, message: Node) -> bool:
    file = module.file
    if is_itself(module, server):
        tag = tag_of(message, file.data)
        return tag is not None and has_one_name(module) and _slow_clause(module, callback, tag) is not None
    name = file.module_name(server) if server.type == "alias" else None
    if name is None:
        return False
    effects = file.project.effects(name, callback, 2)
    return any(effect in effects for effect in (Effect.READ, Effect.WRITE, Effect.HTTP, Effect.MAIL))


def _unbounded(file: ElixirFile, definition: Definition, loop: Loop) -> str | None:
    """What a loop runs over, in words, when nobody knows how many there are: rows, lines."""
    for stage in nodes.pipeline(_source(definition, loop.subject)):
        for node in (stage, *nodes.descendants(stage, "call")):
            if node.type != "call":
                continue
            target = node.child_by_field_name("target")
            left = target.child_by_field_name("left") if target is not None else None
            right = target.child_by_field_name("right") if target is not None else None
            if left is None or right is None:
                continue
            module, name = file.module_name(left), file.text(right)
            if f"{module}.{name}" in _STREAMS:
                return "line of a file" if module != "Stream" else "element of a stream"
            if module is None or module == "Stream":
                continue
            if file.project.is_repo(module) and name in ("all", "stream"):
                return "row of a query"
            arity = len(nodes.arguments_of(node)) + int(nodes.is_operator(node.parent, "|>"))
            if name.startswith(("list_", "all", "stream")) and not name.startswith("list_to"):
                if Effect.READ in file.project.effects(module, name, arity):
                    return "row of a query"
    return None


def _source(definition: Definition, subject: Node) -> Node:
    if subject.type == "identifier":
        origin = origin_of(definition, subject)
        return origin if origin is not None else subject
    return subject


def _is_busy(module: Module, clause: Definition, call: Call) -> bool:
    """Whether a clause of `handle_info/2` sends itself its own message again, always and at once."""
    file = module.file
    args = call.all_args
    if len(args) not in (2, 3) or file.text(args[0]) != "self()":
        return False
    if not (call.receiver is None or call.module in ("Process", "Kernel")):
        return False
    message = file.text(args[1])
    if message != file.text(clause.params[0]) or args[1].type not in ("atom", "tuple"):
        return False
    # With a guard, or another clause for it, the loop has an end: a queue that is worked off.
    if clause.guard is not None or len(_clauses_of(module, "handle_info", message)) > 1:
        return False
    if (
        clause.params[1].type != "identifier"
        or nodes.whole_pipeline(call.expression) not in clause.statements
    ):
        return False
    if clause.calls("send_after", "receive", "sleep", "stop", "exit", "halt", "send_interval"):
        return False
    if any(":stop" in file.text(answer) for answer in results_of(clause)):
        return False
    return _is_quick(module, clause)


def _is_quick(module: Module, clause: Definition, depth: int = 1) -> bool:
    """Whether a clause calls nothing that may wait: known functions, and those of its module that do neither."""
    for call in calls_in(clause):
        if call.receiver is not None:
            if call.module not in _QUICK or call.name in ("sleep", "read"):
                return False
        elif module.defines(call.name, call.arity):
            if not depth or not all(
                _is_quick(module, one, depth - 1) for one in module.clauses(call.name, call.arity)
            ):
                return False
        elif call.name not in _PLAIN:
            return False
    return True


def _clauses_of(module: Module, callback: str, message: str) -> list[Definition]:
    return [one for one in module.clauses(callback, 2) if one.file.text(one.params[0]) == message]


def _quoted(file: ElixirFile, node: Node) -> str:
    text = " ".join(file.text(node).split())
    return f"`{text}`" if len(text) <= 40 else "the same message"
