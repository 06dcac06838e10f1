"""Which heads take all calls that another takes."""

from __future__ import annotations

import pytest

from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.patterns import always_matched_before


def _hides(general: str, special: str) -> bool:
    text = f"defmodule A do\n  alias My.User\n  def f({general}), do: 1\n  def f({special}), do: 2\nend\n"
    file = ElixirFile("a.ex", text.encode())
    assert not file.root.has_error, text
    first, second = file.definitions
    return always_matched_before(first, second)


@pytest.mark.parametrize(
    ("general", "special"),
    [
        ("x", "{:a, 1}"),
        ("_, y", ":a, y"),
        ("{:get, key}, _from", '{:get, "a"}, from'),
        ("%{}", "%{a: 1}"),
        ("%{}", "%User{}"),
        ("%{} = map", "%{a: _} = other"),
        ("%{a: x}", '%{"b" => 2, a: {x, y}}'),
        ('%{"a" => x, "b" => y}', '%{"b" => 1, "a" => 2, "c" => 3}'),
        ("%User{}", "%My.User{name: nil}"),
        ("%{name: n}", "%User{name: n}"),
        ("[x, y]", "[1, 2]"),
        ("[x | rest]", "[x | [y]]"),
        ("[a: x]", "[a: 1]"),
        ('"room:" <> _', '"room:" <> id'),
        ('"room:" <> _', '"room:lobby:" <> id'),
        ('"room:" <> _', '"room:lobby"'),
        ("x \\\\ 1", ":a"),
        ("-1", "-1"),
        ("__MODULE__", "__MODULE__"),
        ("user", "user = nil"),
        ("{a, b} = pair", "{1, 2}"),
        ("nil", "nil"),
    ],
)
def test_takes_all(general: str, special: str) -> None:
    assert _hides(general, special)


@pytest.mark.parametrize(
    ("general", "special"),
    [
        (":a", ":b"),
        (":a", "x"),
        ("x, x", "a, b"),
        ("{x, x}", "{1, 2}"),
        ("{:a}", "{:a, :b}"),
        ("%{}", "x"),
        ("%{a: 1}", "%{a: x}"),
        ("%{a: x, b: y}", "%{a: x}"),
        ("%User{}", "%{}"),
        ("%User{}", "%Other{}"),
        ("%struct{}", "%User{}"),
        ("[x]", "[x | rest]"),
        ("[x | rest]", "[]"),
        ("[]", "[x | rest]"),
        ("[a: x, b: y]", "[b: y, a: x]"),
        ('"room:" <> _', '"group:" <> _'),
        ('"room:lobby:" <> _', '"room:" <> _'),
        ('"room:" <> <<id::binary-size(2)>>', '"room:a"'),
        ('"room:lobby"', '"room:" <> _'),
        ("<<a, b>>", "<<a, b>>"),
        ("@closing", "@closing"),
        ("unquote(x)", "unquote(x)"),
        ("record(a: 1)", "record(a: 1)"),
        ("__MODULE__", "x"),
        ("%{^key => x}", "%{^key => 1}"),
        ("1", "1.0"),
        ("nil = x", "y"),
    ],
)
def test_leaves_something_over(general: str, special: str) -> None:
    assert not _hides(general, special)


def test_a_guard_covers_nothing() -> None:
    file = ElixirFile("a.ex", b"def f(x) when is_atom(x), do: 1\ndef f(:a), do: 2\n")
    first, second = file.definitions
    assert not always_matched_before(first, second)
