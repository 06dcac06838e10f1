"""Which of a finding's fixes can really be made, and what they change."""

from __future__ import annotations

from collections.abc import Iterator

from otpwise_analyzers import bulk
from otpwise_analyzers.findings import Applicability, Change, Finding, Fix
from otpwise_analyzers.project.view import FixContext
from otpwise_cli.checking import CheckedFile, Outcome

HOW = {
    Applicability.SAFE: "safe, with --fix",
    Applicability.UNSAFE: "unsafe, with --fix --unsafe-fixes",
    Applicability.SCAFFOLD: "scaffold, in the editor",
}
"""How each kind of fix is taken."""


def offers(
    checked: CheckedFile, finding: Finding, outcome: Outcome, context: FixContext | None = None
) -> Iterator[tuple[Fix, Change]]:
    """The fixes of a finding that their surroundings allow, with the change that each is.

    One that raises is noted in `outcome` as the failure of its rule.
    """
    return bulk.offered(checked, finding, context or checked.context(), outcome.fail)
