"""The `@spec` of a new function, in a module that writes specs: a right one, or none."""

from __future__ import annotations

import re

from otpwise_analyzers.project.repo_calls import ROW_WRITES
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.context import Target
from otpwise_analyzers.rewrite.ecto_names import QUERY_MACROS
from otpwise_analyzers.rewrite.excerpt import Excerpts
from otpwise_analyzers.rewrite.layout import WIDTH
from otpwise_analyzers.rewrite.piece import Piece
from otpwise_analyzers.rewrite.subject import Subject, known_module
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.modules import Module

_DEFINES_T = re.compile(r"@(type|opaque) t(\(\))? ::")
# What a query answers with is then something else than the schema's rows.
_SHAPING = frozenset({"select", "select_merge", "group_by", "distinct", "subquery", "exclude"})


def spec_for(
    ctx: FixContext,
    piece: Piece,
    subject: Subject,
    target: Target,
    excerpts: Excerpts,
    head: tuple[str, list[str]],
) -> str | None:
    """`@spec name(types) :: type`, dedented; None where the module writes none, or a type is not known."""
    if target.module is None or not _writes_specs(target.module):
        return None
    row = _row_type(ctx, subject, excerpts)
    result = _result(piece, subject, row) if row is not None else None
    if result is None:
        return None
    name, params = head
    types = ", ".join(_param_type(piece, param) for param in params)
    line = f"@spec {name}({types}) :: {result}"
    if len(line) + 2 <= WIDTH:
        return line
    broken = f"        {result}"
    return f"@spec {name}({types}) ::\n{broken}" if len(broken) + 2 <= WIDTH else None


def _writes_specs(module: Module) -> bool:
    """Whether most of a module's public functions have a spec, and more than one of them."""
    public = {(d.name, d.arity): False for d in module.definitions if d.kind == "def"}
    for definition in module.definitions:
        if definition.kind == "def" and "spec" in definition.attributes:
            public[definition.name, definition.arity] = True
    written = sum(public.values())
    return written > 1 and written * 2 > len(public)


def _row_type(ctx: FixContext, subject: Subject, excerpts: Excerpts) -> str | None:
    """`Post.t()` when the schema defines the type, else `%Post{}`."""
    schema = subject.schema
    located = ctx.project.module(schema) if schema is not None else None
    if schema is None or located is None or located.facts.schema is None:
        return None
    own = excerpts.target.name == schema
    written = "__MODULE__" if own else excerpts.aliased(schema)
    file = ctx.open(located.path)
    for module in file.modules if file is not None else ():
        if module.name == schema and any(_DEFINES_T.match(module.file.text(s)) for s in module.statements):
            return "t()" if own else f"{written}.t()"
    return f"%{written}{{}}"


def _result(piece: Piece, subject: Subject, row: str) -> str | None:
    name, bang = piece.call.name.rstrip("!"), piece.call.name.endswith("!")
    if piece.chain is not None:
        return f"{{:ok, {row}}} | {{:error, Ecto.Changeset.t()}}"
    if piece.call.name in ROW_WRITES:
        return row if bang else f"{{:ok, {row}}} | {{:error, Ecto.Changeset.t()}}"
    if name == "exists?":
        return "boolean()"
    if name == "aggregate":
        counts = any(nodes.atom_literal(argument, piece.file.data) == "count" for argument in piece.call.args)
        return "non_neg_integer()" if counts else None
    if subject.source is not None or _is_shaped(piece):
        return None
    if name in ("get", "get_by", "one"):
        return row if bang else f"{row} | nil"
    return f"[{row}]" if name in ("all", "all_by") else None


def _is_shaped(piece: Piece) -> bool:
    """Whether a query says itself what it answers with, or asks a function for its conditions."""
    file = piece.file
    for node in [*piece.folded, piece.node]:
        for call in nodes.descendants(node, "call"):
            target = call.child_by_field_name("target")
            text = file.text(target) if target is not None else ""
            short = text.rpartition(".")[2]
            if short in _SHAPING or (short == "from" and "select" in file.text(call)):
                return True
            left = target.child_by_field_name("left") if target is not None and target.type == "dot" else None
            if left is None or left.type != "alias" or short in QUERY_MACROS:
                continue
            full = file.resolve(file.text(left), left.start_byte)
            known = known_module(file, full) or full
            if file.project.module(known) is not None and not file.project.is_repo(full):
                return True
    return False


def _param_type(piece: Piece, param: str) -> str:
    if param == "changeset":
        return "Ecto.Changeset.t()"
    keyed = piece.call.name.rstrip("!") == "get" and piece.call.all_args[-1:]
    if keyed and (param == "id" or param.endswith("_id")):
        return "integer() | String.t()"
    return "term()"
