"""Finds the list literal that a supervisor's children are written in."""

from __future__ import annotations

from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

_DEPTH = 6


class ChildrenList(NamedTuple):
    """A list literal of children in `file`; `call` starts the supervisor with it."""

    file: ElixirFile
    node: Node
    call: Call


def children_list_of(context: FixContext, module: str) -> ChildrenList | None:
    """The list that the children of this Application or Supervisor module are written in.

    Followed through variables, `++`, `Enum.concat/2`, filters, local functions and, for an Application
    whose top supervisor is a module, into that one. None when it is not one literal list.
    """
    return _children_list_of(context, module, _DEPTH)


def _children_list_of(context: FixContext, name: str, depth: int) -> ChildrenList | None:
    located = context.project.module(name)
    file = context.open(located.path) if located is not None else None
    if file is None or depth == 0:
        return None
    module = next((module for module in file.modules if module.name == name), None)
    if module is None:
        return None
    for call in file.calls("start_link", "init"):
        if call.module != "Supervisor" or call.enclosing_module is not module or call.quoted:
            continue
        if not call.all_args or call.definition is None:
            continue
        children = call.all_args[0]
        top = file.module_name(children)
        if top == name:
            continue
        if top is not None and children.type == "alias":
            return _children_list_of(context, top, depth - 1)
        found = _list_in(children, call.definition, module, depth)
        return ChildrenList(file, found, call) if found is not None else None
    return _through_own_supervisor(context, module, depth)


def _through_own_supervisor(context: FixContext, module: Module, depth: int) -> ChildrenList | None:
    """`MyApp.Supervisor.start_link(...)` as all that `start/2` does."""
    for call in module.file.calls("start_link"):
        definition = call.definition
        if (
            definition is not None
            and definition.name == "start"
            and call.enclosing_module is module
            and call.module is not None
            and not call.module.startswith(":")
        ):
            return _children_list_of(context, call.module, depth - 1)
    return None


def _list_in(node: Node, definition: Definition, module: Module, depth: int) -> Node | None:
    """The list literal that the value of `node` begins as."""
    file = definition.file
    node = nodes.unwrap(node)
    if depth == 0:
        return None
    if node.type == "list":
        return None if any(item.type == "list" for item in nodes.named(node)) else node
    if nodes.is_operator(node, "++"):
        sides = [node.child_by_field_name("left"), node.child_by_field_name("right")]
        found = [
            inner
            for side in sides
            if side is not None and (inner := _list_in(side, definition, module, depth - 1)) is not None
        ]
        return _the_better(found, file)
    if nodes.is_operator(node, "|>"):
        return _list_in(nodes.pipeline(node)[0], definition, module, depth - 1)
    if node.type == "identifier":
        value = _assigned(node, definition)
        if value is not None:
            return _list_in(value, definition, module, depth - 1)
        return _in_function(file.text(node), 0, module, depth)
    if node.type == "call":
        target = node.child_by_field_name("target")
        arguments = nodes.arguments_of(node)
        if target is not None and target.type == "identifier":
            return _in_function(file.text(target), len(arguments), module, depth)
        if target is not None and target.type == "dot" and arguments:
            if file.text(target) in ("Enum.concat", "Enum.filter", "Enum.reject", "List.flatten"):
                return _list_in(arguments[0], definition, module, depth - 1)
    return None


def _in_function(name: str, arity: int, module: Module, depth: int) -> Node | None:
    clauses = module.clauses(name, arity)
    if len(clauses) != 1 or not clauses[0].statements:
        return None
    return _list_in(clauses[0].statements[-1], clauses[0], module, depth - 1)


def _assigned(variable: Node, definition: Definition) -> Node | None:
    """The right side of the last `variable = ...` before the variable's use, in the same body."""
    name = definition.file.text(variable)
    value: Node | None = None
    for statement in definition.statements:
        if statement.start_byte >= variable.start_byte:
            break
        if nodes.is_operator(statement, "="):
            left = statement.child_by_field_name("left")
            right = statement.child_by_field_name("right")
            if nodes.identifier(left, definition.file.data) == name and right is not None:
                # `children = children ++ [...]` goes on with the one before.
                if not any(
                    definition.file.text(inner) == name for inner in (right, *nodes.descendants(right))
                ):
                    value = right
                elif value is None:
                    return None
    return value


def _the_better(found: list[Node], file: ElixirFile) -> Node | None:
    """Of two lists, the one with the endpoint, else the longer."""
    if not found:
        return None
    return max(found, key=lambda node: ("Endpoint" in file.text(node), len(nodes.named(node))))
