"""`python bench/again.py PATH...`: what a second `otpwise check` costs, as a ratio to the first.

The whole processes, start-up included, in CPU seconds: the first with an empty cache, the second with nothing
changed, a third after one line was put on top of one file. The least of several runs counts.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = os.pathsep.join(str(ROOT / package) for package in ("analyzers", "server", "cli"))


def seconds(project: Path, cache: Path) -> float:
    """The CPU seconds of one check."""
    environment = {**os.environ, "PYTHONPATH": PACKAGES, "OTPWISE_CACHE_DIR": str(cache)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "otpwise_cli.main", "check", "--output-format", "concise", str(project)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(project: Path) -> tuple[float, float, float]:
    """The first check, the one after it, and the one after an edit. The project is copied before."""
    with tempfile.TemporaryDirectory() as folder:
        copy, cache = Path(folder) / project.name, Path(folder) / "cache"
        shutil.copytree(project, copy, symlinks=True, ignore=shutil.ignore_patterns(".git", "deps", "_build"))
        first, again = seconds(copy, cache), seconds(copy, cache)
        edited = max(copy.rglob("lib/**/*.ex"), key=lambda path: path.stat().st_size)
        edited.write_bytes(b"# a line more\n" + edited.read_bytes())
        return first, again, seconds(copy, cache)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    for path in options.paths:
        rounds = [measure(path.resolve()) for _ in range(options.rounds)]
        first, again, edited = (min(times) for times in zip(*rounds, strict=True))
        print(
            f"{path.name}: first {first:.2f} s, again {again:.2f} s ({again / first:.2f}), "
            f"after an edit {edited:.2f} s ({edited / first:.2f})"
        )


if __name__ == "__main__":
    main()
