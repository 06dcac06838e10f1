"""SQL expressions as terms of an Ecto query.

Imports sqlglot: only what builds a query imports this module.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlglot import exp

from otpwise_analyzers.rewrite.ecto_moments import from_now, is_moment
from otpwise_analyzers.rewrite.ecto_source import Scope, Source
from otpwise_analyzers.rewrite.ecto_values import literal, literal_of, takes_values
from otpwise_analyzers.rewrite.sql_statement import NotTranslatedError, Statement, Value
from otpwise_analyzers.syntax.parser import parse


class Term(NamedTuple):
    """A term and how tightly it binds in Elixir."""

    text: str
    binds: int


OR, AND, EQUAL, ORDER, IN, ADD, MULTIPLY, NOT, ATOM = range(1, 10)
_COMPARED: dict[type[exp.Expression], tuple[str, int]] = {
    exp.EQ: ("==", EQUAL),
    exp.NEQ: ("!=", EQUAL),
    exp.LT: ("<", ORDER),
    exp.LTE: ("<=", ORDER),
    exp.GT: (">", ORDER),
    exp.GTE: (">=", ORDER),
}
_COMPUTED: dict[type[exp.Expression], tuple[str, int]] = {
    exp.Add: ("+", ADD),
    exp.Sub: ("-", ADD),
    exp.Mul: ("*", MULTIPLY),
    exp.Div: ("/", MULTIPLY),
}
# What an argument of a node may be without changing its meaning here.
_IDLE = frozenset({"big_int"})
# Writes a SELECT within the statement: `subquery` (one column), `exists`.
Within = Callable[[exp.Expression, Scope, str], str]
# Writes what is no operator: a function, a cast, an aggregate.
Functions = Callable[["Terms", exp.Expression], Term]


@dataclass
class Terms:
    """Writes the expressions of one query. Every method raises NotTranslatedError for what has no words."""

    statement: Statement
    scope: Scope
    functions: Functions
    within: Within
    # A subselect may only stand in the conditions.
    takes_subselects: bool = field(default=False)

    def value(self, node: exp.Placeholder) -> Value:
        only(node, "this")
        match = re.fullmatch(r"p(\d+)", str(node.this))
        if match is None:
            raise NotTranslatedError("a named parameter")
        return self.statement.values[int(match[1])]

    def pinned(self, node: exp.Expression, *, is_list: bool = False) -> str:
        assert isinstance(node, exp.Placeholder)
        value = self.value(node)
        if value.is_list and not is_list:
            raise NotTranslatedError("a list in the place of a value")
        return pin(value.text)

    def written(self, node: exp.Expression) -> str:
        """The term by itself."""
        return self.term(node).text

    def term(self, node: exp.Expression) -> Term:
        kind = type(node)
        if isinstance(node, exp.Paren):
            only(node, "this")
            return self.term(node.this)
        if isinstance(node, exp.Column):
            return Term(self.scope.written(node), ATOM)
        if isinstance(node, exp.Placeholder):
            return Term(self.pinned(node), ATOM)
        if isinstance(node, exp.Literal) and (node.is_string or str(node.this).isdigit()):
            return Term(literal(node), ATOM)
        if isinstance(node, exp.Boolean):
            return Term("true" if node.this else "false", ATOM)
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal) and not node.this.is_string:
            return Term(f"-{literal(node.this)}", ATOM)
        if isinstance(node, (exp.And, exp.Or)):
            only(node, "this", "expression")
            return self._joined(node)
        if isinstance(node, exp.Not):
            only(node, "this")
            return self._negated(node.this)
        if kind in _COMPARED:
            only(node, "this", "expression")
            return self._compared(node)
        if kind in _COMPUTED and not node.find(exp.Interval):
            only(node, "this", "expression", idle=("typed", "safe"))
            return self._computed(node)
        if isinstance(node, (exp.In, exp.Between, exp.Like, exp.ILike, exp.Is)):
            negated = bool(node.args.get("negate"))
            return self._predicate(node, negated=negated)
        if isinstance(node, exp.Exists):
            only(node, "this")
            return Term(self._within(node.this, "exists"), ATOM)
        return self.functions(self, node)

    def _computed(self, node: exp.Expression) -> Term:
        if all(isinstance(side, exp.Placeholder) for side in (node.this, node.expression)):
            # No side has a type: Ecto would send the parameter as a text.
            raise NotTranslatedError("arithmetic with parameters alone")
        if node.find(exp.Column, exp.Placeholder) is None:
            # Ecto has no way of its own for a sum of nothing but numbers.
            return self.functions(self, node)
        sign, binds = _COMPUTED[type(node)]
        return Term(
            f"{self.inside(node.this, binds)} {sign} {self.inside(node.expression, binds + 1)}", binds
        )

    def inside(self, node: exp.Expression, least: int) -> str:
        """The term within another that binds by `least`: in parentheses when it binds less."""
        text, binds = self.term(node)
        return text if binds >= least else f"({text})"

    def conjuncts(self, node: exp.Expression) -> list[Term]:
        """The conditions that `AND` joins."""
        return [self.term(one) for one in parts_of(node)]

    def _within(self, node: object, how: str) -> str:
        if isinstance(node, exp.Subquery):
            only(node, "this")
            node = node.this
        if not isinstance(node, exp.Select):
            raise NotTranslatedError(
                "UNION and the like" if isinstance(node, exp.SetOperation) else "a subselect"
            )
        if not self.takes_subselects:
            raise NotTranslatedError("a subselect outside of WHERE")
        return self.within(node, self.scope, how)

    def _joined(self, node: exp.Expression) -> Term:
        if isinstance(node, exp.And):
            return Term(conjunction(self.conjuncts(node)), AND)
        sides = []
        for side in (node.this, node.expression):
            text, binds = self.term(side)
            # The formatter wants parentheses around `and` within `or`.
            sides.append(f"({text})" if binds == AND else text)
        return Term(" or ".join(sides), OR)

    def _negated(self, node: exp.Expression) -> Term:
        while isinstance(node, exp.Paren):
            only(node, "this")
            node = node.this
        if isinstance(node, (exp.In, exp.Between, exp.Like, exp.ILike, exp.Is)):
            return self._predicate(node, negated=not node.args.get("negate"))
        return Term(f"not {self.inside(node, NOT + 1)}", NOT)

    def _compared(self, node: exp.Expression) -> Term:
        left, right = node.this, node.expression
        some = right.this if isinstance(right, (exp.Any, exp.All)) else None
        if some is None and isinstance(right, exp.Anonymous) and str(right.this).upper() == "ALL":
            some = right.expressions[0] if len(right.expressions) == 1 else None
        if some is not None:
            return self._any(node, left, some, is_all=not isinstance(right, exp.Any))
        if isinstance(left, exp.Placeholder) and isinstance(right, exp.Placeholder):
            raise NotTranslatedError("a comparison of two values")
        sign, binds = _COMPARED[type(node)]
        if isinstance(left, exp.Null) or isinstance(right, exp.Null):
            raise NotTranslatedError("a comparison with NULL")
        for side, other in ((left, right), (right, left)):
            moment = from_now(other, self.statement.dialect) if isinstance(side, exp.Column) else None
            if moment is not None and isinstance(side, exp.Column) and is_moment(*self.scope.column(side)):
                sides = (self.written(side), moment) if side is left else (moment, self.written(side))
                return Term(f" {sign} ".join(sides), binds)
        first, second = self.beside(left, right, binds + 1), self.beside(right, left, binds + 1)
        return Term(f"{first} {sign} {second}", binds)

    def _any(self, node: exp.Expression, left: exp.Expression, some: exp.Expression, *, is_all: bool) -> Term:
        while isinstance(some, exp.Paren):
            some = some.this
        wanted = exp.NEQ if is_all else exp.EQ
        if type(node) is not wanted or not isinstance(some, exp.Placeholder):
            raise NotTranslatedError("ANY or ALL of something else than a list")
        if isinstance(left, exp.Column):
            source, name = self.scope.column(left)
            takes_values((source.types or {}).get(name, ":any"))
        sign = "not in" if is_all else "in"
        return Term(f"{self.inside(left, IN + 1)} {sign} {self.pinned(some, is_list=True)}", IN)

    def _predicate(self, node: exp.Expression, *, negated: bool) -> Term:
        if isinstance(node, exp.Is):
            only(node, "this", "expression", "negate")
            if not isinstance(node.expression, exp.Null):
                raise NotTranslatedError("IS with something else than NULL")
            if isinstance(node.this, exp.Placeholder):
                # The parameter would have no type at all.
                raise NotTranslatedError("IS NULL of a value")
            return _maybe_not(f"is_nil({self.written(node.this)})", negated=negated)
        if isinstance(node, (exp.Like, exp.ILike)):
            only(node, "this", "expression", "negate")
            if isinstance(node, exp.ILike) and self.statement.dialect != "postgres":
                raise NotTranslatedError("ILIKE")
            if isinstance(node.expression, (exp.Any, exp.All)):
                raise NotTranslatedError("LIKE ANY")
            word = "ilike" if isinstance(node, exp.ILike) else "like"
            return _maybe_not(
                f"{word}({self.written(node.this)}, {self.written(node.expression)})", negated=negated
            )
        if isinstance(node, exp.Between):
            return self._between(node, negated=negated)
        return self._in(node, negated=negated)

    def _between(self, node: exp.Between, *, negated: bool) -> Term:
        only(node, "this", "low", "high", "negate")
        if node.this.find(exp.Placeholder) is not None:
            raise NotTranslatedError("BETWEEN of a value")
        low, high = (self.beside(node.args[end], node.this, ORDER + 1) for end in ("low", "high"))
        subject = self.inside(node.this, ORDER + 1)
        text = f"{subject} >= {low} and {subject} <= {high}"
        return Term(f"not ({text})", NOT) if negated else Term(text, AND)

    def _in(self, node: exp.Expression, *, negated: bool) -> Term:
        only(node, "this", "expressions", "negate", "query")
        left, items = node.this, node.expressions
        sign = "not in" if negated else "in"
        query = node.args.get("query")
        if query is not None and negated and self.statement.dialect == "mysql":
            # MariaDB finds no row whose value is NULL by `NOT (a IN (...))`, which is how Ecto says it.
            raise NotTranslatedError("NOT IN with a subselect")
        if query is not None:
            text = self._within(query, "subquery")
            return Term(f"{self.inside(left, IN + 1)} {sign} {text}", IN)
        if not items:
            raise NotTranslatedError("IN with something else than values")
        first = items[0]
        if isinstance(left, exp.Column):
            source, name = self.scope.column(left)
            takes_values((source.types or {}).get(name, ":any"))
        if len(items) == 1 and isinstance(first, exp.Placeholder) and self.value(first).is_list:
            return Term(f"{self.inside(left, IN + 1)} {sign} {self.pinned(first, is_list=True)}", IN)
        if not all(isinstance(item, (exp.Placeholder, exp.Literal, exp.Neg, exp.Boolean)) for item in items):
            raise NotTranslatedError("IN with something else than values")
        listed = ", ".join(self.beside(item, left) for item in items)
        return Term(f"{self.inside(left, IN + 1)} {sign} [{listed}]", IN)

    def beside(self, value: exp.Expression, side: exp.Expression, least: int = 0) -> str:
        """A value that stands with a column, as the column's type has it; else the term as it is."""
        if isinstance(value, (exp.Placeholder, exp.Literal)) and isinstance(side, exp.Column):
            return self.of_type(value, *self.scope.column(side))
        return self.inside(value, least)

    def of_type(self, value: exp.Expression, source: Source, name: str) -> str:
        """A value for this field."""
        written = (source.types or {}).get(name, ":any")
        takes_values(written)
        if isinstance(value, exp.Literal) and (value.is_string or str(value.this).isdigit()):
            return literal_of(value, written, self.statement.dialect)
        return self.written(value)


def parts_of(node: exp.Expression) -> list[exp.Expression]:
    """The conditions that `AND` joins."""
    while isinstance(node, exp.Paren):
        only(node, "this")
        node = node.this
    if isinstance(node, exp.And):
        only(node, "this", "expression")
        return [*parts_of(node.this), *parts_of(node.expression)]
    return [node]


def _maybe_not(text: str, *, negated: bool) -> Term:
    return Term(f"not {text}", NOT) if negated else Term(text, ATOM)


def conjunction(terms: list[Term]) -> str:
    """Conditions in one term; `or` within `and` in parentheses, as the formatter has it."""
    if len(terms) == 1:
        return terms[0].text
    return " and ".join(f"({text})" if binds == OR else text for text, binds in terms)


def pin(text: str) -> str:
    """`^x`, `^user.id`, `^(a + b)`; raises NotTranslatedError where the formatter's way is not known."""
    root = parse(text.encode()).root_node
    node = root.named_children[0] if len(root.named_children) == 1 else None
    if node is None or root.has_error or node.type in ("anonymous_function", "block", "sigil"):
        raise NotTranslatedError(f"the value `{text}`")
    if node.type == "binary_operator":
        return f"^({text})"
    if node.type == "unary_operator" and not text.startswith("@"):
        raise NotTranslatedError(f"the value `{text}`")
    return f"^{text}"


def only(node: exp.Expression, *known: str, idle: tuple[str, ...] = ()) -> None:
    """Refuses a node that says more than the arguments named: what is not read would be lost."""
    for name, value in node.args.items():
        if name in known or name in idle or name in _IDLE or value is None or value is False or value == []:
            continue
        raise NotTranslatedError(_WORDS.get(name, f"`{name.upper().strip('_')}`"))


_WORDS = {
    "with_": "a common table expression",
    "with": "a common table expression",
    "locks": "a lock",
    "windows": "a window",
    "qualify": "QUALIFY",
    "using": "USING",
    "returning": "RETURNING",
    "hints": "a hint",
    "catalog": "a table of another database",
    "conflict": "ON CONFLICT",
    "query": "a subselect",
    "laterals": "LATERAL",
}
