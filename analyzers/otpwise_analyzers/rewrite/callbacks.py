"""Where a new callback goes in its module, and whether it says `@impl true`."""

from __future__ import annotations

from collections.abc import Iterable

from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax.modules import Definition, Module

_CALLBACKS = frozenset(
    {
        *("init", "terminate", "code_change", "format_status", "handle_continue"),
        *("handle_call", "handle_cast", "handle_info", "handle_async", "handle_event", "handle_params"),
        *("mount", "render", "update", "join", "handle_in", "handle_out", "start", "stop"),
    }
)


def wants_impl(module: Module) -> bool:
    """Whether a new callback gets `@impl true`.

    Not in a module whose callbacks go without: one that has it makes the compiler ask it of all.
    """
    callbacks = [
        clause for clause in module.definitions if clause.name in _CALLBACKS and not clause.is_private
    ]
    return not callbacks or any("impl" in clause.attributes for clause in callbacks)


def insertion_after(clause: Definition, text: str) -> Edit:
    """`text` (dedented code) as definitions of their own behind `clause`, a blank line between.

    It claims the clause's last byte, so that two fixes that write there exclude each other.
    """
    file = clause.file
    last = clause.node.end_byte - 1
    at = layout.line_end(file, last)
    body = layout.reindent(text.strip("\n"), layout.indent_of(file, clause.node))
    return Edit(last, at, f"{file.data[last:at].decode()}\n\n{body}")


def insertion_before(clause: Definition, text: str) -> Edit:
    """`text` (dedented code) as definitions of their own before `clause`, its attributes and its comments."""
    file, at = clause.file, first_line(clause)
    return Edit(at, at, layout.reindent(text.strip("\n"), layout.indent_of(file, clause.node)) + "\n\n")


def first_line(clause: Definition) -> int:
    """The first byte of the clause's lines, with its attributes and the comments above."""
    file = clause.file
    at = layout.line_start(file, clause.start_with_attributes)
    while at > 0:
        above = layout.line_start(file, at - 1)
        if not file.data[above:at].lstrip().startswith(b"#"):
            break
        at = above
    return at


def last_clause(module: Module, names: Iterable[str]) -> Definition | None:
    """The last clause, by place, of all functions of these names."""
    wanted = frozenset(names)
    return max(
        (clause for clause in module.definitions if clause.name in wanted),
        key=lambda clause: clause.node.start_byte,
        default=None,
    )
