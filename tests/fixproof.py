"""`python -m tests.fixproof [--rule NAME]... PROJECT...`: applies every fix that is offered in real projects.

Each fix is applied alone to the project as it is, and must hold what every fix must hold
(tests/proof.py). With Elixir installed, its parser and formatter judge the results too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from itertools import chain
from pathlib import Path

from otpwise_analyzers.engine import check
from otpwise_analyzers.project.config import Settings
from otpwise_analyzers.project.discovery import walk
from otpwise_analyzers.syntax.languages import is_read, open_file
from tests.proof import HAS_ELIXIR, elixir_verdicts, objections_in, project_of

# Most projects write Ecto's and Phoenix's words without parentheses, as their formatters let them.
_FORMATTER = Path(__file__).resolve().parent.parent / "examples" / "chat_app" / ".formatter.exs"


def read(root: Path) -> dict[str, bytes]:
    files = {}
    for path in walk(root, on_problem=lambda where, what: print(f"{where}: {what}", file=sys.stderr)):
        files[path] = (root / path).read_bytes()
    for lock in root.rglob("mix.lock"):
        files[lock.relative_to(root).as_posix()] = lock.read_bytes()
    return files


def prove(
    root: Path,
    texts: dict[bytes, str],
    originals: dict[bytes, tuple[bytes, ...]],
    rules: frozenset[str] = frozenset(),
) -> tuple[Counter[str], int]:
    """Proves every fix of a project (of some rules). Returns findings by rule, and how many were wrong."""
    files = read(root)
    project = project_of(files)
    counts: Counter[str] = Counter()
    failed = 0
    for path in sorted(p for p in files if is_read(p)):
        file = open_file(path, files[path], project=project.view(path))
        report = check(file, Settings())
        for failure in report.failures:
            print(f"{root.name}/{path}: {failure.rule} raised {failure.error!r}")
            failed += 1
        for finding in report.findings:
            if rules and finding.rule not in rules:
                continue
            counts[finding.rule] += 1
            for fix in finding.fixes:
                label = (
                    f"{root.name}/{path}:{_line(files[path], finding.span.start)} {finding.rule}: {fix.title}"
                )
                try:
                    wrong, after = objections_in(project, files, path, finding, fix)
                except Exception as error:  # everything that goes wrong is to be listed, whatever it is
                    wrong, after = [f"raised {error!r}"], None
                if after is None and not wrong:
                    counts[f"{finding.rule} (fix not offered)"] += 1
                    continue
                counts[f"{finding.rule} (fix {fix.applicability.value})"] += 1
                if wrong:
                    failed += 1
                    print(f"{label}\n    {'; '.join(wrong)}")
                for changed, data in (after or {}).items():
                    if files.get(changed) != data and changed.endswith((".ex", ".exs")):
                        texts.setdefault(data, f"{label} -> {changed}")
                        # Code that moves to another file brings its own format along.
                        originals[data] = tuple({files[path], files.get(changed, files[path])})
    return counts, failed


def _line(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fixproof")
    parser.add_argument("--rule", action="append", default=[], help="only the fixes of this rule")
    parser.add_argument("projects", nargs="+")
    options = parser.parse_args(arguments)
    texts: dict[bytes, str] = {}
    originals: dict[bytes, tuple[bytes, ...]] = {}
    total: Counter[str] = Counter()
    failed = 0
    for root in options.projects:
        counts, wrong = prove(Path(root).resolve(), texts, originals, frozenset(options.rule))
        total += counts
        failed += wrong
    if HAS_ELIXIR and texts:
        everything = list(dict.fromkeys([*texts, *chain.from_iterable(originals.values())]))
        with tempfile.TemporaryDirectory() as folder:
            verdicts = dict(
                zip(everything, elixir_verdicts(everything, Path(folder), _FORMATTER), strict=True)
            )
        for data, label in texts.items():
            word, payload = verdicts[data]
            if word == "broken" or (
                word != "ok" and all(verdicts[before][0] == "ok" for before in originals[data])
            ):
                failed += 1
                print(f"{label}\n    {word}")
                if word == "broken":
                    print(f"    {payload}")
                else:
                    _show_difference(data.decode(), payload)
    for name, count in sorted(total.items()):
        print(f"{count:6} {name}")
    print(f"{failed} wrong")
    return 1 if failed else 0


def _show_difference(text: str, wanted: str) -> None:
    import difflib

    for line in list(difflib.unified_diff(text.splitlines(), wanted.splitlines(), lineterm="", n=1))[2:22]:
        print(f"      {line}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
