"""Turns `Task.start`, `spawn` and a dropped `Task.async` into `Task.Supervisor.start_child`."""

from __future__ import annotations

import re
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.view import FixContext, ProjectView
from otpwise_analyzers.rewrite import children, layout
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile


class TaskSupervisor(NamedTuple):
    """The `name:` of a `Task.Supervisor`, whether the project has it already, and whether it is there for
    any task, as far as its name says."""

    name: str
    exists: bool
    is_general: bool = True


_GENERAL = re.compile(r"(\A|[.:])((async|background)_?)?tasks?_?(supervisor|sup|runner)?\Z", re.IGNORECASE)


def task_supervisor_for(project: ProjectView, module: str) -> TaskSupervisor | None:
    """The task supervisor that code in `module` should use: the project's own, else one to be added.

    None when there is none and no Application to add one to.
    """
    root = module.partition(".")[0].removesuffix("Web")
    own = [name for name in project.names_of("Task.Supervisor") if not project.app or _is_of(name, root)]
    if not _is_of_web(module):
        # The web knows the rest of the application, and not the other way round.
        own = [name for name in own if not _is_of_web(name)]
    if own:
        best = min(own, key=lambda name: (not _is_general(name), not _is_of(name, root), len(name)))
        return TaskSupervisor(best, True, _is_general(best))
    application = project.application
    if application is None:
        return None
    prefix = application.facts.name.removesuffix(".Application").removesuffix(".App")
    return TaskSupervisor(f"{prefix}.TaskSupervisor", False)


def _is_general(name: str) -> bool:
    return _GENERAL.search(name) is not None


def _is_of_web(name: str) -> bool:
    return any(part.endswith("Web") for part in name.split("."))


def _is_of(name: str, root: str) -> bool:
    return name == root or name.startswith(f"{root}.")


def start_child(context: FixContext, call: Call, supervisor: TaskSupervisor, replaced: Node) -> Change | None:
    """`call` as `Task.Supervisor.start_child(name, ...)`, with the child added where there is none.

    `replaced` is the node whose place the new call takes: the call itself, or `_ = call`.
    None for a piped call and for one that would not fit its line.
    """
    edits = start_child_edits(call, supervisor.name, replaced)
    if edits is None:
        return None
    own = layout.change_of(call.file, edits)
    if supervisor.exists:
        return (own,)
    entry = children.child_entry("Task.Supervisor", f"name: {supervisor.name}")
    added = children.add_child(context, "Task.Supervisor", entry, supervisor.name)
    return children.merged(own, *added) if added is not None else None


def start_child_edits(call: Call, name: str, replaced: Node) -> list[Edit] | None:
    file = call.file
    if call.piped is not None or not call.args or call.capture_arity is not None:
        return None
    # `Task.Supervisor.async(name, fun)` has its supervisor already.
    arguments = call.args[1:] if call.module == "Task.Supervisor" else call.args
    if not arguments or len(arguments) not in (1, 3):
        return None
    supervisor = file.text(call.args[0]) if call.module == "Task.Supervisor" else name
    task = "Task" if file.resolve("Task", call.node.start_byte) == "Task" else "Elixir.Task"
    return calling(file, f"{task}.Supervisor.start_child({supervisor}, ", arguments, replaced)


def calling(
    file: ElixirFile, head: str, arguments: list[Node], replaced: Node, *, bound_to: str | None = None
) -> list[Edit] | None:
    """`head` (up to its open parenthesis), the arguments as they stand, `)`, in the place of `replaced`.

    The arguments are the end of `replaced`. With `bound_to` the value is bound to that variable. The body
    of a one-line `fn` gets its own line where the whole would be too long for one; None when that does
    not help.
    """
    first, last = arguments[0], arguments[-1]
    binding = f"{bound_to} = " if bound_to is not None else ""
    before = layout.column(file, replaced.start_byte) + len(binding)
    line = file.data[first.start_byte : layout.line_end(file, first.start_byte)].decode("utf-8", "replace")
    added = 0 if file.text(replaced).endswith(")") else 1
    one_line = first.start_point.row == last.end_point.row
    if before + len(head) + len(line) + added <= layout.WIDTH and (one_line or bound_to is None):
        return [
            Edit(replaced.start_byte, first.start_byte, binding + head),
            Edit(last.end_byte, replaced.end_byte, ")"),
        ]
    if not layout.is_statement(replaced) or not layout.starts_line(file, replaced.start_byte):
        return None
    if len(arguments) != 1:
        return None
    indent = layout.indent_of(file, replaced)
    inner = indent if bound_to is None else f"{indent}  "
    function = _broken_function(file, first, inner)
    opening = "" if bound_to is None else f"{bound_to} =\n{inner}"
    if function is None or len(inner) + len(f"{head}fn ->") > layout.WIDTH:
        return None
    return [
        *layout.blank_lines_around(file, replaced),
        Edit(replaced.start_byte, replaced.end_byte, f"{opening}{head}{function})"),
    ]


def _broken_function(file: ElixirFile, function: Node, indent: str) -> str | None:
    """A function with its body on lines of its own, its `end` behind `indent`."""
    if layout.is_one_line(file, function):
        body = _single_expression(file, function)
        if body is None or len(indent) + 2 + len(body) > layout.WIDTH:
            return None
        return f"fn ->\n{indent}  {body}\n{indent}end"
    # Moving the inside of a string that spans lines would change it.
    for text in nodes.descendants(function, "string", "charlist", "sigil"):
        if not layout.is_one_line(file, text):
            return None
    deeper = len(indent) - len(layout.indent_of(file, function))
    lines = file.text(function).replace("\r\n", "\n").split("\n")
    moved = [lines[0], *(" " * deeper + line if line.strip() else "" for line in lines[1:])]
    return "\n".join(moved) if all(len(line) <= layout.WIDTH for line in moved) else None


def _single_expression(file: ElixirFile, function: Node) -> str | None:
    """The body of `fn -> body end` on one line."""
    if function.type != "anonymous_function":
        return None
    clauses = [child for child in function.named_children if child.type == "stab_clause"]
    if len(clauses) != 1 or clauses[0].child_by_field_name("left") is not None:
        return None
    body = clauses[0].child_by_field_name("right")
    statements = nodes.block_statements(body) if body is not None else []
    return file.text(statements[0]) if len(statements) == 1 else None
