"""Which processes a module puts under a supervisor, and which it starts by hand."""

from __future__ import annotations

import msgspec
from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Module

# A file without any of these builds no children list worth reading.
_SUPERVISION = (
    b"start_child",
    b"start_link",
    b"init",
    b"children",
    b"child_spec",
    b"worker",
    b"supervisor",
)


class Child(msgspec.Struct, frozen=True, array_like=True):
    """An entry of a children list: the module, and the `name:` of its options when it is a literal.

    `has_options` says whether it is given anything but an empty list.
    """

    module: str
    name: str | None = None
    has_options: bool = False


def is_supervising(module: Module) -> bool:
    """Whether the module is an Application or a supervisor, or builds children for one."""
    if module.uses_module("Application", "Supervisor", "DynamicSupervisor"):
        return True
    if module.behaviours & {"Application", "Supervisor", "DynamicSupervisor"}:
        return True
    return any(
        call.enclosing_module is module
        and call.module in ("Supervisor", "DynamicSupervisor", "PartitionSupervisor", ":supervisor")
        for call in module.file.calls("start_link", "start_child", "init", "child_spec")
    ) or module.defines("children")


def children_of(module: Module) -> tuple[Child, ...]:
    """The entries of all children lists of the module, wherever in it they are built."""
    file = module.file
    if not any(name in file.names for name in _SUPERVISION) or (
        b"uperv" not in file.data and (b"Application" not in file.data)
    ):
        return ()
    if not is_supervising(module):
        return ()
    found: list[Child] = []
    for node in nodes.descendants(module.node, "list", "tuple", "call", "map"):
        if file.module_at(node.start_byte) is not module:
            continue
        found.extend(_children_in(file, node))
    return tuple(dict.fromkeys(found))


def _children_in(file: ElixirFile, node: Node) -> list[Child]:
    if node.type == "list":
        return [
            Child(file.resolve(file.text(item), item.start_byte))
            for item in nodes.named(node)
            if item.type == "alias"
        ]
    if node.type == "tuple":
        items = nodes.named(node)
        if len(items) >= 2 and items[0].type == "alias":
            name = nodes.keyword_pairs(items[1], file.data).get("name")
            module = file.resolve(file.text(items[0]), items[0].start_byte)
            has_options = len(items) == 2 and file.text(items[1]) not in ("[]", ":ok")
            return [Child(module, _literal_name(file, name), has_options)]
        return []
    if node.type == "map":
        start = nodes.keyword_pairs(node, file.data).get("start")
        items = nodes.named(start) if start is not None and start.type == "tuple" else []
        if items and items[0].type == "alias":
            return [Child(file.resolve(file.text(items[0]), items[0].start_byte))]
        return []
    target = node.child_by_field_name("target")
    arguments = nodes.arguments_of(node)
    if target is None:
        return []
    if target.type == "identifier" and file.text(target) in ("worker", "supervisor"):
        if arguments and arguments[0].type == "alias":
            return [Child(file.resolve(file.text(arguments[0]), arguments[0].start_byte))]
    if target.type == "dot":
        left, right = target.child_by_field_name("left"), target.child_by_field_name("right")
        if left is None or right is None or left.type != "alias":
            return []
        if file.text(right) == "child_spec":
            module = file.resolve(file.text(left), left.start_byte)
            if module == "Supervisor" and arguments and arguments[0].type == "alias":
                return [Child(file.resolve(file.text(arguments[0]), arguments[0].start_byte))]
            if module != "Supervisor":
                return [Child(module)]
        if file.text(right) in ("start_child", "start_link") and len(arguments) > 1:
            if arguments[1].type == "alias":
                return [Child(file.resolve(file.text(arguments[1]), arguments[1].start_byte))]
    return []


def _literal_name(file: ElixirFile, node: Node | None) -> str | None:
    if node is None:
        return None
    return file.module_name(node) if node.type in ("alias", "atom") else None


def started_by_hand(module: Module) -> tuple[str, ...]:
    """The modules whose `start_link` or `start` this one calls itself."""
    file = module.file
    if b"start_link" not in file.names and b"start" not in file.names:
        return ()
    found = []
    for call in file.calls("start_link", "start"):
        name = call.module
        if name and call.receiver is not None and call.enclosing_module is module and name != module.name:
            if not name.startswith(":"):
                found.append(name)
    return tuple(dict.fromkeys(found))
