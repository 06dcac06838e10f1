"""An `after` for a `receive`, with an answer that fits the place where it stands."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.handlers import Handler, Host
from otpwise_analyzers.project.roles import Role, has_role
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.layout import WIDTH, change_of, indent_of, line_start, starts_line
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.results import is_tagged, results, results_of
from otpwise_analyzers.syntax.variables import visible_at

_TODO = "# TODO: how long this may wait, and what follows when nothing came."
_MS = "5_000"
_ERRORS = ("ok", "error")


def with_timeout(ctx: FixContext, call: Call, handler: Handler | None) -> Change | None:
    """Adds `after 5_000 -> ...` behind the clauses of a `receive`.

    The answer is the callback's own form of an error where the `receive` is what the callback answers
    with, `{:error, :timeout}` where its other clauses give such results, and otherwise an exit, as
    `GenServer.call/3` has it. None when the `end` does not stand on a line of its own.
    """
    file, block = call.file, call.do_block
    if block is None or not block.children:
        return None
    end = block.children[-1]
    if end.type != "end" or not starts_line(file, end.start_byte):
        return None
    indent = indent_of(file, end)
    # An answer that would grow too long for its line is none of those that the formatter would leave alone.
    answer = next(a for a in _answers(call, handler) if len(f"{indent}  {_MS} -> {a}") <= WIDTH)
    at = line_start(file, end.start_byte)
    text = f"{indent}after\n{indent}  {_TODO}\n{indent}  {_MS} -> {answer}\n"
    return (change_of(file, [Edit(at, at, text)]),)


def _answers(call: Call, handler: Handler | None) -> list[str]:
    """The answers that fit, the best first; the last one always fits."""
    found: list[str] = []
    if handler is not None and _answers_for(call):
        found.extend(_of_callback(call, handler))
    if handler is None or not _answers_for(call):
        conn = _connection(call)
        if conn is not None:
            found.append(conn)
    if not found and _gives_results(call):
        found.append("{:error, :timeout}")
    return [*found, "exit(:timeout)"]


def _answers_for(call: Call) -> bool:
    """Whether the definition answers with what the `receive` gives."""
    definition = call.definition
    if definition is None:
        return False
    own = {node.start_byte for node in results(call.node, call.file.data)}
    return own <= {node.start_byte for node in results_of(definition)}


def _gives_results(call: Call) -> bool:
    data = call.file.data
    return any(
        is_tagged(node, tag, data) or nodes.atom_literal(node, data) == "error"
        for node in results(call.node, data)
        for tag in _ERRORS
    )


def _of_callback(call: Call, handler: Handler) -> list[str]:
    name, state = handler.definition.name, handler.state
    if state is None or state not in visible_at(handler.definition, call.node):
        return []
    match handler.host, name:
        case Host.CONTROLLER, _:
            return [f'send_resp({state}, 504, "")']
        case Host.PLUG, _:
            return [f'{state} |> Plug.Conn.send_resp(504, "") |> Plug.Conn.halt()']
        case Host.LIVE_VIEW, "handle_event":
            flash = f'{{:noreply, put_flash({state}, :error, "That took too long.")}}'
            return [flash, f"{{:noreply, {state}}}"]
        case Host.CHANNEL, "handle_in":
            return [f'{{:reply, {{:error, %{{reason: "timeout"}}}}, {state}}}']
        case Host.CHANNEL, "join":
            return ['{:error, %{reason: "timeout"}}']
        case Host.SOCKET, "connect":
            return [":error"]
        case _, "handle_call" if _replies_with_results(call):
            return [f"{{:reply, {{:error, :timeout}}, {state}}}"]
        case _, "handle_cast" | "handle_info" | "handle_continue" | "handle_async" | "handle_params":
            return [f"{{:noreply, {state}}}"]
        case Host.SERVER, "init":
            return ["{:stop, :timeout}"]
    return []


def _replies_with_results(call: Call) -> bool:
    """Whether a reply of `handle_call/3` is `{:ok, value}`, `:error` or the like."""
    data = call.file.data
    for node in results(call.node, data):
        items = nodes.named(node) if is_tagged(node, "reply", data) else []
        if len(items) == 3 and (
            any(is_tagged(items[1], tag, data) for tag in _ERRORS)
            or nodes.atom_literal(items[1], data) == "error"
        ):
            return True
    return False


def _connection(call: Call) -> str | None:
    """An answer for a request, in a controller's function that is given the connection and gives it back."""
    module, definition = call.enclosing_module, call.definition
    if module is None or definition is None or not _answers_for(call):
        return None
    if not has_role(module, Role.CONTROLLER) or "conn" not in visible_at(definition, call.node):
        return None
    if all(_is_connection(call.file, node) for node in results(call.node, call.file.data)):
        return 'send_resp(conn, 504, "")'
    return None


def _is_connection(file: ElixirFile, node: Node) -> bool:
    first = nodes.pipeline(node)[0]
    if first.type == "call":
        arguments = nodes.arguments_of(first)
        first = arguments[0] if arguments else first
    return nodes.identifier(first, file.data) == "conn"
