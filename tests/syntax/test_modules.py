"""Modules and definitions: both forms of bodies, guards, defaults, nesting, attributes."""

from __future__ import annotations

from otpwise_analyzers.syntax.file import ElixirFile


def read(code: str) -> ElixirFile:
    return ElixirFile("lib/sample.ex", code.encode())


def test_both_forms_of_bodies_and_guards() -> None:
    file = read(
        "def a(x, y \\\\ 1) when x > y, do: x\n"
        "def b(x) when is_list(x) do\n  one\n  two\nrescue\n  e -> e\nend\n"
        "def c\ndef d(x)\n"
    )
    a, b, c, d = file.definitions
    assert (a.name, a.arity, a.min_arity) == ("a", 2, 1)
    assert [file.text(s) for s in a.statements] == ["x"]
    assert file.text(a.guard) == "x > y"  # type: ignore[arg-type]
    assert [file.text(s) for s in b.statements] == ["one", "two"]
    assert [block.type for block in b.clause_blocks] == ["rescue_block"]
    assert c.statements == [] and (c.name, c.arity) == ("c", 0)
    assert d.statements == [] and d.arity == 1


def test_an_unquoted_name_has_none() -> None:
    file = read("def unquote(name)(x), do: x")
    assert file.definitions[0].name == ""


def test_nested_modules_carry_their_parents_name() -> None:
    file = read(
        "defmodule A.B do\n  defmodule C do\n    def x, do: 1\n  end\n  def y, do: 2\nend\ndefmodule D do\nend"
    )
    assert [m.name for m in file.modules] == ["A.B", "A.B.C", "D"]
    assert [d.name for d in file.modules[0].definitions] == ["y"]
    assert [d.name for d in file.modules[1].definitions] == ["x"]


def test_clauses_by_name_and_arity() -> None:
    module = read(
        "defmodule A do\n  def f(1), do: 1\n  def f(2), do: 2\n  def f(a, b), do: a + b\nend"
    ).modules[0]
    assert len(module.clauses("f")) == 3
    assert len(module.clauses("f", 1)) == 2
    assert module.defines("f", 2) and not module.defines("f", 3)


def test_attributes_belong_to_the_clause_below() -> None:
    file = read(
        'defmodule A do\n  @doc "x"\n  # note\n  @impl true\n  def f(1), do: 1\n  def f(2), do: 2\nend'
    )
    first, second = file.modules[0].definitions
    assert set(first.attributes) == {"doc", "impl"}
    assert second.attributes == {}
    assert file.data[first.start_with_attributes :].startswith(b'@doc "x"')


def test_uses_imports_and_behaviours() -> None:
    module = read(
        "defmodule A do\n  use GenServer, restart: :transient\n  use AWeb, :controller\n  import Ecto.Query\n"
        "  @behaviour Plug\n  defmacro __using__(_) do\n    quote do\n      use Agent\n    end\n  end\nend"
    ).modules[0]
    assert [(use.module, use.argument) for use in module.uses] == [
        ("GenServer", None),
        ("AWeb", "controller"),
    ]
    assert set(module.uses[0].options) == {"restart"}
    assert "Ecto.Query" in module.imports
    assert module.behaviours == {"Plug"}
    assert module.uses_module("GenServer") and not module.uses_module("Agent")


def test_broken_code_keeps_its_sound_neighbours() -> None:
    file = read("defmodule A do\n  def f do\n    x = )\n  end\n\n  def g, do: 1\nend\n")
    assert file.error_spans
    assert [d.name for d in file.definitions] == ["f", "g"]
    assert file.definitions[0].has_error and not file.definitions[1].has_error


def test_deep_nesting_does_not_exhaust_the_stack() -> None:
    file = read("x = " + "[" * 3000 + "]" * 3000 + "\nspawn(f)\n")
    assert len(file.calls("spawn")) == 1
    assert file.error_spans == []


def test_a_file_that_adopts_another_finds_the_same() -> None:
    """What the pass for facts found is handed to the check, whose file knows the project."""
    code = b"""
defmodule A.B do
  @spec f(integer) :: atom
  def f(x) when x > 0, do: x
  def f(_), do: :none

  defmodule C do
    defp g, do: quote(do: def(h, do: 1))
  end
end
"""
    first = ElixirFile("lib/a.ex", code)
    assert [module.name for module in first.modules] == ["A.B", "A.B.C"]
    assert [len(module.definitions) for module in first.modules] == [2, 1]
    assert first.calls("f") == []
    again = ElixirFile("lib/a.ex", code, first.tree)
    again.adopt(first)
    fresh = ElixirFile("lib/a.ex", code)
    for one in (again, fresh):
        assert [module.name for module in one.modules] == ["A.B", "A.B.C"]
        assert [str(definition) for definition in one.definitions] == [str(d) for d in first.definitions]
        assert [d.module.name for d in one.definitions if d.module] == ["A.B", "A.B", "A.B.C", "A.B.C"]
    assert all(definition.file is again for definition in again.definitions)
    assert all(d.module in again.modules for module in again.modules for d in module.definitions)
    assert again.modules[1].parent is again.modules[0]
