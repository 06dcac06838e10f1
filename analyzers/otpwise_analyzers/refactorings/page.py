"""The refactorings in words: the page that the docs show."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import dedent

from otpwise_analyzers.refactorings.base import Refactoring

_INTRODUCTION = (
    "What can be made of the code under the cursor, whether or not a rule fired there. Editors offer it among their "
    "refactorings; nothing happens unasked."
)

_SHOWN = 6
"""How many examples of each the page shows; the others are tests like these."""


def page(refactorings: Iterable[Refactoring]) -> str:
    """All refactorings, in Markdown."""
    parts = [
        "# Refactorings",
        _INTRODUCTION,
    ]
    for one in refactorings:
        parts.extend(_of(one))
    return "\n\n".join(parts) + "\n"


def _of(one: Refactoring) -> list[str]:
    parts = [
        f"## {one.name}",
        f"{one.summary[:1].upper()}{one.summary[1:]}.",
        f"Kind: `{one.kind}` · since {one.since}",
        f"**What it does.** {one.does}",
        f"**Where it is not offered.** {one.not_offered}",
        f"**What it costs.** {one.trade_off}",
    ]
    for example in one.examples[:_SHOWN]:
        parts.append(_fence([(example.path, example.text)]))
        result = [(example.path, example.fixed_text or example.text)]
        result.extend((path, dedent(text)) for path, text in sorted(example.fixed_others.items()))
        parts.append(f"becomes\n\n{_fence(result)}")
    parts.append("Nothing is offered here:")
    for example in one.silent:
        parts.append(
            f"{example.why[:1].upper()}{example.why[1:]}:\n\n{_fence([(example.path, example.text)])}"
        )
    parts.append("\n".join(f"- [{reference.title}]({reference.url})" for reference in one.references))
    return parts


def _fence(files: Iterable[tuple[str, str]]) -> str:
    shown = "\n\n".join(f"# {path}\n{text.rstrip()}" for path, text in files)
    return f"```elixir\n{shown}\n```"
