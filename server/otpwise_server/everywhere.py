"""The fixes of one rule in a whole project, made by the engine that the terminal's `--fix` has.

Everything that takes long runs in the analysis thread in slices, so that a keystroke never waits for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from otpwise_analyzers import bulk, engine, patch
from otpwise_analyzers.findings import Applicability, Change
from otpwise_analyzers.one_rule import OneRule, Seen
from otpwise_analyzers.project.loading import Sources, UnreadableError
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.source.document import Document
from otpwise_analyzers.source.lines import LineIndex
from otpwise_server import uris
from otpwise_server.analysis import ProjectAnalysis
from otpwise_server.documents import Text
from otpwise_server.projects import Reading
from otpwise_server.reading import data_on_disk
from otpwise_server.worker import Urgency
from otpwise_server.workspace_edits import CannotEditError, obstacle

if TYPE_CHECKING:
    from otpwise_server.session import Session

SAFE_ONLY = frozenset({Applicability.SAFE})
SAFE_AND_UNSAFE = frozenset({Applicability.SAFE, Applicability.UNSAFE})

# Seconds that the analysis thread works on it before it looks for something more urgent.
_SLICE = 0.008


class ChangedMeanwhileError(CannotEditError):
    """A file is not what it was when the fixes were made. The message names it."""


@dataclass(slots=True)
class Everywhere:
    """What the fixes of a rule make of a project. `texts` are the files as they were before, by path; `left_out`
    the reasons for which the client cannot make some of them."""

    rule: str
    unsafe: bool
    fixed: bulk.Fixed
    root: Path
    texts: dict[str, Text] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def findings(self) -> int:
        return len(self.fixed.applied)

    @property
    def files(self) -> list[str]:
        """The files that change, under their new paths."""
        return sorted(file.relative for file in self.fixed.files.values())

    @property
    def change(self) -> Change:
        """All of it in one."""
        changed = sorted(self.fixed.files.values(), key=lambda file: file.relative)
        return tuple(part for file in changed for part in file.changes)

    def diff(self) -> str:
        """The same to be looked at, as a unified diff with paths relative to the root."""
        changed = sorted(self.fixed.files.values(), key=lambda file: file.relative)
        lines = patch.lines(changed, lambda path: path.relative_to(self.root).as_posix())
        return "".join(f"{line}\n" for line in lines)


class Walk:
    """A project's files, gone through for one purpose, from one state of the editor's buffers."""

    def __init__(
        self, session: Session, project: ProjectAnalysis, reported: Callable[[int, int], None]
    ) -> None:
        self.session = session
        self.project = project
        # Made in the analysis thread, where the index does not change meanwhile.
        self.sources: Sources
        self._reported = reported
        self._done = 0
        self._total = 1
        # In the event loop: all buffers at one moment.
        self.buffers = {
            project.relative(document.path, document.uri): document.text
            for document in session.projects.open_in(project)
        }

    async def run(self, steps: Iterator[object]) -> None:
        """Goes through `steps` to their end, a slice at a time."""

        def slice_() -> bool:
            end = time.perf_counter() + _SLICE
            return all(time.perf_counter() < end for _ in steps)

        while not await self.session.thread.run(Urgency.PROJECT, slice_):
            self._reported(self._done, self._total)

    def catch_up(self) -> Iterator[None]:
        """Reads what changed or is new since the index was made."""
        project = self.project
        behind = project.behind()
        known = set(project.files)
        outdated: set[str] = set()
        for path in project.walking():
            if path not in known:
                behind.append(path)
            yield
        for path in behind:
            outdated |= project.refresh(path)
            yield
        self.session.recheck_soon(project, outdated)
        self.sources = project.sources()
        for path, text in self.buffers.items():
            self.sources.put(path, Document(text.data))
            yield

    def counted(self, paths: list[str]) -> Iterator[str]:
        """The paths, of which the user sees how many are done."""
        self._total = len(paths)
        for number, path in enumerate(paths):
            self._done = number
            yield path


async def fix_everywhere(
    session: Session,
    project: ProjectAnalysis,
    rule: str,
    allowed: frozenset[Applicability],
    reported: Callable[[int, int], None] = lambda done, total: None,
) -> Everywhere:
    """The fixes of a rule in all files of an indexed project. Nothing is changed by it."""
    walk = Walk(session, project, reported)
    checker = OneRule(rule, project.settings)
    left_out: dict[str, None] = {}

    def is_possible(change: Change) -> bool:
        why = obstacle(change, session.client)
        if why is not None:
            left_out[why] = None
        return why is None

    await walk.run(walk.catch_up())
    run = bulk.Run(
        walk.sources,
        project.files,
        lambda path: checker.check(walk.sources, path),
        lambda finding, fix: fix.applicability in allowed,
        possible=is_possible,
    )

    def steps() -> Iterator[None]:
        candidates = []
        for path in walk.counted(sorted(project.files)):
            data = walk.sources.data(path)
            if data is not None and checker.may_find(data):
                candidates.append(path)
            yield
        for _ in run.steps(candidates):
            yield

    await walk.run(steps())
    found = Everywhere(
        rule, Applicability.UNSAFE in allowed, run.fixed, walk.sources.root, left_out=list(left_out)
    )
    for file in run.fixed.files.values():
        if file.old is not None:
            path = file.moved_from or file.relative
            text = walk.buffers.get(path)
            if text is None:
                full = found.root / path
                text = Text(uris.from_path(full), full, file.old.data, LineIndex(file.old.data))
            found.texts[path] = text
    return found


async def still_fits(session: Session, project: ProjectAnalysis, found: Everywhere) -> Reading:
    """The files as they were when the fixes were made. Raises ChangedMeanwhileError when one is not so any more."""
    before = Reading(session.projects, project, found.texts)

    def different() -> str | None:
        for path, text in found.texts.items():
            if text.version is None and data_on_disk(found.root / path) != text.data:
                return path
        return None

    changed = await session.thread.run(Urgency.REQUEST, different)
    if changed is None:
        changed = next((p for p, text in found.texts.items() if not session.projects.is_newest(text)), None)
    if changed is not None:
        raise ChangedMeanwhileError(f"{changed} was changed meanwhile")
    return before


@dataclass(slots=True)
class Fixable:
    """How many findings of a rule have a fix, and where; with `unsafe` those count whose fix may change behaviour."""

    rule: str
    unsafe: bool
    findings: int = 0
    paths: set[str] = field(default_factory=set)


async def fixable(
    session: Session, project: ProjectAnalysis, reported: Callable[[int, int], None]
) -> list[Fixable]:
    """What of an indexed project can be fixed, by rule; safe fixes and others are counted apart."""
    walk = Walk(session, project, reported)
    found: dict[tuple[str, bool], Fixable] = {}
    await walk.run(walk.catch_up())

    def steps() -> Iterator[None]:
        for path in walk.counted(sorted(project.files)):
            try:
                file, document = walk.sources.file(path), walk.sources.document(path)
            except UnreadableError:
                continue
            seen = Seen(path, document, file, engine.check(file, project.settings).findings)
            context = FixContext(file, file.project, walk.sources.data)
            for finding in seen.findings:
                kinds = {
                    fix.applicability
                    for fix, change in bulk.offered(seen, finding, context)
                    if obstacle(change, session.client) is None
                }
                if kinds & SAFE_AND_UNSAFE:
                    unsafe = Applicability.SAFE not in kinds
                    one = found.setdefault((finding.rule, unsafe), Fixable(finding.rule, unsafe))
                    one.findings += 1
                    one.paths.add(path)
            yield

    await walk.run(steps())
    return [found[key] for key in sorted(found)]


class Census:
    """Where else a rule has something to fix: asked before "everywhere" is offered at one place."""

    def __init__(self, session: Session) -> None:
        self._session = session
        # By root, rule and file: the edition that was looked at, and which kinds of fix it has.
        self._known: dict[tuple[Path, str, str], tuple[object, frozenset[Applicability]]] = {}
        self._running: dict[tuple[Path | None, str, str, bool], asyncio.Task[bool]] = {}

    async def has_more(
        self,
        project: ProjectAnalysis,
        rule: str,
        path: str,
        allowed: frozenset[Applicability],
        patience: float,
    ) -> bool:
        """Whether another file than `path` is known to have a fix that is `allowed`.

        What is not found within so many seconds is looked for on, for whoever asks next.
        """
        key = (project.root, rule, path, allowed == SAFE_ONLY)
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.ensure_future(self._look(project, rule, path, allowed))
            task.add_done_callback(lambda done: self._running.pop(key, None))
        await asyncio.wait({task}, timeout=patience)
        return task.done() and not task.cancelled() and task.exception() is None and task.result()

    async def _look(
        self, project: ProjectAnalysis, rule: str, path: str, allowed: frozenset[Applicability]
    ) -> bool:
        """What was found before is kept for as long as the files are the same; where it is out of date by what other
        files say, the fixes themselves are not."""
        walk = Walk(self._session, project, lambda done, total: None)
        checker = OneRule(rule, project.settings)
        found = False

        def steps() -> Iterator[None]:
            nonlocal found
            walk.sources = project.sources()
            for other, text in walk.buffers.items():
                walk.sources.hold(other, Document(text.data))
            # Where there was something the last time there is something still, as a rule.
            likely = [key[2] for key, (_, kinds) in self._known.items() if key[1] == rule and kinds & allowed]
            for other in dict.fromkeys((*likely, *sorted(project.files))):
                if other != path and other in project.files:
                    if self._kinds(walk, checker, other) & allowed:
                        found = True
                        return
                    yield

        await walk.run(steps())
        return found

    def _kinds(self, walk: Walk, checker: OneRule, path: str) -> frozenset[Applicability]:
        key = (walk.sources.root, checker.name, path)
        edition = (walk.project.edition(path), walk.project.state(path)[:2])
        known = self._known.get(key)
        if known is not None and known[0] == edition:
            return known[1]
        kinds: frozenset[Applicability] = frozenset()
        data = walk.sources.data(path)
        if data is not None and checker.may_find(data) and (seen := checker.check(walk.sources, path)):
            context = FixContext(seen.file, seen.file.project, walk.sources.data)
            kinds = frozenset(
                fix.applicability
                for finding in seen.findings
                for fix, change in bulk.offered(seen, finding, context)
                if obstacle(change, self._session.client) is None
            )
        self._known[key] = (edition, kinds)
        return kinds
