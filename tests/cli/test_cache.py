"""What is kept of a check for the next one, and that nobody can tell from what is said."""

from __future__ import annotations

import io
import os
import random
import shutil
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from otpwise_analyzers.project import loading
from otpwise_cli import cache
from otpwise_cli.check import Options, run
from tests.cli.conftest import CLEAN, FAULTY, MIX, Otpwise, Project

CHAT = Path(__file__).parents[2] / "examples" / "chat_app"

APPLICATION = """defmodule Mini.Application do
  use Application

  def start(_type, _args) do
    Supervisor.start_link([Mini.Ticker], strategy: :one_for_one)
  end
end
"""
TICKER = """defmodule Mini.Ticker do
  use GenServer

  def start_link(arg), do: GenServer.start_link(__MODULE__, arg)

  @impl true
  def init(arg), do: {:ok, arg}
end
"""
STARTED = MIX.replace("def project", "def application, do: [mod: {Mini.Application, []}]\n  def project")


@pytest.fixture(autouse=True)
def kept_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv(cache.FOLDER, str(folder))
    return folder


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the files that are parsed."""
    paths: list[str] = []
    real = loading.open_file

    def noting(path: str, *rest: object) -> object:
        paths.append(path)
        return real(path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(loading, "open_file", noting)
    return paths


def said(root: Path, *, form: str = "concise", no_cache: bool = False) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(Options((root,), hints=True, output_format=form, no_cache=no_cache, color="never"))  # type: ignore[arg-type]
    return code, out.getvalue(), err.getvalue()


def test_what_did_not_change_is_not_parsed_again(project: Project, opened: list[str]) -> None:
    root = project({"lib/a.ex": FAULTY, "lib/c.ex": CLEAN})
    first = said(root)
    assert set(opened) == {"lib/a.ex", "lib/c.ex", "mix.exs"}
    opened.clear()
    assert said(root) == first
    assert opened == []
    (root / "lib/c.ex").write_text(CLEAN.replace("1", "2"))
    assert said(root) == first
    assert set(opened) == {"lib/c.ex"}


def test_fixes_are_offered_as_before(project: Project, opened: list[str]) -> None:
    root = project({"lib/a.ex": FAULTY, "lib/c.ex": CLEAN})
    for form in ("text", "json"):
        first = said(root, form=form)
        assert "safe" in first[1]
        opened.clear()
        assert said(root, form=form) == first
        assert set(opened) == {"lib/a.ex"}, "only where a fix is shown"


def test_what_another_file_says_counts(project: Project) -> None:
    root = project({"mix.exs": STARTED, "lib/application.ex": APPLICATION, "lib/ticker.ex": TICKER})
    assert "never-supervised" not in said(root)[1]
    (root / "lib/application.ex").write_text(APPLICATION.replace("Mini.Ticker", ""))
    assert "lib/ticker.ex:1:11: " in said(root)[1]
    (root / "lib/application.ex").unlink()
    assert said(root) == said(root, no_cache=True)
    (root / "lib/application.ex").write_text(APPLICATION)
    assert "never-supervised" not in said(root)[1]


def test_places_in_other_files_are_where_they_are_now(project: Project) -> None:
    supervised = TICKER.replace(
        "(arg), do: GenServer.start_link(__MODULE__, arg)", "(_), do: GenServer.start_link(__MODULE__, %{})"
    )
    application = APPLICATION.replace("Mini.Ticker", "{Mini.Ticker, every: 5}")
    root = project({"mix.exs": STARTED, "lib/application.ex": application, "lib/ticker.ex": supervised})
    first = said(root, form="text")[1]
    assert "lib/application.ex:1:1" in first
    (root / "lib/application.ex").write_text(f"# a line more\n{application}")
    assert said(root, form="text")[1] == first.replace("lib/application.ex:1:1", "lib/application.ex:2:1")


def test_settings_have_findings_of_their_own(otpwise: Otpwise, project: Project) -> None:
    root = project({"lib/a.ex": FAULTY})
    assert said(root)[0] == 1
    (root / ".otpwise.toml").write_text('ignore = ["suppression"]\n')
    assert said(root)[0] == 0
    (root / ".otpwise.toml").unlink()
    assert said(root)[0] == 1


def test_the_same_is_said_after_any_edit(tmp_path: Path) -> None:
    root = tmp_path / "chat_app"
    shutil.copytree(CHAT, root)
    files = sorted(path for path in root.rglob("*") if path.suffix in (".ex", ".exs", ".heex", ".lock"))
    texts = {path: path.read_bytes() for path in files}
    choice = random.Random(7)
    assert said(root) == said(root, no_cache=True)
    for step in range(25):
        for _ in range(choice.choice((1, 1, 3))):
            _edit(choice, files, texts)
        assert said(root) == said(root, no_cache=True), f"step {step}"


def _edit(choice: random.Random, files: list[Path], texts: dict[Path, bytes]) -> None:
    path = choice.choice(files)
    match choice.randrange(5):
        case 0:
            path.unlink(missing_ok=True)
        case 1:
            path.write_bytes(texts[path])
        case 2:
            path.write_bytes(b"# a line more\n" + texts[path])
        case 3:
            path.write_bytes(texts[choice.choice(files)])
        case _:
            lines = texts[path].split(b"\n")
            at = choice.randrange(len(lines))
            path.write_bytes(b"\n".join(lines[:at] + lines[at + 4 :]))


def _caches(folder: Path) -> Iterator[Path]:
    return folder.glob("*.msgpack")


@pytest.mark.parametrize("content", [b"", b"\xc1 no message", b"\x92\xa1x\x80", b"\x91\xa1x"])
def test_a_broken_cache_counts_for_nothing(project: Project, kept_in: Path, content: bytes) -> None:
    root = project({"lib/a.ex": FAULTY})
    first = said(root)
    (path,) = _caches(kept_in)
    path.write_bytes(content)
    assert said(root) == first
    assert path.read_bytes() != content


def test_another_version_starts_anew(
    project: Project, kept_in: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project({"lib/a.ex": FAULTY})
    first = said(root)
    opened.clear()
    monkeypatch.setattr(cache, "_maker", lambda: "another")
    assert said(root) == first
    assert "lib/a.ex" in opened


def test_a_cache_that_cannot_be_written_is_no_trouble(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project({"lib/a.ex": FAULTY})
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv(cache.FOLDER, str(tmp_path / "file"))
    assert said(root)[0] == 1 and said(root)[2] == ""


def test_nothing_is_kept_where_nobody_wants_it(otpwise: Otpwise, project: Project, kept_in: Path) -> None:
    root = project({"lib/a.ex": FAULTY})
    said(root, no_cache=True)
    run(Options((root,), fix=True))
    assert not list(_caches(kept_in))


def test_what_nobody_asked_for_in_a_month_goes(project: Project, kept_in: Path) -> None:
    root = project({"lib/a.ex": FAULTY})
    kept_in.mkdir()
    old, recent = kept_in / "old.msgpack", kept_in / "recent.msgpack"
    for path in (old, recent):
        path.write_bytes(b"")
    os.utime(old, (0, 0))
    said(root)
    assert not old.exists() and recent.exists()
