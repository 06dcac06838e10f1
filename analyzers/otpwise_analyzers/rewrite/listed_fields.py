"""A map of a schema's fields in place of its struct."""

from __future__ import annotations

import re

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.layout import WIDTH, change_of, column, indent_of, line_end, starts_line
from otpwise_analyzers.rewrite.spacing import apart
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call

_SECRET = re.compile(
    r"passw|token|hash|secret|salt|otp|totp|digest|api_?key|private|pin$|ssn|iban|card|confirm"
)


def data_of_fields(ctx: FixContext, call: Call, value: Node, schema: str | None) -> Change | None:
    """`%{data: %{id: user.id, name: user.name}}` in place of `user` in `json(conn, user)`."""
    file = ctx.file
    if value.type != "identifier":
        return None
    name = file.text(value)
    fields = ["id", *(public_fields(ctx, schema) if schema is not None else ())]
    statement = nodes.whole_pipeline(call.expression)
    rest = len(file.data[value.end_byte : line_end(file, value.end_byte)].decode())
    room = WIDTH - column(file, value.start_byte) - rest
    for chosen in (fields, fields[:1]):
        pairs = [f"{field}: {name}.{field}" for field in chosen]
        one_line = f"%{{data: %{{{', '.join(pairs)}}}}}"
        if len(one_line) <= room:
            return (change_of(file, [Edit(value.start_byte, value.end_byte, one_line)]),)
        if starts_line(file, statement.start_byte) and value.end_byte + 1 == call.node.end_byte:
            indent = indent_of(file, value)
            lines = ",\n".join(f"{indent}    {pair}" for pair in pairs)
            new = f"%{{\n{indent}  data: %{{\n{lines}\n{indent}  }}\n{indent}}}"
            around = apart(file, statement) if statement.start_point.row == statement.end_point.row else []
            return (change_of(file, [*around, Edit(value.start_byte, value.end_byte, new)]),)
    return None


def public_fields(ctx: FixContext, schema: str) -> list[str]:
    """The fields of a schema in their order, without `id`, virtual and redacted ones, and without any
    whose name speaks of a secret."""
    declared = ctx.project.schema(schema)
    located = ctx.project.module(schema)
    if declared is None or located is None:
        return []
    file = ctx.open(located.path)
    hidden: set[str] = set()
    if file is not None:
        for call in file.calls("field"):
            name = nodes.atom_literal(call.args[0], file.data) if call.args else None
            if name is not None and call.keywords.keys() & {"virtual", "redact"}:
                hidden.add(name)
    return [
        field
        for field in declared.fields
        if field != "id" and field not in hidden and _SECRET.search(field) is None
    ]
