"""Names a local telemetry handler by its module, and makes the function public."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.modules import Definition, Module


def by_module(context: FixContext, module: Module, capture: Node) -> Change | None:
    """`&handle_event/4` as `&__MODULE__.handle_event/4`, with its private clauses made `def`.

    None when the longer capture does not fit its line, or when the clauses hold something else than a
    plain definition.
    """
    file = context.file
    target = local_target(capture, file.data)
    if target is None:
        return None
    name, arity = target
    clauses = [clause for clause in module.clauses(name) if clause.arity == arity]
    if not clauses or any(clause.kind not in ("def", "defp") for clause in clauses):
        return None
    line = file.data[layout.line_start(file, capture.start_byte) : layout.line_end(file, capture.start_byte)]
    prefix = "__MODULE__."
    if len(line.decode("utf-8", "replace")) + len(prefix) > layout.WIDTH:
        return None
    operand = capture.child_by_field_name("operand")
    if operand is None:
        return None
    edits = [Edit(operand.start_byte, operand.start_byte, prefix)]
    for clause in clauses:
        if clause.kind == "defp":
            edits.extend(_made_public(clause, first=clause is clauses[0]))
    return (layout.change_of(file, edits),)


def local_target(capture: Node, data: bytes) -> tuple[str, int] | None:
    """("handle_event", 4) of `&handle_event/4`; None for any other node."""
    if not nodes.is_operator(capture, "&"):
        return None
    operand = capture.child_by_field_name("operand")
    if operand is None or not nodes.is_operator(operand, "/"):
        return None
    name = nodes.identifier(operand.child_by_field_name("left"), data)
    arity = operand.child_by_field_name("right")
    if name is None or arity is None or arity.type != "integer":
        return None
    return name, int(nodes.text_of(arity, data))


def _made_public(clause: Definition, *, first: bool) -> list[Edit]:
    file = clause.file
    start = clause.node.start_byte
    keyword = Span(start, start + len("defp"))
    if not first or "doc" in clause.attributes:
        return [Edit(*keyword, "def")]
    at = clause.start_with_attributes
    doc = f"@doc false\n{layout.indent_at(file, at)}"
    # Two edits cannot begin at one byte.
    return [Edit(*keyword, f"{doc}def")] if at == start else [Edit(at, at, doc), Edit(*keyword, "def")]
