"""The callbacks in which a process answers its messages, and what of their code that process runs itself."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.project.actions import connection_of
from otpwise_analyzers.project.roles import Role, roles_of
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

SERVERS = frozenset({"GenServer", "GenStage", "GenStateMachine", "Connection", ":gen_server", ":gen_statem"})
"""The behaviours whose `init/1` runs while whoever started the process waits."""

_SERVER_CALLBACKS = frozenset(
    {
        *(("init", 1), ("handle_call", 3), ("handle_cast", 2), ("handle_info", 2), ("handle_continue", 2)),
        *(("handle_event", 4), ("handle_demand", 2), ("handle_events", 3)),
    }
)
_MESSAGES = frozenset({("handle_call", 3), ("handle_cast", 2), ("handle_info", 2)})
_LIVE_CALLBACKS = _MESSAGES | {
    *(("mount", 3), ("handle_params", 3), ("handle_event", 3), ("handle_async", 3), ("render", 1)),
    *(("mount", 1), ("update", 2), ("update_many", 1)),
}
_CHANNEL_CALLBACKS = _MESSAGES | {("join", 3), ("handle_in", 3), ("handle_out", 3)}
_SOCKET_CALLBACKS = frozenset({("connect", 2), ("connect", 3), ("id", 1)})

# Functions that call the function they are given before they return.
_RUNS_AT_ONCE = frozenset(
    {
        *("Enum", "Map", "Keyword", "List", "MapSet", "Kernel"),
        *("then", "tap", "transaction", "transact", "checkout", "span", "trans", "with_span"),
    }
)


class Host(StrEnum):
    """What kind of process a callback runs in, as one would say it."""

    SERVER = "server"
    LIVE_VIEW = "LiveView"
    CHANNEL = "channel"
    SOCKET = "socket"
    CONTROLLER = "request"
    PLUG = "plug"


class Handler(NamedTuple):
    """A clause of a callback. `state` names its last parameter (the connection of an action), if it has a name."""

    host: Host
    definition: Definition
    state: str | None


def handler_of(definition: Definition) -> Handler | None:
    """The callback that a clause is one of; None for any other function."""
    module = definition.module
    if module is None or definition.is_private or definition.quoted:
        return None
    host = _host(module, definition)
    if host is None:
        return None
    state = connection_of(definition) if host in (Host.CONTROLLER, Host.PLUG) else last_name(definition)
    return Handler(host, definition, state)


def is_server(module: Module) -> bool:
    """Whether the module is a server with an `init/1` of its own; by its callbacks when it `use`s nothing."""
    if module.all_uses & SERVERS or module.behaviours & SERVERS:
        return True
    return not module.all_uses and any(
        module.defines(name, arity) for name, arity in (("handle_call", 3), ("handle_cast", 2))
    )


def _host(module: Module, definition: Definition) -> Host | None:
    signature = (definition.name, definition.arity)
    roles = roles_of(module)
    if signature in _LIVE_CALLBACKS and roles & {Role.LIVE_VIEW, Role.LIVE_COMPONENT}:
        return Host.LIVE_VIEW
    if signature in _CHANNEL_CALLBACKS and Role.CHANNEL in roles:
        return Host.CHANNEL
    if signature in _SOCKET_CALLBACKS and Role.SOCKET in roles:
        return Host.SOCKET
    if signature in _SERVER_CALLBACKS and is_server(module):
        return Host.SERVER
    if not definition.params or connection_of(definition) is None:
        return None
    if Role.CONTROLLER in roles:
        return Host.CONTROLLER
    if signature == ("call", 2) and Role.PLUG in roles:
        return Host.PLUG
    return None


def last_name(definition: Definition) -> str | None:
    """The variable that holds a clause's last parameter: `state` of `state` and of `%{tick: n} = state`."""
    if not definition.params:
        return None
    last = definition.params[-1]
    sides = nodes.named(last) if nodes.is_operator(last, "=") else [last]
    for side in sides:
        name = nodes.identifier(side, definition.file.data)
        if name is not None and not name.startswith("_"):
            return name
    return None


def runs_itself(file: ElixirFile, node: Node, definition: Definition) -> bool:
    """Whether the clause's own process runs `node` before the clause returns.

    Not so in a function that is handed to a task, to another process, or kept for later.
    """
    for ancestor in nodes.ancestors(node):
        if ancestor == definition.node:
            return True
        if ancestor.type == "anonymous_function" or nodes.is_operator(ancestor, "&"):
            if not _is_called_at_once(file, ancestor):
                return False
        elif ancestor.type == "call":
            target = nodes.identifier(ancestor.child_by_field_name("target"), file.data)
            if target == "quote":
                return False
    return False


def _is_called_at_once(file: ElixirFile, function: Node) -> bool:
    arguments = function.parent
    call = arguments.parent if arguments is not None and arguments.type == "arguments" else None
    if call is None or call.type != "call":
        return False
    target = call.child_by_field_name("target")
    if target is None:
        return False
    if target.type == "dot":
        left, right = target.child_by_field_name("left"), target.child_by_field_name("right")
        if left is not None and file.module_name(left) in _RUNS_AT_ONCE:
            return True
        target = right
    return target is not None and file.text(target) in _RUNS_AT_ONCE
