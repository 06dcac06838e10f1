"""What `otpwise check` says, and with which exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import CLEAN, ENVIRONMENT, FAULTY, QUIET, Otpwise, Project


def test_findings_are_shown_in_their_lines(otpwise: Otpwise, project: Project) -> None:
    project({"lib/a.ex": FAULTY})
    run = otpwise("check")
    assert run.code == 1 and run.err == ""
    assert run.out.splitlines()[0] == "lib/a.ex:2:20 information suppression/unknown-rule"
    assert "  > 2 │   # otpwise:ignore otp/no-such-rule -- why\n" in run.out
    assert "      │                    ^^^^^^^^^^^^^^^^\n" in run.out
    assert "  Why: " in run.out and "(safe, with --fix)\n" in run.out
    assert "More: `otpwise explain suppression/unknown-rule`\n" in run.out
    assert "1 finding in 2 files: 1 information.\n" in run.out
    assert "\x1b" not in run.out


def test_a_clean_project_exits_with_0(otpwise: Otpwise, project: Project) -> None:
    project({"lib/c.ex": CLEAN})
    run = otpwise("check")
    assert (run.code, run.out, run.err) == (0, "No findings in 2 files.\n", "")


def test_hints_are_counted_and_listed_on_demand(otpwise: Otpwise, project: Project) -> None:
    project({"lib/b.ex": QUIET})
    run = otpwise("check")
    assert run.code == 0
    assert run.out == "No findings in 2 files.\n1 hint not listed: --hints lists them.\n"
    run = otpwise("check", "--hints")
    assert run.code == 0, "a hint never makes the command fail"
    assert "lib/b.ex:2:20 hint suppression/unused" in run.out


def test_concise_is_one_line_a_finding(otpwise: Otpwise, project: Project) -> None:
    project({"lib/a.ex": FAULTY, "lib/ü.ex": "# é\n" + FAULTY.replace("Mini.A", "Mini.U")})
    run = otpwise("check", "--output-format", "concise")
    lines = run.out.splitlines()
    assert lines[0].startswith("lib/a.ex:2:20: information: ") and lines[0].endswith(
        "[suppression/unknown-rule]"
    )
    assert lines[1].startswith("lib/ü.ex:3:20: ")
    assert lines[2] == "2 findings in 3 files: 2 information."


def test_only_what_is_named_is_checked_but_all_is_known(otpwise: Otpwise, project: Project) -> None:
    root = project({"lib/a.ex": FAULTY, "lib/b.ex": FAULTY})
    run = otpwise("check", "a.ex", "--output-format", "concise", cwd=root / "lib")
    assert run.out.splitlines()[0].startswith("a.ex:2:20: ") and "in 1 file" in run.out


def test_rules_are_chosen_on_the_command_line(otpwise: Otpwise, project: Project) -> None:
    project({"lib/a.ex": FAULTY})
    assert otpwise("check", "--ignore", "suppression/unknown-rule").code == 0
    assert otpwise("check", "--select", "ecto,otp").code == 0
    assert otpwise("check", "--select", "suppression").code == 1
    run = otpwise("check", "--select", "suppresion")
    assert run.code == 2 and "`suppresion`" in run.err and "suppression" in run.err


def test_configuration_mistakes_have_a_place_and_the_check_goes_on(
    otpwise: Otpwise, project: Project
) -> None:
    project({"lib/a.ex": FAULTY, ".otpwise.toml": 'profile = "recommended"\nprofiles = 1\n'})
    run = otpwise("check")
    assert run.code == 2
    assert run.err.startswith("otpwise: .otpwise.toml:2:1: ")
    assert "1 finding in 2 files" in run.out
    assert otpwise("check", "--no-config").code == 1


def test_files_that_cannot_be_read_are_named(otpwise: Otpwise, project: Project) -> None:
    root = project(
        {"lib/a.ex": FAULTY, "lib/latin.ex": b"# caf\xe9\n", "lib/wide.ex": "# é".encode("utf-16")}
    )
    run = otpwise("check")
    assert run.code == 3
    assert "lib/latin.ex is not UTF-8 (byte 0xE9 is not UTF-8 at line 1, byte 6)" in run.err
    assert "lib/wide.ex is not UTF-8" in run.err
    assert "1 finding in 2 files" in run.out, "the others are checked all the same"
    run = otpwise("check", root / "nowhere")
    assert run.code == 3 and "nowhere: there is no such file or folder" in run.err
    run = otpwise("check", root / "lib/a.ex", root / "lib/nowhere.ex")
    assert run.code == 3 and "1 finding in 1 file" in run.out


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_files_without_permission_are_named(otpwise: Otpwise, project: Project) -> None:
    root = project({"lib/a.ex": CLEAN})
    (root / "lib/a.ex").chmod(0)
    run = otpwise("check")
    assert run.code == 3 and "lib/a.ex cannot be read (Permission denied)" in run.err


def test_a_byte_order_mark_moves_no_column(otpwise: Otpwise, project: Project) -> None:
    project({"lib/a.ex": b"\xef\xbb\xbf# otpwise:ignore foo/bar\n"})
    assert otpwise("check").out.startswith("lib/a.ex:1:18 information")


def test_strange_files_cost_nothing(otpwise: Otpwise, project: Project) -> None:
    root = project(
        {
            "lib/empty.ex": "",
            "lib/nul.ex": b"# \x00\x1b[2J otpwise:ignore foo/bar\n# otpwise:ignore foo/bar \x1b[31m\n",
            "lib/broken.ex": "defmodule Mini.Broken do\n  def a(\n# otpwise:ignore foo/bar\n",
            "lib/cr.ex": FAULTY.replace("\n", "\r"),
            "lib/big.ex": '# otpwise:ignore foo/bar\nx = "' + "é" * 5_000_000 + '"\n',
            "lib/long.ex": 'x = "' + "é" * 50_000 + '" # otpwise:ignore foo/bar\n',
        }
    )
    (root / "lib/loop").symlink_to(root)
    (root / "lib/self.ex").symlink_to(root / "lib/self.ex")
    run = otpwise("check")
    assert run.code in (1, 3), run.err
    assert "Traceback" not in run.err
    assert "\x1b" not in run.out, "source text must not drive the terminal"
    assert max(map(len, run.out.splitlines())) < 300
    assert "lib/cr.ex:2:20 " in run.out and "lib/long.ex:1:" in run.out


def test_outside_of_a_project(otpwise: Otpwise, tmp_path: Path) -> None:
    (tmp_path / "script.exs").write_text(FAULTY)
    assert otpwise("check").code == 1
    assert "script.exs:2:20" in otpwise("check", "script.exs").out
    (tmp_path / "empty").mkdir()
    run = otpwise("check", "empty")
    assert run.code == 0 and "nothing was checked" in run.err


def test_standard_input(otpwise: Otpwise, project: Project) -> None:
    project({"lib/a.ex": CLEAN})
    run = otpwise("check", "-", "--stdin-filename", "lib/a.ex", stdin=FAULTY.encode())
    assert run.code == 1 and run.out.startswith("lib/a.ex:2:20 ")
    run = otpwise("check", "-", stdin=FAULTY.encode())
    assert run.code == 1 and run.out.startswith("stdin.ex:2:20 ")
    run = otpwise("check", "-", stdin=b"\xff")
    assert run.code == 3 and "(standard input) is not UTF-8" in run.err
    assert otpwise("check", "--stdin-filename", "lib/a.ex").code == 2
    assert otpwise("check", "-", "lib").code == 2


def test_usage_mistakes(otpwise: Otpwise) -> None:
    for arguments in (
        ["check", "--unsafe-fixes"],
        ["check", "--nonsense"],
        ["chekc"],
        ["check", "--profile", "x"],
    ):
        run = otpwise(*arguments)
        assert run.code == 2 and run.err and "Traceback" not in run.err
    assert otpwise("--version").out.startswith("otpwise ")
    assert otpwise("--help").code == 0 and otpwise("check", "--help").code == 0


_FAILING = """
import sys
from pathlib import Path
from otpwise_analyzers.rules.catalogue import RULES
class Broken(Exception): pass
def check(self, file):
    raise Broken("no")
type(RULES["phoenix/authorization-stub"]).check = check
type(RULES["phoenix/authorization-stub"]).always = True
type(RULES["phoenix/authorization-stub"]).needles = ()
RULES["phoenix/authorization-stub"] = RULES["phoenix/authorization-stub"]
from otpwise_cli.check import Options, run
code = run(Options(paths=(Path("."),)))
sys.exit(code)
"""


def test_a_rule_that_raises_is_named_once(project: Project) -> None:
    root = project({"lib/a.ex": FAULTY, "lib/c.ex": CLEAN})
    run = subprocess.run(
        [sys.executable, "-c", _FAILING],
        cwd=root,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert run.stderr.count("phoenix/authorization-stub failed on") == 1
    assert "and 2 more files (Broken: no)" in run.stderr and "Traceback" not in run.stderr
    assert "1 finding in 3 files" in run.stdout


_IMPORTS = """
import sys
from pathlib import Path
from otpwise_cli.main import cli
try:
    cli(["check", *sys.argv[1:]])
except SystemExit:
    pass
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize("more", [["--output-format", "json"], ["--fix"], []])
def test_check_imports_no_language_server(project: Project, more: list[str]) -> None:
    root = project({"lib/a.ex": FAULTY})
    run = subprocess.run(
        [sys.executable, "-c", _IMPORTS, *more],
        cwd=root,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(run.stderr.split())
    assert "otpwise_analyzers" in imported
    assert not imported & {"pygls", "lsprotocol", "otpwise_server", "cattrs", "asyncio", "sqlglot"}
