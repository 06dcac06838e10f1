"""Every example of every rule: flagged exactly there, silent where it is right, and fixed as written."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from otpwise_analyzers.project.config import Settings
from otpwise_analyzers.rules.base import Example, Rule
from otpwise_analyzers.rules.catalogue import RULES
from otpwise_analyzers.syntax.languages import open_file
from tests.proof import HAS_ELIXIR, elixir_verdicts, findings_in, objections, project_of


def _cases(kind: str) -> list[object]:
    return [
        pytest.param(rule, example, id=f"{rule.name}-{kind}-{index}")
        for rule in RULES.values()
        for index, example in enumerate(getattr(rule, kind), 1)
    ]


def _files(example: Example) -> dict[str, bytes]:
    files = {path: dedent(text).encode() for path, text in example.others.items()}
    files[example.path] = example.text.encode()
    return files


def _settings(example: Example) -> Settings:
    return Settings(profile=example.profile)  # type: ignore[arg-type]


@pytest.mark.parametrize(("rule", "example"), _cases("incorrect"))
def test_incorrect_is_flagged_exactly_there(rule: Rule, example: Example) -> None:
    files = _files(example)
    assert not open_file(example.path, files[example.path]).error_spans
    _, findings = findings_in(files, example.path, _settings(example))
    assert [finding.span for finding in findings if finding.rule == rule.name] == example.spans
    for finding in findings:
        assert 20 <= len(finding.message) <= 400, finding.message


@pytest.mark.parametrize(("rule", "example"), _cases("correct"))
def test_correct_is_silent(rule: Rule, example: Example) -> None:
    files = _files(example)
    assert not open_file(example.path, files[example.path]).error_spans
    _, findings = findings_in(files, example.path, _settings(example))
    assert [finding for finding in findings if finding.rule == rule.name] == []


@pytest.mark.parametrize(("rule", "example"), _cases("incorrect"))
def test_fixes_are_right(rule: Rule, example: Example) -> None:
    files = _files(example)
    _, findings = findings_in(files, example.path, _settings(example))
    own = [finding for finding in findings if finding.rule == rule.name]
    wanted = {path: dedent(text) for path, text in example.fixed_others.items()}
    if example.fixed_text is not None:
        wanted[example.path] = example.fixed_text
    compared = False
    for finding in own:
        for fix in finding.fixes:
            wrong, after = objections(files, example.path, finding, fix, _settings(example))
            assert not wrong, f"{fix.title}: {wrong}\n{_shown(files, after)}"
            chosen = fix.title == example.fix if example.fix is not None else fix is own[0].fixes[0]
            if wanted and chosen and finding is own[0]:
                compared = True
                assert after is not None, f"{fix.title}: not offered"
                for path, text in wanted.items():
                    assert after[path].decode() == text
    assert compared or not wanted, "the example promises a fix that is not offered"


def _shown(files: dict[str, bytes], after: dict[str, bytes] | None) -> str:
    if after is None:
        return "not offered"
    return "\n".join(
        f"--- {path}\n{data.decode()}" for path, data in after.items() if files.get(path) != data
    )


@pytest.mark.elixir
@pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")
def test_elixir_reads_all_examples_and_keeps_their_format(tmp_path: Path) -> None:
    """Examples and what their fixes make of them: parsed and left alone by Elixir's own formatter."""
    texts: dict[bytes, str] = {}
    for rule in RULES.values():
        for kind in ("incorrect", "correct"):
            for index, example in enumerate(getattr(rule, kind), 1):
                label = f"{rule.name} {kind} {index}"
                files = _files(example)
                for path, data in files.items():
                    if path.endswith((".ex", ".exs")):
                        texts.setdefault(data, f"{label}: {path}")
                if kind == "incorrect":
                    project_of(files)
                    _, findings = findings_in(files, example.path, _settings(example))
                    for finding in findings:
                        for fix in finding.fixes:
                            _, after = objections(files, example.path, finding, fix, _settings(example))
                            for path, data in (after or {}).items():
                                if path.endswith((".ex", ".exs")):
                                    texts.setdefault(data, f"{label}, {fix.title}: {path}")
    # Ecto's and Phoenix's own words stand without parentheses in a Phoenix project.
    formatter = Path(__file__).resolve().parents[2] / "examples" / "chat_app" / ".formatter.exs"
    verdicts = elixir_verdicts(list(texts), tmp_path, formatter)
    wrong = [
        f"{label}: {word}\n{payload}"
        for label, (word, payload) in zip(texts.values(), verdicts, strict=True)
        if word != "ok"
    ]
    assert not wrong, "\n\n".join(wrong)
