"""Applies fixes, one after the other, until there is nothing more to fix. Nothing is written here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from otpwise_analyzers.findings import Applicability, Change, FileChange, Finding, Fix, Level
from otpwise_analyzers.project.loading import Sources, UnreadableError
from otpwise_analyzers.source.document import Document
from otpwise_analyzers.source.edits import Edit, apply
from otpwise_analyzers.syntax.languages import is_read, open_file
from otpwise_cli.checking import CheckedFile, Outcome, check_file
from otpwise_cli.offers import offers
from otpwise_cli.targets import Batch

SAFE_ONLY = frozenset({Applicability.SAFE})
SAFE_AND_UNSAFE = frozenset({Applicability.SAFE, Applicability.UNSAFE})

MAX_FIXES_OF_A_FILE = 500
"""Far more than a file ever needs: the end of fixes that undo each other."""


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file before and after. `path` is absolute, `relative` to its project; `old` is None for a new file.

    `moved_from` is where it lay before, relative to its project too, when it was renamed.
    """

    path: Path
    relative: str
    old: Document | None
    new: Document
    moved_from: str | None = None

    @property
    def source(self) -> Path:
        """Where the file lies on the disk until it is written."""
        if self.moved_from is None:
            return self.path
        return Path(str(self.path).removesuffix(self.relative)) / self.moved_from


@dataclass(frozen=True, slots=True)
class Applied:
    """A fix that was made, and the files that it changed."""

    rule: str
    title: str
    paths: frozenset[Path]


@dataclass(slots=True)
class Fixed:
    """What the fixes made of the files of one batch. `refused` are fixes whose result would not parse."""

    files: dict[Path, ChangedFile] = field(default_factory=dict)
    applied: list[Applied] = field(default_factory=list)
    refused: list[tuple[str, str, Path]] = field(default_factory=list)

    def move(self, old: Path, new: ChangedFile) -> None:
        """Puts a renamed file in the place of what is known of it under its old path."""
        self.files.pop(old, None)
        self.files[new.path] = new
        self.applied = [
            Applied(fix.rule, fix.title, frozenset(new.path if path == old else path for path in fix.paths))
            for fix in self.applied
        ]

    def forget(self, paths: Collection[Path]) -> None:
        """Drops files, and the fixes that changed them."""
        for path in paths:
            self.files.pop(path, None)
        self.applied = [fix for fix in self.applied if not fix.paths & set(paths)]

    def bound_to(self, paths: Collection[Path]) -> set[Path]:
        """The files that were changed by a fix together with one of `paths`, these included."""
        bound = set(paths)
        before = -1
        while len(bound) != before:
            before = len(bound)
            bound.update(*(fix.paths for fix in self.applied if fix.paths & bound))
        return bound


def fix_batch(
    batch: Batch, sources: Sources, outcome: Outcome, allowed: Collection[Applicability], hints: bool
) -> Fixed:
    """Takes the `allowed` fixes of the findings in `outcome` that lie in this batch.

    Each fix is built from the text that the one before it left behind, so that none meets positions that
    have moved. Afterwards `outcome` holds what is found in the changed text.
    """
    run = _Run(batch, sources, outcome, allowed, hints)
    run.all()
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


class _Run:
    def __init__(
        self,
        batch: Batch,
        sources: Sources,
        outcome: Outcome,
        allowed: Collection[Applicability],
        hints: bool,
    ) -> None:
        self.fixed = Fixed()
        self._batch = batch
        self._sources = sources
        self._outcome = outcome
        self._allowed = allowed
        self._hints = hints
        self._own = set(batch.checked)

    def all(self) -> None:
        waiting = [checked.path for checked in self._outcome.of(self._sources)]
        while waiting:
            path = waiting.pop(0)
            stale = self._file(path)
            waiting.extend(other for other in sorted(stale) if other not in waiting)

    def _file(self, path: str) -> set[str]:
        """Fixes one file to the end. Returns the other checked files that are to be looked at again."""
        stale: set[str] = set()
        refused: set[tuple[str, str, bytes]] = set()
        seen: set[bytes] = set()
        for _ in range(MAX_FIXES_OF_A_FILE):
            checked = check_file(self._sources, path, self._batch, self._outcome)
            if checked is None or not checked.findings:
                break
            if checked.document.data in seen:
                break
            seen.add(checked.document.data)
            chosen = self._next(checked, refused)
            if chosen is None:
                break
            finding, fix, change = chosen
            if any(part.rename_to is not None for part in change):
                moved = self._rename(finding, fix, change)
                if moved is None:
                    refused.add(_identity(checked, finding, fix))
                    continue
                return (stale | moved) & self._own
            texts = self._texts(change)
            if texts is None:
                refused.add(_identity(checked, finding, fix))
                self.fixed.refused.append((finding.rule, fix.title, checked.full_path))
                continue
            paths = frozenset(self._sources.root / other for other in texts)
            self.fixed.applied.append(Applied(finding.rule, fix.title, paths))
            self._own.update(part.path for part in change if part.create and is_read(part.path))
            for other, document in texts.items():
                stale |= self._put(other, document)
                stale.add(other)
        stale.discard(path)
        return stale & self._own

    def _rename(self, finding: Finding, fix: Fix, change: Change) -> set[str] | None:
        """Renames a file. Returns the files to look at again, its new path among them; None when it cannot."""
        (part,) = change if len(change) == 1 else (None,)
        if part is None or part.rename_to is None or part.edits or self._batch.is_text:
            return None
        root = self._sources.root
        old, new = root / part.path, root / part.rename_to
        if new.exists() or new in self.fixed.files or part.path not in self._own:
            return None
        known = self.fixed.files.get(old)
        document = self._sources.document(part.path)
        before = known.old if known is not None else document
        moved_from: str | None = known.moved_from if known is not None and known.moved_from else part.path
        if before is None:
            moved_from = None
        changed = ChangedFile(new, part.rename_to, before, document, moved_from)
        self.fixed.move(old, changed)
        self.fixed.applied.append(Applied(finding.rule, fix.title, frozenset({new})))
        stale = self._sources.move(part.path, part.rename_to)
        self._outcome.forget(old)
        self._own.discard(part.path)
        self._own.add(part.rename_to)
        return stale | {part.rename_to}

    def _next(
        self, checked: CheckedFile, refused: set[tuple[str, str, bytes]]
    ) -> tuple[Finding, Fix, Change] | None:
        context = checked.context()
        for finding in checked.findings:
            if finding.level is Level.HINT and not self._hints:
                continue
            if not any(fix.applicability in self._allowed for fix in finding.fixes):
                continue
            for fix, change in offers(checked, finding, self._outcome, context):
                if fix.applicability in self._allowed and _identity(checked, finding, fix) not in refused:
                    return finding, fix, change
        return None

    def _texts(self, change: Change) -> dict[str, Document] | None:
        """The new text of each file; None when one would not parse any more, or would not change."""
        texts: dict[str, Document] = {}
        if self._batch.is_text and any(part.path not in self._own for part in change):
            return None
        for part in change:
            old = self._old(part)
            if old is None and not part.create:
                return None
            if part.create and (old is not None or (self._sources.root / part.path).exists()):
                return None
            before = old or Document(b"")
            try:
                data = apply(before.data, _in_its_line_endings(before, part.edits))
            except ValueError:
                return None
            if is_read(part.path) and open_file(part.path, data).error_spans:
                if old is None or not open_file(part.path, old.data).error_spans:
                    return None
            texts[part.path] = Document(data, bom=before.bom)
        unchanged = all(
            (old := self._old(part)) is not None and old.data == texts[part.path].data for part in change
        )
        return None if unchanged else texts

    def _old(self, part: FileChange) -> Document | None:
        try:
            return self._sources.document(part.path)
        except UnreadableError:
            return None

    def _put(self, path: str, document: Document) -> set[str]:
        full = self._sources.root / path
        known = self.fixed.files.get(full)
        try:
            old = known.old if known is not None else self._sources.document(path)
        except UnreadableError:
            old = None
        moved_from = known.moved_from if known is not None else None
        self.fixed.files[full] = ChangedFile(full, path, old, document, moved_from)
        return self._sources.put(path, document)


def _identity(checked: CheckedFile, finding: Finding, fix: Fix) -> tuple[str, str, bytes]:
    return finding.rule, fix.title, checked.document.data[finding.span.start : finding.span.end]


def _in_its_line_endings(document: Document, edits: tuple[Edit, ...]) -> list[Edit]:
    """The edits as they fit into a file with CRLF line ends."""
    crlf = document.data.count(b"\r\n")
    if crlf * 2 <= document.data.count(b"\n"):
        return list(edits)
    return [
        Edit(edit.start, edit.end, edit.new.replace("\r\n", "\n").replace("\n", "\r\n")) for edit in edits
    ]
