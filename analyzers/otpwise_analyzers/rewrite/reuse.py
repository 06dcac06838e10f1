"""A function of a context that does what some code does already."""

from __future__ import annotations

from otpwise_analyzers.rewrite.canonical import canonical
from otpwise_analyzers.rewrite.context import Target
from otpwise_analyzers.rewrite.piece import Piece
from otpwise_analyzers.syntax import nodes


def same_function(piece: Piece, target: Target) -> tuple[str, list[int]] | None:
    """A function of the context that does just this, and which of the piece's parameters it takes where."""
    if target.module is None or target.file is None or piece.chain is not None or piece.has_comment:
        return None
    moved = piece.mover.moved
    ours, our_order = _numbered(
        canonical(piece.file, [*piece.folded, piece.node], holes(piece)), set(moved.params)
    )
    for clause in target.module.definitions:
        if clause.kind != "def" or clause.guard is not None or clause.arity != len(moved.params):
            continue
        if len(target.module.clauses(clause.name, clause.arity)) != 1 or not clause.statements:
            continue
        if clause.clause_blocks:
            continue
        named = [nodes.identifier(param, target.file.data) for param in clause.params]
        if None in named:
            continue
        theirs, order = _numbered(
            canonical(target.file, clause.statements, {}, target.module), {n for n in named if n}
        )
        if theirs == ours and len(order) == len(our_order) == len(named):
            by_their_name = dict(zip(order, our_order, strict=True))
            params = list(moved.params)
            return clause.name, [params.index(by_their_name[name]) for name in named if name]
    return None


def holes(piece: Piece) -> dict[tuple[int, int], str]:
    return {(edit.start, edit.end): edit.new for edit in piece.mover.moved.edits if edit.end > edit.start}


def _numbered(tokens: list[str], params: set[str]) -> tuple[list[str], list[str]]:
    """The tokens with each parameter as its number by first use, and the parameters in that order."""
    order: list[str] = []
    found: list[str] = []
    for index, token in enumerate(tokens):
        behind = tokens[index + 1 : index + 2]
        if token in params and behind != ["("] and (index == 0 or tokens[index - 1] != "."):
            if token not in order:
                order.append(token)
            found.append(f"${order.index(token)}")
        else:
            found.append(token)
    return found, order
