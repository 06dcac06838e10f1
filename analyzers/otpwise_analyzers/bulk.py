"""Applies the fixes of many findings, one after the other, until there is nothing more to fix.

Nothing is written here: what the terminal writes to the disk, and an editor is asked to change, is made by the
same run. Each fix is built from the text that the one before it left behind, so that none meets positions that
have moved, and two that overlap are made one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from otpwise_analyzers.findings import Change, FileChange, Finding, Fix
from otpwise_analyzers.project.loading import Sources, UnreadableError
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.source.document import Document
from otpwise_analyzers.source.edits import Edit, apply, in_line_endings, in_order
from otpwise_analyzers.source.trail import Trail
from otpwise_analyzers.syntax.languages import is_read, open_file
from otpwise_analyzers.syntax.source_file import SourceFile

MAX_FIXES_OF_A_FILE = 500
"""Far more than a file ever needs: the end of fixes that undo each other."""
MAX_VISITS = 8
"""How often a file is fixed to the end: again when what was changed elsewhere concerns it."""


class Seen(Protocol):
    """One file as it was checked. `path` is relative to the root."""

    @property
    def path(self) -> str: ...

    @property
    def document(self) -> Document: ...

    @property
    def file(self) -> SourceFile: ...

    @property
    def findings(self) -> Collection[Finding]: ...


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file before and after. `path` is absolute, `relative` to its project; `old` is None for a new file.

    `moved_from` is where it lay before, relative to its project too, when it was renamed. `trail` leads from the
    old text to the new one.
    """

    path: Path
    relative: str
    old: Document | None
    new: Document
    moved_from: str | None = None
    trail: Trail = field(default_factory=lambda: Trail(0), compare=False)

    @property
    def source(self) -> Path:
        """Where the file lies on the disk until it is written."""
        if self.moved_from is None:
            return self.path
        return Path(str(self.path).removesuffix(self.relative)) / self.moved_from

    @property
    def changes(self) -> Change:
        """What is done to the file, in the order in which it is to be done."""
        if self.old is None:
            return (FileChange(self.relative, (Edit(0, 0, self.new.text),), create=True),)
        before = self.moved_from if self.moved_from is not None else self.relative
        edits = self.trail.edits()
        written = (FileChange(before, edits),) if edits else ()
        moved = (FileChange(before, (), rename_to=self.relative),) if before != self.relative else ()
        return (*written, *moved)


@dataclass(frozen=True, slots=True)
class Applied:
    """A fix that was made, and the files that it changed."""

    rule: str
    title: str
    paths: frozenset[Path]


@dataclass(slots=True)
class Fixed:
    """What the fixes made of the files. `refused` are fixes whose result would not parse."""

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

    def groups(self) -> Iterator[list[ChangedFile]]:
        """The changed files, those together that must all be written or none."""
        left = dict(self.files)
        while left:
            first = next(iter(left))
            bound = self.bound_to({first})
            yield [left.pop(path) for path in list(left) if path in bound]


def offered(
    seen: Seen,
    finding: Finding,
    context: FixContext,
    on_failure: Callable[[str, str, Exception], None] = lambda rule, path, error: None,
) -> Iterator[tuple[Fix, Change]]:
    """The fixes of a finding that their surroundings allow, with the change that each is.

    `on_failure` hears of one that raises: the rule, the path and the error.
    """
    for fix in finding.fixes:
        try:
            change = fix.build(context)
            if change:
                for part in change:
                    in_order(part.edits)
        except Exception as error:  # a broken fix must not take the findings with it
            on_failure(finding.rule, seen.path, error)
            continue
        if change:
            yield fix, change


class Run:
    """Fixes of some files of a project.

    `own` are the files whose findings are fixed, by their paths in `sources`; `check` answers what is found in one
    as it is then, None when it cannot be read. `wanted` says which fixes are taken, `possible` which changes can
    be made at all. With `alone` no other file may be changed by them. `on_moved` hears of the path that a file
    had.
    """

    def __init__(
        self,
        sources: Sources,
        own: Iterable[str],
        check: Callable[[str], Seen | None],
        wanted: Callable[[Finding, Fix], bool],
        *,
        possible: Callable[[Change], bool] = lambda change: True,
        alone: bool = False,
        on_failure: Callable[[str, str, Exception], None] = lambda rule, path, error: None,
        on_moved: Callable[[Path], None] = lambda path: None,
    ) -> None:
        self.fixed = Fixed()
        self._sources = sources
        self._own = set(own)
        self._check = check
        self._wanted = wanted
        self._possible = possible
        self._alone = alone
        self._on_failure = on_failure
        self._on_moved = on_moved

    def steps(self, first: Iterable[str]) -> Iterator[str]:
        """Fixes the files `first`, and of the others those that this concerns. Yields a path after each step:
        between two of them the run may be left for something else."""
        waiting = list(first)
        visits: dict[str, int] = {}
        while waiting:
            path = waiting.pop(0)
            visits[path] = visits.get(path, 0) + 1
            stale = yield from self._file(path)
            waiting.extend(
                other for other in sorted(stale) if other not in waiting and visits.get(other, 0) < MAX_VISITS
            )

    def _file(self, path: str) -> Generator[str, None, set[str]]:
        """Fixes one file to the end. Returns the other own files that are to be looked at again."""
        stale: set[str] = set()
        refused: set[tuple[str, str, bytes]] = set()
        seen: set[bytes] = set()
        for _ in range(MAX_FIXES_OF_A_FILE):
            checked = self._check(path)
            yield path
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
                self.fixed.refused.append((finding.rule, fix.title, self._sources.root / path))
                continue
            paths = frozenset(self._sources.root / other for other in texts)
            self.fixed.applied.append(Applied(finding.rule, fix.title, paths))
            self._own.update(part.path for part in change if part.create and is_read(part.path))
            for other, (document, edits) in texts.items():
                stale |= self._put(other, document, edits)
                stale.add(other)
        stale.discard(path)
        return stale & self._own

    def _next(
        self, checked: Seen, refused: set[tuple[str, str, bytes]]
    ) -> tuple[Finding, Fix, Change] | None:
        context = FixContext(checked.file, checked.file.project, self._sources.data)
        for finding in checked.findings:
            if not any(self._wanted(finding, fix) for fix in finding.fixes):
                continue
            for fix, change in offered(checked, finding, context, self._on_failure):
                if (
                    self._wanted(finding, fix)
                    and _identity(checked, finding, fix) not in refused
                    and self._possible(change)
                ):
                    return finding, fix, change
        return None

    def _rename(self, finding: Finding, fix: Fix, change: Change) -> set[str] | None:
        """Renames a file. Returns the files to look at again, its new path among them; None when it cannot."""
        (part,) = change if len(change) == 1 else (None,)
        if part is None or part.rename_to is None or part.edits or self._alone:
            return None
        root = self._sources.root
        old, new = root / part.path, root / part.rename_to
        if new.exists() or new in self.fixed.files or part.path not in self._own:
            return None
        known = self.fixed.files.get(old)
        document = self._sources.document(part.path)
        before = known.old if known is not None else document
        trail = known.trail if known is not None else Trail(len(document.data))
        moved_from: str | None = known.moved_from if known is not None and known.moved_from else part.path
        if before is None:
            moved_from = None
        changed = ChangedFile(new, part.rename_to, before, document, moved_from, trail)
        self.fixed.move(old, changed)
        self.fixed.applied.append(Applied(finding.rule, fix.title, frozenset({new})))
        stale = self._sources.move(part.path, part.rename_to)
        self._on_moved(old)
        self._own.discard(part.path)
        self._own.add(part.rename_to)
        return stale | {part.rename_to}

    def _texts(self, change: Change) -> dict[str, tuple[Document, list[Edit]]] | None:
        """The new text of each file; None when one would not parse any more, or would not change."""
        texts: dict[str, tuple[Document, list[Edit]]] = {}
        if self._alone and any(part.path not in self._own for part in change):
            return None
        for part in change:
            old = self._old(part)
            if old is None and not part.create:
                return None
            if part.create and (old is not None or (self._sources.root / part.path).exists()):
                return None
            before = old or Document(b"")
            edits = in_line_endings(before.data, part.edits)
            try:
                data = apply(before.data, edits)
            except ValueError:
                return None
            if is_read(part.path) and open_file(part.path, data).error_spans:
                if old is None or not open_file(part.path, old.data).error_spans:
                    return None
            texts[part.path] = Document(data, bom=before.bom), edits
        unchanged = all(
            (old := self._old(part)) is not None and old.data == texts[part.path][0].data for part in change
        )
        return None if unchanged else texts

    def _old(self, part: FileChange) -> Document | None:
        try:
            return self._sources.document(part.path)
        except UnreadableError:
            return None

    def _put(self, path: str, document: Document, edits: list[Edit]) -> set[str]:
        full = self._sources.root / path
        known = self.fixed.files.get(full)
        old: Document | None
        if known is not None:
            old, trail, moved_from = known.old, known.trail, known.moved_from
        else:
            try:
                old = self._sources.document(path)
            except UnreadableError:
                old = None
            trail, moved_from = Trail(len(old.data) if old is not None else 0), None
        trail.add(edits)
        self.fixed.files[full] = ChangedFile(full, path, old, document, moved_from, trail)
        return self._sources.put(path, document)


def _identity(checked: Seen, finding: Finding, fix: Fix) -> tuple[str, str, bytes]:
    return finding.rule, fix.title, checked.document.data[finding.span.start : finding.span.end]
