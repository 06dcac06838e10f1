"""Putting expressions around bodies, functions behind others, and empty lines between statements."""

from __future__ import annotations

from otpwise_analyzers.rewrite.bodies import appended, wrapped_in
from otpwise_analyzers.rewrite.spacing import apart
from otpwise_analyzers.source.edits import apply
from otpwise_analyzers.syntax.file import ElixirFile


def wrapped(source: str) -> str | None:
    file = ElixirFile("lib/a.ex", source.encode())
    edits = wrapped_in(file.definitions[0], "if ok? do", "else\n  :no\nend")
    return apply(file.data, edits).decode() if edits is not None else None


def test_comments_heredocs_and_strings_of_several_lines() -> None:
    source = '''\
def f(x) do
  # first
  a = """
    deep
  """

  b = "one
two"
  {a, b}
  # last
end
'''
    assert (
        wrapped(source)
        == '''\
def f(x) do
  if ok? do
    # first
    a = """
      deep
    """

    b = "one
two"
    {a, b}
    # last
  else
    :no
  end
end
'''
    )


def test_a_keyword_body_with_a_guard() -> None:
    assert wrapped("  def f(x) when x > 1, do: g(x)\n") == (
        "  def f(x) when x > 1 do\n    if ok? do\n      g(x)\n    else\n      :no\n    end\n  end\n"
    )


def test_a_rescue_stays_outside() -> None:
    assert wrapped("def f(x) do\n  g(x)\nrescue\n  _ -> :bad\nend\n") == (
        "def f(x) do\n  if ok? do\n    g(x)\n  else\n    :no\n  end\nrescue\n  _ -> :bad\nend\n"
    )


def test_bodies_that_share_a_line_are_left_alone() -> None:
    assert wrapped("def f(x) do g(x) end\n") is None
    assert wrapped("def f(x), # why\n  do: g(x)\n") is None
    assert wrapped("def f(x)\n") is None


def test_functions_are_appended_behind_an_empty_line() -> None:
    file = ElixirFile("lib/a.ex", b"defmodule A do\n  defmodule B do\n    @x 1\n  end\nend\n")
    edit = appended(file.modules[1], "defp f do\n  :ok\nend")
    assert edit is not None
    assert apply(file.data, [edit]).decode() == (
        "defmodule A do\n  defmodule B do\n    @x 1\n\n    defp f do\n      :ok\n    end\n  end\nend\n"
    )


def test_nothing_is_appended_where_end_is_not_alone() -> None:
    file = ElixirFile("lib/a.ex", b"defmodule A do @x 1 end\n")
    assert appended(file.modules[0], "defp f, do: 1") is None


def test_a_statement_is_set_apart_with_its_comment() -> None:
    file = ElixirFile("lib/a.ex", b"def f do\n  a()\n  # b\n  b()\n  c()\nend\n")
    edits = apart(file, file.definitions[0].statements[1])
    assert apply(file.data, edits).decode() == "def f do\n  a()\n\n  # b\n  b()\n\n  c()\nend\n"
