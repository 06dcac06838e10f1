"""Moments before and after now: `now() - interval '7 days'` as `ago(7, "day")`.

Imports sqlglot: only what builds a query imports this module.
"""

from __future__ import annotations

from sqlglot import exp

from otpwise_analyzers.rewrite.ecto_source import Source

_UNITS = frozenset({"year", "month", "week", "day", "hour", "minute", "second", "millisecond", "microsecond"})
# Types that hold a moment in UTC, as Ecto's own clock has it.
_MOMENTS = frozenset({":naive_datetime", ":naive_datetime_usec", ":utc_datetime", ":utc_datetime_usec"})
# Types whose columns have no time zone, so that a cast to `timestamp` leaves them what they are.
_WITHOUT_ZONE = frozenset({":naive_datetime", ":naive_datetime_usec"})


def is_moment(source: Source, name: str) -> bool:
    """Whether a field holds a moment by its schema's word."""
    return source.full is not None and (source.types or {}).get(name) in _MOMENTS


def has_no_zone(source: Source, name: str) -> bool:
    return source.full is not None and (source.types or {}).get(name) in _WITHOUT_ZONE


def from_now(node: exp.Expression, dialect: str) -> str | None:
    """`ago(7, "day")` or `from_now(7, "day")`. PostgreSQL's alone: elsewhere the session has another clock."""
    if dialect != "postgres" or not isinstance(node, (exp.Add, exp.Sub)):
        return None
    if not isinstance(node.this, exp.CurrentTimestamp) or node.this.args.get("this") is not None:
        return None
    span = interval(node.expression)
    if span is None:
        return None
    amount, unit = span
    return f'{"ago" if isinstance(node, exp.Sub) else "from_now"}({amount}, "{unit}")'


def interval(node: exp.Expression) -> tuple[str, str] | None:
    """The number and Ecto's unit of `interval '7 days'`."""
    if not isinstance(node, exp.Interval):
        return None
    number, unit = node.this, str(node.args.get("unit") or "").lower()
    if unit.endswith("s"):
        unit = unit[:-1]
    if not isinstance(number, exp.Literal) or not str(number.this).isdigit() or unit not in _UNITS:
        return None
    return str(int(str(number.this))), unit
