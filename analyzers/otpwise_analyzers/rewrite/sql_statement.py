"""A SQL text read into a tree, each value that the running code gives it named in there.

Imports sqlglot: only what builds a query imports this module.
"""

from __future__ import annotations

import logging
import re
from typing import NamedTuple

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from otpwise_analyzers.project.sql_calls import SqlCall
from otpwise_analyzers.rewrite.sql_parameters import expression_of, joined_values, value_of
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.sql_positions import Kind, Place, Token

DIALECTS = {
    "Ecto.Adapters.Postgres": "postgres",
    "Ecto.Adapters.MyXQL": "mysql",
    "Ecto.Adapters.SQLite3": "sqlite",
}


class NotTranslatedError(Exception):
    """A statement that is left as it is; its text names in a few words what has no translation."""


class Value(NamedTuple):
    """What the code gives to the statement: an Elixir expression on one line, or a list of values.

    One `is_quoted` stood between quotes: whatever its type, the database had it as a text without one.
    """

    text: str
    is_list: bool = False
    is_quoted: bool = False


class Statement(NamedTuple):
    """A statement as a tree. Its placeholders are called `p0`, `p1`: places in `values`.

    `nulls` is how often the text says where NULLs are sorted.
    """

    tree: exp.Expression
    values: tuple[Value, ...]
    dialect: str
    nulls: int


def statement_of(file: ElixirFile, sql_call: SqlCall) -> Statement:
    """Raises NotTranslatedError for a text that is not read whole."""
    dialect, sql, template = DIALECTS.get(sql_call.adapter), sql_call.sql, sql_call.template
    if dialect is None or sql is None or template is None or not sql.is_readable:
        raise NotTranslatedError("a statement of this adapter")
    if any(token.kind is Kind.COMMENT for token in sql.tokens):
        raise NotTranslatedError("a comment in the SQL")
    if any(position.place not in (Place.VALUE, Place.QUOTED, Place.LIST) for position in sql.positions):
        raise NotTranslatedError("SQL that is put together by the running code")
    given = _given(file, sql_call)
    places = {position.index: position.place for position in sql.positions}
    values: list[Value] = []
    pieces: list[str] = []
    used: list[int] = []
    at = 0
    for index, token in enumerate(sql.code):
        if token.kind is Kind.SIGN and token.word == ":":
            raise NotTranslatedError("a colon")
        if token.kind is Kind.PARAMETER:
            number = _number(sql.text[token.start : token.end], len(used))
            if number >= len(given):
                raise NotTranslatedError("a parameter that the call does not name")
            used.append(number)
            value = given[number]
        elif index in places:
            value = _hole(file, sql_call, token, places[index])
        else:
            continue
        pieces.append(sql.text[at : token.start].decode("utf-8", "replace"))
        pieces.append(f":p{len(values)}")
        values.append(value)
        at = token.end
    pieces.append(sql.text[at:].decode("utf-8", "replace"))
    if set(used) != set(range(len(given))):
        raise NotTranslatedError("a parameter that is not used")
    if any("(" in given[number].text for number in set(used) if used.count(number) > 1):
        raise NotTranslatedError("a computed parameter that is used twice")
    nulls = sum(1 for token in sql.code if token.word == "NULLS")
    return Statement(_parsed("".join(pieces), dialect), tuple(values), dialect, nulls)


def _parsed(text: str, dialect: str) -> exp.Expression:
    # What it cannot parse it takes for a command of the database, and says so on the standard error output.
    log = logging.getLogger("sqlglot")
    level, log.level = log.level, logging.CRITICAL
    try:
        trees = sqlglot.parse(text, read=dialect)
    except (SqlglotError, RecursionError) as error:
        raise NotTranslatedError("a statement that could not be read") from error
    finally:
        log.level = level
    found = [tree for tree in trees if tree is not None]
    if len(found) != 1 or not isinstance(found[0], exp.Expression):
        raise NotTranslatedError("several statements")
    return found[0]


def _given(file: ElixirFile, sql_call: SqlCall) -> list[Value]:
    node = sql_call.parameters
    if node is None:
        return []
    if node.type != "list":
        raise NotTranslatedError("parameters from elsewhere")
    found = []
    for item in nodes.named(node):
        text = expression_of(file, item) if item.type != "keywords" else None
        if text is None or item.type == "nil" or text == "nil" or "dump" in text:
            raise NotTranslatedError("a parameter in the database's own form")
        found.append(Value(text, item.type == "list"))
    return found


def _number(text: bytes, so_far: int) -> int:
    if text == b"?":
        return so_far
    match = re.fullmatch(rb"\$(\d+)", text)
    if match is None:
        raise NotTranslatedError("a numbered parameter")
    return int(match[1]) - 1


def _hole(file: ElixirFile, sql_call: SqlCall, token: Token, place: Place) -> Value:
    sql, template = sql_call.sql, sql_call.template
    assert sql is not None and template is not None
    held = [
        hole
        for hole, at in zip(template.holes, template.hole_positions, strict=True)
        if token.start <= at < token.end
    ]
    joined = [joined_values(file, hole.expression) for hole in held]
    if place is Place.LIST or any(one is not None for one in joined):
        only = joined[0] if len(joined) == 1 else None
        quotes = {Kind.HOLE: "", Kind.STRING: "'"}.get(token.kind, "?")
        if only is None or "".join(only[1].split()) != f"{quotes},{quotes}" or "\n" in only[0]:
            raise NotTranslatedError("a list that is made elsewhere")
        if token.end - token.start != 1 + 2 * len(quotes):
            raise NotTranslatedError("a list within a text")
        return Value(only[0], is_list=True)
    if token.kind is Kind.STRING and sql.text[token.start : token.start + 1] != b"'":
        raise NotTranslatedError("a string of the database's own kind")
    text = value_of(file, sql, template, token, as_text=False)
    if text is None or "join" in text or "dump" in text:
        raise NotTranslatedError("a value that is computed in the text")
    return Value(text, is_quoted=token.kind is Kind.STRING)
