"""Loops: what runs once per element, and what runs once."""

from __future__ import annotations

import pytest

from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.loops import is_direct, loops_around


def loops(code: str) -> list[str]:
    """The functions of the loops around the call of `target`, innermost first."""
    file = ElixirFile("lib/sample.ex", f"def run do\n  {code}\nend\n".encode())
    call = next(iter(file.calls("target")))
    return [loop.function for loop in loops_around(file, call.node, file.definitions[0].node)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("Enum.map(xs, fn x -> target(x) end)", ["Enum.map"]),
        ("Enum.map(xs, &target(&1))", ["Enum.map"]),
        ("xs |> Enum.map(fn x -> x |> target() end)", ["Enum.map"]),
        ("xs |> Enum.each(&Repo.target/1)", ["Enum.each"]),
        ("Enum.reduce(xs, %{}, fn x, acc -> Map.put(acc, x, target(x)) end)", ["Enum.reduce"]),
        ("Enum.map(xs, fn x -> Enum.map(x.ys, &target(&1)) end)", ["Enum.map", "Enum.map"]),
        ("Map.new(xs, fn x -> {x, target(x)} end)", ["Map.new"]),
        ("Task.async_stream(xs, &target(&1))", ["Task.async_stream"]),
        (
            "Task.Supervisor.async_stream(Tasks, xs, fn x -> target(x) end)",
            ["Task.Supervisor.async_stream"],
        ),
        ("xs |> Stream.map(&target(&1)) |> Enum.to_list()", ["Stream.map"]),
        ("for x <- xs, do: target(x)", ["for"]),
        ("for x <- xs do\n    target(x)\n  end", ["for"]),
        ("for x <- xs, target(x), do: x", ["for"]),
        ("for x <- xs, y <- target(x), do: y", ["for"]),
        ("for x <- xs, reduce: 0 do\n    n -> n + target(x)\n  end", ["for"]),
        # What a loop goes over is made once, and so is what it starts with.
        ("for x <- target(), do: x", []),
        ("Enum.map(target(), fn x -> x end)", []),
        ("target() |> Enum.map(fn x -> x end)", []),
        ("for x <- xs, into: target(), do: x", []),
        ("Enum.reduce(xs, target(), fn x, acc -> acc + x end)", []),
        ("Enum.min_by(xs, & &1.age, fn -> target() end)", []),
        ("Stream.unfold(1, fn n -> {target(n), n + 1} end)", []),
        ("Repo.transaction(fn -> target() end)", []),
        ("Map.update(xs, :a, 1, fn x -> target(x) end)", []),
        ("MyApp.Enum.map(xs, fn x -> target(x) end)", []),
    ],
)
def test_loops_around(code: str, expected: list[str]) -> None:
    assert loops(code) == expected


@pytest.mark.parametrize(
    ("code", "direct"),
    [
        ("target()", True),
        ("if ready?(), do: target()", True),
        ("case target() do\n    nil -> 1\n  end", True),
        ("Repo.transaction(fn -> target() end)", True),
        ("id |> then(fn id -> target(id) end)", True),
        ("Enum.map(target(), & &1)", True),
        ("Enum.map(xs, &target(&1))", False),
        ("for x <- xs, do: target(x)", False),
        ("for x <- target(), do: x", True),
        ("Task.async(fn -> target() end)", False),
        ("Cachex.fetch(:cache, id, fn _ -> target() end)", False),
        ("fun = fn -> target() end\n  fun.()", False),
    ],
)
def test_is_direct(code: str, direct: bool) -> None:
    file = ElixirFile("lib/sample.ex", f"def run do\n  {code}\nend\n".encode())
    call = next(iter(file.calls("target")))
    assert is_direct(file, call.node, file.definitions[0].node) is direct
