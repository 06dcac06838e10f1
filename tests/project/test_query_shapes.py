"""What a function shows of the query that it runs."""

from __future__ import annotations

import pytest

from otpwise_analyzers.project.query_shapes import QueryShape, shape_of
from otpwise_analyzers.syntax.file import ElixirFile


def shape(query: str, before: str = "") -> QueryShape | None:
    code = f"defmodule A do\n  alias Shop.User\n  def run(given) do\n    {before}\n    Repo.all({query})\n  end\nend\n"
    file = ElixirFile("lib/a.ex", code.encode())
    return shape_of(file, file.calls("all")[0].args[0])


@pytest.mark.parametrize(
    ("query", "clauses"),
    [
        ("User", set()),
        ('"users"', set()),
        ("from(u in User, where: u.age > 3, order_by: u.name)", {"where", "order_by"}),
        ("from u in User, as: :user, join: t in assoc(u, :team), preload: [team: t]", {"join", "preload"}),
        ("User |> where(age: 3) |> limit(1)", {"where", "limit"}),
        ("where(User, age: 3)", {"where"}),
        ("User |> Ecto.Query.group_by([u], u.age)", {"group_by"}),
        ("from(u in where(User, age: 3), left_join: t in Team, on: true)", {"where", "join"}),
    ],
)
def test_clauses(query: str, clauses: set[str]) -> None:
    found = shape(query)
    assert found is not None and found.clauses == clauses
    assert found.schema == (None if query == '"users"' else "Shop.User")


def test_a_variable_is_what_it_was_given() -> None:
    assert shape("query", "query = from(u in User, limit: 1)") == QueryShape(
        "Shop.User", frozenset({"limit"})
    )
    assert shape("query |> where(a: 1)", "query = User") == QueryShape("Shop.User", frozenset({"where"}))


@pytest.mark.parametrize(
    ("query", "before"),
    [
        ("given", ""),
        ("User |> active() |> where(age: 3)", ""),
        ("from(u in given, where: u.age > 3)", ""),
        ("query", "query = if given, do: User, else: Team\n    query = where(query, a: 1)"),
        ("Queries.all()", ""),
    ],
)
def test_what_is_made_elsewhere_is_not_known(query: str, before: str) -> None:
    assert shape(query, before) is None
