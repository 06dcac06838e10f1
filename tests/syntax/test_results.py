"""The expressions that a body may answer with."""

from __future__ import annotations

import pytest

from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.results import is_tagged, results_of


def answers(body: str) -> list[str]:
    source = f"def f(x) do\n{body}\nend\n"
    file = ElixirFile("lib/a.ex", source.encode())
    return [" ".join(file.text(node).split()) for node in results_of(file.definitions[0])]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a()\n:ok", [":ok"]),
        ("if x do\n :a\nelse\n :b\nend", [":a", ":b"]),
        ("if x, do: :a, else: :b", [":a", ":b"]),
        ("case x do\n 1 -> :a\n _ ->\n  log()\n  :b\nend", [":a", ":b"]),
        ("x |> g() |> case do\n 1 -> :a\n 2 -> :b\nend", [":a", ":b"]),
        ("cond do\n x -> if y do\n :a\n else\n :b\n end\n true -> :c\nend", [":a", ":b", ":c"]),
        ("with {:ok, y} <- g(x) do\n :a\nelse\n _ -> :b\nend", [":a", ":b"]),
        ("try do\n :a\nrescue\n _ -> :b\nafter\n close()\nend", [":a", ":b"]),
        ("(\n a()\n :b\n)", [":b"]),
        ("Enum.map(x, fn y -> y end)", ["Enum.map(x, fn y -> y end)"]),
        (":a\nrescue\n _ -> :b", [":a", ":b"]),
    ],
)
def test_the_last_expression_of_every_branch(body: str, expected: list[str]) -> None:
    assert answers(body) == expected


@pytest.mark.parametrize("body", ["if x do\n :a\nend", "with :ok <- x do\n :a\nend"])
def test_what_a_missing_else_answers_is_unknown(body: str) -> None:
    found = answers(body)
    assert ":a" in found
    assert len(found) == 2


def test_a_head_without_a_body_answers_nothing() -> None:
    file = ElixirFile("lib/a.ex", b"def f(x)\n")
    assert results_of(file.definitions[0]) == []


def test_tags() -> None:
    file = ElixirFile("lib/a.ex", b"def f, do: {:ok, 1}\n")
    (node,) = results_of(file.definitions[0])
    assert is_tagged(node, "ok", file.data)
    assert not is_tagged(node, "error", file.data)
