"""Code of a module that runs while it is compiled, and what of the application's environment it reads."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import msgspec
from tree_sitter import Node

from otpwise_analyzers.project.config_files import Path, atom_or_module
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile

_COMPILED = ("compile_env", "compile_env!")
_READ = ("get_env", "fetch_env", "fetch_env!")
_BRANCHING = frozenset({"if", "unless", "case", "cond", "with", "for"})


class Form(StrEnum):
    """What an expression of a module's body is part of."""

    ATTRIBUTE = "attribute"
    USE = "use"
    CONDITION = "condition"
    BINDING = "binding"


class Place(NamedTuple):
    """Where an expression of a module's body stands: `node` is the `@x ...`, the `use`, the `if` or the `=`."""

    form: Form
    node: Node


def place_in_body(call: Call) -> Place | None:
    """The attribute, `use`, condition or binding that a call is evaluated for while its module compiles.

    None in functions, `quote`, `fn`, captures, and in the do blocks of macros, which decide themselves when
    they run (`get "/" do` of Plug.Router runs with every request).
    """
    file, module = call.file, call.enclosing_module
    if module is None or call.definition is not None or call.quoted:
        return None
    found: Place | None = None
    for ancestor in nodes.ancestors(call.node):
        if ancestor == module.node:
            return found
        if ancestor.type == "anonymous_function" or nodes.is_operator(ancestor, "&"):
            return None
        if nodes.is_operator(ancestor, "@"):
            found = Place(Form.ATTRIBUTE, ancestor)
        elif nodes.is_operator(ancestor, "=") and found is None:
            found = Place(Form.BINDING, ancestor)
        elif ancestor.type == "call":
            name = nodes.identifier(ancestor.child_by_field_name("target"), file.data)
            block = nodes.child_of_type(ancestor, "do_block")
            in_block = block is not None and nodes.encloses(block, call.node)
            if in_block and name not in _BRANCHING:
                return None
            if name == "use":
                found = Place(Form.USE, ancestor)
            elif name in ("if", "unless", "case") and not in_block and found is None:
                condition = nodes.first_argument(ancestor)
                if condition is not None and nodes.encloses(condition, call.node):
                    found = Place(Form.CONDITION, ancestor)
    return None


class CompiledRead(msgspec.Struct, frozen=True, array_like=True, order=True):
    """What of the application's environment a module reads while it compiles; `declared` by `compile_env`."""

    path: Path
    declared: bool


class ConfigRead(NamedTuple):
    """One read of the application's environment.

    `path` is what is read, `[...]` behind the call included; `node` the call with those. None for a path
    that is not literal.
    """

    call: Call
    node: Node
    path: Path | None


def config_reads(file: ElixirFile, *names: str) -> list[ConfigRead]:
    """The calls of these functions of `Application`, in source order."""
    present = [name for name in names if name.encode() in file.names]
    return [
        _config_read(call)
        for call in file.calls(*present)
        if call.module == "Application" and call.is_invocation
    ]


def _config_read(call: Call) -> ConfigRead:
    file, args = call.file, call.all_args
    node = call.expression
    if len(args) < 2:
        return ConfigRead(call, node, None)
    app = nodes.atom_literal(args[0], file.data)
    keys = nodes.named(args[1]) if args[1].type == "list" else [args[1]]
    path = [atom_or_module(file, key) for key in keys]
    parent = node.parent
    while parent is not None and parent.type == "access_call":
        key = parent.child_by_field_name("key")
        name = nodes.atom_literal(key, file.data) if key is not None else None
        if name is None or parent.child_by_field_name("target") != node:
            break
        path.append(name)
        node, parent = parent, parent.parent
    if app is None or None in path or not path:
        return ConfigRead(call, node, None)
    return ConfigRead(call, node, (app, *(key for key in path if key is not None)))


def compiled_config(file: ElixirFile) -> dict[int, set[CompiledRead]]:
    """What each module (by its first byte) reads of the application's environment while it compiles."""
    found: dict[int, set[CompiledRead]] = {}
    for read in config_reads(file, *_COMPILED, *_READ):
        module = read.call.enclosing_module
        declared = read.call.name in _COMPILED
        if read.path is None or module is None or read.call.quoted:
            continue
        if declared or read.call.definition is None:
            found.setdefault(module.node.start_byte, set()).add(CompiledRead(read.path, declared))
    return found
