"""Ecto schemas: the table, the fields and the associations that a module declares."""

from __future__ import annotations

import msgspec

from otpwise_analyzers.project.module_paths import underscored
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.modules import Module

ASSOCIATIONS = ("belongs_to", "has_many", "has_one", "many_to_many", "embeds_one", "embeds_many")


_KEPT = frozenset(
    {
        *("foreign_key", "references", "on_replace", "on_delete", "define_field", "type", "defaults"),
        *("preload_order", "primary_key", "autogenerate"),
    }
)


class Association(msgspec.Struct, frozen=True, array_like=True):
    """`has_many :posts, MyApp.Blog.Post` as (kind, name, module).

    It joins where `owner_key` of this schema is `related_key` of the other; both are empty where more than two
    keys decide (`through:`, `where:`), or where they are not known.
    """

    kind: str
    name: str
    module: str
    owner_key: str = ""
    related_key: str = ""


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
            associations.append(Association(inner.name, name, target, *_keys(module, inner, name)))
        if inner.name == "belongs_to":
            key = inner.keywords.get("foreign_key")
            written = nodes.atom_literal(key, file.data) if key is not None else None
            fields[written or f"{name}_id"] = ":id"
    if b"timestamps" in names:
        fields.setdefault("inserted_at", ":naive_datetime")
        fields.setdefault("updated_at", ":naive_datetime")
    return Schema(table, fields, tuple(associations), _encodes(module))


def _keys(module: Module, call: Call, name: str) -> tuple[str, str]:
    """The keys by which an association joins, by Ecto's own defaults; empty ones where they are not known."""
    file = module.file
    if call.name not in ("belongs_to", "has_many", "has_one") or not set(call.keywords) <= _KEPT:
        return "", ""
    if any(argument.type != "keywords" for argument in call.args[2:]):
        return "", ""
    given: dict[str, str] = {}
    for option in ("foreign_key", "references"):
        node = call.keywords.get(option)
        written = nodes.atom_literal(node, file.data) if node is not None else None
        if node is not None and written is None:
            return "", ""
        given[option] = written or ""
    if call.name == "belongs_to":
        return given["foreign_key"] or f"{name}_id", given["references"] or "id"
    if b"@primary_key" in file.data and not (given["foreign_key"] and given["references"]):
        return "", ""
    own = underscored(module.name.rpartition(".")[2])
    return given["references"] or "id", given["foreign_key"] or f"{own}_id"


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
