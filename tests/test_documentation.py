"""Generated pages are current, and what the project says of itself is so."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

from otpwise_analyzers.findings import Applicability
from otpwise_analyzers.guide.catalogue import constructs
from otpwise_analyzers.rules.catalogue import RULES

ROOT = Path(__file__).resolve().parent.parent


def _generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec is not None and spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    return generate


def test_generated_pages_are_current() -> None:
    generate = _generate()
    assert [str(path) for path in generate.stale(generate.wanted())] == []


GUIDE = (ROOT / "docs/guide.md").read_text(encoding="utf-8")
SPANS = set(re.findall(r"`([^`]+)`", GUIDE))


def test_the_page_on_the_guide_names_every_rule_and_every_construct() -> None:
    assert sorted(set(RULES) - SPANS) == []
    assert sorted(set(constructs()) - SPANS) == []


def test_the_page_on_the_guide_links_to_what_there_is() -> None:
    links = re.findall(r"\[`([^`]+)`\]\(([^)#]+)(?:#([^)]+))?\)", GUIDE)
    assert links
    headings = re.findall(
        r"^### (.+)$", (ROOT / "docs/constructs.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    for name, page, _ in links:
        assert (ROOT / "docs" / page).is_file(), page
        assert page == f"rules/{name}.md" if page.startswith("rules/") else name in headings, name
    assert {name for name, page, _ in links if page.startswith("rules/")} == set(RULES)


def test_the_columns_for_hovers_hold_constructs_only() -> None:
    tables = [table.split("\n") for table in re.findall(r"(?:^\|.*\n)+", GUIDE, re.MULTILINE)]
    for head, _, *rows in ([line for line in table if line] for table in tables):
        if head.endswith("| hovers |"):
            cells = [row.removesuffix(" |").rpartition(" |")[2] for row in rows]
            named = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
            assert named <= set(constructs()), head


def test_the_page_on_fixes_names_the_kinds_that_the_examples_show() -> None:
    generate = _generate()
    for rule in RULES.values():
        if rule.fix_note is not None:
            said = {kind for kind in Applicability if re.search(rf"(?i)\b{kind}\b", rule.fix_note.because)}
            assert said == set(generate.fixes_in_examples(rule)), rule.name
