"""Writes an `init/1`."""

from __future__ import annotations

from otpwise_analyzers.rewrite import callbacks, layout
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.modules import Definition, Module


def written_init(module: Module, parameter: str, state: str, after: Definition) -> Edit:
    """`init/1` that answers `{:ok, state}`, behind the last clause of the function of `after`."""
    clauses = module.clauses(after.name, after.arity)
    anchor = clauses[-1] if clauses else after
    impl = "@impl true\n" if callbacks.wants_impl(module) else ""
    if anchor.do_block is None and layout.is_one_line(module.file, anchor.node):
        one_line = f"{impl}def init({parameter}), do: {{:ok, {state}}}"
        return callbacks.insertion_after(anchor, one_line)
    return callbacks.insertion_after(anchor, f"{impl}def init({parameter}) do\n  {{:ok, {state}}}\nend")


def init_before_callbacks(module: Module, parameter: str) -> Edit:
    """`init/1` that keeps its argument as the state: before the first callback, else at the module's end.

    For a server that does not start itself.
    """
    impl = "@impl true\n" if callbacks.wants_impl(module) else ""
    text = f"{impl}def init({parameter}), do: {{:ok, {parameter}}}"
    file, block = module.file, module.do_block
    handlers = [clause for clause in module.definitions if clause.name.startswith("handle_")]
    if handlers:
        at = layout.above_comments(file, handlers[0].start_with_attributes)
        indent = layout.indent_at(file, handlers[0].start_with_attributes)
        return Edit(at, at, f"{layout.reindent(text, indent)}\n\n")
    statements = nodes.named(block) if block is not None else []
    last = statements[-1]
    at = layout.line_end(file, last.end_byte)
    return Edit(at, at, f"\n\n{layout.reindent(text, layout.indent_of(file, last))}")
