"""What the fixes of ecto/n-plus-one write is run by Elixir, against a repo that counts its queries.

Ecto itself is not there: `Ecto.Query.from/2` and the repo are small stand-ins that understand what the
fixes write, and hold rows in the way that Ecto gives them.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from otpwise_analyzers.project.config import Settings
from tests.proof import HAS_ELIXIR, applied, build, findings_in

pytestmark = [pytest.mark.elixir, pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")]

_STAND_INS = """\
defmodule Ecto.Query do
  defmacro from({:in, _, [_, schema]}, where: {:in, _, [{{:., _, [_, field]}, _, _}, {:^, _, [keys]}]}) do
    quote do: %{schema: unquote(schema), field: unquote(field), keys: unquote(keys)}
  end
end

defmodule Shop.User do
  defstruct [:id, :name, :posts]
end

defmodule Shop.Repo do
  @rows for id <- 1..5, do: struct(Shop.User, id: id, name: "user #{id}", posts: :not_loaded)

  def queries, do: Process.get(:queries, 0)
  def reset, do: Enum.each([:queries, :in_transaction], &Process.delete/1)
  defp query, do: Process.put(:queries, queries() + 1)

  def get(Shop.User, id), do: get_by(Shop.User, id: id)
  def get!(schema, id), do: get(schema, id) || raise("no row")

  def get_by(Shop.User, [{field, value}]) do
    query()
    Enum.find(@rows, &(Map.get(&1, field) == value))
  end

  # In an order of its own, and each row once, as a database does.
  def all(%{schema: Shop.User, field: field, keys: keys}) do
    query()
    @rows |> Enum.reverse() |> Enum.filter(&(Map.get(&1, field) in keys))
  end

  def preload(users, :posts, _opts \\\\ []) do
    query()
    if is_list(users), do: Enum.map(users, &loaded/1), else: loaded(users)
  end

  defp loaded(nil), do: nil
  defp loaded(user), do: %{user | posts: Enum.map(1..user.id, &"post #{&1}")}

  def insert!(row) do
    unless Process.get(:in_transaction), do: query()
    row
  end

  def transaction(fun) do
    query()
    Process.put(:in_transaction, true)
    {:ok, fun.()}
  end
end
"""

_USERS = 'for(id <- [3, 1, 2, 1], do: %Shop.User{id: id, name: "user #{id}", posts: :not_loaded})'
_POSTS = "[%{title: :b, user_id: 2}, %{title: :a, user_id: 4}, %{title: :c, user_id: 2}]"
_BY_KEY = "Load all of them with one query, looked up by key"

# name, the body of `run(list)`, what it is run on, the fix, and how many queries it makes then.
_CASES = [
    ("whole", "Enum.map(list, &Repo.preload(&1, :posts))", _USERS, None),
    ("comprehension", "for user <- list, do: Repo.preload(user, :posts)", _USERS, None),
    (
        "rebound",
        """
        Enum.map(list, fn user ->
          user = Repo.preload(user, :posts)
          {user.name, length(user.posts)}
        end)
        """,
        _USERS,
        None,
    ),
    (
        "renamed",
        """
        list
        |> Enum.filter(&(&1.id > 1))
        |> Enum.flat_map(fn user ->
          loaded = Repo.preload(user, :posts)
          loaded.posts
        end)
        """,
        _USERS,
        None,
    ),
    (
        "piped_on",
        """
        counts =
          Enum.map(list, fn user ->
            posts =
              user
              |> Repo.preload(:posts)
              |> Map.get(:posts)

            length(posts)
          end)

        Enum.sum(counts)
        """,
        _USERS,
        None,
    ),
    ("captured", "Enum.flat_map(list, &Repo.preload(&1, :posts).posts)", _USERS, None),
    ("called", "Enum.map(list, &(&1 |> Repo.preload(:posts) |> inspect()))", _USERS, None),
    (
        "reduced",
        """
        Enum.reduce(list, 0, fn user, sum ->
          user = Repo.preload(user, :posts, force: true)
          sum + length(user.posts)
        end)
        """,
        _USERS,
        None,
    ),
    (
        "filtered",
        """
        for user <- list, user.id > 1 do
          case Repo.preload(user, :posts).posts do
            [post | _] -> {user.name, post}
          end
        end
        """,
        _USERS,
        None,
    ),
    ("by_id", "Enum.map(list, &Repo.get(User, &1))", "[2, 9, 1, 2]", _BY_KEY),
    ("by_id_or_raise", "for id <- list, do: Repo.get!(User, id)", "[2, 1, 2]", _BY_KEY),
    (
        "by_name",
        "Map.new(list, fn name -> {name, Repo.get_by(User, name: name)} end)",
        '["user 2", "user 4"]',
        _BY_KEY,
    ),
    (
        "by_field",
        """
        Enum.map(list, fn post ->
          author = Repo.get!(User, post.user_id)
          {post.title, author.name}
        end)
        """,
        _POSTS,
        _BY_KEY,
    ),
    (
        "worked_out",
        """
        list
        |> Enum.uniq_by(& &1.user_id)
        |> Enum.map(&Repo.get(User, &1.user_id))
        |> Enum.reject(&is_nil/1)
        """,
        _POSTS,
        _BY_KEY,
    ),
    (
        "accumulated",
        """
        list
        |> Enum.reduce([], fn id, users ->
          case Repo.get(User, id) do
            nil -> users
            user -> [user | users]
          end
        end)
        """,
        "[2, 9, 1]",
        _BY_KEY,
    ),
    (
        "written",
        """
        Enum.map(list, fn user ->
          Repo.insert!(%User{name: user.name})
        end)
        """,
        _USERS,
        None,
    ),
    (
        "written_and_dropped",
        """
        for user <- list do
          Repo.insert!(%User{name: user.name})
        end

        length(list)
        """,
        _USERS,
        None,
    ),
]


_RUN = """\
Code.compiler_options(ignore_module_conflict: true)
for path <- System.argv(), do: Code.eval_file(path)
"""

_COMPARED = """\
list = {given}
expected = Shop.Before.run(list)
slow = Shop.Repo.queries()
Shop.Repo.reset()
^expected = Shop.After.run(list)
IO.puts("{name} #{{slow}} #{{Shop.Repo.queries()}}")
Shop.Repo.reset()
"""


def _module(name: str, body: str) -> str:
    lines = "\n".join(f"    {line}" if line else "" for line in _dedented(body).splitlines())
    user = "  alias Shop.User\n" if re.search(r"\bUser\b", body) else ""
    return f"defmodule Shop.{name} do\n  alias Shop.Repo\n{user}\n  def run(list) do\n{lines}\n  end\nend\n"


def _dedented(body: str) -> str:
    lines = body.strip("\n").splitlines()
    margin = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(line[margin:] for line in lines).rstrip()


def _fixed(name: str, before: str, title: str | None) -> str:
    path = "lib/shop/sample.ex"
    files = {path: before.encode()}
    file, findings = findings_in(files, path, Settings())
    own = [finding for finding in findings if finding.rule == "ecto/n-plus-one"]
    assert len(own) == 1, name
    change = build(files, file, next(fix for fix in own[0].fixes if title in (None, fix.title)))
    assert change is not None, name
    return applied(files, change)[path].decode()


def test_the_same_values_with_fewer_queries(tmp_path: Path) -> None:
    stand_ins = tmp_path / "stand_ins.exs"
    stand_ins.write_text(_STAND_INS, "utf-8")
    paths = [stand_ins]
    for name, body, given, title in _CASES:
        before = _module("Before", body)
        after = _fixed(name, before, title).replace("Shop.Before", "Shop.After")
        paths.append(tmp_path / f"{name}.exs")
        paths[-1].write_text(
            f"{before}\n{after}\n{_COMPARED.format(name=name, given=given)}",
            "utf-8",
        )
    runner = tmp_path / "run.exs"
    runner.write_text(_RUN, "utf-8")
    command = ["elixir", str(runner), *map(str, paths)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    assert "warning" not in run.stderr, run.stderr[-3000:]
    counts = {line.split()[0]: [int(n) for n in line.split()[1:]] for line in run.stdout.splitlines()}
    assert counts.keys() == {name for name, *_ in _CASES}
    for name, (slow, fast) in counts.items():
        assert fast == 1, (name, slow, fast)
        assert slow > 1, (name, slow, fast)
