"""Whether a SQL statement is plain enough for an Ecto query: told by its words, without parsing it."""

from __future__ import annotations

from otpwise_analyzers.syntax.sql_positions import Kind, Place, Sql, Token

_WORDS = {
    "SELECT": frozenset(
        {"SELECT", "DISTINCT", "FROM", "AS", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "OUTER", "CROSS", "ON"}
        | {"WHERE", "GROUP", "BY", "HAVING", "ORDER", "ASC", "DESC", "NULLS", "FIRST", "LAST"}
        | {"LIMIT", "OFFSET"}
    ),
    "INSERT": frozenset({"INSERT", "INTO", "VALUES", "RETURNING", "DEFAULT"}),
    "UPDATE": frozenset({"UPDATE", "SET", "WHERE", "RETURNING", "AS"}),
    "DELETE": frozenset({"DELETE", "FROM", "WHERE", "RETURNING", "AS"}),
}
_CONDITIONS = frozenset(
    {"AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "ILIKE", "IS", "NULL", "TRUE", "FALSE", "ANY"}
)
# What Ecto can only say in a fragment, or not at all; a column may not be named like one without quotes.
_BEYOND = frozenset(
    {
        "WITH",
        "OVER",
        "WINDOW",
        "PARTITION",
        "FILTER",
        "LATERAL",
        "UNION",
        "INTERSECT",
        "EXCEPT",
        "USING",
        "FOR",
    }
    | {"CASE", "WHEN", "CAST", "EXISTS", "INTERVAL", "EXTRACT", "SIMILAR", "ESCAPE", "COLLATE", "NATURAL"}
    | {
        "TABLESAMPLE",
        "FETCH",
        "CONFLICT",
        "ONLY",
        "ARRAY",
        "ROW",
        "LOCK",
        "IGNORE",
        "DUPLICATE",
        "ALL",
        "SOME",
    }
    | {"CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "LOCALTIMESTAMP", "STRAIGHT_JOIN", "FORCE"}
)
_FUNCTIONS = frozenset({"COUNT", "SUM", "AVG", "MIN", "MAX", "COALESCE"})
_SIGNS = frozenset({"=", "<", ">", "<>", "!=", "<=", ">=", "+", "-", "*", "/", "(", ")", ",", ".", ";"})
_CATALOGUES = ("PG_", "INFORMATION_SCHEMA", "SQLITE_")


def is_plain(sql: Sql) -> bool:
    """Whether it is one SELECT, INSERT, UPDATE or DELETE on tables, of nothing but what Ecto's query syntax
    has words for. A hole counts as a value where it stands in the place of one, and as too much elsewhere."""
    code = list(sql.code)
    if code and code[-1].word == ";":
        code.pop()
    if not sql.is_readable or not code or code[0].word not in _WORDS:
        return False
    if any(position.place not in (Place.VALUE, Place.QUOTED) for position in sql.positions):
        return False
    verb = code[0].word
    known = _WORDS[verb] | _CONDITIONS
    table_words = {"SELECT": "FROM", "DELETE": "FROM", "INSERT": "INTO", "UPDATE": "UPDATE"}
    if [token.word for token in code].count(table_words[verb]) != 1:
        return False
    for index, token in enumerate(code):
        after = code[index + 1] if index + 1 < len(code) else None
        before = code[index - 1] if index else None
        if not _is_known(sql, verb, token, before, after, known):
            return False
    return True


def _is_known(
    sql: Sql, verb: str, token: Token, before: Token | None, after: Token | None, known: frozenset[str]
) -> bool:
    word = token.word
    if token.kind is Kind.SIGN:
        return word in _SIGNS and word != ";"
    if token.kind is Kind.STRING:
        # The likes of E'..' and $$..$$, and of `date '..'`.
        plain = sql.text[token.start : token.start + 1] == b"'"
        return plain and not (before is not None and before.kind is Kind.WORD and before.word not in known)
    if token.kind is not Kind.WORD:
        return token.kind is not Kind.BROKEN
    if word in _BEYOND or word.startswith(_CATALOGUES):
        return False
    if word in ("SELECT", "INSERT", "UPDATE", "DELETE", "VALUES") and word != verb:
        return word == "VALUES" and verb == "INSERT"
    if word == verb and before is not None:
        return False
    if after is not None and after.word == "(" and word not in known:
        columns = verb == "INSERT" and before is not None and before.word in ("INTO", ".")
        return word in _FUNCTIONS or columns
    if word in ("FROM", "JOIN") and after is not None:
        return after.kind in (Kind.WORD, Kind.NAME)
    return True
