"""Turns a bare task of a LiveView into `start_async` with its `handle_async` clauses."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import callbacks, layout
from otpwise_analyzers.rewrite.task_supervisor import calling
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.modules import Definition, Module

_SINCE = (0, 20)
_CALLBACKS = ("mount", "handle_params", "handle_event", "handle_info", "handle_async", "update", "render")


def start_async(context: FixContext, call: Call, statement: Node) -> Change | None:
    """`socket = start_async(socket, :name, fn -> ... end)` in the place of `statement`.

    Only for a statement of the callback's own body with `socket` in hand: bound further in, the new
    socket would be lost. None when the function uses the socket, which would copy it into the task.
    """
    definition, module = call.definition, call.enclosing_module
    if definition is None or module is None or call.piped is not None or len(call.args) != 1:
        return None
    version = context.project.version("phoenix_live_view")
    if version is not None and version < _SINCE:
        return None
    statements = definition.statements
    if definition.do_block is None or statement not in statements or statement == statements[-1]:
        return None
    if not _binds_socket(definition) or _mentions_socket(call, call.args[0]):
        return None
    name = _name_of_work(call, call.args[0])
    if any(_handles(clause, name) for clause in module.clauses("handle_async", 3)):
        return None
    anchor = callbacks.last_clause(module, ("handle_async",)) or callbacks.last_clause(module, _CALLBACKS)
    edits = calling(call.file, f"start_async(socket, :{name}, ", call.args, statement, bound_to="socket")
    if edits is None or anchor is None:
        return None
    edits.append(callbacks.insertion_after(anchor, _handlers(module, name)))
    return (layout.change_of(call.file, edits),)


def _handlers(module: Module, name: str) -> str:
    impl = "@impl true\n" if callbacks.wants_impl(module) and not module.defines("handle_async", 3) else ""
    return (
        f"{impl}def handle_async(:{name}, {{:ok, _result}}, socket) do\n"
        "  # To decide: what the page shows when the work is done.\n"
        "  {:noreply, socket}\n"
        "end\n"
        "\n"
        f"def handle_async(:{name}, {{:exit, _reason}}, socket) do\n"
        '  {:noreply, put_flash(socket, :error, "That did not work. Please try again.")}\n'
        "end"
    )


def _binds_socket(definition: Definition) -> bool:
    return any(_mentions_socket(definition, param) for param in definition.params)


def _mentions_socket(where: Call | Definition, node: Node) -> bool:
    file = where.file
    return any(
        inner.type == "identifier" and file.text(inner) == "socket"
        for inner in (node, *nodes.descendants(node, "identifier"))
    )


def _name_of_work(call: Call, function: Node) -> str:
    """The name of the last function that the work calls, `background_work` when there is none."""
    names = [
        call.file.text(target.named_children[-1] if target.type == "dot" else target)
        for inner in nodes.descendants(function, "call")
        if (target := inner.child_by_field_name("target")) is not None
        and target.type in ("identifier", "dot")
    ]
    plain = [name.rstrip("!?") for name in names]
    return plain[0] if len(plain) >= 1 and plain[0].isidentifier() else "background_work"


def _handles(clause: Definition, name: str) -> bool:
    return clause.file.text(clause.params[0]) in (f":{name}", "_") or clause.params[0].type == "identifier"
