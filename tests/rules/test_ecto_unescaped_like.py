"""What ecto/unescaped-like makes of the queries that people write."""

from __future__ import annotations

import pytest

from otpwise_analyzers.findings import Applicability, Level
from tests.proof import findings_in, objections

PATH = "lib/my_app/sample.ex"
HELPER = 'defp escape_like(term), do: String.replace(to_string(term), ["\\\\", "%", "_"], &("\\\\" <> &1))'


def files_of(body: str, adapter: str) -> dict[str, bytes]:
    return {
        PATH: f"defmodule MyApp.Sample do\n  import Ecto.Query\n\n{body}end\n".encode(),
        "lib/my_app/repo.ex": (
            f"defmodule MyApp.Repo do\n  use Ecto.Repo, otp_app: :my_app, adapter: Ecto.Adapters.{adapter}\nend\n"
        ).encode(),
    }


def results(body: str, adapter: str = "Postgres") -> list[tuple[Level, list[str | None]]]:
    """For each finding its level, and the body after each of its fixes (None for one not offered)."""
    files = files_of(body, adapter)
    _, findings = findings_in(files, PATH)
    found = []
    for finding in findings:
        if finding.rule != "ecto/unescaped-like":
            continue
        texts: list[str | None] = []
        for fix in finding.fixes:
            wrong, after = objections(files, PATH, finding, fix)
            assert not wrong, wrong
            texts.append(after[PATH].decode().partition("\n\n")[2].removesuffix("end\n") if after else None)
        found.append((finding.level, texts))
    return found


CLAUSES = """\
  def filter(query, filter) do
    Enum.reduce(filter, query, fn
      {:term, term}, query ->
        where(query, [u], ilike(u.name, ^"%#{term}%") or ilike(u.last_name, ^"%#{term}%"))

      {:label, label}, query ->
        where(query, [u], ilike(u.label, ^"#{label}%"))
    end)
  end
"""


def test_escapes_ahead_of_a_clause_without_room() -> None:
    ((level, (after,)),) = results(CLAUSES)
    assert level is Level.INFORMATION
    assert after == (
        CLAUSES.replace(
            "      {:term, term}, query ->\n",
            "      {:term, term}, query ->\n        escaped = escape_like(term)\n",
        )
        .replace("#{term}", "#{escaped}")
        .replace("#{label}", "#{escape_like(label)}")
        + f"\n  {HELPER}\n"
    )


def test_takes_the_variables_own_name_where_even_that_has_no_room() -> None:
    body = """\
  def search(query, term) do
    where(query, [u], ilike(u.given_name, ^"%#{term}%") or ilike(u.family_name, ^"%#{term}%") or x)
  end
"""
    ((_, (after,)),) = results(body)
    assert after == body.replace("do\n", "do\n    term = escape_like(term)\n") + f"\n  {HELPER}\n"
    assert results(body.replace("or x)", "== term)")) == [(Level.INFORMATION, [None])]


def test_one_finding_for_all_clauses_of_a_function() -> None:
    body = """\
  def by(query, :name, term), do: where(query, [u], like(u.name, ^"%#{term}%"))
  def by(query, :city, term), do: where(query, [u], like(u.city, ^"%#{term}%"))
"""
    ((_, (after,)),) = results(body, "MyXQL")
    assert after is not None and after.count("escape_like(term)") == 3


def test_a_pattern_that_is_used_elsewhere_is_left_alone() -> None:
    body = """\
  def search(query, term) do
    pattern = "%#{term}%"
    Logger.info(pattern)
    where(query, [u], like(u.name, ^pattern))
  end
"""
    assert results(body) == [(Level.INFORMATION, [None])]
    used_in_sql = body.replace(
        "Logger.info(pattern)", 'query = where(query, fragment("x ILIKE ?", ^pattern))'
    )
    ((_, (after,)),) = results(used_in_sql)
    assert after is not None and '"%#{escape_like(term)}%"' in after


@pytest.mark.parametrize("adapter", ["SQLite3", "Tds"])
def test_no_fix_where_like_has_no_escape(adapter: str) -> None:
    body = '  def search(query, term), do: where(query, [u], like(u.name, ^"%#{term}%"))\n'
    assert results(body, adapter) == [(Level.INFORMATION, [])]


def test_equality() -> None:
    body = """\
  def by_email(email) do
    MyApp.User
    |> where([u], ilike(u.email, ^email))
    |> MyApp.Repo.one()
  end
"""
    files = files_of(body, "Postgres")
    _, findings = findings_in(files, PATH)
    assert [fix.applicability for fix in findings[0].fixes] == [Applicability.SAFE, Applicability.UNSAFE]
    ((level, (escaped, compared)),) = results(body)
    assert level is Level.WARNING
    assert escaped == body.replace("^email", "^escape_like(email)") + f"\n  {HELPER}\n"
    assert compared == body.replace(
        "ilike(u.email, ^email)", 'fragment("lower(?)", u.email) == ^String.downcase(email)'
    )


@pytest.mark.parametrize(
    "body",
    [
        # A list is filtered, and the pattern may be meant.
        "  def by(query, name), do: where(query, [u], ilike(u.name, ^name))\n",
        '  def by(query), do: where(query, [u], ilike(u.name, "%x%"))\n',
        '  def by(query), do: where(query, [u], ilike(u.name, ^"%#{@x}%"))\n',
        '  def by(query, x) when is_integer(x), do: where(query, [u], like(u.code, ^"#{x}%"))\n',
        '  def by(query, x), do: where(query, [u], like(u.id, ^"#{x}%"))\n',
        '  def by(query, x), do: where(query, [u], like(u.name, ^"%#{Like.escape(x)}%"))\n',
        '  defmacro by(x), do: quote(do: like(u.name, ^"%#{unquote(x)}%"))\n',
    ],
)
def test_spared(body: str) -> None:
    assert results(body) == []
