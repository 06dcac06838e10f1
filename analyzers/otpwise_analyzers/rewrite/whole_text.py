"""The change that turns one text of a file into another, where a fix works out the whole text."""

from __future__ import annotations

from difflib import SequenceMatcher

from otpwise_analyzers.findings import FileChange
from otpwise_analyzers.source.edits import Edit


def change_between(path: str, before: bytes | None, after: bytes) -> FileChange:
    """The change of a file from `before` (None: it is created) to `after`, line by line.

    New lines end as those of `before` do.
    """
    if before is None:
        return FileChange(path, (Edit(0, 0, after.decode()),), create=True)
    if b"\r\n" in before:
        after = after.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    edits = [
        Edit(starts[i], starts[j], b"".join(new[k:m]).decode())
        for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        if tag != "equal"
    ]
    return FileChange(path, tuple(edits))
