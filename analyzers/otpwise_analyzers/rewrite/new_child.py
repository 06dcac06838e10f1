"""Puts a process module that nobody starts among the application's children."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import children
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.modules import Module

# What a parameter is called that an empty list does for.
_OPTIONS = frozenset(
    {
        *("opts", "options", "arg", "args", "init_arg", "init_args", "init", "initial", "initial_state"),
        *("state", "config", "params", "initial_value"),
    }
)


def entry_of(module: Module) -> str | None:
    """The child specification of a module that is started without arguments of its own; None when it wants
    some, when it may run many times, or when it has no `start_link`."""
    clauses = module.clauses("start_link")
    text = module.file.data[module.node.start_byte : module.node.end_byte]
    # A name made of an argument: one process for each. Options without which it does not start.
    if not clauses or b":via" in text or b"fetch!" in text or b"{:global" in text:
        return None
    for clause in clauses:
        if clause.arity == 1 and _takes_nothing(module, clause.params[0]):
            return module.name
    if all(clause.arity == 0 for clause in clauses):
        return f"%{{id: {module.name}, start: {{{module.name}, :start_link, []}}}}"
    return None


def _takes_nothing(module: Module, parameter: Node) -> bool:
    """Whether a start with `[]` is meant: `_`, `opts`, `[]`, `args \\\\ []`."""
    if nodes.is_operator(parameter, "\\\\"):
        default = parameter.child_by_field_name("right")
        return default is not None and module.file.text(default) == "[]"
    if parameter.type == "list":
        return not nodes.named(parameter)
    name = nodes.identifier(parameter, module.file.data)
    return name is not None and (name.startswith("_") or name in _OPTIONS)


def under_the_application(context: FixContext, module: str, entry: str) -> Change | None:
    """Adds the entry to the application's children; None when they are not one literal list, or when it
    is there already."""
    return children.add_child(context, module, entry) or None
