"""`python -m tests.mending SOURCE TARGET`: a copy of a project with every fix taken, one after the other.

The first fix of each finding is taken, in the order of files and places, until none is offered any more.
Every step must hold what every fix must hold. This is how examples/chat_app_fixed is made.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from otpwise_analyzers.project.facts import facts_of
from otpwise_analyzers.project.index import Project
from otpwise_analyzers.syntax.languages import is_read, open_file
from tests.proof import findings_in, objections_in, project_of

_STEPS = 400


def read(root: Path) -> dict[str, bytes]:
    """All files of a small project, by their path relative to it."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def mended(files: dict[str, bytes]) -> dict[str, bytes]:
    """The project after every fix. Raises AssertionError for a fix that does not hold."""
    project = project_of(files)
    for _ in range(_STEPS):
        after = _one_step(project, files)
        if after is None:
            return files
        for path in files.keys() - after.keys():
            project.remove(path)
        for path, data in after.items():
            if files.get(path) != data and is_read(path):
                project.update(path, facts_of(open_file(path, data)))
        files = after
    raise AssertionError(f"still not done after {_STEPS} fixes")


def _one_step(project: Project, files: dict[str, bytes]) -> dict[str, bytes] | None:
    for path in sorted(files):
        if not is_read(path):
            continue
        _, findings = findings_in(files, path, project=project)
        for finding in findings:
            for fix in finding.fixes:
                wrong, after = objections_in(project, files, path, finding, fix)
                assert not wrong, f"{path}: {finding.rule}, {fix.title}: {wrong}"
                if after is not None:
                    return after
    return None


def main(source: str, target: str) -> None:
    result = mended(read(Path(source)))
    shutil.rmtree(target, ignore_errors=True)
    for path, data in result.items():
        where = Path(target) / path
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_bytes(data)


if __name__ == "__main__":
    main(*sys.argv[1:3])
