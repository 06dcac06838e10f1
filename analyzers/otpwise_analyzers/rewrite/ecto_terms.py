"""SQL expressions as terms of an Ecto query.

Imports sqlglot: only what builds a query imports this module.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlglot import exp

from otpwise_analyzers.rewrite.sql_statement import NotTranslatedError, Statement, Value
from otpwise_analyzers.syntax.parser import parse


class Term(NamedTuple):
    """A term and how tightly it binds in Elixir."""

    text: str
    binds: int


_OR, _AND, _EQUAL, _ORDER, _IN, _ADD, _MULTIPLY, _NOT, _ATOM = range(1, 10)
_COMPARED: dict[type[exp.Expression], tuple[str, int]] = {
    exp.EQ: ("==", _EQUAL),
    exp.NEQ: ("!=", _EQUAL),
    exp.LT: ("<", _ORDER),
    exp.LTE: ("<=", _ORDER),
    exp.GT: (">", _ORDER),
    exp.GTE: (">=", _ORDER),
}
_COMPUTED: dict[type[exp.Expression], tuple[str, int]] = {
    exp.Add: ("+", _ADD),
    exp.Sub: ("-", _ADD),
    exp.Mul: ("*", _MULTIPLY),
    exp.Div: ("/", _MULTIPLY),
}
_AGGREGATES: dict[type[exp.Expression], str] = {
    exp.Sum: "sum",
    exp.Avg: "avg",
    exp.Min: "min",
    exp.Max: "max",
}
_NAMED = {
    exp.Cast: "a cast",
    exp.Window: "a window function",
    exp.Case: "a CASE",
    exp.Subquery: "a subselect",
    exp.Select: "a subselect",
    exp.Exists: "EXISTS",
    exp.Escape: "LIKE with ESCAPE",
    exp.Interval: "an interval",
    exp.DPipe: "`||`",
    exp.Star: "`*`",
    exp.Null: "a comparison with NULL",
    exp.Tuple: "a row of values",
    exp.IntDiv: "whole division",
    exp.Filter: "FILTER",
}
# What an argument of a node may be without changing its meaning here.
_IDLE = frozenset({"big_int"})
# The types that cast what a driver takes, and text.
_CAST = frozenset(
    {
        ":string",
        ":integer",
        ":boolean",
        ":id",
        ":binary_id",
        "Ecto.UUID",
        ":float",
        ":decimal",
        ":date",
        ":time",
    }
    | {":naive_datetime", ":naive_datetime_usec", ":utc_datetime", ":utc_datetime_usec"}
)
RESERVED = frozenset(
    {
        *("do", "end", "in", "or", "and", "not", "when", "fn", "after", "else", "true", "false", "nil"),
        *("rescue", "catch"),
    }
)
_NAME = re.compile(r"[a-z_][a-zA-Z0-9_]*")


@dataclass(frozen=True)
class Source:
    """A table of the statement: `binding` in `queried` (a schema's short name, or the table in quotes).

    `types` are the schema's fields and their types as written; None for a bare table. `full` is the schema.
    """

    binding: str
    table: str
    full: str | None
    types: dict[str, str] | None


@dataclass
class Terms:
    """Writes the expressions of one statement. Every method raises NotTranslatedError for what has no words."""

    statement: Statement
    sources: dict[str, Source] = field(default_factory=dict)

    def name(self, node: object) -> str:
        """An identifier as the database reads it."""
        if not isinstance(node, exp.Identifier):
            raise NotTranslatedError("a name that is computed")
        text = str(node.this)
        if not node.args.get("quoted") and text != text.lower():
            if self.statement.dialect != "postgres":
                raise NotTranslatedError(f"the case of `{text}`")
            text = text.lower()
        if not _NAME.fullmatch(text) or text in RESERVED:
            raise NotTranslatedError(f"the name `{text}`")
        return text

    def column(self, node: exp.Column) -> tuple[Source, str]:
        """The table and the field of a column."""
        only(node, "this", "table")
        if isinstance(node.this, exp.Star):
            raise NotTranslatedError("`*`")
        name = self.name(node.this)
        table = node.args.get("table")
        if table is not None:
            source = self.sources.get(self.name(table))
            if source is None:
                raise NotTranslatedError(f"the table of `{name}`")
        else:
            owners = [one for one in self.sources.values() if one.types is None or name in one.types]
            if len(owners) != 1 or (len(self.sources) > 1 and owners[0].types is None):
                raise NotTranslatedError(
                    f"the column `{name}`, which is no field of the schema or of several"
                )
            source = owners[0]
        if source.types is not None and name not in source.types:
            raise NotTranslatedError(f"the column `{name}`, which is no field of {source.full}")
        return source, name

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
            source, name = self.column(node)
            return Term(f"{source.binding}.{name}", _ATOM)
        if isinstance(node, exp.Placeholder):
            return Term(self.pinned(node), _ATOM)
        if isinstance(node, exp.Literal):
            return Term(self._literal(node), _ATOM)
        if isinstance(node, exp.Boolean):
            return Term("true" if node.this else "false", _ATOM)
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal) and not node.this.is_string:
            return Term(f"-{self._literal(node.this)}", _ATOM)
        if isinstance(node, (exp.And, exp.Or)):
            only(node, "this", "expression")
            return self._joined(node)
        if isinstance(node, exp.Not):
            only(node, "this")
            return self._negated(node.this)
        if kind in _COMPARED:
            only(node, "this", "expression")
            return self._compared(node)
        if kind in _COMPUTED:
            only(node, "this", "expression", idle=("typed", "safe"))
            self._holds_no_list(node.this, node.expression)
            sign, binds = _COMPUTED[kind]
            return Term(f"{self._in(node.this, binds)} {sign} {self._in(node.expression, binds + 1)}", binds)
        if isinstance(node, (exp.In, exp.Between, exp.Like, exp.ILike, exp.Is)):
            negated = bool(node.args.get("negate"))
            return self._predicate(node, negated=negated)
        return self._function(node)

    def _function(self, node: exp.Expression) -> Term:
        if isinstance(node, exp.Count):
            only(node, "this")
            if isinstance(node.this, exp.Star):
                return Term("count()", _ATOM)
            if isinstance(node.this, exp.Distinct):
                only(node.this, "expressions")
                if len(node.this.expressions) != 1:
                    raise NotTranslatedError("count of several columns")
                return Term(f"count({self._field(node.this.expressions[0])}, :distinct)", _ATOM)
            return Term(f"count({self._field(node.this)})", _ATOM)
        if type(node) in _AGGREGATES:
            only(node, "this")
            if isinstance(node.this, exp.Distinct):
                raise NotTranslatedError("an aggregate of distinct values")
            return Term(f"{_AGGREGATES[type(node)]}({self.written(node.this)})", _ATOM)
        if isinstance(node, exp.Coalesce):
            only(node, "this", "expressions")
            if len(node.expressions) != 1:
                raise NotTranslatedError("COALESCE of more than two values")
            return Term(f"coalesce({self.written(node.this)}, {self.written(node.expressions[0])})", _ATOM)
        for known, words in _NAMED.items():
            if isinstance(node, known):
                raise NotTranslatedError(words)
        if isinstance(node, exp.Func):
            name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
            raise NotTranslatedError(f"the function `{name.lower()}`")
        raise NotTranslatedError(f"`{node.key.upper()}`")

    def _field(self, node: exp.Expression) -> str:
        if not isinstance(node, exp.Column):
            raise NotTranslatedError("count of an expression")
        return self.written(node)

    def _in(self, node: exp.Expression, least: int) -> str:
        text, binds = self.term(node)
        return text if binds >= least else f"({text})"

    def conjuncts(self, node: exp.Expression) -> list[Term]:
        """The conditions that `AND` joins."""
        while isinstance(node, exp.Paren):
            only(node, "this")
            node = node.this
        if isinstance(node, exp.And):
            only(node, "this", "expression")
            return [*self.conjuncts(node.this), *self.conjuncts(node.expression)]
        return [self.term(node)]

    def _joined(self, node: exp.Expression) -> Term:
        if isinstance(node, exp.And):
            return Term(conjunction(self.conjuncts(node)), _AND)
        sides = []
        for side in (node.this, node.expression):
            text, binds = self.term(side)
            # The formatter wants parentheses around `and` within `or`.
            sides.append(f"({text})" if binds == _AND else text)
        return Term(" or ".join(sides), _OR)

    def _negated(self, node: exp.Expression) -> Term:
        while isinstance(node, exp.Paren):
            only(node, "this")
            node = node.this
        if isinstance(node, (exp.In, exp.Between, exp.Like, exp.ILike, exp.Is)):
            return self._predicate(node, negated=not node.args.get("negate"))
        return Term(f"not {self._in(node, _NOT + 1)}", _NOT)

    def _compared(self, node: exp.Expression) -> Term:
        left, right = node.this, node.expression
        some = right.this if isinstance(right, exp.Any) else None
        if some is None and isinstance(right, exp.All):
            some = right.this
        if some is None and isinstance(right, exp.Anonymous) and str(right.this).upper() == "ALL":
            some = right.expressions[0] if len(right.expressions) == 1 else None
        if some is not None:
            return self._any(node, left, some, is_all=not isinstance(right, exp.Any))
        if isinstance(left, exp.Placeholder) and isinstance(right, exp.Placeholder):
            raise NotTranslatedError("a comparison of two values")
        sign, binds = _COMPARED[type(node)]
        for side, other in ((left, right), (right, left)):
            self._fits(side, other)
        return Term(f"{self._in(left, binds + 1)} {sign} {self._in(right, binds + 1)}", binds)

    def _any(self, node: exp.Expression, left: exp.Expression, some: exp.Expression, *, is_all: bool) -> Term:
        while isinstance(some, exp.Paren):
            some = some.this
        wanted = exp.NEQ if is_all else exp.EQ
        if type(node) is not wanted or not isinstance(some, exp.Placeholder):
            raise NotTranslatedError("ANY or ALL of something else than a list")
        self._fits(left, some)
        sign = "not in" if is_all else "in"
        return Term(f"{self._in(left, _IN + 1)} {sign} {self.pinned(some, is_list=True)}", _IN)

    def _predicate(self, node: exp.Expression, *, negated: bool) -> Term:
        left = node.this
        if isinstance(node, exp.Is):
            only(node, "this", "expression", "negate")
            if not isinstance(node.expression, exp.Null):
                raise NotTranslatedError("IS with something else than NULL")
            text = f"is_nil({self.written(left)})"
            return Term(f"not {text}", _NOT) if negated else Term(text, _ATOM)
        if isinstance(node, (exp.Like, exp.ILike)):
            only(node, "this", "expression", "negate")
            if isinstance(node, exp.ILike) and self.statement.dialect != "postgres":
                raise NotTranslatedError("ILIKE")
            word = "ilike" if isinstance(node, exp.ILike) else "like"
            text = f"{word}({self.written(left)}, {self.written(node.expression)})"
            return Term(f"not {text}", _NOT) if negated else Term(text, _ATOM)
        if isinstance(node, exp.Between):
            only(node, "this", "low", "high", "negate")
            if left.find(exp.Placeholder) is not None:
                raise NotTranslatedError("BETWEEN of a value")
            for bound in (node.args["low"], node.args["high"]):
                self._fits(left, bound)
            low, high = (self._in(node.args[end], _ORDER + 1) for end in ("low", "high"))
            subject = self._in(left, _ORDER + 1)
            text = f"{subject} >= {low} and {subject} <= {high}"
            return Term(f"not ({text})", _NOT) if negated else Term(text, _AND)
        only(node, "this", "expressions", "negate")
        items = node.expressions
        if not items:
            raise NotTranslatedError("a subselect")
        sign = "not in" if negated else "in"
        for item in items:
            self._fits(left, item)
        first = items[0]
        if len(items) == 1 and isinstance(first, exp.Placeholder) and self.value(first).is_list:
            return Term(f"{self._in(left, _IN + 1)} {sign} {self.pinned(first, is_list=True)}", _IN)
        if not all(isinstance(item, (exp.Placeholder, exp.Literal, exp.Neg, exp.Boolean)) for item in items):
            raise NotTranslatedError("IN with something else than values")
        listed = ", ".join(self.written(item) for item in items)
        return Term(f"{self._in(left, _IN + 1)} {sign} [{listed}]", _IN)

    def _fits(self, side: exp.Expression, value: exp.Expression) -> None:
        """Refuses a value whose field has a type for which its text in SQL is no value in Elixir."""
        if not isinstance(side, exp.Column) or not isinstance(value, (exp.Placeholder, exp.Literal)):
            return
        self.takes_values(*self.column(side))

    def takes_values(self, source: Source, name: str) -> None:
        """Refuses a field whose type may not take what the column takes: an enum, an array, one of their own."""
        written = (source.types or {}).get(name, ":string")
        if written not in _CAST:
            raise NotTranslatedError(f"a value of the type `{written}`")

    def _holds_no_list(self, *sides: exp.Expression) -> None:
        """Refuses arithmetic of which no side has a type: Ecto would send the parameter as a text."""
        if all(isinstance(side, exp.Placeholder) for side in sides):
            raise NotTranslatedError("arithmetic with parameters alone")

    def _literal(self, node: exp.Literal) -> str:
        text = str(node.this)
        if not node.is_string:
            if not text.isdigit():
                raise NotTranslatedError(f"the number {text}")
            return with_underscores(text)
        if "\\" in text or not text.isprintable():
            raise NotTranslatedError("a string with escapes")
        return '"' + text.replace('"', '\\"').replace("#{", "\\#{") + '"'


def conjunction(terms: list[Term]) -> str:
    """Conditions in one term; `or` within `and` in parentheses, as the formatter has it."""
    if len(terms) == 1:
        return terms[0].text
    return " and ".join(f"({text})" if binds == _OR else text for text, binds in terms)


def with_underscores(digits: str) -> str:
    """A whole number as the formatter writes it: groups of three from six digits on."""
    digits = str(int(digits))
    return f"{int(digits):_}" if len(digits) >= 6 else digits


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
    "db": "a table of another schema",
    "catalog": "a table of another database",
    "conflict": "ON CONFLICT",
    "query": "a subselect",
    "on": "DISTINCT ON",
}
