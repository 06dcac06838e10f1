"""The options of supervisors in code, and the children that they are given."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.guide.token import Token
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile

SUPERVISORS = frozenset(
    {"Supervisor", "DynamicSupervisor", "PartitionSupervisor", "Task.Supervisor", "ConsumerSupervisor"}
)
_RESTARTS = frozenset({"strategy", "max_restarts", "max_seconds"})


def is_option(token: Token) -> bool:
    """Whether the key is an option of a supervisor: of its start, of its child spec, or beside its strategy."""
    if len(_RESTARTS & token.siblings.keys()) > 1:
        return True
    return owner(token) in SUPERVISORS


def owner(token: Token) -> str | None:
    """The module whose call, or whose `{Module, key: ...}`, has the key among its options."""
    call = _call_around(token)
    if call is not None:
        return call.module
    outer = _around(token)
    if outer is not None and outer.type == "tuple":
        return token.file.module_name(nodes.named(outer)[0])
    return None


def children(token: Token) -> list[str] | None:
    """How the code names the children, in order, of the supervisor whose option the key is.

    None unless they are all written in one list.
    """
    call = _call_around(token) or _call_with(token)
    if call is None or call.module != "Supervisor" or not call.all_args:
        return None
    found = call.all_args[0]
    if found.type == "identifier":
        assigned = _assigned(token, token.file.text(found))
        if assigned is None:
            return None
        found = assigned
    if found.type != "list":
        return None
    names = [_name(token.file, child) for child in nodes.named(found)]
    known = [name for name in names if name is not None]
    return known if known and len(known) == len(names) else None


def _around(token: Token) -> Node | None:
    """What the key's list of options is given to."""
    keywords = token.pair.parent if token.pair is not None else None
    outer = keywords.parent if keywords is not None else None
    return outer.parent if outer is not None and outer.type == "list" else outer


def _call_around(token: Token) -> Call | None:
    arguments = _around(token)
    node = arguments.parent if arguments is not None and arguments.type == "arguments" else None
    target = node.child_by_field_name("target") if node is not None else None
    if node is None or target is None or target.type != "dot":
        return None
    left, right = target.child_by_field_name("left"), target.child_by_field_name("right")
    return Call(token.file, node, token.file.text(right), left) if right is not None else None


def _call_with(token: Token) -> Call | None:
    """`Supervisor.start_link(children, opts)` further down of `opts = [strategy: ...]`."""
    assignment = _around(token)
    if not nodes.is_operator(assignment, "=") or token.definition is None or assignment is None:
        return None
    name = nodes.identifier(assignment.child_by_field_name("left"), token.file.data)
    for call in token.definition.calls("start_link", "init"):
        if name is not None and call.args and nodes.identifier(call.args[-1], token.file.data) == name:
            return call
    return None


def _assigned(token: Token, name: str) -> Node | None:
    """The value of a variable that the definition sets once."""
    if token.definition is None:
        return None
    values = [
        statement.child_by_field_name("right")
        for statement in token.definition.statements
        if nodes.is_operator(statement, "=")
        and nodes.identifier(statement.child_by_field_name("left"), token.file.data) == name
    ]
    return values[0] if len(values) == 1 else None


def _name(file: ElixirFile, child: Node) -> str | None:
    if child.type == "alias":
        return file.text(child)
    if child.type == "tuple":
        items = nodes.named(child)
        if not items or items[0].type != "alias":
            return None
        name = nodes.keyword_pairs(items[1], file.data).get("name") if len(items) > 1 else None
        # `Task.Supervisor` says less than the name that it is given.
        return file.text(name) if name is not None and name.type == "alias" else file.text(items[0])
    if child.type == "map":
        start = nodes.keyword_pairs(child, file.data).get("start")
        items = nodes.named(start) if start is not None and start.type == "tuple" else []
        return file.text(items[0]) if items and items[0].type == "alias" else None
    if child.type == "call":
        arguments = nodes.arguments_of(child)
        target = child.child_by_field_name("target")
        if target is not None and file.text(target) in ("Supervisor.child_spec", "worker", "supervisor"):
            return _name(file, arguments[0]) if arguments else None
        if target is not None and file.text(target).endswith(".child_spec"):
            return file.text(target).removesuffix(".child_spec")
    return None
