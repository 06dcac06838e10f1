"""All safe fixes of a file at once, also those that must wait for another to be made first."""

from __future__ import annotations

from otpwise_analyzers.findings import Change, FileChange
from otpwise_analyzers.source.edits import Edit, OverlappingEditsError, apply, in_line_endings, in_order
from otpwise_analyzers.source.trail import Trail
from otpwise_server.analysis import Checked, ProjectAnalysis, safe_fixes
from otpwise_server.client import Client
from otpwise_server.projects import Reading
from otpwise_server.workspace_edits import obstacle

_ROUNDS = 8


def all_fixes(
    project: ProjectAnalysis, checked: Checked, reading: Reading, client: Client, rule: str | None = None
) -> Change | None:
    """The change after which no safe fix (of one rule) is left that concerns this file alone.

    Two fixes of the same bytes cannot be made together: the second is made on the result of the first.
    A round that would touch other files, or break what parses, is the last and is not made.
    """
    path, data = checked.file.path, checked.file.data
    trail = Trail(len(data))
    others: Change = ()
    now = checked
    for number in range(_ROUNDS):
        change = _together(project, now, reading, client, rule)
        elsewhere = tuple(part for part in change if part.path != path)
        if not change or (number and elsewhere):
            break
        edits = in_line_endings(data, [edit for part in change if part.path == path for edit in part.edits])
        after = apply(data, edits)
        now = project.afresh(checked.text, after)
        if now.file.error_spans and not checked.file.error_spans:
            break
        trail.add(edits)
        data, others = after, others or elsewhere
    if trail.edits():
        return (*others, FileChange(path, trail.edits()))
    return others or None


def _together(
    project: ProjectAnalysis, checked: Checked, reading: Reading, client: Client, rule: str | None
) -> tuple[FileChange, ...]:
    """All safe fixes of a file (of one rule) in one change; left out are those that overlap another, and
    those that the client cannot make."""
    path = checked.file.path
    parts: dict[tuple[str, bool], tuple[Edit, ...]] = {}

    def read(other: str) -> bytes | None:
        return checked.file.data if other == path else reading.data(other)

    for fix in safe_fixes(checked, rule):
        change = project.build(checked, fix, read)
        if change is None or any(part.rename_to is not None for part in change) or obstacle(change, client):
            continue
        merged = dict(parts)
        try:
            for part in change:
                key = (part.path, part.create)
                if part.create and key in parts:
                    raise OverlappingEditsError(part.edits[0], parts[key][0])
                merged[key] = tuple(in_order((*merged.get(key, ()), *part.edits)))
        except OverlappingEditsError:
            continue
        parts = merged
    return tuple(FileChange(where, edits, create) for (where, create), edits in parts.items())
