"""One line a finding, for editors, grep and logs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from otpwise_cli.checking import CheckedFile, Outcome
from otpwise_cli.counts import counted
from otpwise_cli.places import place


def lines(outcome: Outcome, files: Iterable[CheckedFile], hints: bool) -> Iterator[str]:
    """`path:line:column: level: message [rule]`, lines and columns from 1, columns in code points.

    Then the summary, as the text has it.
    """
    for checked in files:
        path = checked.shown_path
        for finding in checked.findings:
            where = place(checked.document, finding.span.start)
            message = " ".join(finding.message.split())
            yield f"{path}:{where.line}:{where.column}: {finding.level}: {message} [{finding.rule}]"
    yield from counted(outcome, hints)
