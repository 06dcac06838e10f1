"""A `join/3` that asks whether the client may join before it lets it in."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.channels import Topic
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.access_checks import AccessCheck, access_check_for
from otpwise_analyzers.rewrite.bodies import appended, wrapped_in
from otpwise_analyzers.rewrite.layout import change_of, fits, indent_of
from otpwise_analyzers.rewrite.socket_identity import Identity, identity_of
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.modules import Definition, Module

_NAMES = ("authorized?", "authorized_to_join?", "may_join?")

_REFUSAL = 'else\n  {:error, %{reason: "unauthorized"}}\nend'


def guarded_join(ctx: FixContext, clause: Definition, topic: Topic) -> Change | None:
    """Puts `if <check> do ... else {:error, ...} end` around the body.

    The check is the project's own when one fits; else a new private function that refuses everyone.
    """
    module = clause.module
    if module is None:
        return None
    edits: list[Edit] = []
    socket = _usable_name(clause, _socket_variable(clause), edits)
    subject = _usable_name(clause, topic.variable, edits)
    if socket is None or subject is None:
        return None
    identity = identity_of(ctx, module)
    check = access_check_for(ctx, topic.words, identity)
    if check is not None and identity is not None:
        before = _call(clause, check, identity, subject)
    else:
        name = next((name for name in _NAMES if not _is_taken(module, name)), None)
        if name is None:
            return None
        before = f"if {name}({socket}, {subject}) do"
        if not module.defines(name, 2):
            stub = appended(module, _stub(name, identity))
            if stub is None:
                return None
            edits.append(stub)
    around = wrapped_in(clause, before, _REFUSAL)
    if around is None:
        return None
    return (change_of(ctx.file, [*edits, *around]),)


def _call(clause: Definition, check: AccessCheck, identity: Identity, subject: str) -> str:
    short = check.module
    for name, full in clause.file.aliases.visible(clause.node.start_byte).items():
        if full == check.module:
            short = name
    line = f"if {short}.{check.name}({identity.value}, {subject}) do"
    if fits(line, indent_of(clause.file, clause.node) + "  "):
        return line
    variable = identity.key.removeprefix("current_")
    return f"{variable} = {identity.value}\n\nif {short}.{check.name}({variable}, {subject}) do"


def _stub(name: str, identity: Identity | None) -> str:
    whom = f"`{identity.value}`" if identity is not None else "the user in `socket.assigns`"
    return (
        f"# TODO: decide who may join, from {whom} and the id.\n"
        "# Until then everyone is refused.\n"
        f"defp {name}(_socket, _id), do: false"
    )


def _is_taken(module: Module, name: str) -> bool:
    """Whether a function of this name is something else than a check of (socket, id)."""
    clauses = module.clauses(name)
    if not clauses:
        return False
    first = [nodes.identifier(clause.params[0], clause.file.data) for clause in clauses if clause.arity == 2]
    return len(first) != len(clauses) or any(name not in ("socket", "_socket") for name in first)


def _socket_variable(clause: Definition) -> Node | None:
    param = clause.params[2]
    if nodes.is_operator(param, "="):
        for side in ("right", "left"):
            part = param.child_by_field_name(side)
            if part is not None and part.type == "identifier":
                return part
        return None
    return param if param.type == "identifier" else None


def _usable_name(clause: Definition, variable: Node | None, edits: list[Edit]) -> str | None:
    """The variable's name; one that is marked as unused is renamed, by an edit added to `edits`."""
    if variable is None:
        return None
    data = clause.file.data
    name = nodes.text_of(variable, data)
    if not name.startswith("_"):
        return name
    plain = name.lstrip("_") or "id"
    taken = {nodes.text_of(node, data) for node in nodes.descendants(clause.node, "identifier")}
    if plain in taken:
        return None
    edits.append(Edit(variable.start_byte, variable.end_byte, plain))
    return plain
