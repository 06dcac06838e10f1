"""Calls as Elixir sees them: what real code does to whoever matches on names."""

from __future__ import annotations

import pytest

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.parser import compile_query


def read(code: str) -> ElixirFile:
    return ElixirFile("lib/sample.ex", code.encode())


def only(code: str, name: str) -> Call:
    calls = read(code).calls(name)
    assert len(calls) == 1, calls
    return calls[0]


@pytest.mark.parametrize(
    ("code", "resolved"),
    [
        ("alias MyApp.Repo\nRepo.get(User, 1)", "MyApp.Repo"),
        ("alias MyApp.Repo, as: R\nR.get(User, 1)", "MyApp.Repo"),
        ("alias MyApp.{Accounts, Repo}\nRepo.get(User, 1)", "MyApp.Repo"),
        ("alias MyApp.{Data.Repo}\nRepo.get(User, 1)", "MyApp.Data.Repo"),
        ("alias MyApp\nMyApp.Repo.get(User, 1)", "MyApp.Repo"),
        ("alias MyApp.Data\nalias Data.Repo\nRepo.get(User, 1)", "MyApp.Data.Repo"),
        ("require MyApp.Repo, as: Repo\nRepo.get(User, 1)", "MyApp.Repo"),
        ("Repo.get(User, 1)\nalias MyApp.Repo", "Repo"),
        ("Elixir.MyApp.Repo.get(User, 1)", "MyApp.Repo"),
        ("defmodule A.B do\n  def x, do: __MODULE__.get(1)\nend", "A.B"),
        ("defmodule A.B do\n  alias __MODULE__.C\n  def x, do: C.get(1)\nend", "A.B.C"),
        ("defmodule A do\n  defmodule B do\n  end\n  def x, do: B.get(1)\nend", "A.B"),
        (
            "defmodule A do\n  alias X.Repo\n  def a do\n    alias Y.Repo\n    Repo.get(1)\n  end\nend",
            "Y.Repo",
        ),
        ("defmodule A do\n  def a do\n    alias Y.Repo\n    1\n  end\n  def b, do: Repo.get(1)\nend", "Repo"),
        (":ets.get(1)", ":ets"),
        ("repo.get(1)", None),
        ("get(1)", None),
    ],
)
def test_receivers_are_resolved(code: str, resolved: str | None) -> None:
    assert only(code, "get").module == resolved


def test_a_pipe_hands_over_the_first_argument() -> None:
    call = only("User |> where(id: 1) |> Repo.get(1)", "get")
    assert call.arity == 2
    assert call.file.text(call.all_args[0]) == "User |> where(id: 1)"
    assert [call.file.text(stage) for stage in nodes.pipeline(call.expression)] == [
        "User",
        "where(id: 1)",
        "Repo.get(1)",
    ]


def test_a_pipe_without_parentheses_is_a_call() -> None:
    call = only("query |> Repo.all", "all")
    assert call.arity == 1 and call.is_invocation


def test_a_capture_has_the_arity_it_names() -> None:
    call = only("Enum.map(ids, &Repo.get/2)", "get")
    assert call.capture_arity == 2 and call.arity == 2


def test_a_capture_with_arguments_is_an_ordinary_call() -> None:
    call = only("Enum.map(ids, &Repo.get(User, &1))", "get")
    assert call.capture_arity is None and call.arity == 2


def test_a_field_is_not_an_invocation() -> None:
    assert not only("socket.assigns", "assigns").is_invocation
    assert not only("user.socket.assigns.name", "assigns").is_invocation


def test_heads_of_definitions_are_no_calls() -> None:
    file = read("def receive(conn, p), do: p\ndef join(a, b) when a > b do\n  a\nend\ndefp raw(x)\n")
    assert not file.calls("receive", "join", "raw")
    assert [d.name for d in file.definitions] == ["receive", "join", "raw"]


def test_types_are_no_calls() -> None:
    file = read("@spec query(term) :: list\n@callback join(a, b) :: c\n@type raw(x) :: x\nquery(1)")
    assert len(file.calls("query")) == 1
    assert not file.calls("join", "raw")


def test_comments_docs_and_strings_are_no_calls() -> None:
    file = read('@doc """\n    iex> Repo.get(User, 1)\n"""\n# Repo.get(User, 1)\nx = "Repo.get(User, 1)"\n')
    assert not file.calls("get")


def test_interpolated_code_is_code() -> None:
    assert only('"#{Repo.get(User, 1)}"', "get").arity == 2


def test_keywords_and_do_blocks() -> None:
    call = only("start_link(Cache, [], name: MyCache, timeout: 5)", "start_link")
    assert {name: call.file.text(value) for name, value in call.keywords.items()} == {
        "name": "MyCache",
        "timeout": "5",
    }
    assert only("for x <- xs do\n  x\nend", "for").do_block is not None


def test_a_quoted_definition_is_the_effective_one() -> None:
    file = read(
        "defmodule A do\n  defmacro __using__(_) do\n    quote do\n      def start_link(o), do: go(o)\n"
        "    end\n  end\nend\n"
    )
    call = file.calls("go")[0]
    assert call.definition is not None and call.definition.name == "start_link"
    assert call.quoted and call.definition.quoted
    assert [d.name for d in file.modules[0].definitions] == ["__using__"]


@pytest.mark.parametrize(
    ("code", "dropped"),
    [
        ("def f do\n  go()\n  1\nend", True),
        ("def f do\n  go()\nend", False),
        ("def f, do: go()", False),
        ("def f do\n  x = go()\n  x\nend", False),
        ("def f do\n  if a do\n    go()\n    2\n  end\nend", True),
        ("def f do\n  a |> go() |> b()\n  1\nend", True),
        ("go()", True),
    ],
)
def test_dropped_values(code: str, dropped: bool) -> None:
    assert only(code, "go").value_is_dropped is dropped


def test_a_misspelt_predicate_is_refused() -> None:
    with pytest.raises(ValueError, match="any-off"):
        compile_query('((identifier) @x (#any-off? @x "a"))')
