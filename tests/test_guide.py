"""The guide's own snippets: every Incorrect one is flagged and mended, no Correct one that would work is."""

from __future__ import annotations

import pytest

from otpwise_analyzers.project.config import Settings
from otpwise_analyzers.syntax.file import ElixirFile
from tests.guide_snippets import CORRECT, INCORRECT, Snippet
from tests.proof import findings_in, objections

PROFILES = pytest.mark.parametrize("profile", ["recommended", "strict"])


def _id(snippet: Snippet) -> str:
    return snippet.name


@PROFILES
@pytest.mark.parametrize("snippet", INCORRECT, ids=_id)
def test_incorrect_is_flagged(snippet: Snippet, profile: str) -> None:
    _, findings = findings_in(snippet.files, snippet.path, Settings(profile=profile))  # type: ignore[arg-type]
    assert snippet.rules <= {finding.rule for finding in findings}


@PROFILES
@pytest.mark.parametrize("snippet", CORRECT, ids=_id)
def test_correct_is_silent(snippet: Snippet, profile: str) -> None:
    _, findings = findings_in(snippet.files, snippet.path, Settings(profile=profile))  # type: ignore[arg-type]
    assert {finding.rule for finding in findings} == snippet.rules


@pytest.mark.parametrize("snippet", INCORRECT, ids=_id)
def test_every_fix_of_a_snippet_holds(snippet: Snippet) -> None:
    _, findings = findings_in(snippet.files, snippet.path)
    offered = 0
    for finding in findings:
        for fix in finding.fixes:
            wrong, after = objections(snippet.files, snippet.path, finding, fix)
            assert not wrong, f"{finding.rule}, {fix.title}: {wrong}"
            offered += after is not None
    assert offered


@pytest.mark.parametrize("snippet", INCORRECT, ids=_id)
def test_fix_after_fix_the_snippet_becomes_clean(snippet: Snippet) -> None:
    """Taking the first fix of the first finding that has one, again and again, ends with none left."""
    files = snippet.files
    for _ in range(15):
        project_paths = [path for path in files if path.endswith(".ex")]
        step = None
        for path in project_paths:
            _, findings = findings_in(files, path)
            for finding in findings:
                if finding.rule not in snippet.rules:
                    continue
                for fix in finding.fixes:
                    wrong, after = objections(files, path, finding, fix)
                    if after is not None and not wrong:
                        step = after
                        break
                if step is not None:
                    break
            if step is not None:
                break
        if step is None:
            break
        files = step
    left = [
        finding.rule
        for path in files
        if path.endswith(".ex")
        for finding in findings_in(files, path)[1]
        if finding.rule in snippet.rules
    ]
    assert left == []
    assert not any(
        ElixirFile(path, data).root.has_error for path, data in files.items() if path.endswith(".ex")
    )
