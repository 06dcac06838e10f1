"""Generated pages are current, and what the project says of itself is so."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from otpwise_analyzers.guide.catalogue import constructs
from otpwise_analyzers.rules.catalogue import RULES

ROOT = Path(__file__).resolve().parent.parent


def test_generated_pages_are_current() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    assert spec is not None and spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert [str(path) for path in generate.stale()] == []


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
