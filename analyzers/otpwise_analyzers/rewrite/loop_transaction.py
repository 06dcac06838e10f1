"""Puts a loop that writes row by row into one transaction."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.row_loops import RowLoop
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.rewrite.bodies import deepened
from otpwise_analyzers.rewrite.spacing import apart
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile


def in_one_transaction(file: ElixirFile, row_loop: RowLoop) -> Change | None:
    """The loop inside of `Repo.transaction`, its value as before.

    None where the loop is part of a larger expression.
    """
    call = row_loop.calls[0].call
    statement = nodes.whole_pipeline(row_loop.loop.node)
    if call is None or call.receiver is None or row_loop.definition is None:
        return None
    if not _is_whole_lines(file, statement):
        return None
    repo = file.text(call.receiver)
    indent = layout.indent_of(file, statement)
    span = Span(layout.line_start(file, statement.start_byte), layout.line_end(file, statement.end_byte))
    deeper = deepened(file, row_loop.definition.node, span)
    around = apart(file, statement)
    if nodes.value_is_dropped(statement):
        edits = [
            *(edit for edit in around if edit.start <= span.start),
            Edit(span.start, span.start, f"{indent}{repo}.transaction(fn ->\n"),
            *deeper,
            Edit(span.end, span.end, f"\n{indent}end)"),
            *(edit for edit in around if edit.start >= span.end),
        ]
        return None if layout.widens(file, edits) else (layout.change_of(file, edits),)
    if any(file.text(one) == "result" for one in nodes.descendants(row_loop.definition.node, "identifier")):
        return None
    edits = [
        *(edit for edit in around if edit.start <= span.start),
        Edit(span.start, span.start, f"{indent}{{:ok, result}} =\n{indent}  {repo}.transaction(fn ->\n"),
        *(edit._replace(new=edit.new * 2) for edit in deeper),
        Edit(span.end, span.end, f"\n{indent}  end)\n\n{indent}result"),
    ]
    return None if layout.widens(file, edits) else (layout.change_of(file, edits),)


def _is_whole_lines(file: ElixirFile, statement: Node) -> bool:
    return (
        layout.is_statement(statement)
        and statement.parent is not None
        and statement.parent.type != "source"
        and layout.starts_line(file, statement.start_byte)
        and layout.ends_line(file, statement.end_byte)
    )
