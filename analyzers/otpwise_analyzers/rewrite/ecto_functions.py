"""SQL's functions, casts and CASE as terms of an Ecto query: by Ecto's own words, or else in a fragment.

Imports sqlglot: only what builds a query imports this module.
"""

from __future__ import annotations

import re

from sqlglot import exp
from sqlglot.errors import SqlglotError

from otpwise_analyzers.rewrite.ecto_moments import has_no_zone, interval
from otpwise_analyzers.rewrite.ecto_terms import ATOM, Term, Terms, only
from otpwise_analyzers.rewrite.ecto_values import quoted
from otpwise_analyzers.rewrite.sql_statement import NotTranslatedError

_AGGREGATES: dict[type[exp.Expression], str] = {
    exp.Sum: "sum",
    exp.Avg: "avg",
    exp.Min: "min",
    exp.Max: "max",
}
_NAMED = {
    exp.Window: "a window function",
    exp.Subquery: "a subselect in the place of a value",
    exp.Select: "a subselect in the place of a value",
    exp.Escape: "LIKE with ESCAPE",
    exp.Star: "`*`",
    exp.Null: "a comparison with NULL",
    exp.Tuple: "a row of values",
    exp.IntDiv: "whole division",
    exp.Array: "an array",
    exp.WithinGroup: "an ordered aggregate",
    exp.RegexpLike: "a regular expression",
    exp.RegexpILike: "a regular expression",
    exp.NullSafeEQ: "IS DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
    exp.SimilarTo: "SIMILAR TO",
    exp.ArrayContainsAll: "an operator of arrays",
    exp.ArrayOverlaps: "an operator of arrays",
    exp.JSONExtract: "an operator of JSON",
    exp.JSONExtractScalar: "an operator of JSON",
}
# PostgreSQL's types and Ecto's where a cast to either is the same cast.
_TYPES = {
    "INT": ":integer",
    "BIGINT": ":integer",
    "TEXT": ":string",
    "VARCHAR": ":string",
    "DATE": ":date",
    "BOOLEAN": ":boolean",
    "DOUBLE": ":float",
    "DECIMAL": ":decimal",
}
# What is written as SQL within a fragment: nodes that are read and written again without a change of meaning.
_IN_FRAGMENTS = (
    *(exp.Column, exp.Placeholder, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Neg),
    *(
        exp.And,
        exp.Or,
        exp.Not,
        exp.EQ,
        exp.NEQ,
        exp.LT,
        exp.LTE,
        exp.GT,
        exp.GTE,
        exp.Is,
        exp.In,
        exp.Between,
    ),
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.DPipe, exp.Like, exp.ILike),
    *(
        exp.Case,
        exp.If,
        exp.Coalesce,
        exp.Nullif,
        exp.Greatest,
        exp.Least,
        exp.Cast,
        exp.DataType,
        exp.DataTypeParam,
    ),
    *(
        exp.Lower,
        exp.Upper,
        exp.Length,
        exp.Trim,
        exp.Abs,
        exp.Round,
        exp.Floor,
        exp.Ceil,
        exp.Concat,
        exp.MD5,
    ),
    *(
        exp.CurrentTimestamp,
        exp.CurrentDate,
        exp.Interval,
        exp.Extract,
        exp.TimestampTrunc,
        exp.DateTrunc,
        exp.Var,
    ),
    *(exp.Anonymous, exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Distinct, exp.Star),
)
_MARK = re.compile(r"zq(\d+)qz", re.IGNORECASE)


def function(terms: Terms, node: exp.Expression) -> Term:
    """The term of what is no operator of Ecto's."""
    if isinstance(node, exp.Null):
        raise NotTranslatedError(_NAMED[exp.Null])
    if isinstance(node, exp.Count):
        return _count(terms, node)
    if type(node) in _AGGREGATES and not isinstance(node.this, exp.Distinct):
        only(node, "this")
        return Term(f"{_AGGREGATES[type(node)]}({terms.written(node.this)})", ATOM)
    if isinstance(node, exp.Coalesce):
        only(node, "this", "expressions")
        return Term(_coalesced(terms, [node.this, *node.expressions]), ATOM)
    if isinstance(node, exp.Filter):
        return _filtered(terms, node)
    if isinstance(node, exp.Cast):
        made = _typed(terms, node)
        if made is not None:
            return made
    if isinstance(node, (exp.Add, exp.Sub)):
        made = _moved(terms, node)
        if made is not None:
            return made
    return fragment(terms, node)


def _count(terms: Terms, node: exp.Count) -> Term:
    only(node, "this")
    if isinstance(node.this, exp.Star):
        return Term("count()", ATOM)
    if isinstance(node.this, exp.Distinct):
        only(node.this, "expressions")
        if len(node.this.expressions) != 1:
            raise NotTranslatedError("count of several columns")
        return Term(f"count({terms.written(node.this.expressions[0])}, :distinct)", ATOM)
    if isinstance(node.this, (exp.Literal, exp.Boolean)):
        # `count(1)` counts rows.
        return Term("count()", ATOM)
    return Term(f"count({terms.written(node.this)})", ATOM)


def _coalesced(terms: Terms, values: list[exp.Expression]) -> str:
    if len(values) < 2:
        raise NotTranslatedError("COALESCE of one value")
    behind = _coalesced(terms, values[1:]) if len(values) > 2 else terms.written(values[1])
    return f"coalesce({terms.written(values[0])}, {behind})"


def _filtered(terms: Terms, node: exp.Filter) -> Term:
    only(node, "this", "expression")
    if terms.statement.dialect == "mysql" or not isinstance(node.expression, exp.Where):
        raise NotTranslatedError("FILTER")
    only(node.expression, "this")
    if not isinstance(node.this, exp.Count) and type(node.this) not in _AGGREGATES:
        raise NotTranslatedError("FILTER of this function")
    return Term(f"filter({terms.written(node.this)}, {terms.written(node.expression.this)})", ATOM)


def _typed(terms: Terms, node: exp.Cast) -> Term | None:
    """`type(u.age, :integer)`, where the databases know one cast by both names."""
    kind, value = node.args.get("to"), node.this
    if terms.statement.dialect != "postgres" or not isinstance(kind, exp.DataType):
        return None
    # A type that sqlglot does not know is a text.
    called = kind.this.value if isinstance(kind.this, exp.DType) else ""
    if isinstance(value, exp.Placeholder) and called == "UUID":
        raise NotTranslatedError("a parameter in the database's own form")
    written = _TYPES.get(called)
    if written is None or kind.expressions or kind.args.get("nested") or type(node) is not exp.Cast:
        return None
    while isinstance(value, exp.Paren):
        value = value.this
    known = (exp.Placeholder, exp.Column, exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max)
    if not isinstance(value, known) or isinstance(value.this, exp.Distinct):
        return None
    return Term(f"type({terms.written(value)}, {written})", ATOM)


def _moved(terms: Terms, node: exp.Expression) -> Term | None:
    """`datetime_add(u.seen_at, 3, "day")` for a column that has no time zone."""
    span = interval(node.expression)
    if terms.statement.dialect != "postgres" or span is None or not isinstance(node.this, exp.Column):
        return None
    if not has_no_zone(*terms.scope.column(node.this)):
        return None
    amount, unit = span
    sign = "-" if isinstance(node, exp.Sub) else ""
    return Term(f'datetime_add({terms.written(node.this)}, {sign}{amount}, "{unit}")', ATOM)


def fragment(terms: Terms, node: exp.Expression) -> Term:
    """`fragment("lower(?)", u.name)`: the SQL as it is, its columns and values in the places of `?`."""
    for one in node.walk():
        _may_stand(one)
    copy = node.copy()
    leaves: list[exp.Expression] = []

    def marked(one: exp.Expression) -> exp.Expression:
        if not isinstance(one, (exp.Column, exp.Placeholder)):
            return one
        leaves.append(one)
        return exp.Var(this=f"zq{len(leaves) - 1}qz")

    try:
        text = copy.transform(marked).sql(dialect=terms.statement.dialect)
    except SqlglotError as error:
        raise NotTranslatedError("an expression that could not be written") from error
    if "?" in text or "\\" in text or not text.isprintable():
        raise NotTranslatedError("a question mark or an escape in a fragment")
    values: list[str] = []

    def placed(match: re.Match[str]) -> str:
        values.append(terms.written(leaves[int(match[1])]))
        return "?"

    text = _MARK.sub(placed, text)
    if _is_operand(node):
        # Ecto puts no parentheses around a fragment.
        text = f"({text})"
    return Term(f"fragment({', '.join([quoted(text), *values])})", ATOM)


def _is_operand(node: exp.Expression) -> bool:
    """Whether an operation stands in parentheses within another."""
    outer = node.parent
    if not isinstance(node, (exp.Binary, exp.Unary, exp.Predicate)) or not isinstance(outer, exp.Paren):
        return False
    while isinstance(outer, exp.Paren):
        outer = outer.parent
    return isinstance(outer, (exp.Binary, exp.Unary, exp.Predicate))


def _may_stand(node: exp.Expr) -> None:
    for known, words in _NAMED.items():
        if isinstance(node, known) and known not in (exp.Null, exp.Star):
            raise NotTranslatedError(words)
    if isinstance(node, exp.Cast) and type(node) is not exp.Cast:
        raise NotTranslatedError(f"`{node.key.upper()}`")
    if isinstance(node, _IN_FRAGMENTS):
        if isinstance(node, exp.In) and node.args.get("query") is not None:
            raise NotTranslatedError("a subselect in the place of a value")
        return
    if isinstance(node, exp.Func):
        name = node.name if isinstance(node, exp.Anonymous) else node.sql_name()
        raise NotTranslatedError(f"the function `{name.lower()}`")
    raise NotTranslatedError(f"`{node.key.upper()}`")
