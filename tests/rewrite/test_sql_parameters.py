"""Values bound as parameters: every way in which SQL is handed over, and what is better left alone."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.proof import HAS_ELIXIR, elixir_verdicts, findings_in, objections

PATH = "lib/my_app/sample.ex"
ADAPTERS = {"pg": "Postgres", "mysql": "MyXQL", "sqlite": "SQLite3", "mssql": "Tds"}


def fixed(body: str, adapter: str = "pg") -> str | None:
    """The function's body after the fix; None when none is offered."""
    files = files_of(body, adapter)
    _, findings = findings_in(files, PATH)
    (finding,) = [finding for finding in findings if finding.rule == "ecto/sql-injection"]
    wrong, after = objections(files, PATH, finding, finding.fixes[0])
    assert not wrong, wrong
    if after is None:
        return None
    lines = after[PATH].decode().split("\n")[2:-3]
    return "\n".join(line.removeprefix("    ") for line in lines)


def files_of(body: str, adapter: str = "pg") -> dict[str, bytes]:
    inner = "\n".join(f"    {line}" if line else "" for line in dedent(body).strip("\n").split("\n"))
    return {
        PATH: f"defmodule MyApp.Sample do\n  def run(a, b, c) do\n{inner}\n  end\nend\n".encode(),
        "lib/my_app/repo.ex": (
            "defmodule MyApp.Repo do\n"
            f"  use Ecto.Repo, otp_app: :my_app, adapter: Ecto.Adapters.{ADAPTERS[adapter]}\nend\n"
        ).encode(),
    }


BOUND = [
    (
        "pg",
        'Repo.query!("SELECT 1 FROM t WHERE a = #{a}")',
        'Repo.query!("SELECT 1 FROM t WHERE a = $1", [a])',
    ),
    (
        "pg",
        "Repo.query!(\"SELECT 1 FROM t WHERE a = $1 AND b = '#{b}' AND c = #{c.id}\", [a])",
        'Repo.query!("SELECT 1 FROM t WHERE a = $1 AND b = $2 AND c = $3", [a, b, c.id])',
    ),
    (
        "mysql",
        "Repo.query!(\"SELECT 1 FROM t WHERE a = '#{a}' AND b = ? AND c = #{c}\", [b])",
        'Repo.query!("SELECT 1 FROM t WHERE a = ? AND b = ? AND c = ?", [a, b, c])',
    ),
    ("sqlite", 'Repo.query!("SELECT 1 FROM t LIMIT #{a}")', 'Repo.query!("SELECT 1 FROM t LIMIT ?", [a])'),
    (
        "mssql",
        'Repo.query!("SELECT 1 FROM t WHERE a = #{a}")',
        'Repo.query!("SELECT 1 FROM t WHERE a = @1", [a])',
    ),
    (
        "pg",
        'Repo.query("SELECT 1 FROM t WHERE a = " <> a)',
        'Repo.query("SELECT 1 FROM t WHERE a = $1", [a])',
    ),
    (
        "pg",
        'Repo.query("SELECT 1 FROM t WHERE a LIKE \'%" <> a <> "%\' AND b = " <> b <> " LIMIT 1")',
        'Repo.query("SELECT 1 FROM t WHERE a LIKE $1 AND b = $2 LIMIT 1", ["%#{a}%", b])',
    ),
    (
        "pg",
        """
        sql = "SELECT 1 FROM t WHERE a = '#{a}'"
        Repo.query!(sql)
        """,
        """
        sql = "SELECT 1 FROM t WHERE a = $1"
        Repo.query!(sql, [a])
        """,
    ),
    (
        "pg",
        """
        sql =
          "SELECT first_name, last_name, street, city FROM people WHERE first_name = " <>
            a

        Repo.query!(sql, [], timeout: 100)
        """,
        """
        sql = "SELECT first_name, last_name, street, city FROM people WHERE first_name = $1"

        Repo.query!(sql, [a], timeout: 100)
        """,
    ),
    (
        "pg",
        "Repo.query!(~s(SELECT \"x\" FROM t WHERE a = '\"#{a}\"' AND b = 'it''s #{b}'))",
        'Repo.query!(~s(SELECT "x" FROM t WHERE a = $1 AND b = $2), ["\\"#{a}\\"", "it\'s #{b}"])',
    ),
    (
        "pg",
        "Repo.query!(\"SELECT 1 FROM t WHERE a > now() - interval '#{a} days' AND b = '#{b}'::date\")",
        """
        Repo.query!("SELECT 1 FROM t WHERE a > now() - $1::text::interval AND b = $2::text::date", [
          "#{a} days",
          to_string(b)
        ])
        """,
    ),
    (
        "pg",
        "result = Repo.query!(\"SELECT first_name, last_name FROM people WHERE first_name = '#{a}'\")",
        """
        result =
          Repo.query!("SELECT first_name, last_name FROM people WHERE first_name = $1", [a])
        """.replace("=\n          Repo", "= Repo"),
    ),
    (
        "pg",
        """
        {:ok, result} =
          Repo.query("SELECT first_name, last_name, age FROM people WHERE surname = '#{a}' LIMIT 100")
        """,
        """
        {:ok, result} =
          Repo.query("SELECT first_name, last_name, age FROM people WHERE surname = $1 LIMIT 100", [a])
        """,
    ),
    (
        "pg",
        """
        Repo.query!(
          "SELECT 1 FROM t WHERE a = $1 AND b = '#{b}'",
          [a],
          timeout: 100
        )
        """,
        """
        Repo.query!(
          "SELECT 1 FROM t WHERE a = $1 AND b = $2",
          [a, b],
          timeout: 100
        )
        """,
    ),
    (
        "pg",
        'Repo.query!("DELETE FROM #{a} WHERE b = #{b}")',
        'Repo.query!("DELETE FROM #{a} WHERE b = $1", [b])',
    ),
    (
        "pg",
        'Postgrex.query!(c, "SELECT #{a} FROM t WHERE b = #{b}", [])',
        'Postgrex.query!(c, "SELECT #{a} FROM t WHERE b = $1", [b])',
    ),
    (
        "pg",
        'Repo.query!("SELECT 1 FROM t WHERE a IN (#{Enum.join(a, ", ")}) AND b = \'#{b}\'")',
        'Repo.query!("SELECT 1 FROM t WHERE a = ANY($1) AND b = $2", [a, b])',
    ),
    (
        "pg",
        "Repo.query!(\"SELECT 1 FROM t WHERE a NOT IN ('#{a |> Enum.uniq() |> Enum.join(\"', '\")}')\")",
        'Repo.query!("SELECT 1 FROM t WHERE a <> ALL($1)", [a |> Enum.uniq()])',
    ),
    (
        "pg",
        """
        case Repo.query("SELECT first_name, last_name, age FROM people WHERE surname = '#{a}' AND x") do
          {:ok, result} -> result
        end
        """,
        """
        case Repo.query(
               "SELECT first_name, last_name, age FROM people WHERE surname = $1 AND x",
               [a]
             ) do
          {:ok, result} -> result
        end
        """,
    ),
]
BOUND = [(adapter, dedent(before).strip("\n"), dedent(after).strip("\n")) for adapter, before, after in BOUND]


@pytest.mark.parametrize(("adapter", "before", "after"), BOUND)
def test_bound(adapter: str, before: str, after: str) -> None:
    assert fixed(before, adapter) == after


@pytest.mark.parametrize(
    "body",
    [
        'Repo.query!("SELECT 1 FROM t WHERE a IN (#{a})")',
        "Repo.query!(\"SELECT 1 FROM t WHERE a IN ('x', '#{Enum.join(a, \"','\")}')\")",
        'Repo.query!("SELECT 1 FROM t WHERE a IN (#{Enum.map_join(a, ",", &inspect/1)})")',
        "Repo.query!(\"SELECT 1 FROM t WHERE a = '#{a}'\", b)",
        "Repo.query!(\"SELECT 1 FROM t WHERE a = '#{a}' AND b = $2\", [b])",
        "Repo.query!(\"SELECT 1 FROM t WHERE a = E'#{a}'\")",
        "Repo.query!(\"SELECT 1 FROM t WHERE a = ANY('{#{a}}')\")",
        """
        sql = "SELECT 1 FROM t WHERE a = '#{a}'"
        Repo.query!(sql)
        Repo.query!(sql)
        """,
        """
        sql = "SELECT 1 FROM t WHERE a = '#{a}'"
        a = b
        Repo.query!(sql, [a])
        """,
        """
        sql = "SELECT 1 FROM t WHERE a = '#{a}'"
        Enum.map(b, fn a -> Repo.query!(sql, []) end)
        """,
    ],
)
def test_left_alone(body: str) -> None:
    if body.count("Repo.query!(sql)") == 2:
        files = files_of(body)
        _, findings = findings_in(files, PATH)
        for finding in findings:
            for fix in finding.fixes:
                assert objections(files, PATH, finding, fix) == ([], None)
    else:
        assert fixed(body) is None


def test_lists_are_bound_on_postgresql_alone() -> None:
    assert fixed('Repo.query!("SELECT 1 FROM t WHERE a IN (#{Enum.join(a, ",")})")', "mysql") is None


@pytest.mark.elixir
@pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")
def test_layout_is_the_formatters(tmp_path: Path) -> None:
    texts = [files_of(text)[PATH] for _, before, after in BOUND for text in (before, after)]
    verdicts = elixir_verdicts(texts, tmp_path)
    assert [
        (text.decode(), verdict) for text, verdict in zip(texts, verdicts, strict=True) if verdict[0] != "ok"
    ] == []
