"""Which names a pattern binds, and which are bound where an expression stands."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.modules import Definition

_BLOCKS = frozenset({"do_block", "body", "block", *nodes.CLAUSE_BLOCKS})


def bound_by(pattern: Node, data: bytes) -> list[str]:
    """The variables that a pattern binds, in order; `_` and its like left out."""
    found: list[str] = []
    stack = [pattern]
    while stack:
        node = stack.pop()
        if node.type == "identifier":
            name = nodes.text_of(node, data)
            if not name.startswith("_"):
                found.append(name)
            continue
        operator = nodes.operator_of(node)
        if operator in ("^", "@"):
            continue
        if operator in ("\\\\", "when", "::"):
            left = node.child_by_field_name("left")
            if left is not None:
                stack.append(left)
            continue
        if node.type in ("call", "dot"):
            arguments = nodes.child_of_type(node, "arguments")
            if arguments is not None:
                stack.append(arguments)
            continue
        stack.extend(reversed(node.named_children))
    return list(dict.fromkeys(found))


def bound_in_statement(statement: Node, data: bytes) -> list[str]:
    """The variables that a statement leaves bound: those left of its `=`s."""
    found: list[str] = []
    while nodes.is_operator(statement, "="):
        left, right = statement.child_by_field_name("left"), statement.child_by_field_name("right")
        if left is None or right is None:
            break
        found.extend(bound_by(left, data))
        statement = right
    return found


def visible_at(definition: Definition, node: Node) -> set[str]:
    """The variables bound where `node` stands: by the head, by what comes before, by clauses around."""
    data = definition.file.data
    found: set[str] = set()
    for param in definition.params:
        found.update(bound_by(param, data))
    inner = node
    for ancestor in nodes.ancestors(node):
        if ancestor == definition.node:
            if definition.do_block is not None:
                _before(definition.do_block, inner, data, found)
            break
        if ancestor.type == "stab_clause":
            left = ancestor.child_by_field_name("left")
            if left is not None and not nodes.encloses(left, node):
                found.update(bound_by(left, data))
        elif ancestor.type in _BLOCKS:
            _before(ancestor, inner, data, found)
        elif ancestor.type == "call":
            for argument in nodes.arguments_of(ancestor):
                if argument.start_byte >= node.start_byte or nodes.encloses(argument, node):
                    continue
                if nodes.operator_of(argument) in ("<-", "="):
                    left = argument.child_by_field_name("left")
                    if left is not None:
                        found.update(bound_by(left, data))
        inner = ancestor
    return found


def _before(block: Node, node: Node, data: bytes, found: set[str]) -> None:
    for statement in nodes.named(block):
        if statement.start_byte >= node.start_byte:
            break
        found.update(bound_in_statement(statement, data))


def uses_of(name: str, within: Node, data: bytes) -> list[Node]:
    """The identifiers `name` in a node that are not bound anew by a clause around them."""
    return [
        node
        for node in (within, *nodes.descendants(within, "identifier"))
        if node.type == "identifier"
        and nodes.text_of(node, data) == name
        and not _is_field(node)
        and not _rebound(name, node, within, data)
    ]


def _is_field(node: Node) -> bool:
    parent = node.parent
    return parent is not None and parent.type == "dot" and parent.child_by_field_name("right") == node


def _rebound(name: str, node: Node, within: Node, data: bytes) -> bool:
    for ancestor in nodes.ancestors(node):
        if ancestor == within:
            return False
        if ancestor.type == "stab_clause":
            left = ancestor.child_by_field_name("left")
            if left is not None and name in bound_by(left, data):
                return True
    return False


def free_names(node: Node, data: bytes) -> list[str]:
    """The variables that an expression needs from outside of it, `__MODULE__` and its like among them."""
    bound = {name for inner in nodes.descendants(node) for name in _bound_within(inner, data)}
    return [
        name
        for inner in (node, *nodes.descendants(node, "identifier"))
        if inner.type == "identifier"
        and not _is_function_name(inner)
        and (name := nodes.text_of(inner, data)) not in bound
    ]


def _bound_within(node: Node, data: bytes) -> list[str]:
    if node.type == "stab_clause" or nodes.operator_of(node) in ("=", "<-"):
        left = node.child_by_field_name("left")
        return bound_by(left, data) if left is not None else []
    return []


def _is_function_name(node: Node) -> bool:
    parent = node.parent
    if parent is None:
        return False
    if parent.type == "call":
        return parent.child_by_field_name("target") == node
    return _is_field(node) or nodes.is_operator(parent, "@")
