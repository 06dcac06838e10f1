"""Moves a bare `MyApp.Cache.start_link(...)` into the application's children."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.view import FixContext, ProjectView
from otpwise_analyzers.rewrite import children, layout
from otpwise_analyzers.rewrite.portable import portable_text, without_unused_alias
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call

_WITH_CHILD_SPEC = frozenset(
    {
        "GenServer",
        "Agent",
        "Supervisor",
        "DynamicSupervisor",
        "GenStage",
        "GenStateMachine",
        "Task",
        "Broadway",
    }
)


def started_module(call: Call) -> str | None:
    """The module whose process a call starts: `MyApp.Cache` of `MyApp.Cache.start_link([])` and of
    `GenServer.start_link(MyApp.Cache, [])`."""
    if call.module in ("GenServer", ":gen_server", "GenStage", "GenStateMachine"):
        return call.file.module_name(call.args[0]) if call.args and call.piped is None else None
    if call.receiver is None:
        return call.enclosing_module.name if call.enclosing_module is not None else None
    return call.module


def removable_statement(call: Call) -> Node | None:
    """The statement that a call is, `{:ok, _pid} =` before it included; None when its value is used."""
    if call.piped is not None or nodes.whole_pipeline(call.node) != call.node:
        return None
    node = call.node
    parent = node.parent
    if nodes.is_operator(parent, "=") and parent is not None:
        left = parent.child_by_field_name("left")
        if left is None or parent.child_by_field_name("right") != node or not _binds_nothing(call, left):
            return None
        node = parent
    if not nodes.value_is_dropped(node) or layout.only_statement(node):
        return None
    return node


def _binds_nothing(call: Call, pattern: Node) -> bool:
    file = call.file
    if pattern.type == "identifier":
        return file.text(pattern).startswith("_")
    items = nodes.named(pattern) if pattern.type == "tuple" else []
    return (
        len(items) == 2
        and items[1].type == "identifier"
        and (file.text(items[1]).startswith("_") or _is_mentioned_once(call, items[1]))
    )


def _is_mentioned_once(call: Call, variable: Node) -> bool:
    definition = call.definition
    if definition is None:
        return False
    name = call.file.text(variable)
    return sum(call.file.text(i) == name for i in nodes.descendants(definition.node, "identifier")) == 1


def supervised_instead(context: FixContext, call: Call) -> Change | None:
    """Adds the process to the application's children and removes the bare call.

    None when the value of the call is used, when its options need something of the place where it
    stands, or when another supervisor has such children already.
    """
    statement = removable_statement(call)
    module = started_module(call)
    if statement is None or module is None:
        return None
    supervisors = context.project.supervisors_of(module)
    entry = _entry(context.project, call, module)
    if entry is None or (supervisors and not children.is_listed(context, module)):
        return None
    if supervisors and "name" in call.keywords:
        return None
    added = children.add_child(context, module, entry)
    if added is None:
        return None
    removal = layout.change_of(call.file, [layout.delete_statement(call.file, statement)])
    # Text about the removed call must not keep its alias alive: only a real reference does.
    removal = without_unused_alias(call.file, removal, call.receiver)
    return children.merged(removal, *added)


def _entry(project: ProjectView, call: Call, module: str) -> str | None:
    arguments = [portable_text(call.file, argument) for argument in call.args]
    written = [argument for argument in arguments if argument is not None]
    if len(written) != len(arguments):
        return None
    if call.args and call.args[-1].type == "keywords" and len(call.args) > 1:
        written[-1] = f"[{written[-1]}]"
    if call.module in ("GenServer", "GenStage", "GenStateMachine"):
        return f"%{{id: {module}, start: {{{call.module}, :start_link, [{', '.join(written)}]}}}}"
    if len(written) <= 1 and _has_child_spec(project, module, len(written)):
        return children.child_entry(module, written[0] if written else None)
    if written and call.args[-1].type == "keywords" and len(call.args) == 1:
        written[-1] = f"[{written[-1]}]"
    return f"%{{id: {module}, start: {{{module}, :start_link, [{', '.join(written)}]}}}}"


def _has_child_spec(project: ProjectView, module: str, arity: int) -> bool:
    """Whether `child_spec/1` of the module leads to the `start_link` that is called here."""
    located = project.module(module)
    if located is None:
        return arity == 1
    facts = located.facts
    makes_spec = facts.function("child_spec", 1) is not None or facts.uses_module(*_WITH_CHILD_SPEC)
    return makes_spec and facts.function("start_link", 1) is not None
