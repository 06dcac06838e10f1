"""Files that the small projects of several rules' examples have in common."""

from __future__ import annotations


def mix(*deps: str, module: str = "MyApp", app: str = "my_app") -> str:
    """A `mix.exs` with these entries in its list of dependencies."""
    listed = ",\n".join(f"      {dep}" for dep in deps)
    return f"""\
defmodule {module}.MixProject do
  use Mix.Project

  def project do
    [app: :{app}, version: "0.1.0", elixir: "~> 1.14", deps: deps()]
  end

  def application do
    [mod: {{{module}.Application, []}}, extra_applications: [:logger]]
  end

  defp deps do
    [
{listed}
    ]
  end
end
"""
