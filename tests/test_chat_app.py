"""The example project: its faults are found, all of them and nothing else, and its cure is what we ship."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from otpwise_analyzers.engine import check
from otpwise_analyzers.rules.catalogue import RULES
from otpwise_analyzers.syntax.languages import is_read, open_file
from tests.mending import mended, read
from tests.proof import HAS_ELIXIR, elixir_verdicts, project_of

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
_ROW = re.compile(r"^\| `?([\w./-]+):(\d+)`? \| `?([\w/-]+)`? \|", re.MULTILINE)


def _found(files: dict[str, bytes]) -> set[tuple[str, int, str]]:
    project = project_of(files)
    found = set()
    for path, data in files.items():
        if is_read(path):
            report = check(open_file(path, data, project=project.view(path)))
            assert report.failures == []
            for finding in report.findings:
                found.add((path, data.count(b"\n", 0, finding.span.start) + 1, finding.rule))
    return found


def test_every_fault_is_found_and_nothing_else() -> None:
    root = EXAMPLES / "chat_app"
    stated = {(m[1], int(m[2]), m[3]) for m in _ROW.finditer((root / "FAULTS.md").read_text("utf-8"))}
    assert len(stated) > 20
    found = _found(read(root))
    assert sorted(found - stated) == [], "found, but not stated"
    assert sorted(stated - found) == [], "stated, but not found"


def test_every_rule_of_the_best_practices_has_a_fault_there() -> None:
    """Rules of code; what concerns a whole project (its image, its configuration) is shown elsewhere."""
    found = {rule for _, _, rule in _found(read(EXAMPLES / "chat_app"))}
    assert found >= {name for name in RULES if name.startswith(("otp/", "phoenix/", "ecto/"))}


def test_the_cure_is_what_the_fixes_make() -> None:
    made, shipped = mended(read(EXAMPLES / "chat_app")), read(EXAMPLES / "chat_app_fixed")
    for path in sorted(made.keys() | shipped.keys()):
        assert made.get(path) == shipped.get(path), f"{path}: run `make examples`"


def test_what_is_left_has_no_fix() -> None:
    """Only findings whose cure needs a person stay in the mended project."""
    files = read(EXAMPLES / "chat_app_fixed")
    left = {rule for _, _, rule in _found(files)}
    needs_a_person = {
        # What a function preloads for one element, its callers may want for one alone.
        "ecto/n-plus-one",
        # Whose result is handed to a function that reads its columns as well.
        "ecto/raw-sql",
        "phoenix/authorization-stub",
        "phoenix/context-depends-on-web",
        "phoenix/ecto-in-web",
        "phoenix/mail-in-request",
        "phoenix/repo-in-web",
    }
    # An Agent for each poll wants a DynamicSupervisor, which nobody can choose for the author.
    assert left <= needs_a_person | {"otp/unsupervised-process"}


@pytest.mark.elixir
@pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")
@pytest.mark.parametrize("name", ["chat_app", "chat_app_fixed"])
def test_elixir_reads_and_keeps_the_format(name: str, tmp_path: Path) -> None:
    files = {p: d for p, d in read(EXAMPLES / name).items() if p.endswith((".ex", ".exs"))}
    formatter = EXAMPLES / name / ".formatter.exs"
    verdicts = elixir_verdicts(list(files.values()), tmp_path, formatter)
    assert [(path, word) for path, (word, _) in zip(files, verdicts, strict=True) if word != "ok"] == []
