"""A value that is written into a SQL text."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from tree_sitter import Node

from otpwise_analyzers.findings import Applicability, Change, Confidence, Finding, Fix, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.project.sql_calls import (
    SQL_CALLS,
    SqlCall,
    assignments_of,
    sql_calls,
    unsafe_fragments,
)
from otpwise_analyzers.project.sql_values import Origin, is_harmless, origin_of
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.query_fixes import query_fixes
from otpwise_analyzers.rewrite.sql_parameters import bound
from otpwise_analyzers.rules.base import FixNote, Impact, Reference, Rule
from otpwise_analyzers.rules.ecto.sql_injection_examples import CORRECT, INCORRECT
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition
from otpwise_analyzers.syntax.sql_positions import Place, Position
from otpwise_analyzers.syntax.strings import template_of

_VALUES = (Place.VALUE, Place.LIST, Place.QUOTED)


class SqlInjection(Rule):
    name = "ecto/sql-injection"
    summary = "a value that becomes part of a SQL text instead of a parameter"
    impact = Impact.HIGH
    detects = (
        "`Repo.query`, `Ecto.Adapters.SQL.query`, `Postgrex.query` and their kin whose SQL, in the call or in a "
        "variable of the same function, interpolates or concatenates something where the database expects a "
        "value: within quotes, after a comparison, `LIKE`, `IN (` or `LIMIT`, in `VALUES (`. Also a request's parameter "
        "or a search term in Ecto's `unsafe_fragment`, which is handed on as it is."
    )
    why = (
        "Whoever can choose the value can choose the rest of the statement: a quote in a search box is enough to "
        "read or delete other people's rows. And as each value makes another statement, the database plans every "
        "one anew and its cache of prepared statements is of no use."
    )
    fine_when = (
        "The interpolated part is a table, a column or a direction, which cannot be parameters: hold those to a list. "
        "Module attributes, numbers, generated placeholders and values that a guard checks are not reported, nor "
        'are functions under `# sobelow_skip ["SQL.Query"]`.'
    )
    trade_off = (
        "A parameter has a type: where text was good enough before, PostgreSQL now wants an integer, a date or a "
        "cast such as `$1::text`."
    )
    fix_note = FixNote(
        writes=(
            "`$1` (`?` on MySQL and SQLite) in the value's place and the value in the list of parameters, `%` "
            'of a pattern with it; on PostgreSQL `IN (#{Enum.join(ids, ",")})` becomes `= ANY($1)`. The '
            "further actions write the whole statement as an Ecto query, as `ecto/raw-sql` does."
        ),
        because=(
            'Unsafe: the value may need another type than text. PostgreSQL refuses `"5"` for a number, where '
            "the interpolated text was taken."
        ),
        leaves=(
            "A list that was joined elsewhere, a value in a place of unknown meaning, and names of tables and "
            "columns, which cannot be parameters: an allow-list is the cure for those."
        ),
    )
    references = (
        Reference("Ecto.Adapters.SQL: query/4", "https://hexdocs.pm/ecto_sql/Ecto.Adapters.SQL.html#query/4"),
        Reference(
            "EEF Security WG: SQL injection",
            "https://erlef.github.io/security-wg/web_app_security_best_practices_beam/sql_injection",
        ),
    )
    mirrors = ("Sobelow SQL.Query", "Sobelow SQL.Stream")
    # A pattern bound in a query shows what it was in the text as well.
    hides = frozenset({"ecto/raw-sql", "ecto/unescaped-like"})
    calls = SQL_CALLS | {"unsafe_fragment", "insert_all", "insert", "insert!"}
    needles = (b"query", b"stream", b"unsafe_fragment")

    incorrect = INCORRECT
    correct = CORRECT

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        path = file.path
        if (
            places.is_test(path)
            or places.is_test_support(path)
            or places.is_migration(path)
            or places.is_seeds(path)
        ):
            return
        for sql_call in sql_calls(file):
            template = sql_call.template
            if template is None or not template.holes:
                continue
            finding = self._judge(file, sql_call)
            if finding is not None:
                yield finding
        for text in unsafe_fragments(file):
            value = _from_request(file, text)
            if value is not None and not _is_skipped(file.definition_at(text.start_byte)):
                yield self.finding(
                    text,
                    f"`{' '.join(file.text(value).split())}` becomes part of the SQL itself: `unsafe_fragment` hands "
                    "its text on as it is. Choose it from texts that stand in the code.",
                    Level.ERROR,
                )

    def _judge(self, file: ElixirFile, sql_call: SqlCall) -> Finding | None:
        template, sql = sql_call.template, sql_call.sql
        if template is None or sql is None or _is_skipped(sql_call.call.definition):
            return None
        reported: list[Position] = []
        worst = Origin.UNKNOWN
        for position in sql.positions:
            if position.place not in _VALUES:
                continue
            origin = origin_of(template.holes[position.hole].expression, file)
            if origin is Origin.HARMLESS:
                continue
            reported.append(position)
            if origin is Origin.REQUEST:
                worst = origin
        if not reported:
            return None
        related = [
            Related(Span(*template.holes[position.hole].span), f"in the place of {_described(position)}")
            for position in reported
        ]
        message = _message(file, sql_call, reported, worst)
        fixes = [Fix(_title(reported), Applicability.UNSAFE, partial(_build, sql_call))]
        missing = _untranslated(file, sql_call)
        if missing is None:
            fixes.extend(query_fixes(file, sql_call))
        elif missing:
            message += f" Not translated to Ecto: {missing}."
        return self.finding(
            template.node,
            message,
            Level.ERROR if worst is Origin.REQUEST else Level.WARNING,
            confidence=Confidence.CERTAIN if worst is Origin.REQUEST else Confidence.LIKELY,
            related=related if len(reported) > 1 or "\n" in file.text(template.node) else (),
            fixes=fixes,
        )


def _from_request(file: ElixirFile, text: Node) -> Node | None:
    """The part of a text that whoever sends a request chooses."""
    name = nodes.identifier(text, file.data)
    given = assignments_of(file, name, text) if name is not None else []
    template = template_of(given[0] if len(given) == 1 else text, file.data)
    values = [hole.expression for hole in template.holes] if template is not None else [text]
    return next((value for value in values if origin_of(value, file) is Origin.REQUEST), None)


def bindable(file: ElixirFile, sql_call: SqlCall) -> list[Position]:
    """The values in a SQL text that should be parameters: all but constants and placeholders."""
    template, sql = sql_call.template, sql_call.sql
    if template is None or sql is None:
        return []
    found = []
    for position in sql.positions:
        expression = nodes.unwrap(template.holes[position.hole].expression)
        fixed = nodes.is_operator(expression, "@") or (
            is_harmless(expression, file, sql_call.call.definition) and position.place is not Place.VALUE
        )
        if position.place in _VALUES and not fixed:
            found.append(position)
    return found


def _build(sql_call: SqlCall, context: FixContext) -> Change | None:
    file = context.file
    for fresh in sql_calls(file):
        if fresh.call.node.start_byte == sql_call.call.node.start_byte:
            return bound(file, fresh, bindable(file, fresh))
    return None


def _untranslated(file: ElixirFile, sql_call: SqlCall) -> str | None:
    """What of the statement has no Ecto query; empty for one that is not asked: of another verb, or no repo's."""
    if not sql_call.through_repo or sql_call.sql is None:
        return ""
    if sql_call.sql.verb not in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"):
        return ""
    # Reads SQL with sqlglot, which takes its time to load: only where there is a statement to read.
    from otpwise_analyzers.rewrite.raw_sql import untranslated

    return untranslated(file, sql_call, file.project)


def _message(file: ElixirFile, sql_call: SqlCall, reported: list[Position], worst: Origin) -> str:
    template = sql_call.template
    assert template is not None
    written = list(
        dict.fromkeys(" ".join(file.text(template.holes[p.hole].expression).split()) for p in reported)
    )
    shown = [f"`{text if len(text) <= 40 else text[:37] + '...'}`" for text in written[:3]]
    names = shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
    becomes = "becomes" if len(shown) == 1 else "become"
    target = sql_call.call.node.child_by_field_name("target")
    called = file.text(target) if target is not None else sql_call.call.name
    if worst is Origin.REQUEST:
        return f"{names} {becomes} part of the SQL that `{called}` runs: a quote in the input rewrites the statement."
    return f"{names} {becomes} part of the SQL that `{called}` runs instead of being bound as a parameter."


def _described(position: Position) -> str:
    return {
        Place.QUOTED: "text in a SQL string",
        Place.LIST: "a list of values",
        Place.VALUE: "a SQL value",
    }[position.place]


def _title(reported: list[Position]) -> str:
    return "Bind the value as a parameter" if len(reported) == 1 else "Bind the values as parameters"


def _is_skipped(definition: Definition | None) -> bool:
    """Whether Sobelow was told to leave the SQL of this function alone."""
    if definition is None:
        return False
    sibling = definition.node.prev_named_sibling
    while sibling is not None and (sibling.type == "comment" or nodes.is_operator(sibling, "@")):
        text = definition.file.text(sibling)
        if "sobelow_skip" in text and '"SQL' in text:
            return True
        sibling = sibling.prev_named_sibling
    return False
