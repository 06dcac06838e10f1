"""The order of a query, its limits and its lock.

Imports sqlglot: only what builds a query imports this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sqlglot import exp

from otpwise_analyzers.rewrite.ecto_clause import Clause
from otpwise_analyzers.rewrite.ecto_terms import only, pin
from otpwise_analyzers.rewrite.sql_statement import NotTranslatedError

if TYPE_CHECKING:
    from otpwise_analyzers.rewrite.ecto_query import Writer


def distinct_and_ordered(writer: Writer, tree: exp.Select) -> Iterator[Clause]:
    distinct, order = tree.args.get("distinct"), tree.args.get("order")
    if order is not None:
        only(order, "expressions")
    on = distinct.args.get("on") if distinct is not None else None
    if distinct is not None:
        only(distinct, "on")
    if on is None:
        if distinct is not None:
            yield Clause("distinct", "true")
        if order is not None:
            every = order.expressions
            yield writer.clause("order_by", lambda: _listed(_orders(writer, every)))
        return
    if writer.statement.dialect != "postgres":
        raise NotTranslatedError("DISTINCT ON")
    wanted = list(on.expressions) if isinstance(on, exp.Tuple) else [on]
    writer.scope.used.clear()
    texts = [writer.terms.written(one) for one in wanted]
    distinct_uses = frozenset(writer.scope.used)
    if any("^" in text for text in texts):
        raise NotTranslatedError("DISTINCT ON a value")
    orders = _orders(writer, order.expressions) if order is not None else []
    leading = orders[: len(texts)]
    if order is None:
        leading = [("asc", text) for text in texts]
    elif sorted(text for _, text in leading) != sorted(texts):
        raise NotTranslatedError("DISTINCT ON in another order")
    # The query puts these in front of its order by itwriter.
    listed = _listed(leading)
    yield Clause("distinct", listed if listed.startswith("[") else f"[{listed}]", uses=distinct_uses)
    if order is not None and orders[len(texts) :]:
        rest = order.expressions[len(texts) :]
        yield writer.clause("order_by", lambda: _listed(_orders(writer, rest)))


def _orders(writer: Writer, nodes: list[exp.Expression]) -> list[tuple[str, str]]:
    every = writer.statement.nulls
    if every and writer.statement.dialect == "mysql":
        raise NotTranslatedError("NULLS FIRST")
    ordered = writer.statement.tree.find_all(exp.Ordered)
    explicit = every == sum(1 for _ in ordered)
    found = []
    for one in nodes:
        only(one, "this", "desc", "nulls_first", idle=())
        is_descending = bool(one.args.get("desc"))
        term = _order_term(writer, one.this)
        first = bool(one.args.get("nulls_first"))
        usual = is_descending if writer.statement.dialect == "postgres" else not is_descending
        word = "desc" if is_descending else "asc"
        if every and (explicit or first != usual):
            word += "_nulls_first" if first else "_nulls_last"
        found.append((word, term))
    return found


def _order_term(writer: Writer, node: exp.Expression) -> str:
    if isinstance(node, exp.Literal) and not node.is_string:
        node = writer.numbered(node)
    elif isinstance(node, exp.Column) and node.args.get("table") is None and node.name in writer.aliases:
        node = writer.aliases[node.name]
    else:
        writer.names_no_output(node)
    if isinstance(node, (exp.Literal, exp.Boolean, exp.Neg)) or node.find(exp.Placeholder) is not None:
        raise NotTranslatedError("ordering by a value")
    return writer.terms.written(node)


def limited(writer: Writer, tree: exp.Select) -> Iterator[Clause]:
    for word in ("limit", "offset"):
        node = tree.args.get(word)
        if node is None:
            continue
        only(node, "expression")
        amount = node.args.get("expression")
        if isinstance(amount, exp.Placeholder):
            yield Clause(word, pin(writer.terms.value(amount).text))
        elif isinstance(amount, exp.Literal) and not amount.is_string:
            yield Clause(word, writer.terms.written(amount))
        else:
            raise NotTranslatedError("a computed limit")


def locked(writer: Writer, tree: exp.Select) -> Iterator[Clause]:
    locks = tree.args.get("locks") or []
    if not locks:
        return
    if len(locks) != 1 or writer.statement.dialect == "sqlite" or writer.scope.outer is not None:
        raise NotTranslatedError("a lock")
    only(locks[0], "update", "wait", "key")
    text = locks[0].sql(dialect=writer.statement.dialect)
    if not all(part.isalpha() for part in text.split()):
        raise NotTranslatedError("a lock")
    yield Clause("lock", f'"{text}"')


def _listed(orders: list[tuple[str, str]]) -> str:
    if all(word == "asc" for word, _ in orders):
        texts = [term for _, term in orders]
        return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    return f"[{', '.join(f'{word}: {term}' for word, term in orders)}]"
