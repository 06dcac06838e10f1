"""Behaviour at a terminal and in a pipe: colours, interruption, readers that leave."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path

from tests.cli.conftest import COMMAND, ENVIRONMENT, FAULTY, Otpwise, Project


def _at_terminal(*arguments: str, cwd: Path, **environment: str) -> tuple[int, str]:
    """The exit code and what stood on a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=cwd,
        env={**ENVIRONMENT, "COLUMNS": "100", **environment},
    )
    os.close(theirs)
    output = b""
    while select.select([ours], [], [], 30)[0]:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        output += piece
    os.close(ours)
    return process.wait(timeout=30), output.decode()


def test_colours_at_a_terminal_only(otpwise: Otpwise, project: Project) -> None:
    root = project({"lib/a.ex": FAULTY})
    code, shown = _at_terminal("check", cwd=root)
    assert code == 1 and "\x1b[1;34m" in shown and "\x1b]8;" in shown, "coloured, and the rule is a link"
    assert max(len(line) for line in shown.replace("\r", "").split("\n") if "\x1b" not in line) <= 100
    code, shown = _at_terminal("check", cwd=root, NO_COLOR="1")
    assert code == 1 and "\x1b[1;34m" not in shown and "\x1b[3" not in shown
    code, shown = _at_terminal("check", "--color", "never", cwd=root)
    assert "\x1b[3" not in shown and "\x1b[1;34m" not in shown
    assert "\x1b" not in otpwise("check").out
    assert "\x1b[1;34m" in otpwise("check", "--color", "always").out


def test_explain_is_rendered_at_a_terminal(otpwise: Otpwise, project: Project) -> None:
    root = project({})
    code, shown = _at_terminal("explain", "suppression/unused", cwd=root)
    assert code == 0 and "suppression/unused" in shown and "## " not in shown
    assert "## " in otpwise("explain", "suppression/unused").out, "a pipe gets the Markdown"


def test_a_reader_that_leaves_is_no_error(project: Project) -> None:
    root = project({f"lib/a{number}.ex": FAULTY for number in range(400)})
    process = subprocess.Popen(
        [*COMMAND, "check"], cwd=root, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=30) == 141 and errors == b""


def test_interrupted(project: Project) -> None:
    root = project({})
    process = subprocess.Popen(
        [*COMMAND, "check", "-"],
        cwd=root,
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130 and b"Traceback" not in errors


def test_a_secret_is_not_shown(otpwise: Otpwise, project: Project) -> None:
    secret = "EEtfjgVvVqE1SkHbn88HxjSI"
    text = f'import Config\n\nconfig :mini, Mini.Mail,\n  api_key: "{secret}",\n  from: "a@b.c"\n'
    project({"config/prod.exs": text})
    for form in ("text", "concise", "json"):
        run = otpwise("check", "--output-format", form)
        assert run.code == 1 and "config/hardcoded-secret" in run.out
        assert secret not in run.out, form
    shown = otpwise("check").out
    assert f'> 4 │   api_key: "{"*" * len(secret)}",\n' in shown and 'from: "a@b.c"' in shown
