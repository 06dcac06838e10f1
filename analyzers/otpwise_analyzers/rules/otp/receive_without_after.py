"""otp/receive-without-after"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from tree_sitter import Node

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level
from otpwise_analyzers.project import places
from otpwise_analyzers.project.handlers import Handler, Host, handler_of, runs_itself
from otpwise_analyzers.project.roles import WEB, Role, has_role, is_web_name
from otpwise_analyzers.rewrite.receive_timeout import with_timeout
from otpwise_analyzers.rules.base import FixNote, Impact, Reference, Rule
from otpwise_analyzers.rules.otp.receive_without_after_examples import CORRECT, INCORRECT
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

# The last is the protocol of devices, which live as long as who writes to them.
_ENDS = frozenset({"DOWN", "EXIT", "tcp_closed", "ssl_closed", "io_reply"})
_MONITORS = ("monitor", "spawn_monitor", "open", "open_port", "start_monitor")
_STARTS = frozenset(
    {
        *("spawn", "spawn_link", "spawn_monitor", "spawn_opt", "start", "start_link", "async", "start_child"),
        *("async_nolink", "async_stream", "start_async", "assign_async", "init_it", "proc_lib"),
    }
)
_QUESTIONS = ("send", "cast", "broadcast", "broadcast!", "broadcast_from", "broadcast_from!")


class ReceiveWithoutAfter(Rule):
    name = "otp/receive-without-after"
    summary = "A receive without a time limit in a process that others wait for"
    impact = Impact.HIGH
    detects = (
        "`receive` with neither `after` nor a clause for `:DOWN` or `:EXIT`, in a callback or anywhere in a "
        "web module, or after a message that asks another process for an answer; and `receive` in a callback "
        "with a clause that takes any message"
    )
    why = (
        "When the message never comes (its sender crashed, the node is gone, the broadcast went elsewhere), the "
        "process waits for ever: it answers nothing more, its mailbox grows, and no supervisor sees anything "
        "wrong, for it has not crashed. Each request that hangs like this keeps its process and its socket. A "
        "clause for any message is worse in a callback: it swallows the process's own calls, casts and timers."
    )
    fine_when = (
        "The process does nothing but wait, as a loop that was spawned for it; the sender is monitored and its "
        "`:DOWN` has a clause; a cancelled timer's message is known to be in the mailbox"
    )
    trade_off = (
        "A limit that is too short gives up on work that would have finished, and the late answer stays in the "
        "mailbox. `GenServer.call/3` and `Task.await/2` bring the limit (5 seconds unless told otherwise), the "
        "monitor and the clearing up with them."
    )
    fix_note = FixNote(
        writes=(
            "`after 5_000` with the answer that the place allows: the callback's own kind of result, "
            "`{:error, :timeout}` where the other clauses give such results, a 504 for a request, and else "
            "`exit(:timeout)`, which is what `GenServer.call/3` does."
        ),
        because="Scaffold: how long to wait is yours to decide, at the marked place.",
        leaves="Loops that are a process's own work are not reported.",
    )
    references = (
        Reference(
            "Kernel.SpecialForms.receive/1", "https://hexdocs.pm/elixir/Kernel.SpecialForms.html#receive/1"
        ),
        Reference("GenServer.call/3", "https://hexdocs.pm/elixir/GenServer.html#call/3"),
    )
    calls = frozenset({"receive"})

    incorrect = INCORRECT
    correct = CORRECT

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        for call in file.calls("receive"):
            definition, module = call.definition, call.enclosing_module
            if not call.is_local or call.do_block is None or call.quoted:
                continue
            if definition is None or module is None or not runs_itself(file, call.node, definition):
                continue
            handler = handler_of(definition)
            if handler is not None and (steals := _clause_for_anything(call)) is not None:
                yield self.finding(_keyword(call), _stealing(handler, steals, file), Level.WARNING)
                continue
            if nodes.child_of_type(call.do_block, "after_block") is not None or _cannot_hang(call):
                continue
            if handler is None and (_waits_for_a_living(definition, module) or _is_no_place(module)):
                continue
            asked = _question_before(call, definition)
            caller = handler if handler is not None else _handler_before(definition, module)
            if caller is None and not _is_web(module) and asked is None:
                continue
            yield self.finding(
                _keyword(call),
                _message(definition, caller, module, asked),
                Level.WARNING if caller is not None or _is_web(module) else Level.INFORMATION,
                fixes=[
                    Fix(
                        "Give up after five seconds",
                        Applicability.SCAFFOLD,
                        partial(with_timeout, call=call, handler=handler),
                    )
                ],
            )


def _keyword(call: Call) -> Span:
    """The word alone: what follows may be many lines."""
    return Span(call.node.start_byte, call.node.start_byte + len("receive"))


def _clauses(call: Call) -> list[Node]:
    block = call.do_block
    return [one for one in nodes.block_statements(block) if one.type == "stab_clause"] if block else []


def _patterns(call: Call) -> list[Node]:
    """What each clause matches, its guard left out."""
    found = []
    for clause in _clauses(call):
        left = clause.child_by_field_name("left")
        inner = nodes.named(left) if left is not None and left.type == "arguments" else []
        pattern = inner[0] if inner else left
        if pattern is not None and not nodes.is_operator(pattern, "when"):
            found.append(pattern)
        elif pattern is not None:
            guarded = pattern.child_by_field_name("left")
            if guarded is not None:
                found.append(_alone(guarded))
    return found


def _alone(node: Node) -> Node:
    inner = nodes.named(node) if node.type == "arguments" else []
    return inner[0] if len(inner) == 1 else node


def _clause_for_anything(call: Call) -> Node | None:
    """The variable of a clause without a guard that takes every message."""
    for clause in _clauses(call):
        left = clause.child_by_field_name("left")
        pattern = _alone(left) if left is not None else None
        if pattern is not None and pattern.type == "identifier":
            return pattern
    return None


def _cannot_hang(call: Call) -> bool:
    """Whether something besides the awaited message is sure to come, or the message is there already."""
    file, definition = call.file, call.definition
    if definition is None:
        return True
    monitored = definition.calls(*_MONITORS)
    for pattern in _patterns(call):
        for one in (pattern, *nodes.descendants(pattern, "atom")):
            if one.type == "atom" and nodes.atom_literal(one, file.data) in _ENDS:
                return True
        for pin in (pattern, *nodes.descendants(pattern, "unary_operator")):
            if nodes.is_operator(pin, "^") and _is_bound_by(file, definition, file.text(pin)[1:], monitored):
                return True
    # It was cancelled too late: the message that it sent is in the mailbox.
    return any(
        timer.node.start_byte < call.node.start_byte
        for timer in definition.calls("cancel_timer", "cancel", "start_timer", "send_after")
    )


def _is_bound_by(file: ElixirFile, definition: Definition, name: str, calls: list[Call]) -> bool:
    """Whether a variable holds what one of these calls gave."""
    for call in calls:
        parent = nodes.whole_pipeline(call.expression).parent
        if parent is None or not nodes.is_operator(parent, "="):
            continue
        left = parent.child_by_field_name("left")
        if left is not None and name.strip() in {
            file.text(node) for node in (left, *nodes.descendants(left, "identifier"))
        }:
            return True
    return False


def _waits_for_a_living(definition: Definition, module: Module) -> bool:
    """Whether the function is a loop, or what a process was started for."""
    name, file = definition.name, definition.file
    if any(call.is_local for call in definition.calls(name)):
        return True
    # A walk through a whole module is dear, and few name the function by an atom.
    is_named = f":{name}".encode() in file.data[module.node.start_byte : module.node.end_byte]
    for node in nodes.descendants(module.node, "atom") if is_named else ():
        if nodes.atom_literal(node, file.data) == name and _is_started(file, node):
            return True
    return any(
        _is_started(file, call.node)
        for call in file.calls(name)
        if (call.is_local or call.module == module.name) and call.enclosing_module is module
    )


def _is_started(file: ElixirFile, node: Node) -> bool:
    """Whether the node lies in what a call hands to a new process."""
    for ancestor in nodes.ancestors(node):
        if ancestor.type != "arguments" or ancestor.parent is None:
            continue
        target = ancestor.parent.child_by_field_name("target")
        if target is not None and target.type == "dot":
            target = target.child_by_field_name("right")
        if target is not None and file.text(target) in _STARTS:
            return True
    return False


def _is_no_place(module: Module) -> bool:
    return has_role(module, Role.TEST, Role.MIX_TASK, Role.MIGRATION)


def _is_web(module: Module) -> bool:
    return is_web_name(module.name) or has_role(module, *WEB, Role.SOCKET, Role.PLUG)


def _handler_before(definition: Definition, module: Module) -> Handler | None:
    """The callback of the same module that calls a private function, when one does."""
    if not definition.is_private:
        return None
    for call in definition.file.calls(definition.name):
        caller = call.definition
        if not call.is_local or caller is None or call.enclosing_module is not module:
            continue
        if call.arity == definition.arity and runs_itself(call.file, call.node, caller):
            handler = handler_of(caller)
            if handler is not None:
                return handler
    return None


def _question_before(call: Call, definition: Definition) -> Call | None:
    """The message sent before in the same function that carries `self()`: who is to be answered."""
    file = call.file
    for question in reversed(definition.calls(*_QUESTIONS)):
        if question.node.start_byte < call.node.start_byte and question.arguments is not None:
            if any(
                file.text(inner).startswith("self()")
                for inner in nodes.descendants(question.arguments, "call")
            ):
                return question
    return None


_BLOCKED = {
    Host.SERVER: "the server answers nobody",
    Host.LIVE_VIEW: "the page is frozen",
    Host.CHANNEL: "the channel is dead for its client",
    Host.SOCKET: "the connection is never answered",
    Host.CONTROLLER: "the request is never answered",
    Host.PLUG: "the request is never answered",
}


def _message(definition: Definition, handler: Handler | None, module: Module, asked: Call | None) -> str:
    where = f"`{definition.name}/{definition.arity}`"
    if handler is not None:
        if handler.definition is not definition:
            where += f", which `{handler.definition.name}/{handler.definition.arity}` calls,"
        return (
            f"{where} waits without a limit: when the message does not come, {_BLOCKED[handler.host]} "
            "from then on, and whatever is sent to the process piles up."
        )
    if asked is not None:
        said = asked.file.text(asked.node).split("(", 1)[0].split(" ", 1)[0]
        return (
            f"{where} asks with `{said}` and waits for the answer without a limit or a monitor: when the "
            "other process crashes first, its caller hangs for ever."
        )
    return (
        f"{where} of `{module.name}` waits without a limit: when the message does not come, the process that "
        "called it hangs for ever."
    )


def _stealing(handler: Handler, variable: Node, file: ElixirFile) -> str:
    definition = handler.definition
    return (
        f"The clause `{file.text(variable)} ->` takes whatever comes first, so `{definition.name}/"
        f"{definition.arity}` swallows calls, casts and timer messages that were meant for this "
        f"{'process' if handler.host in (Host.CONTROLLER, Host.PLUG) else handler.host}."
    )
