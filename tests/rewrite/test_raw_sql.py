"""Raw SQL as Ecto queries: statement by statement, and what is better left as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from otpwise_analyzers.project.sql_calls import sql_calls
from otpwise_analyzers.rewrite.raw_sql import untranslated
from tests.proof import HAS_ELIXIR, elixir_verdicts, findings_in, objections
from tests.rewrite.sql_result_forms import FORMS, UNKNOWN_FORMS
from tests.rewrite.sql_result_samples import CALLS, LEFT_ALONE
from tests.rewrite.sql_samples import PATH, SELECTS, WRITES, files_of
from tests.rewrite.sql_table_samples import ASSOCIATIONS, CHANGES, SUBSELECTS, TABLES
from tests.rewrite.sql_term_samples import MOMENTS, ORDERS, TERMS
from tests.rewrite.sql_translation import clauses, opened, select_body, steps, translated, write_body
from tests.rewrite.sql_untranslated_samples import UNTRANSLATED

QUERY = "Write it as an Ecto query"


def fixed(body: str, adapter: str = "pg") -> str | None:
    """The module after the fix; None when none is offered."""
    files = files_of(body, adapter)
    _, findings = findings_in(files, PATH)
    own = [one for one in findings if one.rule in ("ecto/raw-sql", "ecto/sql-injection")]
    assert own, "no finding"
    fixes = [fix for fix in own[0].fixes if fix.title == QUERY]
    if not fixes:
        return None
    wrong, after = objections(files, PATH, own[0], fixes[0])
    assert not wrong, wrong
    return after[PATH].decode() if after is not None else None


@pytest.mark.parametrize(("adapter", "sql", "parameters", "expected"), SELECTS)
def test_selects(adapter: str, sql: str, parameters: str, expected: str) -> None:
    assert clauses(fixed(select_body(sql, parameters), adapter)) == expected


@pytest.mark.parametrize(("adapter", "sql", "parameters", "expected"), WRITES)
def test_writes(adapter: str, sql: str, parameters: str, expected: str) -> None:
    assert clauses(fixed(write_body(sql, parameters), adapter)) == expected


READS = [*SUBSELECTS, *TABLES, *ASSOCIATIONS, *TERMS, *MOMENTS, *ORDERS]


@pytest.mark.parametrize(("adapter", "sql", "parameters", "expected", "piped"), READS)
def test_both_forms(adapter: str, sql: str, parameters: str, expected: str, piped: str) -> None:
    body = select_body(sql, parameters)
    assert clauses(translated(body, adapter)) == expected
    assert steps(translated(body, adapter, piped=True)) == piped


@pytest.mark.parametrize(("adapter", "sql", "parameters", "expected", "piped"), CHANGES)
def test_both_forms_of_changes(
    adapter: str, sql: str, parameters: str, expected: str, piped: str | None
) -> None:
    body = write_body(sql, parameters)
    assert clauses(translated(body, adapter)) == expected
    assert steps(translated(body, adapter, piped=True)) == piped


def test_the_files_own_form_comes_first() -> None:
    files = files_of(select_body("SELECT name FROM users"))
    _, findings = findings_in(files, PATH)
    assert [fix.title for fix in findings[0].fixes] == [QUERY, f"{QUERY} (pipe form)"]
    piping = b"  def others, do: User |> where([u], u.active) |> Repo.all()\n\n  def run("
    files[PATH] = files[PATH].replace(b"  def run(", piping)
    _, findings = findings_in(files, PATH)
    (own,) = [one for one in findings if one.rule == "ecto/raw-sql"]
    assert [fix.title for fix in own.fixes] == [f"{QUERY} (pipe form)", QUERY]


@pytest.mark.parametrize(("adapter", "sql", "words"), UNTRANSLATED)
def test_what_has_no_translation_is_named(adapter: str, sql: str, words: str) -> None:
    """By the message where the rule speaks at all, and by the reader in any case."""
    files = files_of(select_body(sql), adapter)
    file = opened(files)
    (call,) = sql_calls(file)
    assert untranslated(file, call, file.project) == words
    _, findings = findings_in(files, PATH)
    for one in findings:
        if one.rule == "ecto/raw-sql":
            assert one.fixes == [] or one.fixes == ()
            assert one.message.endswith(f"Not translated here: {words}.")


@pytest.mark.parametrize(("body", "expected"), CALLS)
def test_results(body: str, expected: str) -> None:
    made = fixed(body)
    assert made is not None
    lines = made[made.index("  def run") :].split("\n")[1:-3]
    assert "\n".join(line.removeprefix("    ") for line in lines) == expected.strip("\n")


@pytest.mark.parametrize(("body", "expected", "piped"), FORMS)
def test_results_taken_apart_further_on(body: str, expected: str, piped: str | None) -> None:
    for is_piped, wanted in ((False, expected), (True, piped)):
        made = translated(body, piped=is_piped)
        lines = made[made.index("  def run") :].split("\n")[1:-3] if made is not None else []
        text = "\n".join(line.removeprefix("    ") for line in lines)
        assert text == (wanted or "").rstrip("\n")


@pytest.mark.parametrize("body", UNKNOWN_FORMS)
def test_other_uses_are_left_alone(body: str) -> None:
    assert translated(body) is None
    assert translated(body, piped=True) is None


@pytest.mark.parametrize("body", LEFT_ALONE)
def test_left_alone(body: str) -> None:
    assert fixed(body) is None


def test_the_guides_own_search() -> None:
    body = "Repo.query!(\"SELECT * FROM users WHERE name LIKE '%#{a}%'\")"
    made = fixed(body)
    assert made is not None
    assert 'Repo.all(from(u in User, where: like(u.name, ^"%#{a}%")))' in made
    assert "  import Ecto.Query\n\n  alias MyApp.Accounts.User\n  alias MyApp.Repo\n" in made


def test_a_caller_relies_on_the_result() -> None:
    body = "Repo.query!(\"SELECT * FROM users WHERE name LIKE '%#{a}%'\")"
    files = files_of(body)
    files["lib/my_app/other.ex"] = b"defmodule MyApp.Other do\n  def x, do: MyApp.Sample.run(1, 2, 3)\nend\n"
    _, findings = findings_in(files, PATH)
    finding = next(one for one in findings if one.rule == "ecto/sql-injection")
    _, after = objections(files, PATH, finding, finding.fixes[1])
    assert after is None


def test_columns_by_other_names_and_repos_that_change_their_queries() -> None:
    body = select_body("SELECT name FROM users")
    for path, old, new in (
        ("lib/my_app/user.ex", b"field :name, :string", b"field :name, :string, source: :title"),
        ("lib/my_app/user.ex", b'  schema "users"', b'  @primary_key {:key, :id, []}\n  schema "users"'),
        ("lib/my_app/user.ex", b'  schema "users"', b'  @schema_prefix "old"\n  schema "users"'),
        ("lib/my_app/repo.ex", b"\nend", b"\n\n  def prepare_query(_, query, opts), do: {query, opts}\nend"),
    ):
        files = files_of(body)
        files[path] = files[path].replace(old, new)
        _, findings = findings_in(files, PATH)
        (finding,) = [one for one in findings if one.rule == "ecto/raw-sql"]
        _, after = objections(files, PATH, finding, finding.fixes[0])
        assert after is None


@pytest.mark.elixir
@pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")
def test_elixir_reads_and_keeps_the_format(tmp_path: Path) -> None:
    bodies = [(select_body(sql, given), adapter) for adapter, sql, given, *_ in (*SELECTS, *READS)]
    bodies += [(write_body(sql, given), adapter) for adapter, sql, given, *_ in (*WRITES, *CHANGES)]
    bodies += [(body, "pg") for body, *_ in (*CALLS, *FORMS)]
    texts = []
    for body, adapter in bodies:
        for bare, piped in ((False, False), (True, False), (False, True)):
            files = files_of(body, adapter)
            if bare:
                files[".formatter.exs"] = b"[import_deps: [:ecto]]\n"
            after = translated(body, adapter, piped=piped, files=files)
            assert after is not None or piped
            texts += [after.encode()] if after is not None else []
    formatter = Path(__file__).resolve().parents[2] / "examples" / "chat_app" / ".formatter.exs"
    verdicts = elixir_verdicts(texts, tmp_path, formatter)
    wrong = [text.decode() + said for text, (word, said) in zip(texts, verdicts, strict=True) if word != "ok"]
    assert not wrong, "\n".join(wrong)


def test_no_query_is_written_into_the_web_layer() -> None:
    files = files_of(select_body("SELECT name FROM users"))
    files[PATH] = files[PATH].replace(b"MyApp.Sample", b"MyAppWeb.SampleController")
    _, findings = findings_in(files, PATH)
    finding = next(one for one in findings if one.rule == "ecto/raw-sql")
    _, after = objections(files, PATH, finding, finding.fixes[0])
    assert after is None
