"""Several writes as one `Ecto.Multi`: the steps, the transaction, and what its results become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from otpwise_analyzers.rewrite.layout import WIDTH

OPERATIONS = {
    "insert": "insert",
    "insert!": "insert",
    "update": "update",
    "update!": "update",
    "delete": "delete",
    "delete!": "delete",
    "insert_or_update": "insert_or_update",
    "insert_or_update!": "insert_or_update",
    "update_all": "update_all",
    "delete_all": "delete_all",
    "insert_all": "insert_all",
}


@dataclass(frozen=True, slots=True)
class Step:
    """`Multi.insert(:user, value)`. `needs` are the earlier steps whose results `value` reads.

    `value` and each of `rest` (what follows it: the updates, the options) are dedented code.
    """

    name: str
    operation: str
    value: str
    needs: tuple[tuple[str, str], ...] = ()
    rest: tuple[str, ...] = ()


class TooWide(Exception):  # noqa: N818 - a signal that is always caught
    """A line would be longer than the formatter lets it be."""


def pipeline_of(steps: Sequence[Step], multi: str, repo: str, indent: int) -> str:
    """`Multi.new() |> ... |> Repo.transaction()`, dedented. `indent` is the column that it will stand at.

    Raises TooWide when a step cannot be laid out within the formatter's width.
    """
    lines = [f"{multi}.new()"]
    for step in steps:
        lines.extend(_step_lines(step, multi, indent))
    lines.append(f"|> {repo}.transaction()")
    _measure(lines, indent)
    return "\n".join(lines)


def _step_lines(step: Step, multi: str, indent: int) -> list[str]:
    head = f"|> {multi}.{step.operation}(:{step.name}, "
    rest = "".join(f", {text}" for text in step.rest)
    if any("\n" in text for text in step.rest):
        raise TooWide
    value = step.value.split("\n")
    if step.needs:
        opening = "fn %{" + ", ".join(f"{name}: {variable}" for name, variable in step.needs) + "} ->"
        if rest:
            return [
                head.rstrip()[: -len(f":{step.name},")],
                f"  :{step.name},",
                f"  {opening}",
                *("    " + line if line else "" for line in value),
                "  end,",
                *(f"  {text}" for text in step.rest[:-1] if text),
                f"  {step.rest[-1]}",
                ")",
            ]
        return [head + opening, *("  " + line if line else "" for line in value), "end)"]
    if len(value) == 1:
        line = f"{head}{value[0]}{rest})"
        if indent + len(line) <= WIDTH:
            return [line]
    elif not rest and value[0].endswith(("{", "[", "->")) and value[-1] in ("}", "]", "end"):
        return [head + value[0], *value[1:-1], value[-1] + ")"]
    return [
        f"|> {multi}.{step.operation}(",
        f"  :{step.name},",
        *("  " + line if line else "" for line in value[:-1]),
        f"  {value[-1]}" + ("," if step.rest else ""),
        *(f"  {text}," for text in step.rest[:-1]),
        *(f"  {text}" for text in step.rest[-1:]),
        ")",
    ]


def answered(pipeline: str, clauses: Sequence[tuple[str, str]]) -> str:
    """The pipeline followed by `|> case do` with these clauses (pattern, dedented body)."""
    lines = [*pipeline.split("\n"), "|> case do"]
    for index, (pattern, body) in enumerate(clauses):
        if index:
            lines.append("")
        lines.append(f"  {pattern} ->")
        lines.extend("    " + line if line.strip() else "" for line in body.split("\n"))
    lines.append("end")
    return "\n".join(lines)


def _measure(lines: Sequence[str], indent: int) -> None:
    if any(indent + len(line) > WIDTH for line in lines):
        raise TooWide


def unique(name: str, taken: Sequence[str]) -> str:
    """`name`, or `name_2` and so on when it is taken."""
    if name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
