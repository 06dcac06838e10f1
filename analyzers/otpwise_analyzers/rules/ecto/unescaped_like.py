"""Wildcards that a user can put into a LIKE pattern."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Change, Confidence, Finding, Fix, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.project.like_patterns import LikePattern, like_patterns
from otpwise_analyzers.project.sql_calls import adapter_of
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.like_escape import ESCAPED_BY_DEFAULT, compared, escaped
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Reference, Rule
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.file import ElixirFile

_ADMIN = re.compile(r"(^|/)admin(/|_|\.)")


class UnescapedLike(Rule):
    name = "ecto/unescaped-like"
    summary = "text from outside in a `like` pattern, its `%` and `_` taken for wildcards"
    impact = Impact.MEDIUM
    detects = (
        "`like` and `ilike` whose pinned pattern holds a value from outside the function that nobody escapes, in the "
        "call or in a variable of the same function; and `ilike(field, ^value)` as a comparison without case in a "
        "query for one row."
    )
    why = (
        "Somebody who searches for `50%` or `a_b` finds other things than those. Where the pattern decides who or "
        "what is meant it is worse: a coupon, a name or a token of `%` matches whatever row comes first. And a "
        "pattern that begins with `%` reads the whole table, so wildcards from outside choose the cost of a query."
    )
    fine_when = (
        "The people who search are meant to write wildcards, or the value cannot hold any (numbers, UUIDs). A complete "
        "escape treats the backslash as well as `%` and `_`; values that pass through any function named for "
        "escaping or replacing are left alone."
    )
    trade_off = "One more small function; people who knew about `%` can no longer use it."
    fix_note = FixNote(
        writes=(
            "The value is wrapped into `escape_like/1`, and that function added to the module: it escapes "
            "`\\`, `%` and `_`. For a comparison by `ilike` without a pattern also `lower(field) == ...`."
        ),
        because=(
            "Safe on PostgreSQL and MySQL, where a backslash escapes without being told: who types `50%` now "
            "finds `50%`. The comparison is unsafe: right, but it wants its own index."
        ),
        leaves=(
            "SQLite, where LIKE has no escape character unless the SQL names one, and values that are used "
            "for more than the pattern."
        ),
    )
    references = (
        Reference(
            "Ecto.Query.API: like/2 and its warning", "https://hexdocs.pm/ecto/Ecto.Query.API.html#like/2"
        ),
        Reference(
            "PostgreSQL: LIKE",
            "https://www.postgresql.org/docs/current/functions-matching.html#FUNCTIONS-LIKE",
        ),
    )
    calls = frozenset({"like", "ilike"})
    needles = (b"like(",)

    incorrect = (
        Example(
            """\
            defmodule MyApp.Catalogue do
              import Ecto.Query

              def search(query, term) do
                where(query, [p], «ilike(p.title, ^"%#{term}%")» or ilike(p.author, ^"#{term}%"))
              end
            end
            """,
            fixed="""\
            defmodule MyApp.Catalogue do
              import Ecto.Query

              def search(query, term) do
                escaped = escape_like(term)
                where(query, [p], ilike(p.title, ^"%#{escaped}%") or ilike(p.author, ^"#{escaped}%"))
              end

              defp escape_like(term), do: String.replace(to_string(term), ["\\\\", "%", "_"], &("\\\\" <> &1))
            end
            """,
        ),
        Example(
            """\
            defmodule MyApp.Coupons do
              import Ecto.Query

              def redeemable(code) do
                query = from(c in MyApp.Coupon, where: «ilike(c.code, ^code)», limit: 1)
                MyApp.Repo.one(query)
              end
            end
            """,
            fixed="""\
            defmodule MyApp.Coupons do
              import Ecto.Query

              def redeemable(code) do
                query = from(c in MyApp.Coupon, where: ilike(c.code, ^escape_like(code)), limit: 1)
                MyApp.Repo.one(query)
              end

              defp escape_like(term), do: String.replace(to_string(term), ["\\\\", "%", "_"], &("\\\\" <> &1))
            end
            """,
        ),
        Example(
            """\
            defmodule MyApp.Tags do
              import Ecto.Query

              def filter(query, %{"prefix" => prefix}) do
                pattern = prefix <> "%"
                where(query, [t], «like(t.label, ^pattern)»)
              end

              defp escape_like(text) do
                String.replace(text, ["\\\\", "%", "_"], &("\\\\" <> &1))
              end
            end
            """,
            fixed="""\
            defmodule MyApp.Tags do
              import Ecto.Query

              def filter(query, %{"prefix" => prefix}) do
                pattern = escape_like(prefix) <> "%"
                where(query, [t], like(t.label, ^pattern))
              end

              defp escape_like(text) do
                String.replace(text, ["\\\\", "%", "_"], &("\\\\" <> &1))
              end
            end
            """,
        ),
        Example(
            """\
            defmodule MyApp.Notes do
              import Ecto.Query

              def search(term) do
                MyApp.Repo.all(from(n in MyApp.Note, where: «like(n.body, ^"%#{term}%")»))
              end
            end
            """,
            others={
                "lib/my_app/repo.ex": """\
                defmodule MyApp.Repo do
                  use Ecto.Repo, otp_app: :my_app, adapter: Ecto.Adapters.SQLite3
                end
                """
            },
        ),
    )
    correct = (
        Example(
            """\
            defmodule MyApp.Accounts.UserQuery do
              import Ecto.Query

              def named(query, term) when is_binary(term) do
                where(query, [user: u], ilike(u.name, ^"%#{String.replace(term, "%", "\\\\%")}%"))
              end
            end
            """,
            why="somebody thought of wildcards, if not of all",
        ),
        Example(
            """\
            defmodule MyApp.Places do
              import Ecto.Query

              def near(query, town) do
                pattern = "%" <> escape_wildcards(town) <> "%"
                where(query, [p], ilike(p.town, ^pattern))
              end

              defp escape_wildcards(text), do: String.replace(text, ~w(% _), &("\\\\" <> &1))
            end
            """,
            why="escaped where the pattern is built",
        ),
        Example(
            """\
            defmodule MyApp.Devices do
              import Ecto.Query

              def condition("like", pattern), do: dynamic([d], ilike(d.label, ^pattern))
              def simulated(query), do: where(query, [d], like(d.serial, ^"#{prefix()}%"))

              defp prefix, do: "SIM"
            end
            """,
            why="a pattern as such, and a prefix of our own",
        ),
        Example(
            """\
            defmodule MyApp.Keys do
              import Ecto.Query

              def taken(name) do
                where(MyApp.Key, [k], k.name == ^name or like(k.name, ^(name <> "-%")))
              end
            end
            """,
            why="looks for names that are taken; one too many does no harm",
        ),
        Example(
            """\
            defmodule MyApp.Bookmarks do
              import Ecto.Query

              def alike(query, bookmark), do: where(query, [b], like(b.url, ^"#{bookmark.url}%"))
            end
            """,
            why="a stored record's own field, not what somebody typed",
        ),
        Example(
            """\
            defmodule MyApp.Liking do
              def toggle(post), do: like(post, ^"#{post}")
              def like(post, _reader), do: post
            end
            """,
            why="the module's own function",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path) or _ADMIN.search(file.path) is not None:
            return
        for patterns in _by_function(file):
            equalities = [pattern for pattern in patterns if pattern.is_equality]
            first = (equalities or patterns)[0]
            fixes = []
            if adapter_of(file, None) in ESCAPED_BY_DEFAULT:
                fixes.append(
                    Fix(
                        "Escape the wildcards",
                        Applicability.SAFE,
                        partial(_escape, first.call.node.start_byte),
                    )
                )
            if equalities:
                fixes.append(
                    Fix(
                        "Compare for equality in lower case"
                        if first.call.name == "ilike"
                        else "Compare for equality",
                        Applicability.UNSAFE,
                        partial(_compare, first.call.node.start_byte),
                    )
                )
            yield self.finding(
                first.call.node,
                _message(file, first),
                Level.WARNING if equalities else Level.INFORMATION,
                confidence=Confidence.LIKELY,
                related=[
                    Related(Span(p.call.node.start_byte, p.call.node.end_byte), "here as well")
                    for p in patterns
                    if p is not first
                ],
                fixes=fixes,
            )


def _by_function(file: ElixirFile) -> list[list[LikePattern]]:
    """The patterns in order, those of one function (all its clauses) together."""
    grouped: dict[tuple[str, str, int], list[LikePattern]] = {}
    for pattern in like_patterns(file):
        definition, module = pattern.call.definition, pattern.call.enclosing_module
        key = (
            module.name if module is not None else "",
            definition.name if definition is not None else "",
            definition.arity if definition is not None else 0,
        )
        grouped.setdefault(key, []).append(pattern)
    return list(grouped.values())


def _found_again(file: ElixirFile, at: int) -> tuple[LikePattern, list[LikePattern]] | None:
    for patterns in _by_function(file):
        for pattern in patterns:
            if pattern.call.node.start_byte == at:
                return pattern, patterns
    return None


def _escape(at: int, context: FixContext) -> Change | None:
    found = _found_again(context.file, at)
    return escaped(context.file, found[1]) if found is not None else None


def _compare(at: int, context: FixContext) -> Change | None:
    found = _found_again(context.file, at)
    return compared(context.file, found[0]) if found is not None else None


def _message(file: ElixirFile, pattern: LikePattern) -> str:
    field = " ".join(file.text(pattern.call.args[0]).split())
    value = " ".join(file.text(pattern.unescaped[0]).split())
    shown = value if len(value) <= 40 else value[:37] + "..."
    if pattern.is_equality:
        return (
            f"`{pattern.call.name}` compares `{field}` with a pattern: `%` as `{shown}` matches every row, and the "
            "first is taken."
        )
    return f"A `%` or `_` in `{shown}` is a wildcard in this `{pattern.call.name}`: it finds more than was asked for."
