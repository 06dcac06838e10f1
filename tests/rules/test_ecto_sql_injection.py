"""How loud ecto/sql-injection is, what it spares, and how far it follows a value."""

from __future__ import annotations

import pytest

from otpwise_analyzers.findings import Finding, Level
from tests.proof import findings_in


def found(code: str, path: str = "lib/my_app/sample.ex") -> list[Finding]:
    _, findings = findings_in({path: code.encode()}, path)
    return [finding for finding in findings if finding.rule == "ecto/sql-injection"]


def in_def(head: str, body: str) -> str:
    return f"defmodule MyApp.Sample do\n  alias MyApp.Repo\n\n  def {head} do\n    {body}\n  end\nend\n"


@pytest.mark.parametrize(
    ("head", "value", "level"),
    [
        ("run(term)", "term", Level.ERROR),
        ("run(x, params)", 'params["name"]', Level.ERROR),
        ('index(conn, %{"id" => id})', "id", Level.ERROR),
        ("index(conn, _)", "conn.params.id", Level.ERROR),
        ("search_people(name)", "name", Level.ERROR),
        ("run(name)", "name", Level.WARNING),
        ("run(%{id: id})", "id", Level.WARNING),
        ("run(x)", "String.trim(x)", Level.WARNING),
    ],
)
def test_level(head: str, value: str, level: Level) -> None:
    (finding,) = found(in_def(head, f"Repo.query!(\"SELECT a FROM b WHERE c = '#{{{value}}}'\")"))
    assert finding.level is level


@pytest.mark.parametrize(
    ("head", "before", "value"),
    [
        ("run(x) when is_integer(x)", "", "x"),
        ("run(x) when x in ~w(a b) and true", "", "x"),
        ("run(x)", "", "String.to_integer(x)"),
        ("run(x)", "", "x + 1"),
        ("run(x)", "", "@limit"),
        ("run(x)", "", "length(x)"),
        ("run(x)", "y = String.to_integer(x)\n    ", "y"),
        ("run(x)", 'y = if x, do: "a", else: "b"\n    ', "y"),
        ("run(x)", 'y =\n      case x do\n        1 -> "a"\n        _ -> @b\n      end\n\n    ', "y"),
        ("run(x)", 'marks = Enum.map_join(x, ",", fn _ -> "?" end)\n    ', "marks"),
        ("run(x)", "", 'Enum.map_join(x, ", ", fn i -> "$#{i}" end)'),
        ("run(x)", "", "quote_literal(x)"),
    ],
)
def test_harmless(head: str, before: str, value: str) -> None:
    assert found(in_def(head, f'{before}Repo.query!("SELECT a FROM b WHERE c IN (#{{{value}}})")')) == []


@pytest.mark.parametrize(
    "path",
    [
        "test/my_app/sample_test.exs",
        "test/support/factory.ex",
        "priv/repo/migrations/20240101000000_add.exs",
        "priv/repo/seeds.exs",
    ],
)
def test_spared_paths(path: str) -> None:
    assert found("Repo.query!(\"SELECT a FROM b WHERE c = '#{x}'\")\n", path) == []


@pytest.mark.parametrize(
    "call",
    [
        "Repo.query!(SQL)",
        "MyApp.Repo.query(SQL, [], timeout: 5)",
        "Ecto.Adapters.SQL.query!(Repo, SQL, [])",
        "Repo |> Ecto.Adapters.SQL.query(SQL)",
        "Ecto.Adapters.SQL.stream(Repo, SQL)",
        "Postgrex.query!(conn, SQL, [])",
        "MyXQL.query(conn, SQL)",
        "SQL |> Repo.query!([])",
        "sql = SQL\n    Repo.query!(sql)",
        "sql = SQL\n    sql |> Repo.query!()",
        "Repo.query_many!(SQL)",
    ],
)
def test_every_way_to_the_database(call: str) -> None:
    sql = "\"SELECT a FROM b WHERE c = '#{x}'\""
    assert (
        len(
            found(
                in_def(
                    "run(x)",
                    call.replace("SQL", sql, 1)
                    if "Adapters.SQL" not in call
                    else call.replace("SQL)", f"{sql})")
                    .replace("SQL,", f"{sql},")
                    .replace(f"Adapters.{sql}", "Adapters.SQL"),
                )
            )
        )
        == 1
    )


@pytest.mark.parametrize(
    "call",
    [
        "query!(SQL)",
        "Client.query!(SQL)",
        "repo.query!(SQL)",
        "Oban.Repo.query(conf, SQL)",
        "Repo.all(SQL)",
        "IO.puts(SQL)",
    ],
)
def test_no_database(call: str) -> None:
    sql = "\"SELECT a FROM b WHERE c = '#{x}'\""
    assert found(in_def("run(x)", call.replace("SQL", sql))) == []


@pytest.mark.parametrize("skip", ['# sobelow_skip ["SQL.Query"]', '@sobelow_skip ["XSS", "SQL"]'])
def test_sobelow_is_honoured(skip: str) -> None:
    code = in_def("run(x)", "Repo.query!(\"SELECT a FROM b WHERE c = '#{x}'\")")
    assert len(found(code)) == 1
    assert found(code.replace("  def run", f"  {skip}\n  @doc false\n  def run")) == []
    other = skip.replace("SQL.Query", "XSS.Raw").replace('"SQL"', '"CSRF"')
    assert len(found(code.replace("  def run", f"  {other}\n  def run"))) == 1
