"""The scopes of Elixir, one by one: what is free in a snippet, and what is bound and not read."""

from __future__ import annotations

from textwrap import dedent

import pytest

from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.languages import open_file
from tests.free_variables import Variables, variables_of

# The body of `def run(a, b)`, what is free in it, and what is unused (without `a` and `b`).
_BODIES = [
    ("c = a + b\nc", "", ""),
    ("c", "c", ""),
    ("c = 1\nc = c + 1\nc", "", ""),
    ("c = 1\nc = 2\nc", "", "c"),
    ("_c = 1", "", ""),
    # Branches keep what they bind.
    ("if a do\n  c = b\nend\nc", "c", "c"),
    ("if c = a, do: c, else: b\nc", "", ""),
    ("case a do\n  {:ok, c} -> c\n  d -> d\nend\nc", "c", ""),
    ("case c = a do\n  _ -> b\nend\nc", "", ""),
    ("cond do\n  c = a -> c\n  true -> c\nend", "c", ""),
    ("a && (c = b)\nc", "c", "c"),
    ("(c = a) && c", "", ""),
    ("try do\n  c = a\nrescue\n  e in [ArgumentError] -> {e, c}\nend", "c", "c"),
    ("try do\n  a\ncatch\n  kind, reason -> {kind, reason}\nafter\n  b\nend", "", ""),
    ("receive do\n  {:done, c} -> c\nafter\n  timeout -> b\nend", "timeout", ""),
    # Functions and captures.
    ("fn c, d when c > d -> c + a end", "", ""),
    ("fn c -> d end", "d", "c"),
    ("c = fn -> a end\nc.()", "", ""),
    ("Enum.map(a, &(&1 + b))", "", ""),
    ("Enum.map(a, &(&1 + c))", "c", ""),
    ("Enum.map(a, &helper/1)", "", ""),
    ("Enum.map(a, & &1[c])", "c", ""),
    ("&%{a | b: &1}", "", ""),
    # Comprehensions and with.
    ("for c <- a, d = c, d > b, into: %{}, do: {c, d}", "", ""),
    ("for c <- a do\n  c\nend\nc", "c", ""),
    ("for <<c::8, d <- a>>, do: {c, d}", "", ""),
    ("for c <- a, reduce: b do\n  acc -> acc + c\nend", "", ""),
    ("with {:ok, c} <- a, d = c do\n  d\nelse\n  {:error, e} -> {e, c}\nend", "c", ""),
    ("with {:ok, c} when c > b <- a, do: c, else: (d -> d)", "", ""),
    # Patterns.
    ("%{^b => d, key: c} = a\n{c, d}", "", ""),
    ("%{^e => d} = a\nd", "e", ""),
    ("{c, c} = a", "", ""),
    ("[c | d] = a\n{c, d}", "", ""),
    ("%mod{} = a\nmod", "", ""),
    ('"key=" <> c = a\nc', "", ""),
    ("<<n::8, c::binary-size(n), _::binary>> = a\nc", "", ""),
    ("<<c::binary-size(n)>> = a\nc", "n", ""),
    ("user(name: c) = a\nc", "", ""),
    ("destructure([c, d], a)\n{c, d}", "", ""),
    ("match?({:ok, c} when c > b, a)", "", ""),
    ("match?({:ok, ^c}, a)", "c", ""),
    ("match?({:ok, c}, a)\nc", "c", ""),
    # Text.
    ('"#{a} and #{c}"', "c", ""),
    ("~s(#{c})", "c", ""),
    ("~S(#{c})", "", ""),
    ('"""\n#{a}\n#{c}\n"""', "c", ""),
    ("c = 1\n~H|<p :if={c}>{@name}</p>|", "", ""),
    # Calls and fields.
    ("a.field", "", ""),
    ("c.field", "c", ""),
    ("a |> trim |> String.length()", "", ""),
    ("helper", "", ""),
    ("self", "", ""),
    ("@limit + a", "", ""),
    ("%{a | count: c}", "c", ""),
    ("%__MODULE__{name: a}", "", ""),
    # Queries.
    ("from u in User, join: p in assoc(u, :posts), where: p.id == ^a and u.id == ^b, select: {u, p}", "", ""),
    ("from u in User, where: p.id == ^a", "p", ""),
    ("from u in User, where: u.id == ^u.id", "u", ""),
    ("from [u, posts: p] in a, where: u.id == p.user_id", "", ""),
    ("a |> where([u, ..., p], u.id == p.id) |> select([u], u.id)", "", ""),
    ("a |> join(:inner, [u], p in Post, on: p.user_id == u.id)", "", ""),
    ("dynamic([u, comments: c], u.id == c.user_id and u.age > ^b)", "", ""),
    ("where(a, [{^b, u}], u.id == 1)", "", ""),
    ("where(a, [u], v.id == 1)", "v", ""),
    ("Repo.preload(a, [b])", "", ""),
    # Macros that nobody knows may bind; quotes are for another place.
    ("check all c <- a, d <- b do\n  {c, d}\nend", "", ""),
    ("assert_receive {:done, c}\nc", "", ""),
    ("quote do\n  c + unquote(a)\nend", "", ""),
    ("quote do\n  unquote(c)\nend", "c", ""),
    ("quote bind_quoted: [c: a] do\n  c\nend", "", ""),
    ("var!(c)", "", ""),
]


def _variables(code: str) -> Variables:
    file = open_file("lib/a.ex", code.encode())
    assert isinstance(file, ElixirFile)
    assert not file.error_spans, code
    return variables_of(file)


@pytest.mark.parametrize(("body", "free", "unused"), _BODIES)
def test_bodies(body: str, free: str, unused: str) -> None:
    inside = "\n    ".join(body.splitlines())
    found = _variables(
        f"defmodule A do\n  def run(a, b) do\n    {inside}\n  end\n\n  defp helper, do: 1\nend\n"
    )
    assert " ".join(name.name for name in found.free) == free
    assert " ".join(name.name for name in found.unused if name.name not in ("a", "b")) == unused


def test_a_function_sees_its_head_only() -> None:
    found = _variables(
        dedent(
            """
            defmodule A do
              outside = 1
              @attribute outside

              def plain(x, %{y: y} \\\\ %{}, [z | _]) when x > y, do: outside + z
              def rescued(x) do
                y = x
              rescue
                e -> {e, x, y}
              end

              for name <- [:a, :b] do
                def unquote(name)(x), do: {unquote(name), x}
              end

              defmacro made(x) do
                quote do
                  def inner(y), do: y + unquote(x)
                end
              end

              def head(x, y \\\\ nil)
              def left + right, do: {left, right}
              defguard positive(x) when x > 0
              defdelegate other(x), to: B
              @spec typed(x) :: x when x: var
            end
            """
        )
    )
    assert [(name.name, name.within) for name in found.free] == [("outside", "plain/3"), ("y", "rescued/1")]
    assert [(name.name, name.within) for name in found.unused] == [("y", "rescued/1")]


def test_a_test_sees_what_its_context_binds() -> None:
    found = _variables('test "it", %{conn: conn} do\n  assert get(conn, path)\nend\n')
    assert [(name.name, name.within, name.line) for name in found.free] == [("path", 'test "it"', 2)]
