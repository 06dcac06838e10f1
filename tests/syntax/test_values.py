from __future__ import annotations

import pytest

from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.values import is_unused


def _is_unused(body: str) -> bool:
    file = ElixirFile("lib/a.ex", f"defmodule A do\n  def f(x) do\n{body}\n  end\nend\n".encode())
    assert not file.root.has_error
    (call,) = file.calls("go")
    return is_unused(file, call.expression)


@pytest.mark.parametrize(
    "body",
    [
        "go(x)\n:ok",
        "x |> go()\n:ok",
        "if x, do: go(x)\n:ok",
        "if x do\n  go(x)\nelse\n  :no\nend\n:ok",
        "case x do\n  1 -> go(x)\n  _ -> :no\nend\n:ok",
        "Enum.each(x, fn y -> go(y) end)",
        "x |> Enum.each(fn y ->\n  y\n  go(y)\nend)",
        "Enum.map(x, fn y -> go(y) end)\n:ok",
        "for y <- x do\n  go(y)\nend\n:ok",
        "for y <- x, do: go(y)\n:ok",
    ],
)
def test_nothing_sees_the_value(body: str) -> None:
    assert _is_unused(body)


@pytest.mark.parametrize(
    "body",
    [
        "go(x)",
        "y = go(x)\ny",
        "[go(x)]\n:ok",
        "x |> go() |> to_string()\n:ok",
        "if go(x), do: 1\n:ok",
        "if x, do: go(x)",
        "Enum.map(x, fn y -> go(y) end)",
        "Enum.reduce(x, 0, fn y, _ -> go(y) end)\n:ok",
        "run(fn -> go(x) end)\n:ok",
        "for y <- go(x), do: y\n:ok",
    ],
)
def test_something_may_see_the_value(body: str) -> None:
    assert not _is_unused(body)
