"""`Repo.query`: SQL as it is."""

from otpwise_analyzers.guide.base import Construct, Reference, Sample
from otpwise_analyzers.guide.places import Remote, RepoCall

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
    rules=("ecto/sql-injection", "ecto/raw-sql"),
    references=(
        Reference("Ecto.Adapters.SQL.query/4", "https://hexdocs.pm/ecto_sql/Ecto.Adapters.SQL.html#query/4"),
    ),
    samples=(
        Sample('defmodule A do\n  def a(id), do: «A.Repo.query!»("SELECT 1 WHERE $1 = 1", [id])\nend\n'),
        Sample('defmodule A do\n  def a, do: «Ecto.Adapters.SQL.query»(A.Repo, "SELECT 1", [])\nend\n'),
    ),
    silent=(
        Sample("defmodule A do\n  def a(id), do: «query»(id)\n  def «query»(id), do: id\nend\n"),
        Sample("defmodule A do\n  def a(id), do: «A.Search.query»(id)\nend\n"),
    ),
)
