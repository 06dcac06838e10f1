"""`--fix`: what is written, and what is left alone."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from otpwise_analyzers import engine
from otpwise_analyzers.findings import Applicability, Change, FileChange, Finding, Fix, Level
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rules.base import Rule
from otpwise_analyzers.rules.catalogue import RULES
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_cli import fixing
from otpwise_cli.check import Options, run
from tests.cli.conftest import CLEAN, FAULTY, FIXED, INJECTED, QUIET, Otpwise, Project


def test_safe_fixes_are_applied(otpwise: Otpwise, project: Project) -> None:
    root = project({"lib/a.ex": FAULTY, "lib/b.ex": QUIET, "lib/search.ex": INJECTED})
    (root / "lib/a.ex").chmod(0o754)
    done = otpwise("check", "--fix", "--ignore", "ecto,phoenix,otp")
    assert done.code == 0, done.out
    assert "1 finding fixed in 1 file" in done.err
    assert (root / "lib/a.ex").read_text() == FIXED
    assert stat.S_IMODE((root / "lib/a.ex").stat().st_mode) == 0o754
    assert (root / "lib/b.ex").read_text() == QUIET, "what is not listed is not fixed"
    assert (root / "lib/search.ex").read_text() == INJECTED
    assert sorted(path.name for path in (root / "lib").iterdir()) == ["a.ex", "b.ex", "search.ex"]
    otpwise("check", "--fix", "--hints")
    assert "otpwise:ignore" not in (root / "lib/b.ex").read_text()


def test_unsafe_fixes_are_applied_when_asked_for(otpwise: Otpwise, project: Project) -> None:
    root = project({"lib/search.ex": INJECTED})
    assert otpwise("check", "--fix").code == 1
    assert (root / "lib/search.ex").read_text() == INJECTED
    done = otpwise("check", "--fix", "--unsafe-fixes")
    assert done.code == 0 and "#{term}" not in (root / "lib/search.ex").read_text()


def test_many_fixes_of_one_file(otpwise: Otpwise, project: Project) -> None:
    root = project({"lib/a.ex": "# otpwise:ignore foo/a, foo/b, foo/c\n# otpwise:ignore\n" + FAULTY * 3})
    assert otpwise("check", "--fix").code == 0
    assert (root / "lib/a.ex").read_text() == FIXED * 3


def test_line_ends_and_byte_order_mark_stay(otpwise: Otpwise, project: Project) -> None:
    marked = b"\xef\xbb\xbf" + INJECTED.replace("\n", "\r\n").encode()
    root = project({"lib/search.ex": marked})
    otpwise("check", "--fix", "--unsafe-fixes")
    after = (root / "lib/search.ex").read_bytes()
    assert after != marked and after.startswith(b"\xef\xbb\xbf")
    assert after.count(b"\n") == after.count(b"\r\n")


def test_a_link_stays_a_link(
    otpwise: Otpwise, project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    real = tmp_path_factory.mktemp("elsewhere") / "real.ex"
    real.write_text(FAULTY)
    root = project({})
    (root / "lib").mkdir()
    (root / "lib/a.ex").symlink_to(real)
    assert otpwise("check", "--fix").code == 0
    assert (root / "lib/a.ex").is_symlink() and real.read_text() == FIXED


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_file_is_named(otpwise: Otpwise, project: Project) -> None:
    root = project({"lib/a.ex": FAULTY})
    (root / "lib/a.ex").chmod(0o444)
    done = otpwise("check", "--fix")
    assert done.code == 2 and "lib/a.ex cannot be written" in done.err
    assert (root / "lib/a.ex").read_text() == FAULTY


def test_the_diff_is_what_fix_does(otpwise: Otpwise, project: Project) -> None:
    root = project(
        {"lib/a.ex": FAULTY, "lib/crlf.ex": INJECTED.replace("\n", "\r\n"), "lib/n.ex": FAULTY.rstrip()}
    )
    done = otpwise("check", "--diff", "--unsafe-fixes")
    assert done.code == 1 and "3 findings would be fixed in 3 files" in done.err
    assert (root / "lib/a.ex").read_text() == FAULTY
    assert done.out.startswith("--- a/lib/a.ex\n+++ b/lib/a.ex\n@@ -1,4 +1,3 @@\n")
    applied = subprocess.run(
        ["patch", "-p1", "--binary", "-s"],
        input=done.out.encode(),
        cwd=root,
        capture_output=True,
        check=False,
    )
    assert applied.returncode == 0, applied.stdout
    by_patch = {path: path.read_bytes() for path in root.glob("lib/*.ex")}
    assert otpwise("check", "--diff", "--unsafe-fixes").code == 0
    project({"lib/a.ex": FAULTY, "lib/crlf.ex": INJECTED.replace("\n", "\r\n"), "lib/n.ex": FAULTY.rstrip()})
    otpwise("check", "--fix", "--unsafe-fixes")
    assert {path: path.read_bytes() for path in root.glob("lib/*.ex")} == by_patch


def test_standard_input_is_fixed_to_standard_output(otpwise: Otpwise, project: Project) -> None:
    root = project({"lib/a.ex": QUIET})
    done = otpwise("check", "-", "--fix", "--stdin-filename", "lib/a.ex", stdin=FAULTY.encode())
    assert (done.code, done.out) == (0, FIXED)
    assert "1 finding fixed" in done.err
    assert (root / "lib/a.ex").read_text() == QUIET
    done = otpwise("check", "-", "--fix", "--stdin-filename", "lib/a.ex", stdin=FIXED.encode())
    assert done.out == FIXED


class _Careless(Rule):
    """A rule of the tests' own, whose fix inserts `text` before every call of `careless`."""

    name = "test/careless"
    summary = "careless"
    why = "It is careless."
    calls = frozenset({"careless"})
    text = ""
    together_with: tuple[str, ...] = ()

    def check(self, file: ElixirFile) -> list[Finding]:
        def fix(at: int) -> Fix:
            def build(context: FixContext) -> Change | None:
                others = [FileChange(path, (Edit(0, 0, "# seen\n"),)) for path in self.together_with]
                return (FileChange(file.path, (Edit(at, at, self.text),)), *others)

            return Fix("Insert", Applicability.SAFE, build)

        return [
            self.finding(call.node, "Careless.", Level.WARNING, fixes=[fix(call.node.start_byte)])
            for call in file.calls("careless")
        ]


@pytest.fixture
def careless(monkeypatch: pytest.MonkeyPatch) -> type[_Careless]:
    monkeypatch.setitem(RULES, _Careless.name, _Careless())
    monkeypatch.setattr(engine, "_dispatches", {})
    return _Careless


def test_nothing_is_written_that_does_not_parse(
    project: Project,
    careless: type[_Careless],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(careless, "text", "((")
    root = project({"lib/a.ex": "careless()\n"})
    assert run(Options(paths=(root,), fix=True)) == 1
    assert (root / "lib/a.ex").read_text() == "careless()\n"
    assert "was left out: the result would not parse" in capfd.readouterr().err


def test_fixes_without_end_come_to_one(
    project: Project, careless: type[_Careless], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(careless, "text", "careless(); ")
    monkeypatch.setattr("otpwise_analyzers.bulk.MAX_FIXES_OF_A_FILE", 20)
    root = project({"lib/a.ex": "careless()\n"})
    assert run(Options(paths=(root,), fix=True)) == 1
    assert (root / "lib/a.ex").read_text().count("careless") <= 21


def test_a_file_that_changed_meanwhile_is_left_alone(
    project: Project, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    root = project({"lib/a.ex": FAULTY})
    real = fixing.fix_batch

    def late(*arguments: Any) -> fixing.Fixed:
        fixed = real(*arguments)
        (root / "lib/a.ex").write_text("# somebody else\n")
        return fixed

    monkeypatch.setattr(fixing, "fix_batch", late)
    assert run(Options(paths=(Path(root),), fix=True)) == 2
    assert (root / "lib/a.ex").read_text() == "# somebody else\n"
    shown = capfd.readouterr()
    assert "was changed by somebody else" in shown.err and "fixed in" not in shown.err
    assert "1 finding in 2 files" in shown.out


def test_what_one_fix_changes_is_written_together_or_not_at_all(
    project: Project,
    careless: type[_Careless],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(careless, "text", "x = ")
    monkeypatch.setattr(careless, "together_with", ("lib/c.ex",))
    monkeypatch.setattr("otpwise_analyzers.bulk.MAX_FIXES_OF_A_FILE", 1)
    root = project({"lib/a.ex": "careless()\n", "lib/b.ex": FAULTY, "lib/c.ex": "1\n"})
    real = fixing.fix_batch

    def late(*arguments: Any) -> fixing.Fixed:
        fixed = real(*arguments)
        (root / "lib/c.ex").write_text("2\n")
        return fixed

    monkeypatch.setattr(fixing, "fix_batch", late)
    assert run(Options(paths=(Path(root),), fix=True)) == 2
    assert (root / "lib/a.ex").read_text() == "careless()\n" and (root / "lib/c.ex").read_text() == "2\n"
    assert (root / "lib/b.ex").read_text() == FIXED
    shown = capfd.readouterr()
    assert "lib/c.ex was changed by somebody else" in shown.err and "1 finding fixed in 1 file" in shown.err
    assert "1 warning" in shown.out


_MISPLACED = (
    "defmodule Mini.Accounts.User do\n  # otpwise:ignore otp/no-such-rule -- why\n  def a, do: 1\nend\n"
)


def test_a_file_is_renamed(otpwise: Otpwise, project: Project) -> None:
    root = project({"lib/mini/usr.ex": _MISPLACED, "lib/mini/b.ex": CLEAN.replace("Mini.C", "Mini.B")})
    (root / "lib/mini/usr.ex").chmod(0o640)
    assert otpwise("check", "--fix", "--unsafe-fixes").code == 0, "a hint is not fixed unless it is listed"
    assert (root / "lib/mini/usr.ex").exists()
    (root / "lib/mini/usr.ex").write_text(_MISPLACED)
    done = otpwise("check", "--fix", "--unsafe-fixes", "--hints")
    assert done.code == 0, done.out
    assert "2 findings fixed in 1 file" in done.err
    new = root / "lib/mini/accounts/user.ex"
    assert new.read_text() == FIXED.replace("Mini.A", "Mini.Accounts.User")
    assert stat.S_IMODE(new.stat().st_mode) == 0o640
    assert not (root / "lib/mini/usr.ex").exists()
    assert sorted(path.name for path in (root / "lib/mini").iterdir()) == ["accounts", "b.ex"]
    assert otpwise("check", "--hints").out == "No findings in 3 files.\n"


def test_a_folder_that_a_renamed_file_left_empty_goes(otpwise: Otpwise, project: Project) -> None:
    text = CLEAN.replace("Mini.C", "Mini.Accounts.User")
    root = project({"lib/mini/old/deep/user.ex": text, "lib/mini/old/notes.txt": "kept\n"})
    assert "(1 renamed)" in otpwise("check", "--fix", "--unsafe-fixes", "--hints").err
    assert sorted(path.relative_to(root / "lib").as_posix() for path in (root / "lib").rglob("*")) == [
        "mini",
        "mini/accounts",
        "mini/accounts/user.ex",
        "mini/old",
        "mini/old/notes.txt",
    ]


def test_the_diff_of_a_renamed_file_is_what_fix_does(otpwise: Otpwise, project: Project) -> None:
    files = {
        "lib/mini/usr.ex": _MISPLACED,
        "lib/mini/tpo.ex": CLEAN.replace("Mini.C", "Mini.Top"),
        "lib/mini/z.ex": FAULTY.replace("Mini.A", "Mini.Z"),
    }
    root = project(files)
    shown = otpwise("check", "--diff", "--unsafe-fixes", "--hints")
    assert "rename from lib/mini/tpo.ex\nrename to lib/mini/top.ex\n" in shown.out
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", "apply", "-"], input=shown.out.encode(), cwd=root, check=True)
    patched = {path.relative_to(root): path.read_bytes() for path in (root / "lib").rglob("*.ex")}
    assert sorted(map(str, patched)) == ["lib/mini/accounts/user.ex", "lib/mini/top.ex", "lib/mini/z.ex"]
    for path in patched:
        (root / path).unlink()
    project(files)
    otpwise("check", "--fix", "--unsafe-fixes", "--hints")
    assert {path.relative_to(root): path.read_bytes() for path in (root / "lib").rglob("*.ex")} == patched


def test_a_file_is_not_renamed_over_another(
    project: Project, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    root = project({"lib/mini/tpo.ex": CLEAN.replace("Mini.C", "Mini.Top")})
    real = fixing.fix_batch

    def late(*arguments: Any) -> fixing.Fixed:
        fixed = real(*arguments)
        (root / "lib/mini/top.ex").write_text("# somebody else\n")
        return fixed

    monkeypatch.setattr(fixing, "fix_batch", late)
    assert run(Options(paths=(Path(root),), fix=True, unsafe_fixes=True, hints=True)) == 2
    assert (root / "lib/mini/top.ex").read_text() == "# somebody else\n"
    assert (root / "lib/mini/tpo.ex").exists()
    shown = capfd.readouterr()
    assert "was created by somebody else" in shown.err and "fixed in" not in shown.err
    assert "lib/mini/tpo.ex" in shown.out


def test_json_says_where_a_file_goes(otpwise: Otpwise, project: Project) -> None:
    project({"lib/mini/tpo.ex": CLEAN.replace("Mini.C", "Mini.Top")})
    report = json.loads(otpwise("check", "--hints", "--output-format", "json").out)
    ((finding,),) = [report["findings"]]
    (change,) = finding["fixes"][0]["changes"]
    assert change == {"path": "lib/mini/tpo.ex", "create": False, "edits": [], "rename_to": "lib/mini/top.ex"}


def tree_of(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git/" not in path.as_posix()
    }


@pytest.mark.parametrize("fails", ["replace", "stage"])
def test_a_failure_in_between_leaves_nothing_half_done(
    fails: str,
    project: Project,
    careless: type[_Careless],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The second of two files that one fix changes cannot be written: the first is as it was."""
    monkeypatch.setattr(careless, "text", "x = ")
    monkeypatch.setattr(careless, "together_with", ("lib/c.ex",))
    monkeypatch.setattr("otpwise_analyzers.bulk.MAX_FIXES_OF_A_FILE", 1)
    root = project({"lib/a.ex": "careless()\n", "lib/b.ex": FAULTY, "lib/c.ex": "1\n"})
    (root / "lib/a.ex").chmod(0o755)
    before = tree_of(root)

    replace = Path.replace

    def full(self: Path, target: Any) -> Any:
        if Path(target).name == "c.ex":
            raise OSError(28, "No space left on device")
        return replace(self, target)

    def no_room(prefix: str, **options: Any) -> Any:
        if prefix.startswith(".c.ex"):
            raise OSError(28, "No space left on device")
        return real(prefix=prefix, **options)

    real = tempfile.mkstemp
    if fails == "replace":
        monkeypatch.setattr(Path, "replace", full)
    else:
        monkeypatch.setattr(tempfile, "mkstemp", no_room)
    assert run(Options(paths=(Path(root),), fix=True)) == 2
    assert tree_of(root) == {**before, "lib/b.ex": FIXED.encode()}
    assert stat.S_IMODE((root / "lib/a.ex").stat().st_mode) == 0o755
    shown = capfd.readouterr()
    assert "lib/c.ex cannot be written (No space left on device)" in shown.err
    assert "1 finding fixed in 1 file" in shown.err and "lib/a.ex" in shown.out


def test_what_cannot_be_taken_back_is_named(
    project: Project,
    careless: type[_Careless],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(careless, "text", "x = ")
    monkeypatch.setattr(careless, "together_with", ("lib/c.ex",))
    monkeypatch.setattr("otpwise_analyzers.bulk.MAX_FIXES_OF_A_FILE", 1)
    root = project({"lib/a.ex": "careless()\n", "lib/c.ex": "1\n"})
    writes: list[str] = []
    replace = Path.replace

    def dying(self: Path, target: Any) -> Any:
        writes.append(Path(target).name)
        if len(writes) > 1:
            raise OSError(5, "Input/output error")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", dying)
    assert run(Options(paths=(Path(root),), fix=True)) == 2
    said = capfd.readouterr().err
    assert "lib/c.ex cannot be written (Input/output error)" in said
    assert "lib/a.ex is fixed, though " in said and "lib/c.ex, which belongs to it, is not" in said
    assert sorted(path.name for path in (root / "lib").iterdir()) == ["a.ex", "c.ex"]


def test_a_run_that_is_interrupted_leaves_no_file_behind(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project({"lib/a.ex": FAULTY})
    before = tree_of(root)

    def interrupted(self: Path, target: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(Options(paths=(Path(root),), fix=True))
    assert tree_of(root) == before


def test_two_files_that_concern_each_other_come_to_an_end(
    project: Project, careless: type[_Careless], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fix writes the other file, which is then looked at again: a few rounds, not for ever."""
    monkeypatch.setattr(careless, "text", "careless(); ")
    monkeypatch.setattr(careless, "together_with", ("lib/a.ex", "lib/b.ex"))
    monkeypatch.setattr("otpwise_analyzers.bulk.MAX_FIXES_OF_A_FILE", 3)
    root = project({"lib/a.ex": "careless()\n", "lib/b.ex": "careless()\n"})
    assert run(Options(paths=(Path(root),), fix=True)) == 1


def test_the_diff_of_new_files_and_odd_ones_is_what_fix_does(
    project: Project,
    careless: type[_Careless],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A byte order mark, CRLF, no line end at the end, a name with a space and an accent, a mode, a new file."""

    def build(at: int, file: ElixirFile) -> Fix:
        name = "lib/new folder/né.ex"

        def made(context: FixContext) -> Change | None:
            new = (
                ()
                if context.exists(name)
                else (FileChange(name, (Edit(0, 0, "# é😀\n:new\n"),), create=True),)
            )
            return (FileChange(file.path, (Edit(at, at + len("careless"), "careful"),)), *new)

        return Fix("Replace", Applicability.SAFE, made)

    def check(self: Any, file: ElixirFile) -> list[Finding]:
        return [
            self.finding(call.node, "Careless.", Level.WARNING, fixes=[build(call.node.start_byte, file)])
            for call in file.calls("careless")
        ]

    monkeypatch.setattr(careless, "check", check)
    files = {
        "lib/marked.ex": b"\xef\xbb\xbfcareless()\n# end\n",
        "lib/crlf.ex": b"# one\r\ncareless()\r\n# two\r\n",
        "lib/open end.ex": b"x = 1\ncareless()",
        "lib/mixed é.ex": '# é\r\ncareless("😀")\n'.encode(),
    }
    root = project(files)
    (root / "lib/crlf.ex").chmod(0o755)
    monkeypatch.chdir(root)
    assert run(Options(paths=(Path(),), diff=True)) == 1
    diff = capfd.readouterr().out
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    subprocess.run(["git", "apply", "--whitespace=nowarn", "-"], input=diff.encode(), cwd=root, check=True)
    by_git = tree_of(root)
    assert by_git["lib/new folder/né.ex"].decode() == "# é😀\n:new\n"
    assert b"careful()\r\n" in by_git["lib/crlf.ex"] and by_git["lib/marked.ex"].startswith(
        b"\xef\xbb\xbfcareful"
    )
    (root / "lib/new folder/né.ex").unlink()
    (root / "lib/new folder").rmdir()
    project(files)
    (root / "lib/crlf.ex").chmod(0o755)
    assert run(Options(paths=(Path(),), fix=True)) == 0
    assert tree_of(root) == by_git
    assert "fixed in 5 files" in capfd.readouterr().err
    assert stat.S_IMODE((root / "lib/crlf.ex").stat().st_mode) == 0o755


def test_unsafe_fixes_are_no_scaffolds(otpwise: Otpwise, tmp_path: Path) -> None:
    """In the example project, where every kind of fix is offered."""
    root = tmp_path / "chat_app"
    shutil.copytree(Path(__file__).parents[2] / "examples/chat_app", root)
    report = json.loads(otpwise("check", str(root), "--hints", "--output-format", "json").out)
    kinds = {fix["applicability"] for finding in report["findings"] for fix in finding["fixes"]}
    assert kinds == {"safe", "unsafe", "scaffold"}
    before = tree_of(root)
    done = otpwise("check", str(root), "--fix", "--unsafe-fixes", "--hints")
    assert "fixed in" in done.err
    changed = {path: data for path, data in tree_of(root).items() if before.get(path) != data}
    assert changed and not any(
        b"TODO" in data and b"TODO" not in before.get(path, b"") for path, data in changed.items()
    )
    after = json.loads(otpwise("check", str(root), "--hints", "--output-format", "json").out)
    left = {fix["applicability"] for finding in after["findings"] for fix in finding["fixes"]}
    assert left <= {"scaffold"}, left
