"""The last lines of a report: how many of what, in how many files."""

from __future__ import annotations

from collections.abc import Iterator

from otpwise_analyzers.findings import Level
from otpwise_cli.checking import Outcome


def counted(outcome: Outcome, hints: bool) -> Iterator[str]:
    """What was found, without styles. Hints that are not listed are still counted."""
    levels = outcome.levels
    listed = [level for level in Level if levels[level] and (hints or level is not Level.HINT)]
    findings = sum(levels[level] for level in listed)
    files = plural(outcome.files, "file")
    if listed:
        kinds = ", ".join(
            plural(levels[level], level.value, level is not Level.INFORMATION) for level in listed
        )
        yield f"{plural(findings, 'finding')} in {files}: {kinds}."
    elif outcome.files:
        yield f"No findings in {files}."
    if not hints and levels[Level.HINT]:
        yield f"{plural(levels[Level.HINT], 'hint')} not listed: --hints lists them."


def plural(count: int, noun: str, counts: bool = True) -> str:
    """`1 file`, `2 files`; with `counts` False the noun has no plural."""
    return f"{count} {noun}{'s' * (counts and count != 1)}"
