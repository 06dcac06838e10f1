"""The fixes that a command line asks for. Nothing is written here."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from otpwise_analyzers import bulk
from otpwise_analyzers.bulk import Applied, ChangedFile, Fixed
from otpwise_analyzers.findings import Applicability, Finding, Fix, Level
from otpwise_analyzers.project.loading import Sources
from otpwise_cli.checking import Outcome, check_file
from otpwise_cli.targets import Batch

__all__ = ["Applied", "ChangedFile", "Fixed", "fix_batch", "take_back"]


def fix_batch(
    batch: Batch, sources: Sources, outcome: Outcome, allowed: Collection[Applicability], hints: bool
) -> Fixed:
    """Takes the `allowed` fixes of the findings in `outcome` that lie in this batch.

    Afterwards `outcome` holds what is found in the changed text.
    """

    def is_wanted(finding: Finding, fix: Fix) -> bool:
        return fix.applicability in allowed and (hints or finding.level is not Level.HINT)

    run = bulk.Run(
        sources,
        batch.checked,
        lambda path: check_file(sources, path, batch, outcome),
        is_wanted,
        alone=batch.is_text,
        on_failure=outcome.fail,
        on_moved=outcome.forget,
    )
    for _ in run.steps([checked.path for checked in outcome.of(sources)]):
        pass
    return run.fixed


def take_back(
    paths: Collection[Path], fixed: Fixed, batch: Batch, sources: Sources, outcome: Outcome
) -> None:
    """Makes as if `paths` had never been fixed: they could not be written."""
    undone = [fixed.files[path] for path in sorted(paths)]
    fixed.forget(paths)
    stale = set()
    for changed in undone:
        if changed.old is None:
            continue
        if changed.moved_from is not None:
            outcome.forget(changed.path)
            stale |= {changed.moved_from} | sources.move(changed.relative, changed.moved_from)
            stale |= sources.put(changed.moved_from, changed.old)
        else:
            stale |= {changed.relative} | sources.put(changed.relative, changed.old)
    for relative in sorted(stale & set(batch.checked)):
        check_file(sources, relative, batch, outcome)
