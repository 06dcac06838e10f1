"""All safe fixes of a file at once, also those that must wait for another to be made first."""

from __future__ import annotations

from difflib import SequenceMatcher

from otpwise_analyzers.findings import Change, FileChange
from otpwise_analyzers.source.edits import Edit, apply
from otpwise_analyzers.source.lines import LineIndex
from otpwise_server.analysis import Checked, ProjectAnalysis

_ROUNDS = 8


def all_fixes(project: ProjectAnalysis, checked: Checked, rule: str | None = None) -> Change | None:
    """The change after which no safe fix (of one rule) is left that concerns this file alone.

    Two fixes of the same bytes cannot be made together: the second is made on the result of the first.
    A round that would touch other files, or break what parses, is the last and is not made.
    """
    change = project.build_all(checked, rule)
    if change is None:
        return None
    others = tuple(part for part in change if part.path != checked.file.path)
    original = checked.file.data
    data = _with(original, change, checked)
    rounds = 1
    while rounds < _ROUNDS:
        now = project.afresh(checked.text, data)
        if now.file.error_spans and not checked.file.error_spans:
            return change
        more = project.build_all(now, rule)
        if more is None or any(part.path != checked.file.path for part in more):
            break
        data = _with(data, more, checked)
        rounds += 1
    if rounds == 1:
        return change
    return (*others, FileChange(checked.file.path, line_edits(original, data)))


def _with(data: bytes, change: Change, checked: Checked) -> bytes:
    return apply(data, [edit for part in change if part.path == checked.file.path for edit in part.edits])


def line_edits(old: bytes, new: bytes) -> tuple[Edit, ...]:
    """The edits of whole lines that make `new` of `old`."""
    before, after = LineIndex(old), LineIndex(new)
    lines = [old[slice(*before.full_span(line))] for line in range(len(before))]
    wanted = [new[slice(*after.full_span(line))] for line in range(len(after))]
    edits = []
    for tag, first, last, start, end in SequenceMatcher(None, lines, wanted, autojunk=False).get_opcodes():
        if tag != "equal":
            at = before.full_span(first).start
            until = before.full_span(last).start if last < len(lines) else len(old)
            edits.append(Edit(at, until, b"".join(wanted[start:end]).decode("utf-8", "replace")))
    return tuple(edits)
