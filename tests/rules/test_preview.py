"""What hovers at findings say, of this very code and in few lines."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import dedent

import pytest

from otpwise_analyzers.findings import Finding, Fix
from otpwise_analyzers.project.settings import Settings
from otpwise_analyzers.rules import page, preview
from otpwise_analyzers.rules.base import Rule
from otpwise_analyzers.rules.catalogue import RULES
from tests.proof import build, findings_in


def previews(rule: Rule) -> Iterator[tuple[Finding, list[Fix], preview.Preview | None]]:
    """The findings of the rule's examples, with the fixes that can be made and what the first would do."""
    for example in rule.incorrect:
        files = {path: dedent(text).encode() for path, text in example.others.items()}
        files[example.path] = example.text.encode()
        settings = Settings(profile=example.profile)  # type: ignore[arg-type]
        file, findings = findings_in(files, example.path, settings)
        for finding in findings:
            if finding.rule != rule.name:
                continue
            changes = [(fix, build(files, file, fix)) for fix in finding.fixes]
            made = [(fix, change) for fix, change in changes if change]
            shown = preview.of_change(*made[0], files.get, file.path) if made else None
            yield finding, [fix for fix, _ in made], shown


@pytest.mark.parametrize("name", RULES)
def test_hovers_are_short_and_whole(name: str) -> None:
    rule = RULES[name]
    for finding, fixes, shown in previews(rule):
        text = page.hover(rule, finding, fixes, shown)
        assert finding.message in text
        assert "**Why.**" in text and "**Fine when.**" in text and "**Trade-off.**" in text
        assert f"otpwise:ignore {name}" in text and page.url(name) in text
        assert len(text) < 4_000, len(text)
        if shown is None:
            assert "**Fix.**" not in text
            continue
        assert shown.fix is not None
        assert f"**Fix.** {shown.fix.title} ({page.APPLICABILITY[shown.fix.applicability]})." in text
        lines = [line for part in shown.files for line in part.lines]
        assert any(line.startswith(("+", "-")) for line in lines)
        assert len(lines) <= preview.MOST_LINES + 6


@pytest.mark.parametrize("name", RULES)
def test_without_a_fix_that_can_be_made_the_rules_own_example_is_shown(name: str) -> None:
    rule = RULES[name]
    example = preview.of_example(rule)
    if example is None:
        assert not any(e.fixed is not None or e.fixed_others for e in rule.incorrect)
        return
    assert example.fix is None
    finding = next(finding for finding, _, _ in previews(rule))
    assert "For example:" in page.hover(rule, finding)
