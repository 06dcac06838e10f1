"""Values that a statement writes out, as Elixir writes one of the field's type.

Imports sqlglot: only what builds a query imports this module.
"""

from __future__ import annotations

import datetime
import re

from sqlglot import exp

from otpwise_analyzers.rewrite.sql_statement import NotTranslatedError

# The types that cast what a driver takes, and text.
_CAST = frozenset(
    {
        *(":string", ":integer", ":boolean", ":id", ":binary_id", "Ecto.UUID", ":float", ":decimal", ":any"),
        *(":date", ":time", ":naive_datetime", ":naive_datetime_usec", ":utc_datetime", ":utc_datetime_usec"),
    }
)
_NUMBERS = frozenset({":integer", ":id", ":float", ":decimal"})


def takes_values(written: str) -> None:
    """Refuses a type which may not take what the column takes: an enum, an array, one of their own."""
    if written not in _CAST:
        raise NotTranslatedError(f"a value of the type `{written}`")


def literal_of(node: exp.Literal, written: str, dialect: str) -> str:
    """A literal beside a field of this type; Ecto takes none of another type."""
    text = str(node.this)
    if written == ":any":
        return literal(node)
    if not node.is_string:
        if written == ":boolean" and dialect != "postgres" and text in ("0", "1"):
            return "true" if text == "1" else "false"
        if written in _NUMBERS:
            return literal(node)
    elif written == ":string":
        return literal(node)
    elif dialect != "sqlite" and (sigil := _sigil(text, written)) is not None:
        return sigil
    shown = f"'{text}'" if node.is_string else text
    raise NotTranslatedError(f"{shown} as a value of the type `{written}`")


def _sigil(text: str, written: str) -> str | None:
    """`^~D[2026-01-31]` or `^~N[2026-01-31 10:00:00]`."""
    try:
        if written == ":date" and re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            datetime.date.fromisoformat(text)
            return f"^~D[{text}]"
        if written == ":naive_datetime" and re.fullmatch(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?", text):
            datetime.datetime.fromisoformat(text)
            return f"^~N[{text if ' ' in text else f'{text} 00:00:00'}]"
    except ValueError:
        return None
    return None


def literal(node: exp.Literal) -> str:
    """A text or a whole number as Elixir writes it."""
    text = str(node.this)
    if not node.is_string:
        if not text.isdigit():
            raise NotTranslatedError(f"the number {text}")
        return with_underscores(text)
    if "\\" in text or not text.isprintable():
        raise NotTranslatedError("a string with escapes")
    return quoted(text)


def quoted(text: str) -> str:
    """A text without escapes as an Elixir string."""
    return '"' + text.replace('"', '\\"').replace("#{", "\\#{") + '"'


def with_underscores(digits: str) -> str:
    """A whole number as the formatter writes it: groups of three from six digits on."""
    digits = str(int(digits))
    return f"{int(digits):_}" if len(digits) >= 6 else digits
