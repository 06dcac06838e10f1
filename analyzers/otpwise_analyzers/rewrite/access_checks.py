"""The project's own function that says whether a user may see a resource: `can_access_room?/2`."""

from __future__ import annotations

import re
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.project.places import is_production_code
from otpwise_analyzers.project.view import FixContext, Located
from otpwise_analyzers.rewrite.socket_identity import Identity
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition

# What reading a topic takes, best first. A right to edit or to delete is another question.
_VERBS = ("join", "access", "enter", "view", "read", "see", "listen", "member", "participant", "allowed")
_USER = re.compile(r"(current_)?(user|account|actor|person|member|customer|viewer)")
_USER_ID = re.compile(r"(current_)?(user|account|actor|person|member|customer|viewer)_id")


class AccessCheck(NamedTuple):
    """A public function of the project, called as `module.name(user, id)`."""

    module: str
    name: str


def access_check_for(ctx: FixContext, words: list[str], identity: Identity | None) -> AccessCheck | None:
    """The check that fits a topic of these words by name, arity and parameters; None when none does, or
    when two modules have one that fits equally well."""
    if identity is None or not words:
        return None
    stems = {word.removesuffix("s") for word in words}
    ranked: list[tuple[int, AccessCheck]] = []
    for located in ctx.project.modules():
        if not is_production_code(located.path):
            continue
        for function in located.facts.functions:
            if function.kind != "def" or function.arity != 2 or not function.name.endswith("?"):
                continue
            rank = _rank(function.name, stems)
            if rank is not None and _takes(ctx, located, function.name, stems, identity):
                ranked.append((rank, AccessCheck(located.facts.name, function.name)))
    ranked.sort()
    if not ranked or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
        return None
    return ranked[0][1]


def _rank(name: str, stems: set[str]) -> int | None:
    parts = name.rstrip("?").split("_")
    if not any(part.removesuffix("s") in stems for part in parts):
        return None
    for rank, verb in enumerate(_VERBS):
        if verb in parts:
            return rank
    return None


def _takes(ctx: FixContext, located: Located, name: str, stems: set[str], identity: Identity) -> bool:
    """Whether the function takes first the user and then the identifier that a topic carries."""
    file = ctx.open(located.path)
    if file is None:
        return False
    clauses = [clause for clause in file.definitions if clause.name == name and clause.arity == 2]
    return any(_fits(file, clause, stems, identity) for clause in clauses)


def _fits(file: ElixirFile, clause: Definition, stems: set[str], identity: Identity) -> bool:
    first, second = clause.params
    wanted = _USER_ID if identity.is_id else _USER
    named = any(wanted.fullmatch(name) for name in _names(first, file))
    struct = not identity.is_id and any(
        _USER.fullmatch(file.text(alias).rpartition(".")[2].lower())
        for struct in nodes.descendants(first, "struct")
        for alias in nodes.descendants(struct, "alias")
    )
    identifier = nodes.identifier(second, file.data) or ""
    takes_id = identifier == "id" or (
        identifier.endswith("_id") and any(part.removesuffix("s") in stems for part in identifier.split("_"))
    )
    return (named or struct) and takes_id


def _names(pattern: Node, file: ElixirFile) -> list[str]:
    """The variables that stand for the whole argument."""
    if nodes.is_operator(pattern, "="):
        sides = [pattern.child_by_field_name("left"), pattern.child_by_field_name("right")]
        return [name for side in sides if (name := nodes.identifier(side, file.data)) is not None]
    name = nodes.identifier(pattern, file.data)
    return [name] if name is not None else []
