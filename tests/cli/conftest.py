"""The real command in a process of its own, and small Mix projects for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "otpwise_cli.main")
ENVIRONMENT = {
    **{
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")
    },
    "PYTHONPATH": os.pathsep.join(str(ROOT / package) for package in ("analyzers", "server", "cli")),
    "TERM": "xterm-256color",
}

MIX = """defmodule Mini.MixProject do
  use Mix.Project
  def project, do: [app: :mini, version: "0.1.0", deps: []]
end
"""
# One finding of level information with a safe fix.
FAULTY = "defmodule Mini.A do\n  # otpwise:ignore otp/no-such-rule -- why\n  def a, do: 1\nend\n"
FIXED = "defmodule Mini.A do\n  def a, do: 1\nend\n"
# One finding of level hint with a safe fix.
QUIET = "defmodule Mini.B do\n  # otpwise:ignore suppression/unknown-rule -- why\n  def b, do: 1\nend\n"
CLEAN = "defmodule Mini.C do\n  def c, do: 1\nend\n"
# One finding above hint with an unsafe fix.
INJECTED = """defmodule Mini.Search do
  alias Mini.Repo

  def users(term) do
    Repo.query!("SELECT id FROM users WHERE name = '#{term}'")
  end
end
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run left behind."""

    code: int
    out: str
    err: str


Otpwise = Callable[..., Run]
Project = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def otpwise(tmp_path: Path) -> Otpwise:
    """Runs the command in the test's folder."""

    def run(*arguments: str | Path, stdin: bytes = b"", cwd: Path | None = None, **environment: str) -> Run:
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            cwd=cwd or tmp_path,
            env={**ENVIRONMENT, **environment},
            timeout=60,
            check=False,
        )
        return Run(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Writes a Mix project into the test's folder."""

    def write(files: Mapping[str, str | bytes]) -> Path:
        for path, text in {"mix.exs": MIX, **files}.items():
            full = tmp_path / path
            full.parent.mkdir(parents=True, exist_ok=True)
            full.write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path

    return write
