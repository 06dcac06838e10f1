"""The repo calls of web modules: which function makes them, and which of them are its own to answer for."""

from __future__ import annotations

import re

from tree_sitter import Node

from otpwise_analyzers.project.repo_calls import READS, TRANSACTIONS, WRITES, repo_calls
from otpwise_analyzers.project.roles import WEB, Role
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.template_file import TemplateFile

_HEALTH = re.compile(r"Health|Heartbeat|Liveness|Readiness|Ping(Controller)?$|Status(Controller)?$")
_TRIVIAL_QUERY = re.compile(r"\s*select\s+1\s*;?\s*", re.IGNORECASE)
_ASSIGNED = re.compile(r"(conn|socket)\.assigns\b")
_PRESENTED = frozenset({Role.VIEW, Role.COMPONENT})
_ACTING = frozenset({Role.CONTROLLER, Role.LIVE_VIEW, Role.LIVE_COMPONENT, Role.CHANNEL})
# Above this share of controllers with a repo, querying there is how a project is built.
USUAL_SHARE = 0.3
# Who is asked before the action runs.
_BEFORE = frozenset({("join", 3), ("on_mount", 4), ("connect", 2), ("connect", 3)})


def answers_requests(module: Module, roles: frozenset[Role]) -> bool:
    """Whether the module's functions are actions; sockets, tests and health checks have none."""
    return bool(roles & WEB) and not roles & {Role.SOCKET, Role.TEST} and not _HEALTH.search(module.name)


def repo_calls_by_definition(file: ElixirFile) -> list[tuple[Definition, list[Call]]]:
    """The repo calls of each clause that has any, without those that belong into an action."""
    found: dict[int, tuple[Definition, list[Call]]] = {}
    for call in repo_calls(file, READS | WRITES | TRANSACTIONS):
        definition = call.definition
        if definition is not None and not _is_spared(call):
            found.setdefault(definition.node.start_byte, (definition, []))[1].append(call)
    return list(found.values())


def repo_calls_in(template: TemplateFile) -> list[list[Call]]:
    """The repo calls of each template that has any.

    Where it is not known which module a template is compiled into, only names in full count: `Repo` alone
    may be an alias of anything.
    """
    found: dict[Span, list[Call]] = {}
    for call in repo_calls(template, READS | WRITES | TRANSACTIONS):
        region = template.region_at(call.node.start_byte)
        if region is None or _is_spared(call):
            continue
        if template.is_adrift and "." not in (call.module or ""):
            continue
        found.setdefault(region, []).append(call)
    return list(found.values())


def presents(definition: Definition, roles: frozenset[Role]) -> bool:
    """Whether the function runs while something is rendered."""
    if roles & _PRESENTED and not roles & _ACTING:
        return True
    if definition.name == "render" and definition.arity == 1 and roles & _ACTING:
        return True
    params = definition.params
    if len(params) == 1 and nodes.identifier(params[0], definition.file.data) == "assigns":
        node = definition.node
        return b"~H" in definition.file.data[node.start_byte : node.end_byte]
    return False


def comes_before_actions(module: Module, definition: Definition) -> bool:
    """A join, a hook or a plug of the module, or a private function that only those call."""
    plugs = _plugs(module)
    own = (definition.name, definition.arity)
    if own in _BEFORE or (own[1] == 2 and own[0] in plugs):
        return True
    if not definition.is_private:
        return False
    callers = {
        (call.definition.name, call.definition.arity)
        for call in module.file.calls(definition.name)
        if call.is_local and call.enclosing_module is module and call.definition is not None
    } - {own}
    return bool(callers) and all(
        caller in _BEFORE or (caller[1] == 2 and caller[0] in plugs) for caller in callers
    )


def streams(definition: Definition) -> bool:
    """Whether the answer is sent in chunks: the transaction must stay open meanwhile."""
    return bool(definition.calls("chunk", "send_chunked")) or any(
        call.receiver is not None and definition.file.project.is_repo(call.module)
        for call in definition.calls("stream")
    )


def _plugs(module: Module) -> set[str]:
    found = set()
    for call in module.file.calls("plug"):
        if call.is_local and call.args and call.enclosing_module is module:
            argument = call.args[0]
            if nodes.is_operator(argument, "when"):
                argument = nodes.named(argument)[0]
            name = nodes.atom_literal(argument, module.file.data)
            if name is not None:
                found.add(name)
    return found


def _is_spared(call: Call) -> bool:
    arguments = call.all_args
    if call.name in ("query", "query!") and arguments:
        sql = nodes.string_literal(arguments[0], call.file.data)
        return sql is not None and _TRIVIAL_QUERY.fullmatch(sql) is not None
    if call.name == "preload" and arguments:
        return _is_loaded_by_plug(arguments[0], call)
    return False


def _is_loaded_by_plug(value: Node, call: Call) -> bool:
    """`conn.assigns.current_user`, or a variable that stands for it."""
    file = call.file
    text = file.text(value)
    if _ASSIGNED.match(text) or text == "current_user":
        return True
    definition = call.definition
    if value.type != "identifier" or definition is None:
        return False
    for statement in definition.statements:
        if nodes.is_operator(statement, "="):
            left, right = statement.child_by_field_name("left"), statement.child_by_field_name("right")
            if left is not None and right is not None and file.text(left) == text:
                return _ASSIGNED.match(file.text(right)) is not None
    return False
