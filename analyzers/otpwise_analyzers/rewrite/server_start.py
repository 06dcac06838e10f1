"""How a server is started, and what state it begins with."""

from __future__ import annotations

from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.start_options import callers_pass_keywords
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module


class Start(NamedTuple):
    """How the server is started: `call` is `GenServer.start_link`, `given` its argument for `init/1`.

    `options` is the variable in which `init/1` finds keywords, once `edits` are made; None without any.
    """

    definition: Definition
    call: Call
    given: Node
    options: str | None
    edits: tuple[Edit, ...] = ()


def start_of(context: FixContext, module: Module) -> Start | None:
    file = module.file
    calls = [
        call
        for call in file.calls("start_link", "start")
        if call.module == "GenServer" and call.enclosing_module is module and not call.quoted
    ]
    if len(calls) != 1 or calls[0].piped is not None or len(calls[0].args) < 2:
        return None
    call, start = calls[0], calls[0].definition
    if start is None or start.is_private or len(module.clauses(start.name)) != 1 or start.arity > 1:
        return None
    given = call.args[1]
    if not start.params:
        return Start(start, call, given, None)
    param = start.params[0]
    variable = (param.child_by_field_name("left") or param) if nodes.is_operator(param, "\\\\") else param
    name = nodes.identifier(variable, file.data)
    if name is None or not callers_pass_keywords(context, module.name):
        return Start(start, call, given, None)
    if nodes.identifier(given, file.data) == name:
        return Start(start, call, given, name)
    used = [n for n in nodes.descendants(start.node, "identifier") if file.text(n) in (name, "opts")]
    if used != [variable] or any(True for _ in nodes.descendants(given, "identifier")):
        return Start(start, call, given, None)
    edits = (
        Edit(variable.start_byte, variable.end_byte, "opts"),
        Edit(given.start_byte, given.end_byte, "opts"),
    )
    return Start(start, call, given, "opts", edits)


def init_of(module: Module) -> Definition | None:
    clauses = module.clauses("init", 1)
    return clauses[0] if len(clauses) == 1 and clauses[0].guard is None else None


def answer_of(init: Definition) -> Node | None:
    """The state as it stands in the `{:ok, state}` that `init/1` ends in."""
    last = init.statements[-1] if init.statements else None
    items = nodes.named(last) if last is not None and last.type == "tuple" else []
    return items[1] if len(items) in (2, 3) and init.file.text(items[0]) == ":ok" else None


def state_of(init: Definition) -> Node | None:
    """What the state is made as: what a variable in the answer was assigned, when it was so once."""
    answer = answer_of(init)
    name = nodes.identifier(answer, init.file.data)
    made = [
        statement.child_by_field_name("right")
        for statement in init.statements
        if name is not None
        and nodes.is_operator(statement, "=")
        and nodes.identifier(statement.child_by_field_name("left"), init.file.data) == name
    ]
    return (made[0] if len(made) == 1 else None) if made else answer


def is_empty(file: ElixirFile, node: Node) -> bool:
    return file.text(node).replace(" ", "") in ("%{}", "Map.new()")
