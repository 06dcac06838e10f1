"""Subscriptions to topics of PubSub: who makes them, and whether a LiveView's connection is asked for first."""

from __future__ import annotations

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.modules import Definition, Module

_GUARDS = ("connected?", "transport_pid")
_BRANCHES = frozenset({"do_block", "stab_clause", "anonymous_function", *nodes.CLAUSE_BLOCKS})
_SHORT_CIRCUITS = frozenset({"&&", "||", "and", "or", "&"})


def subscribes_itself(call: Call) -> bool:
    """Whether the call is PubSub's or an endpoint's own `subscribe`."""
    if call.name != "subscribe" or call.receiver is None or not call.all_args:
        return False
    module = call.module
    if module is not None:
        return module == "Phoenix.PubSub" or module.rpartition(".")[2] == "Endpoint"
    # `socket.endpoint`, `@endpoint`
    return call.file.text(call.receiver).endswith("endpoint")


def subscribing_functions(module: Module) -> tuple[str, ...]:
    """The functions of a module that subscribe whoever calls them, by name; those left out that ask
    for the connection themselves."""
    file = module.file
    if b"subscribe" not in file.names:
        return ()
    found: dict[str, None] = {}
    pending = [
        call.definition
        for call in file.calls("subscribe")
        if call.enclosing_module is module and not call.quoted and subscribes_itself(call)
    ]
    while pending:
        definition = pending.pop()
        if definition is None or not definition.name or definition.name in found or asks(definition):
            continue
        found[definition.name] = None
        pending.extend(
            call.definition
            for call in file.calls(definition.name)
            if call.is_local and call.enclosing_module is module and call.definition is not definition
        )
    return tuple(sorted(found))


def asks(definition: Definition) -> bool:
    """Whether a clause asks somewhere if its socket is connected."""
    node = definition.node
    text = definition.file.data[node.start_byte : node.end_byte]
    return any(guard.encode() in text for guard in _GUARDS)


def is_guarded(call: Call) -> bool:
    """Whether the call may depend on the connection: its clause asks for it, and the call is conditional."""
    definition = call.definition
    return definition is not None and asks(definition) and not _always_runs(call, definition)


def _always_runs(call: Call, definition: Definition) -> bool:
    for ancestor in nodes.ancestors(call.node):
        if ancestor in (definition.node, definition.do_block):
            return True
        if ancestor.type in _BRANCHES or nodes.operator_of(ancestor) in _SHORT_CIRCUITS:
            return False
        if ancestor.type == "pair":
            key = ancestor.child_by_field_name("key")
            if key is not None and nodes.keyword_name(key, call.file.data) in ("do", "else"):
                return ancestor.end_byte == definition.node.end_byte
    return False
