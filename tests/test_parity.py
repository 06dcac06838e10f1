"""The editor and the terminal say the same of the same project: every finding, level and fix title."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from otpwise_analyzers.syntax.languages import is_read
from tests.lsp_client import LanguageClient

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "chat_app"
_SEVERITIES = {1: "error", 2: "warning", 3: "information", 4: "hint"}


def test_editor_and_terminal_agree(tmp_path: Path) -> None:
    root = tmp_path / "chat_app"
    shutil.copytree(EXAMPLE, root)
    run = subprocess.run(
        [sys.executable, "-m", "otpwise_cli.main", "check", "--output-format", "json", str(root)],
        capture_output=True,
        check=False,
    )
    assert run.returncode == 1, run.stderr.decode()
    in_terminal = set()
    for finding in json.loads(run.stdout)["findings"]:
        path = Path(finding["path"])
        relative = path.relative_to(root) if path.is_absolute() else path
        start = finding["range"]["start"]
        in_terminal.add(
            (relative.as_posix(), start["line"] - 1, finding["rule"], finding["level"], finding["message"])
        )
    in_editor = set()
    with LanguageClient(root) as client:
        for path in sorted(path for path in root.rglob("*") if is_read(path.name)):
            relative = path.relative_to(root).as_posix()
            client.open(relative)
        for path in sorted(path for path in root.rglob("*") if is_read(path.name)):
            relative = path.relative_to(root).as_posix()
            for diagnostic in client.diagnostics(relative):
                in_editor.add(
                    (
                        relative,
                        diagnostic["range"]["start"]["line"],
                        diagnostic["code"],
                        _SEVERITIES[diagnostic["severity"]],
                        diagnostic["message"],
                    )
                )
    assert in_terminal and in_editor == in_terminal
