"""What the fixes of ecto/repo-all-then-enum write is run by Elixir, against a repo that counts the rows it sends.

Ecto itself is not there: the clauses and the repo are small stand-ins with the same meaning.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from otpwise_analyzers.project.config import Settings
from tests.proof import HAS_ELIXIR, applied, build, findings_in

pytestmark = [pytest.mark.elixir, pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")]

_STAND_INS = """\
defmodule Ecto.Query do
  def where(query, [{field, value}]), do: [{:where, field, value} | List.wrap(query)]
  def order_by(query, [{:desc, field}]), do: [{:order_by, field} | List.wrap(query)]
  def limit(query, number), do: [{:limit, number} | List.wrap(query)]
end

defmodule Shop.User do
  defstruct [:id, :team_id]
end

defmodule Shop.Repo do
  @rows for id <- 1..9, do: struct(Shop.User, id: id, team_id: rem(id, 3))

  def sent, do: Process.get(:sent, 0)
  def reset, do: Process.delete(:sent)

  def all(query, _opts \\\\ []), do: query |> rows() |> send_back()
  def exists?(query, _opts \\\\ []), do: query |> rows() |> Enum.take(1) |> send_back() |> Enum.any?()
  def aggregate(query, :count), do: [query |> rows() |> length()] |> send_back() |> hd()

  def one(query) do
    case query |> rows() |> send_back() do
      [] -> nil
      [row] -> row
    end
  end

  defp send_back(rows) do
    Process.put(:sent, sent() + length(rows))
    rows
  end

  defp rows(query) do
    query
    |> List.wrap()
    |> Enum.reverse()
    |> Enum.reduce(@rows, fn
      {:where, field, value}, rows -> Enum.filter(rows, &(Map.get(&1, field) == value))
      {:order_by, field}, rows -> Enum.sort_by(rows, &(-Map.get(&1, field)))
      {:limit, number}, rows -> Enum.take(rows, number)
      Shop.User, rows -> rows
    end)
  end
end
"""

# name, the body of `run(team)`: for team 1, which has rows, and for team 7, which has none.
_CASES = {
    "any": "User |> where(team_id: team) |> Repo.all() |> Enum.any?()",
    "empty": "User |> where(team_id: team) |> Repo.all() |> Enum.empty?()",
    "empty_in_lines": "User\n|> where(team_id: team)\n|> Repo.all()\n|> Enum.empty?()",
    "nested": "Enum.empty?(Repo.all(where(User, team_id: team)))",
    "compared": "[] != Repo.all(where(User, team_id: team), timeout: 5_000)",
    "at_least_one": "length(Repo.all(where(User, team_id: team))) >= 1",
    "fewer_than_one": "1 > User |> where(team_id: team) |> Repo.all() |> Enum.count()",
    "negated": "not Enum.empty?(Repo.all(where(User, team_id: team)))",
    "negated_twice": "!(not Enum.any?(Repo.all(where(User, team_id: team))))",
    "condition": "if Enum.any?(Repo.all(where(User, team_id: team))), do: :some, else: :none",
    "in_and": "is_integer(team) and Enum.empty?(Repo.all(where(User, team_id: team)))",
    "variable": "users = Repo.all(where(User, team_id: team))\n\nif users == [], do: :none, else: :some",
    "variable_in_lines": (
        "users =\n  User\n  |> where(team_id: team)\n  |> Repo.all()\n\n{:ok, Enum.count(users) != 0}"
    ),
    "count": "User |> where(team_id: team) |> Repo.all() |> Enum.count()",
    "count_nested": "{:ok, length(Repo.all(where(User, team_id: team)))}",
    "count_variable": "users = Repo.all(where(User, team_id: team))\n%{count: length(users)}",
    "first": "User\n|> where(team_id: team)\n|> order_by(desc: :id)\n|> Repo.all()\n|> List.first()",
    "first_nested": "List.first(Repo.all(order_by(where(User, team_id: team), desc: :id)))",
    "at": "User |> where(team_id: team) |> Repo.all() |> Enum.at(0)",
    "take": "User |> where(team_id: team) |> order_by(desc: :id) |> Repo.all() |> Enum.take(2)",
}

_RUN = """\
Code.compiler_options(ignore_module_conflict: true)
for path <- System.argv(), do: Code.eval_file(path)
"""

_COMPARED = """\
run = fn module ->
  Shop.Repo.reset()
  {{for(team <- [1, 7], do: module.run(team)), Shop.Repo.sent()}}
end

{{expected, all}} = run.(Shop.Before)
{{^expected, few}} = run.(Shop.After)
IO.puts("{name} #{{all}} #{{few}}")
"""


def _module(body: str) -> str:
    lines = "\n".join(f"    {line}" if line else "" for line in body.splitlines())
    return (
        "defmodule Shop.Before do\n  import Ecto.Query\n\n  alias Shop.Repo\n  alias Shop.User\n\n"
        f"  def run(team) do\n{lines}\n  end\nend\n"
    )


def _fixed(name: str, before: str) -> str:
    path = "lib/shop/sample.ex"
    files = {path: before.encode()}
    file, findings = findings_in(files, path, Settings())
    own = [finding for finding in findings if finding.rule == "ecto/repo-all-then-enum"]
    assert len(own) == 1, name
    change = build(files, file, own[0].fixes[0])
    assert change is not None, name
    return applied(files, change)[path].decode()


def test_the_same_answers_with_fewer_rows(tmp_path: Path) -> None:
    stand_ins = tmp_path / "stand_ins.exs"
    stand_ins.write_text(_STAND_INS, "utf-8")
    paths = [stand_ins]
    for name, body in _CASES.items():
        before = _module(body)
        after = _fixed(name, before).replace("Shop.Before", "Shop.After")
        paths.append(tmp_path / f"{name}.exs")
        paths[-1].write_text(f"{before}\n{after}\n{_COMPARED.format(name=name)}", "utf-8")
    runner = tmp_path / "run.exs"
    runner.write_text(_RUN, "utf-8")
    command = ["elixir", str(runner), *map(str, paths)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    assert "warning" not in run.stderr, run.stderr[-3000:]
    sent = {line.split()[0]: [int(n) for n in line.split()[1:]] for line in run.stdout.splitlines()}
    assert sent.keys() == _CASES.keys()
    for name, (rows, fewer) in sent.items():
        assert fewer < rows == 3, (name, rows, fewer)
