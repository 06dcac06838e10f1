"""The proof of all fixes of a project together: what `otpwise check --fix` does, on a copy.

The command's own engine runs until it is done and writes the files; then everything is read anew from the disk.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from otpwise_analyzers.findings import Applicability
from otpwise_analyzers.project.config import Settings
from otpwise_analyzers.project.index import Project
from otpwise_analyzers.project.loading import Sources
from otpwise_analyzers.syntax.languages import is_read, open_file
from otpwise_cli import fixing, writing
from otpwise_cli.checking import Outcome, check_batch
from otpwise_cli.targets import Batch, Problems
from tests.proof import comments_of, expected_after, has_names
from tests.used_names import objections_to_names, used_names

Files = Mapping[str, bytes]


@dataclass(slots=True)
class Bulk:
    """What taking all fixes of a project did: the objections to it, and the files that are another now."""

    applied: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    changed: dict[str, bytes] = field(default_factory=dict)
    # the files whose text a changed one may have taken over
    sources: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def prove_together(
    project: Project, files: Files, settings: Settings, allowed: frozenset[Applicability], *, in_project: bool
) -> Bulk:
    """Takes all the `allowed` fixes of a project with these files; `project` is their index."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        for path, data in files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return _Run(root, project, files, settings, allowed, in_project).bulk


class _Run:
    def __init__(
        self,
        root: Path,
        project: Project,
        files: Files,
        settings: Settings,
        allowed: frozenset[Applicability],
        in_project: bool,
    ) -> None:
        self.bulk = Bulk()
        self._root = root
        self._project = project
        self._settings = settings
        self._allowed = allowed
        self._in_project = in_project
        self._first(files)

    def _first(self, files: Files) -> None:
        bulk = self.bulk
        batch, sources, outcome = self._check(sorted(path for path in files if is_read(path)))
        bulk.before = _rules_of(outcome)
        fixed = fixing.fix_batch(batch, sources, outcome, self._allowed, hints=True)
        bulk.applied = Counter(one.rule for one in fixed.applied)
        bulk.refused = len(fixed.refused)
        bulk.wrong += [
            f"{rule}: {title} in {path.name} does not parse" for rule, title, path in fixed.refused
        ]
        bulk.wrong += [f"{failure.rule} raised {failure.error!r}" for failure in outcome.failures]
        said_after = _rules_of(outcome)
        problems, _ = writing.write_all(fixed)
        bulk.wrong += [f"{path.name} {problem}" for path, problem in problems.items()]
        after = {
            path.relative_to(self._root).as_posix(): path.read_bytes()
            for path in sorted(self._root.rglob("*"))
            if path.is_file()
        }
        bulk.changed = {path: data for path, data in after.items() if files.get(path) != data}
        for one in fixed.files.values():
            bulk.sources[one.relative] = one.moved_from or one.relative
        self._again(files, after, said_after)
        self._compare(files, after)

    def _check(self, paths: list[str]) -> tuple[Batch, Sources, Outcome]:
        batch = Batch(self._root, tuple(paths), tuple(paths), self._in_project, self._settings)
        sources = Sources(self._root, in_project=self._in_project)
        outcome = Outcome(Problems())
        check_batch(batch, sources, outcome)
        return batch, sources, outcome

    def _again(self, files: Files, after: Files, said: Counter[str]) -> None:
        """A second run, which must find what the first has left behind, and change nothing."""
        bulk = self.bulk
        batch, sources, outcome = self._check(sorted(path for path in after if is_read(path)))
        bulk.after = _rules_of(outcome)
        if bulk.after != said:
            bulk.wrong.append(
                f"a fresh check says {dict(bulk.after - said)} more and {dict(said - bulk.after)} less"
            )
        hidden = {name for rule in bulk.applied for name in expected_after(rule)}
        new = {rule: n for rule, n in (bulk.after - bulk.before).items() if rule not in hidden}
        if new:
            bulk.wrong.append(f"new findings: {new}")
        names_before, names_after = {}, {}
        for path in bulk.changed:
            if not is_read(path):
                continue
            file = sources.file(path)
            if has_names(file):
                names_after[path] = used_names(file)
            source = bulk.sources.get(path, path)
            if source in files:
                before = open_file(source, files[source], project=self._project.view(source))
                if has_names(before):
                    names_before[path] = used_names(before)
        bulk.wrong += objections_to_names(names_before, names_after, sources.project.view("mix.exs"))
        fixed = fixing.fix_batch(batch, sources, outcome, self._allowed, hints=True)
        for one in fixed.applied:
            bulk.wrong.append(f"a second run changes it again: {one.rule}, {one.title}")

    def _compare(self, files: Files, after: Files) -> None:
        lost: Counter[str] = Counter()
        for path in sorted(files.keys() | after.keys()):
            if files.get(path) == after.get(path) or not is_read(path):
                continue
            if path in files:
                lost.update(comments_of(open_file(path, files[path])))
            if path in after:
                fixed = open_file(path, after[path])
                lost.subtract(comments_of(fixed))
                if fixed.error_spans and not (path in files and open_file(path, files[path]).error_spans):
                    self.bulk.wrong.append(f"{path} does not parse any more: {fixed.error_spans[:2]}")
        missing = [comment for comment, count in lost.items() if count > 0]
        if missing and not any(rule.startswith("suppression/") for rule in self.bulk.applied):
            self.bulk.wrong.append(f"lost the comments {missing}")


def _rules_of(outcome: Outcome) -> Counter[str]:
    return Counter(finding.rule for checked in outcome.checked for finding in checked.findings)
