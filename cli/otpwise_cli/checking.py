"""The check of everything that a command line names, one project after the other."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from otpwise_analyzers import engine
from otpwise_analyzers.engine import Failure
from otpwise_analyzers.findings import Finding, Level
from otpwise_analyzers.project.loading import Sources, UnreadableError
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.source.document import Document
from otpwise_analyzers.syntax.source_file import SourceFile
from otpwise_cli.targets import Batch, Problems

if TYPE_CHECKING:
    from otpwise_cli.cache import Memory

FAILING = (Level.ERROR, Level.WARNING, Level.INFORMATION)
"""The levels that make `check` exit with 1."""


@dataclass(slots=True)
class CheckedFile:
    """One file's text and what was found in it. `path` is relative to `sources.root`."""

    sources: Sources
    path: str
    document: Document
    findings: tuple[Finding, ...]
    _file: SourceFile | None = None

    @property
    def file(self) -> SourceFile:
        """The file; parsed now when its findings are known from an earlier run."""
        if self._file is None:
            self._file = self.sources.file(self.path)
        return self._file

    @property
    def full_path(self) -> Path:
        return self.sources.root / self.path

    @property
    def shown_path(self) -> str:
        return shown(self.full_path)

    def without(self, level: Level) -> CheckedFile:
        """The same file without the findings of a level."""
        if all(finding.level is not level for finding in self.findings):
            return self
        left = tuple(finding for finding in self.findings if finding.level is not level)
        return replace(self, findings=left)

    def context(self) -> FixContext:
        return FixContext(self.file, self.file.project, self.sources.data)


@dataclass(slots=True)
class Outcome:
    """All that a run found so far.

    `text` is what standard input holds, after fixes; `unwritten` are fixed files that could not be written,
    with what to do about it.
    """

    problems: Problems
    text: Document | None = None
    unwritten: dict[Path, str] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    _read: set[Path] = field(default_factory=set)
    _checked: dict[Path, CheckedFile] = field(default_factory=dict)

    def add(self, checked: CheckedFile) -> None:
        """Takes in what was found in a file; what was found in it before is forgotten."""
        path = checked.full_path
        self.count(path)
        if checked.findings:
            self._checked[path] = checked
        else:
            self._checked.pop(path, None)

    def forget(self, path: Path) -> None:
        """Drops a file that is not there any more."""
        self._read.discard(path)
        self._checked.pop(path, None)

    def count(self, path: Path) -> None:
        """Notes that a file was checked."""
        self._read.add(path)

    def fail(self, rule: str, path: str, error: Exception) -> None:
        """Notes that a rule, or a fix of it, raised; once for a rule and a file."""
        if not any(known.rule == rule and known.path == path for known in self.failures):
            self.failures.append(Failure(rule, path, error))

    def has_failed(self, path: str) -> bool:
        """Whether a rule raised in a file."""
        return any(failure.path == path for failure in self.failures)

    def of(self, sources: Sources) -> list[CheckedFile]:
        """The files of one batch that have findings."""
        return [checked for checked in self._checked.values() if checked.sources is sources]

    @property
    def checked(self) -> list[CheckedFile]:
        """The files that have findings, by path."""
        return [self._checked[path] for path in sorted(self._checked)]

    @property
    def files(self) -> int:
        """How many files were checked."""
        return len(self._read)

    @property
    def levels(self) -> Counter[Level]:
        """How many findings there are of each level."""
        return Counter(finding.level for checked in self._checked.values() for finding in checked.findings)

    @property
    def exit_code(self) -> int:
        levels = self.levels
        return self.trouble or int(any(levels[level] for level in FAILING))

    @property
    def trouble(self) -> int:
        """2: the configuration or a rule of ours is wrong, or a file was not written; 3: one was not read."""
        if self.problems.configuration or self.failures or self.unwritten:
            return 2
        return 3 if self.problems.unread else 0


def check_batch(
    batch: Batch,
    sources: Sources,
    outcome: Outcome,
    on_file: Callable[[str], None] = lambda path: None,
    memory: Memory | None = None,
) -> None:
    """Checks the files of a batch. `on_file` hears of each when it is read, and again when it is checked.

    With `memory`, what cannot have changed since the check before is taken from it."""
    checked_paths = frozenset(batch.checked)
    dispatch = engine.dispatch_for(batch.settings)
    suspects = set()

    def is_suspect(file: SourceFile) -> bool:
        """Whether any rule wants to look at it; most files are done with once their facts are known."""
        if file.path not in checked_paths:
            return False
        if not dispatch.wants(file):
            return False
        suspects.add(file.path)
        return True

    if memory is None:
        readable = sources.load(batch.indexed, is_suspect, outcome.problems.on_unread, on_file)
    else:
        readable = sources.load(batch.indexed, is_suspect, outcome.problems.on_unread, on_file, memory.facts)
        memory.settle(sources)
    for path in readable:
        if path not in checked_paths:
            continue
        on_file(path)
        if memory is not None and memory.knows(path):
            _recall(sources, path, batch, outcome, memory)
        elif path in suspects or (memory is not None and memory.is_unchanged(path)):
            checked = check_file(sources, path, batch, outcome)
            if memory is not None and checked is not None:
                memory.checked(path, checked.findings, failed=outcome.has_failed(path))
        else:
            outcome.count(sources.root / path)
            if memory is not None:
                memory.checked(path, (), failed=False)
    if memory is not None:
        memory.write(sources)


def _recall(sources: Sources, path: str, batch: Batch, outcome: Outcome, memory: Memory) -> None:
    """Takes the findings of the check before, or checks the file when it is another one by now."""
    if memory.is_clean(path):
        outcome.count(sources.root / path)
        return
    try:
        document = sources.document(path)
    except UnreadableError as error:
        outcome.problems.on_unread(sources.root / path, str(error))
        return
    findings = memory.findings(path, document.raw)
    if findings is None:
        check_file(sources, path, batch, outcome)
    else:
        outcome.add(CheckedFile(sources, path, document, findings))


def check_file(sources: Sources, path: str, batch: Batch, outcome: Outcome) -> CheckedFile | None:
    """Checks one file and adds it to the outcome; None when it cannot be read any more."""
    try:
        file = sources.file(path)
        document = sources.document(path)
    except UnreadableError as error:
        outcome.problems.on_unread(sources.root / path, str(error))
        return None
    report = engine.check(file, batch.settings)
    for failure in report.failures:
        outcome.fail(failure.rule, failure.path, failure.error)
    checked = CheckedFile(sources, path, document, tuple(report.findings), file)
    outcome.add(checked)
    if not checked.findings:
        # A file and its modules hold each other; without this its tree would wait for the collector.
        vars(file).clear()
    return checked


def shown(path: Path) -> str:
    """A path as it is printed: relative to the current folder when it lies below it, with `/`."""
    here = os.getcwd()  # noqa: PTH109 - the path itself stays a string here
    text = str(path)
    if text.startswith(f"{here}{os.sep}"):
        text = text[len(here) + 1 :]
    return text.replace(os.sep, "/")
