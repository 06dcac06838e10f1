"""An explicit map in place of what a channel broadcast as it came."""

from __future__ import annotations

import re

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.channels import BROADCASTS
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.layout import (
    WIDTH,
    change_of,
    column,
    indent_of,
    line_end,
    line_start,
    starts_line,
)
from otpwise_analyzers.rewrite.socket_identity import identity_of
from otpwise_analyzers.rewrite.spacing import apart
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

_ATOM = re.compile(r"[a-z_][a-zA-Z0-9_]*")


def explicit_payload(
    ctx: FixContext, module: Module, clause: Definition, call: Call, payload: Node
) -> Change | None:
    """Names the keys that the clause matches or reads, and the sender from the socket."""
    file = ctx.file
    name = file.text(payload)
    entries = _entries(clause, name)
    if not entries:
        entries = {"body": f'{name}["body"]'}
    identity = identity_of(ctx, module)
    if identity is not None and identity.id_key not in entries:
        entries[identity.id_key] = identity.id
    pairs = [f"{key}: {value}" for key, value in entries.items()]
    edits = _with_map(file, call, payload, pairs)
    used = sum(1 for node in nodes.descendants(clause.node, "identifier") if file.text(node) == name)
    if used == 2 and not any(value.startswith(f"{name}[") for value in entries.values()):
        dropped = _without_alias(file, clause.params[1], name)
        if dropped is not None:
            edits.append(dropped)
    return (change_of(file, edits),)


def identifier_instead(
    ctx: FixContext, module: Module, clause: Definition, value: Node, pair: Node | None
) -> Change | None:
    """`user_id: <user>.id` in place of `user: <user>`."""
    file = ctx.file
    written = file.text(value)
    if pair is None:
        return (change_of(file, [Edit(value.start_byte, value.end_byte, f"%{{user_id: {written}.id}}")]),)
    key = pair.child_by_field_name("key") or pair.child_by_field_name("left")
    if key is None:
        return None
    plain = nodes.keyword_name(key, file.data)
    renamed = "user_id" if plain in ("user", "current_user", '"user"') else f"{plain}_id"
    if key.type == "keyword":
        if pair.parent is not None and renamed in nodes.keyword_pairs(pair.parent, file.data):
            return None
        new = f"{renamed}: {written}.id"
    elif key.type == "string":
        literal = nodes.string_literal(key, file.data)
        if literal is None:
            return None
        new = f'"{literal}_id" => {written}.id'
    else:
        return None
    grown = len(new) - len(file.text(pair))
    start = line_start(file, pair.start_byte)
    line = file.data[start : line_end(file, pair.start_byte)].decode()
    if len(line) + grown <= WIDTH:
        return (change_of(file, [Edit(pair.start_byte, pair.end_byte, new)]),)
    payload = next((one for one in nodes.ancestors(pair) if one.type == "map"), None)
    if payload is None or payload.start_point.row != payload.end_point.row:
        return (change_of(file, [Edit(pair.start_byte, pair.end_byte, new)]),)
    entries = _written_entries(payload, file)
    pairs = [new if entry == pair else file.text(entry) for entry in entries]
    call = next(
        (one for one in clause.calls(*BROADCASTS) if nodes.encloses(one.node, pair)),
        None,
    )
    if call is None:
        return None
    return (change_of(file, _with_map(file, call, payload, pairs, comment=False)),)


def _written_entries(payload: Node, file: ElixirFile) -> list[Node]:
    found: list[Node] = []
    for content in nodes.named(payload):
        for part in nodes.named(content):
            found.extend(nodes.named(part) if part.type == "keywords" else [part])
    return found


def _entries(clause: Definition, name: str) -> dict[str, str]:
    """Each key that the clause matches in the payload, or reads from it, with how to get at its value."""
    file = clause.file
    entries: dict[str, str] = {}
    for pattern in (clause.params[1], *nodes.descendants(clause.params[1], "map")):
        if pattern.type != "map":
            continue
        for entry in _written_entries(pattern, file):
            if not nodes.is_operator(entry, "=>"):
                continue
            left, right = entry.child_by_field_name("left"), entry.child_by_field_name("right")
            key = nodes.string_literal(left, file.data) if left is not None else None
            value = nodes.identifier(right, file.data)
            if key is None or not _ATOM.fullmatch(key):
                continue
            plain = value is not None and not value.startswith("_")
            entries[key] = value if plain and value is not None else f'{name}["{key}"]'
        break
    for access in nodes.descendants(clause.node, "access_call"):
        target, key_node = access.child_by_field_name("target"), access.child_by_field_name("key")
        if target is None or key_node is None or file.text(target) != name:
            continue
        key = nodes.string_literal(key_node, file.data)
        if key is not None and _ATOM.fullmatch(key):
            entries.setdefault(key, file.text(access))
    return entries


def _with_map(
    file: ElixirFile, call: Call, payload: Node, pairs: list[str], *, comment: bool = True
) -> list[Edit]:
    """Puts the map there, on one line when it fits, with a marked place above a statement of its own."""
    one_line = f"%{{{', '.join(pairs)}}}"
    rest = len(file.data[payload.end_byte : line_end(file, payload.end_byte)].decode())
    statement = nodes.whole_pipeline(call.expression)
    indent = indent_of(file, statement)
    fits = column(file, payload.start_byte) + len(one_line) + rest <= WIDTH
    new = one_line
    if not fits:
        lines = ",\n".join(f"{indent}  {pair}" for pair in pairs)
        new = f"%{{\n{lines}\n{indent}}}"
    edits = [Edit(payload.start_byte, payload.end_byte, new)]
    alone = starts_line(file, statement.start_byte) and statement.parent is not None
    if not alone:
        return edits
    around = apart(file, statement) if not fits else []
    at = line_start(file, statement.start_byte)
    note = [Edit(at, at, f"{indent}# TODO: name all that the others may see.\n")] if comment else []
    return [*around, *note, *edits]


def _without_alias(file: ElixirFile, pattern: Node, name: str) -> Edit | None:
    """`%{...}` in place of `%{...} = payload`."""
    left, right = pattern.child_by_field_name("left"), pattern.child_by_field_name("right")
    if not nodes.is_operator(pattern, "=") or left is None or right is None:
        return None
    kept = right if file.text(left) == name else left
    return Edit(pattern.start_byte, pattern.end_byte, file.text(kept))
