"""`python bench/check.py PATH...`: what checking costs, as a ratio to what parsing alone costs.

For each path (a Mix project, of which its `lib` is taken, or any folder) the same files are read and
parsed by tree-sitter alone, indexed, and indexed and checked with all rules, each in a fresh process and
with a single thread. The CPU seconds are those of the work, without start-up; the least of several runs
counts, for everything else that a machine does only adds to them. Only ratios within one run can be
compared between machines.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

WORKS = ("parse", "index", "check")


@dataclass(frozen=True)
class Cost:
    """CPU seconds for so many files, bytes and lines; `findings` is 0 unless they were checked."""

    seconds: float
    files: int
    bytes: int
    lines: int
    findings: int


def _files(root: Path) -> list[str]:
    """Every module file below a folder, those of projects within it included; scripts and tests are not."""
    return sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob("*.ex")
        if path.is_file() and not path.is_symlink()
    )


def measure(work: str, root: Path) -> Cost:
    """Does one kind of work on all files below a folder, in this process."""
    paths = _files(root)
    if work == "parse":
        seconds, findings = _parse(root, paths), 0
    else:
        seconds, findings = _check(root, paths, with_rules=work == "check")
    texts = [(root / path).read_bytes() for path in paths]
    lines = sum(text.count(b"\n") for text in texts)
    return Cost(seconds, len(paths), sum(map(len, texts)), lines, findings)


def _parse(root: Path, paths: list[str]) -> float:
    import tree_sitter_elixir
    from tree_sitter import Language, Parser

    parser = Parser(Language(tree_sitter_elixir.language()))
    gc.collect()
    start = time.process_time()
    for path in paths:
        parser.parse((root / path).read_bytes())
    return time.process_time() - start


def _check(root: Path, paths: list[str], *, with_rules: bool) -> tuple[float, int]:
    from otpwise_analyzers.engine import RULES, check, dispatch_for
    from otpwise_analyzers.project.loading import Sources
    from otpwise_analyzers.project.settings import Settings
    from otpwise_analyzers.syntax.file import ElixirFile

    settings = Settings()
    dispatch = dispatch_for(settings)
    suspects: set[str] = set()

    def is_suspect(file: ElixirFile) -> bool:
        if not with_rules or not dispatch.wants(file):
            return False
        suspects.add(file.path)
        return True

    findings = 0
    # Importing is start-up, be it done when a rule is first called for.
    assert all(rule.name for rule in RULES.values())
    # As `otpwise check` does.
    gc.set_threshold(200_000, 20, 100)
    gc.collect()
    start = time.process_time()
    sources = Sources(root)
    for path in sources.load(
        paths, is_suspect, lambda where, what: print(f"{where} {what}", file=sys.stderr)
    ):
        if path in suspects:
            file = sources.file(path)
            findings += len(check(file, settings).findings)
            vars(file).clear()
    return time.process_time() - start, findings


def in_fresh_process(work: str, root: Path) -> Cost:
    run = subprocess.run(
        [sys.executable, __file__, "--measure", work, str(root)], capture_output=True, text=True, check=True
    )
    return Cost(**json.loads(run.stdout))


def compare(root: Path, rounds: int) -> dict[str, Cost]:
    """The least cost of each kind of work; the kinds take turns, so that a slow minute hits them all."""
    best: dict[str, Cost] = {}
    for _ in range(rounds):
        for work in WORKS:
            cost = in_fresh_process(work, root)
            if work not in best or cost.seconds < best[work].seconds:
                best[work] = cost
    return best


def _row(name: str, costs: dict[str, Cost]) -> str:
    parse, index, check = (costs[work] for work in WORKS)
    return (
        f"{name:<24}{check.files:>7}{check.bytes / 1e6:>8.1f}{check.lines:>9}"
        f"{parse.seconds:>9.2f}{index.seconds:>9.2f}{check.seconds:>9.2f}{check.findings:>10}"
        f"{index.seconds / parse.seconds:>12.2f}{check.seconds / parse.seconds:>12.2f}"
    )


def _total(all_costs: Sequence[dict[str, Cost]]) -> dict[str, Cost]:
    return {
        work: Cost(
            sum(costs[work].seconds for costs in all_costs),
            sum(costs[work].files for costs in all_costs),
            sum(costs[work].bytes for costs in all_costs),
            sum(costs[work].lines for costs in all_costs),
            sum(costs[work].findings for costs in all_costs),
        )
        for work in WORKS
    }


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (3)")
    parser.add_argument(
        "--most", type=float, help="exit with 1 when check / parse is more than this in total"
    )
    parser.add_argument("--measure", choices=WORKS, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure is not None:
        print(json.dumps(vars(measure(options.measure, options.paths[0]))))
        return 0
    missing = [path for path in options.paths if not path.is_dir()]
    if missing:
        print(f"no such folder: {', '.join(map(str, missing))}", file=sys.stderr)
        return 2
    print(
        f"{'':<24}{'files':>7}{'MB':>8}{'lines':>9}{'parse s':>9}{'index s':>9}{'check s':>9}"
        f"{'findings':>10}{'index/parse':>12}{'check/parse':>12}"
    )
    measured = []
    for path in options.paths:
        root = path / "lib" if (path / "lib").is_dir() else path
        costs = compare(root, options.rounds)
        measured.append(costs)
        print(_row(path.resolve().name[-23:], costs), flush=True)
    total = _total(measured)
    if len(measured) > 1:
        print(_row("total", total))
    ratio = total["check"].seconds / total["parse"].seconds
    print(f"\nCPU of check (index and all rules) to CPU of parsing alone: {ratio:.2f}")
    return int(options.most is not None and ratio > options.most)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
