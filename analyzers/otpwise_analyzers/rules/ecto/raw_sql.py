"""SQL by hand where an Ecto query would do."""

from __future__ import annotations

from collections.abc import Iterable

from otpwise_analyzers.findings import Confidence, Finding, Level
from otpwise_analyzers.project import places
from otpwise_analyzers.project.sql_calls import SqlCall, sql_calls
from otpwise_analyzers.rewrite.query_fixes import query_fixes
from otpwise_analyzers.rules.base import Example, FixNote, Impact, Reference, Rule
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.plain_sql import is_plain

_INSTEAD = {
    "SELECT": "as a query for `Repo.all/2` or `Repo.one/2` it composes with others and returns structs or maps",
    "INSERT": "through `Repo.insert/2` or `Repo.insert_all/3` its values are cast and its columns checked",
    "UPDATE": "as a query for `Repo.update_all/3` its condition composes and its values are cast",
    "DELETE": "as a query for `Repo.delete_all/2` its condition composes and its values are cast",
}


class RawSql(Rule):
    name = "ecto/raw-sql"
    summary = "SQL written by hand that an Ecto query says as well"
    impact = Impact.MEDIUM
    detects = (
        "A SELECT, INSERT, UPDATE or DELETE given to `Repo.query` or `Ecto.Adapters.SQL.query` that consists only of "
        "what Ecto's query syntax has words for: tables, joins, conditions, grouping, ordering, limits, aggregates."
    )
    why = (
        "The text cannot be composed: each filter, page or preload needs another string. Nothing checks it before it "
        "runs, so a renamed column is found in production, and its rows come back as bare lists without types."
    )
    fine_when = (
        "The statement needs what Ecto has no words for: common table expressions, locks, EXPLAIN, window functions, "
        "DDL, JSON operators, functions of the database. None of those is reported."
    )
    trade_off = "A translation to read through, and one more thing to know for those who think in SQL."
    fix_note = FixNote(
        writes=(
            "The query with `from`, or as the second action in pipe form, parameters and interpolated values "
            "pinned, joins by `assoc/2` where the keys are an association's, run by `Repo.all/2`, `one!/2`, "
            "`delete_all/2`, `update_all/3` or `insert_all/3`. A table with a schema is read through it."
        ),
        because=(
            "Unsafe: a schema casts the values, so that one of the wrong type, or a `nil` that is compared, raises "
            "where the database converted it or found nothing. Rows stay lists."
        ),
        leaves=(
            "A result of which the code uses more than `rows` or `num_rows`, a part of SQL without a word in Ecto, "
            "a column that is no field of the schema or that its schema loads otherwise (a UUID, an enum): the "
            "message names it."
        ),
    )
    references = (
        Reference("Ecto.Query", "https://hexdocs.pm/ecto/Ecto.Query.html"),
        Reference("Ecto.Query: composition", "https://hexdocs.pm/ecto/Ecto.Query.html#module-composition"),
    )
    # A pattern in a query shows what it was among the parameters as well.
    hides = frozenset({"ecto/unescaped-like"})
    calls = frozenset({"query", "query!"})
    needles = (b"query",)

    incorrect = (
        Example(
            """\
            defmodule MyApp.Sales do
              alias MyApp.Repo

              def open_orders(customer_id) do
                %{rows: rows} =
                  Repo.query!(
                    «"SELECT id, total FROM orders WHERE customer_id = $1 AND closed_at IS NULL ORDER BY id"»,
                    [customer_id]
                  )

                rows
              end
            end
            """,
            fixed="""\
            defmodule MyApp.Sales do
              import Ecto.Query

              alias MyApp.Repo

              def open_orders(customer_id) do
                rows =
                  Repo.all(
                    from(o in "orders",
                      where: o.customer_id == ^customer_id and is_nil(o.closed_at),
                      order_by: o.id,
                      select: [o.id, o.total]
                    )
                  )

                rows
              end
            end
            """,
        ),
        Example(
            '''\
            defmodule MyApp.Tokens do
              import Ecto.Query

              alias MyApp.Accounts.Token

              def drop(user_id) do
                sql = «"""
                DELETE FROM tokens
                WHERE user_id = $1 AND kind IN ('reset', 'confirm')
                """»

                Ecto.Adapters.SQL.query!(MyApp.Repo, sql, [user_id])
                :ok
              end

              def count(user_id) do
                MyApp.Repo.aggregate(from(t in Token, where: t.user_id == ^user_id), :count)
              end
            end
            ''',
            others={
                "lib/my_app/accounts/token.ex": """\
                defmodule MyApp.Accounts.Token do
                  use Ecto.Schema

                  schema "tokens" do
                    field :kind, :string
                    field :user_id, :id
                  end
                end
                """
            },
            fixed="""\
            defmodule MyApp.Tokens do
              import Ecto.Query

              alias MyApp.Accounts.Token

              def drop(user_id) do
                MyApp.Repo.delete_all(
                  from(t in Token,
                    where: t.user_id == ^user_id and t.kind in ["reset", "confirm"]
                  )
                )

                :ok
              end

              def count(user_id) do
                MyApp.Repo.aggregate(from(t in Token, where: t.user_id == ^user_id), :count)
              end
            end
            """,
        ),
        Example(
            """\
            defmodule MyApp.Shelves do
              alias MyApp.Repo

              def titles(shelf_id) do
                %{rows: rows} =
                  Repo.query!(
                    «"SELECT b.title, s.label FROM shelves s JOIN books b ON b.shelf_id = s.id WHERE s.id = $1"»,
                    [shelf_id]
                  )

                List.flatten(rows)
              end
            end
            """,
            others={
                "lib/my_app/shelf.ex": """\
                defmodule MyApp.Shelf do
                  use Ecto.Schema

                  schema "shelves" do
                    field :label, :string
                    has_many :books, MyApp.Book
                  end
                end
                """,
                "lib/my_app/book.ex": """\
                defmodule MyApp.Book do
                  use Ecto.Schema

                  schema "books" do
                    field :title, :string
                    belongs_to :shelf, MyApp.Shelf
                  end
                end
                """,
            },
            fix="Write it as an Ecto query (pipe form)",
            fixed="""\
            defmodule MyApp.Shelves do
              import Ecto.Query

              alias MyApp.Repo
              alias MyApp.Shelf

              def titles(shelf_id) do
                rows =
                  Shelf
                  |> join(:inner, [s], b in assoc(s, :books))
                  |> where([s], s.id == ^shelf_id)
                  |> select([s, b], [b.title, s.label])
                  |> Repo.all()

                List.flatten(rows)
              end
            end
            """,
        ),
        Example(
            """\
            defmodule MyApp.Visits do
              def log(page), do: MyApp.Repo.query(«"insert into visits (page) values ($1)"», [page])
            end
            """
        ),
    )
    correct = (
        Example(
            '''\
            def last_words do
              Repo.query!("""
              SELECT room_id, body, row_number() OVER (PARTITION BY room_id ORDER BY id DESC)
              FROM messages
              """)
            end
            ''',
            why="a window function",
        ),
        Example(
            """\
            def next_job do
              Repo.query!("SELECT id FROM jobs WHERE state = 'ready' LIMIT 1 FOR UPDATE SKIP LOCKED")
            end
            """,
            why="a lock",
        ),
        Example(
            """\
            def alive?, do: match?({:ok, _}, Repo.query("SELECT 1"))
            """,
            why="no table: it only asks whether the database answers",
        ),
        Example(
            """\
            def total(table), do: Repo.query!("SELECT count(*) FROM #{table}")
            """,
            why="a table that only the running code knows",
        ),
        Example(
            """\
            def tree(id) do
              Repo.query!("WITH RECURSIVE t AS (SELECT id FROM nodes WHERE id = $1) SELECT id FROM t", [id])
            end
            """,
            why="a common table expression",
        ),
        Example(
            """\
            def locked?, do: Repo.query!("SELECT pid FROM pg_locks WHERE NOT granted")
            """,
            why="the database's own catalogue, for which nobody writes a schema",
        ),
    )

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        seen: set[int] = set()
        for sql_call in sql_calls(file):
            finding = self._judge(file, sql_call)
            if finding is not None and finding.span.start not in seen:
                seen.add(finding.span.start)
                yield finding

    def _judge(self, file: ElixirFile, sql_call: SqlCall) -> Finding | None:
        template, sql = sql_call.template, sql_call.sql
        if not sql_call.through_repo or sql_call.call.name not in self.calls:
            return None
        if template is None or sql is None or not sql_call.placeholder or not is_plain(sql):
            return None
        target = sql_call.call.node.child_by_field_name("target")
        called = file.text(target) if target is not None else sql_call.call.name
        # Reads SQL with sqlglot, which takes its time to load: only where there is a statement to read.
        from otpwise_analyzers.rewrite.raw_sql import untranslated

        message = f"Ecto has words for all of this {sql.verb} that `{called}` runs: {_INSTEAD[sql.verb]}."
        missing = untranslated(file, sql_call, file.project)
        if missing is not None:
            message += f" Not translated here: {missing}."
        return self.finding(
            template.node,
            message,
            Level.HINT,
            confidence=Confidence.LIKELY,
            fixes=query_fixes(file, sql_call) if missing is None else [],
        )
