"""Changed files as a unified diff, as `patch -p1` and `git apply` take it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from otpwise_analyzers.bulk import ChangedFile
from otpwise_analyzers.source.document import Document


def lines(changed: Iterable[ChangedFile], shown: Callable[[Path], str]) -> Iterator[str]:
    """The lines of the diff, without their ends. `shown` is how a path is written.

    Renamed files come last: Git would take a header that follows one for its own.
    """
    for file in sorted(changed, key=lambda file: file.moved_from is not None):
        path = shown(file.path).lstrip("/")
        before = shown(file.source).lstrip("/")
        if file.moved_from is not None:
            yield f"diff --git a/{before} b/{path}"
            yield f"rename from {before}"
            yield f"rename to {path}"
        difference = difflib.unified_diff(
            _lines(file.old),
            _lines(file.new),
            "/dev/null" if file.old is None else _named(f"a/{before}"),
            _named(f"b/{path}"),
            lineterm="",
        )
        for number, line in enumerate(difference):
            yield line.removesuffix("\n")
            if number > 1 and not line.startswith("@@") and not line.endswith("\n"):
                yield "\\ No newline at end of file"


def _named(path: str) -> str:
    # Behind a name with a space a tab says where it ends.
    return f"{path}\t" if " " in path else path


def _lines(document: Document | None) -> list[str]:
    """Lines with their ends, the byte order mark in the first; as for Git, only a line feed ends one."""
    if document is None:
        return []
    found = document.raw.decode("utf-8", "replace").split("\n")
    last = found.pop()
    return [f"{line}\n" for line in found] + ([last] if last else [])
