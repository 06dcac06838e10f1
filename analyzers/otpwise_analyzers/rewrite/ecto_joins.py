"""The joins of a statement as Ecto's: through an association of the schema where its keys are those of the ON.

Imports sqlglot: only what builds a query imports this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlglot import exp

from otpwise_analyzers.rewrite.ecto_source import Source
from otpwise_analyzers.rewrite.ecto_terms import only, parts_of
from otpwise_analyzers.rewrite.sql_statement import NotTranslatedError

if TYPE_CHECKING:
    from otpwise_analyzers.rewrite.ecto_clause import Clause
    from otpwise_analyzers.rewrite.ecto_query import Writer

_WORDS = {
    ("", ""): "join",
    ("", "INNER"): "join",
    ("LEFT", ""): "left_join",
    ("RIGHT", ""): "right_join",
    ("FULL", ""): "full_join",
    ("LEFT", "OUTER"): "left_join",
    ("RIGHT", "OUTER"): "right_join",
    ("FULL", "OUTER"): "full_join",
    ("", "CROSS"): "cross_join",
}
_KINDS = ("belongs_to", "has_many", "has_one")


def joins_of(writer: Writer, tree: exp.Select, wheres: list[exp.Expression]) -> Iterator[Clause]:
    """The clauses of the joins: a table, and its `on` where that is not all of an association.

    `wheres` are the conditions of the WHERE; those that link a table behind a comma are taken out of them.
    """
    joins = tree.args.get("joins") or []
    # All tables are known before the first condition is read.
    found = [(join, *_joined(writer, join)) for join in joins]
    # A condition of the WHERE is one of an inner join where no outer join asks for rows without a partner.
    is_inner = all(word in ("join", "cross_join") for _, word, _ in found)
    for join, word, source in found:
        if is_inner and word == "cross_join" and not join.args.get("kind"):
            linking = [part for part in wheres if _links(writer, part, source)]
            for part in linking:
                wheres.remove(part)
            if linking:
                yield from joined_on(writer, "join", source, linking)
                continue
        if word == "cross_join":
            yield writer.table_clause(word, source)
            continue
        using = join.args.get("using")
        parts = _merged(writer, using, word, source) if using else parts_of(join.args["on"])
        yield from joined_on(writer, word, source, parts)


def joined_on(writer: Writer, word: str, source: Source, parts: list[exp.Expression]) -> Iterator[Clause]:
    """The table and its `on`: an association for the first condition that is one."""
    rest = list(parts)
    for part in parts:
        association = _association(writer, source, part)
        if association is not None:
            rest.remove(part)
            yield writer.table_clause(word, source, association)
            break
    else:
        yield writer.table_clause(word, source)
    if rest:
        yield writer.clause("on", lambda: [writer.terms.term(part) for part in rest])


def _links(writer: Writer, condition: exp.Expression, joined: Source) -> bool:
    """Whether the condition compares a column of the table with one of a table before it."""
    if not isinstance(condition, exp.EQ):
        return False
    sides = (condition.this, condition.expression)
    if not all(isinstance(side, exp.Column) for side in sides):
        return False
    first, second = (writer.scope.column(side)[0] for side in sides)
    known = list(writer.scope.sources.values())
    if joined not in (first, second) or first is second or first not in known or second not in known:
        return False
    other = second if first is joined else first
    return known.index(other) < known.index(joined)


def _joined(writer: Writer, join: exp.Expression) -> tuple[str, Source]:
    only(join, "this", "side", "kind", "on", "using")
    side, kind = str(join.args.get("side") or ""), str(join.args.get("kind") or "")
    word = _WORDS.get((side, kind))
    has_condition = join.args.get("on") is not None or bool(join.args.get("using"))
    if word == "join" and not has_condition:
        # FROM users, teams
        word = "cross_join"
    if word is None or has_condition == (word == "cross_join"):
        raise NotTranslatedError("this kind of join")
    return word, writer.source(join.this)


def _merged(writer: Writer, using: list[exp.Expression], word: str, source: Source) -> list[exp.Expression]:
    """The conditions of `USING (a, b)`; the bare names mean the left table from here on."""
    if word not in ("join", "left_join"):
        raise NotTranslatedError("USING of this kind of join")
    scope = writer.scope
    sources = list(scope.sources.values())
    if len(sources) != 2:
        raise NotTranslatedError("USING of several joins")
    left = sources[0]
    by_source = {id(one): known for known, one in scope.sources.items()}
    parts: list[exp.Expression] = []
    for one in using:
        name = scope.name(one)
        for side in (left, source):
            if side.types is not None and name not in side.types:
                raise NotTranslatedError(f"the column `{name}`, which is no field of {side.full}")
        scope.merged[name] = left
        parts.append(
            exp.EQ(
                this=exp.column(name, table=by_source[id(left)]),
                expression=exp.column(name, table=by_source[id(source)]),
            )
        )
    return parts


def _association(writer: Writer, joined: Source, condition: exp.Expression) -> str | None:
    """`assoc(u, :team)`, when the condition says just what one association of a table says."""
    if not isinstance(condition, exp.EQ) or joined.full is None or joined.prefix or joined.inner:
        return None
    sides = (condition.this, condition.expression)
    if not all(isinstance(side, exp.Column) for side in sides):
        return None
    (first, first_key), (second, second_key) = (writer.scope.column(side) for side in sides)
    if first is joined:
        (first, first_key), (second, second_key) = (second, second_key), (first, first_key)
    known = list(writer.scope.sources.values())
    if second is not joined or first is joined or first not in known or first.prefix or first.full is None:
        return None
    if known.index(first) > known.index(joined):
        return None
    schema = writer.project.schema(first.full)
    names = [
        one.name
        for one in (schema.associations if schema is not None else ())
        if one.kind in _KINDS
        and one.module == joined.full
        and (one.owner_key, one.related_key) == (first_key, second_key)
    ]
    return f"assoc({first.binding}, :{names[0]})" if len(names) == 1 else None
