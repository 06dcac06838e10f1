"""Ecto schemas: the table, the fields and the associations that a module declares."""

from __future__ import annotations

import msgspec

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.modules import Module

ASSOCIATIONS = ("belongs_to", "has_many", "has_one", "many_to_many", "embeds_one", "embeds_many")


class Association(msgspec.Struct, frozen=True, array_like=True):
    """`has_many :posts, MyApp.Blog.Post` as (kind, name, module)."""

    kind: str
    name: str
    module: str


class Schema(msgspec.Struct, frozen=True, array_like=True):
    """`schema "users"`; `table` is None for an embedded schema."""

    table: str | None
    # name -> type as written
    fields: dict[str, str]
    associations: tuple[Association, ...] = ()
    # Whether it says which of its fields JSON may hold: `@derive {Jason.Encoder, only: [...]}`.
    encodes: bool = False


def schema_of(module: Module) -> Schema | None:
    """The schema that a module declares, None when it has none."""
    file = module.file
    names = file.names
    if b"schema" not in names and b"embedded_schema" not in names:
        return None
    declared = [
        call
        for call in file.calls("schema", "embedded_schema")
        if call.is_local and call.enclosing_module is module and call.do_block is not None and not call.quoted
    ]
    if not declared:
        return None
    call = declared[0]
    table = nodes.string_literal(call.args[0], file.data) if call.args and call.name == "schema" else None
    fields: dict[str, str] = {}
    associations: list[Association] = []
    for inner in file.calls("field", *ASSOCIATIONS):
        if not inner.args or not nodes.encloses(call.node, inner.node):
            continue
        name = nodes.atom_literal(inner.args[0], file.data)
        if name is None:
            continue
        if inner.name == "field":
            fields[name] = file.text(inner.args[1]) if len(inner.args) > 1 else ":string"
            continue
        target = file.module_name(inner.args[1]) if len(inner.args) > 1 else None
        if target is not None:
            associations.append(Association(inner.name, name, target))
        if inner.name == "belongs_to":
            key = inner.keywords.get("foreign_key")
            written = nodes.atom_literal(key, file.data) if key is not None else None
            fields[written or f"{name}_id"] = ":id"
    if b"timestamps" in names:
        fields.setdefault("inserted_at", ":naive_datetime")
        fields.setdefault("updated_at", ":naive_datetime")
    return Schema(table, fields, tuple(associations), _encodes(module))


def _encodes(module: Module) -> bool:
    file = module.file
    if b"Encoder" not in file.data:
        return False
    for call in file.calls("derive"):
        if call.enclosing_module is module and nodes.is_operator(call.node.parent, "@"):
            written = file.text(call.node)
            # `except:` lists what is hidden today; the next column is published all the same.
            if "Encoder" in written and "only:" in written:
                return True
    return any("Encoder" in file.text(node) for node in file.call_nodes("defimpl"))
