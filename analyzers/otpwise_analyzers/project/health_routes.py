"""Routes that say whether the application is well: what a container's health check may ask."""

from __future__ import annotations

import re

from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.modules import Module

_WORDS = r"_?health(?:z|_?check)?|healthy|ping|livez|readyz|alive|heartbeat"
_MENTIONED = re.compile(rf'"/?(?:[\w/-]*/)?(?:{_WORDS})/?"'.encode())
_HEALTH = re.compile(rf"/(?:[\w-]+/)*(?:{_WORDS})")


def health_paths(module: Module) -> tuple[str, ...]:
    """The paths of the routes of a module that are health checks by their name: `/health`, `/api/ping`."""
    file = module.file
    if b"get" not in file.names and b"forward" not in file.names:
        return ()
    if _MENTIONED.search(file.data, module.node.start_byte, module.node.end_byte) is None:
        return ()
    found = []
    for call in file.calls("get", "forward"):
        if call.is_local and call.enclosing_module is module and call.args:
            path = _path(call.args[0], file.data)
            if path is not None:
                full = f"{_prefix(call)}/{path.strip('/')}"
                if _HEALTH.fullmatch(full) and "/admin" not in full:
                    found.append(full)
    return tuple(dict.fromkeys(found))


def _prefix(call: Call) -> str:
    """What the scopes around a route put before its path."""
    prefix = ""
    data = call.file.data
    for ancestor in nodes.ancestors(call.node):
        if ancestor.type != "call":
            continue
        target = ancestor.child_by_field_name("target")
        if target is None or nodes.identifier(target, data) != "scope":
            continue
        first = nodes.first_argument(ancestor)
        path = _path(first, data) if first is not None else None
        if path is None:
            path = _path(nodes.last_keywords(ancestor, data).get("path"), data) or ""
        if path.strip("/"):
            prefix = f"/{path.strip('/')}{prefix}"
    return prefix


def _path(node: Node | None, data: bytes) -> str | None:
    return nodes.string_literal(node, data) if node is not None and node.type == "string" else None
