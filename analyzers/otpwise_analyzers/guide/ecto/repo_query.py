"""`Repo.query`: SQL as it is."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote, RepoCall
from otpwise_analyzers.guide.token import Token
from otpwise_analyzers.project.sql_calls import sql_calls

_VERBS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"})


def _here(token: Token) -> str:
    """Whether the statement has an Ecto query, and if not, what of it has none."""
    call = token.call
    for one in sql_calls(token.file) if call is not None else ():
        if call is None or one.call.node.start_byte != call.node.start_byte or one.sql is None:
            continue
        if not one.through_repo or one.sql.verb not in _VERBS:
            return ""
        # Reads SQL with sqlglot, which takes its time to load: only where there is a statement to read.
        from otpwise_analyzers.rewrite.raw_sql import untranslated

        missing = untranslated(token.file, one, token.file.project)
        if missing is None:
            return "Here: Ecto has a query for all of this statement."
        return f"Here: not translated to Ecto: {missing}."
    return ""


CONSTRUCT = Construct(
    name="Repo.query",
    also=("Repo.query!", "Ecto.Adapters.SQL.query", "raw SQL"),
    summary="SQL by hand: columns and rows come back, no structs",
    does="""\
        Values belong into the list of parameters (`$1` in PostgreSQL, `?` in MySQL and SQLite): an interpolated one is
        part of the SQL, and whoever supplies it writes your query. Nothing checks tables and columns before it
        runs.""",
    costs="It cannot be composed, cast to schemas or preloaded; `rows` are lists in the order of the columns.",
    instead="""\
        An Ecto query, with `fragment("... ?", ^value)` for the one thing that Ecto has no word for. By hand for what it
        cannot say at all: recursive CTEs, `EXPLAIN`, `VACUUM`, locks.""",
    places=(RepoCall("query", "query!"), Remote("Ecto.Adapters.SQL", "query", "query!")),
    here=_here,
    rules=("ecto/sql-injection", "ecto/raw-sql"),
    references=(
        Reference("Ecto.Adapters.SQL.query/4", "https://hexdocs.pm/ecto_sql/Ecto.Adapters.SQL.html#query/4"),
    ),
    samples=(
        Sample(
            'defmodule A do\n  def a, do: «A.Repo.query!»("SELECT id, rank() OVER (ORDER BY at) FROM jobs")\nend\n',
            says="Here: not translated to Ecto: a window function.",
        ),
        Sample(
            'defmodule A do\n  def a(id), do: «A.Repo.query!»("SELECT id FROM jobs WHERE id = $1", [id])\nend\n',
            says="Here: Ecto has a query for all of this statement.",
        ),
        Sample('defmodule A do\n  def a(id), do: «A.Repo.query!»("SELECT 1 WHERE $1 = 1", [id])\nend\n'),
        Sample('defmodule A do\n  def a, do: «Ecto.Adapters.SQL.query»(A.Repo, "SELECT 1", [])\nend\n'),
    ),
    silent=(
        Sample("defmodule A do\n  def a(id), do: «query»(id)\n  def «query»(id), do: id\nend\n"),
        Sample("defmodule A do\n  def a(id), do: «A.Search.query»(id)\nend\n"),
    ),
)
