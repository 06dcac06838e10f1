"""`make demo` shows what it promises: diagnostics, a hover, and fixes as diffs, one over two files."""

from __future__ import annotations

import subprocess
import sys

from tests.cli.conftest import ENVIRONMENT, ROOT


def test_the_demo_shows_the_main_job() -> None:
    before = {path: path.read_bytes() for path in (ROOT / "examples/chat_app").rglob("*.ex")}
    run = subprocess.run(
        [sys.executable, ROOT / "examples/demo.py"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "ecto/sql-injection" in run.stdout and "hover: ecto/sql-injection" in run.stdout
    fixes = run.stdout.split("quick fix of ")[1:]
    assert len(fixes) == 5, "every fix that the demo announces is offered"
    assert any(fix.count("\n--- ") == 2 for fix in fixes), "one fix changes two files"
    assert "\x1b" not in run.stdout
    assert {path: path.read_bytes() for path in (ROOT / "examples/chat_app").rglob("*.ex")} == before
