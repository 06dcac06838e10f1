"""Mailboxes: what goes into them, and who looks at how long they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.project.handlers import handler_of
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.modules import Definition, Module

MEASURE = b"message_queue_len"


class Tag(NamedTuple):
    """What tells messages apart: the first atom of the tuple, and how many elements it has."""

    name: str
    size: int


def measured_processes(module: Module) -> tuple[str, ...]:
    """The modules that a module names which measures mailboxes; without those that it only aliases."""
    file = module.file
    if MEASURE not in file.data:
        return ()
    if MEASURE not in file.data[module.node.start_byte : module.node.end_byte]:
        return ()
    named = {
        file.resolve(file.text(node), node.start_byte)
        for definition in module.definitions
        for node in nodes.descendants(definition.node, "alias")
    }
    return tuple(sorted(named))


def tag_of(message: Node, data: bytes) -> Tag | None:
    """The tag of `{:put, key, value}` and of its pattern; None for messages without work in them."""
    if nodes.is_operator(message, "="):
        message = next((side for side in nodes.named(message) if side.type == "tuple"), message)
    items = nodes.named(message) if message.type == "tuple" else []
    name = nodes.atom_literal(items[0], data) if len(items) > 1 and items[0].type == "atom" else None
    return Tag(name, len(items)) if name is not None else None


def casts_to_itself(module: Module) -> Iterator[tuple[Tag, Call]]:
    """The `GenServer.cast` calls of a module to the server that it is, with the tags of their messages."""
    for call in module.file.calls("cast"):
        if call.module not in ("GenServer", ":gen_server") or call.enclosing_module is not module:
            continue
        if call.quoted or len(call.all_args) != 2 or not is_itself(module, call.all_args[0]):
            continue
        tag = tag_of(call.all_args[1], module.file.data)
        if tag is not None:
            yield tag, call


def is_itself(module: Module, server: Node) -> bool:
    """Whether a server is named as the module's own: `__MODULE__`, its alias, an attribute."""
    return module.file.module_name(server) == module.name or nodes.is_operator(server, "@")


def is_public(definition: Definition | None) -> bool:
    """Whether a clause is part of a server's interface, and no callback."""
    return definition is not None and not definition.is_private and handler_of(definition) is None


def clauses_for(module: Module, callback: str, tag: Tag) -> list[Definition]:
    """The clauses of a callback that take messages of this tag."""
    arity = 3 if callback == "handle_call" else 2
    return [
        clause
        for clause in module.clauses(callback, arity)
        if tag_of(clause.params[0], module.file.data) == tag
    ]
