"""Writes what is made from the rules and the constructs: docs/rules/*.md, docs/constructs.md, the table in the
README, docs/fixes.md, docs/refactorings.md, the links in docs/guide.md, and the list of what each rule subscribes to.

python docs/generate.py            writes
python docs/generate.py --check    says what is not current, and exits with 1
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from otpwise_analyzers.engine import check
from otpwise_analyzers.findings import Applicability
from otpwise_analyzers.guide import page as guide_page
from otpwise_analyzers.project.config import Settings
from otpwise_analyzers.project.facts import facts_of
from otpwise_analyzers.project.index import Project
from otpwise_analyzers.refactorings import page as refactorings_page
from otpwise_analyzers.refactorings.catalogue import names, refactoring
from otpwise_analyzers.rules import fix_page, page
from otpwise_analyzers.rules.base import AnyRule
from otpwise_analyzers.rules.catalogue import RULES, modules, rule_in, subscription_of
from otpwise_analyzers.syntax.languages import is_read, open_file

ROOT = Path(__file__).resolve().parent.parent
_LIST = ROOT / "analyzers/otpwise_analyzers/rules/subscriptions.py"
_HEADING = re.compile(r"^(#{1,3}) (.+)$", re.MULTILINE)
_LINK = re.compile(r"\[(`[^`]+`)\]\((?:rules/|constructs\.md)[^)]*\)")
_SPAN = re.compile(r"`([^`]+)`(?!\])")
_TABLE = re.compile(r"(<!-- rules -->\n).*?(<!-- /rules -->)", re.DOTALL)


def wanted() -> dict[Path, str]:
    """Every generated file and its text."""
    files = {ROOT / "docs/rules" / f"{name}.md": page.page(rule) for name, rule in RULES.items()}
    readme = ROOT / "README.md"
    table = page.table(RULES.values())
    files[readme] = _TABLE.sub(
        lambda match: f"{match.group(1)}{table}{match.group(2)}", readme.read_text(encoding="utf-8")
    )
    offered = {name: fixes_in_examples(rule) for name, rule in RULES.items()}
    files[ROOT / "docs/fixes.md"] = fix_page.whole(RULES.values(), offered)
    files[ROOT / "docs/refactorings.md"] = refactorings_page.page(map(refactoring, names()))
    constructs = ROOT / "docs/constructs.md"
    files[constructs] = guide_page.whole()
    guide = ROOT / "docs/guide.md"
    files[guide] = linked(guide.read_text(encoding="utf-8"), anchors(files[constructs]))
    files[_LIST] = _listed()
    return files


def fixes_in_examples(rule: AnyRule) -> dict[Applicability, list[str]]:
    """The titles of the fixes that a rule offers in its examples, by how safe they are."""
    found: dict[Applicability, dict[str, None]] = {kind: {} for kind in Applicability}
    for example in rule.incorrect:
        texts = {path: dedent(text).encode() for path, text in example.others.items()}
        texts[example.path] = example.text.encode()
        project = Project()
        project.load(facts_of(open_file(path, data)) for path, data in texts.items() if is_read(path))
        file = open_file(example.path, texts[example.path], project=project.view(example.path))
        for finding in check(file, Settings(profile=example.profile)).findings:
            if finding.rule == rule.name:
                for fix in finding.fixes:
                    found[fix.applicability][fix.title] = None
    return {kind: list(titles) for kind, titles in found.items() if titles}


def anchors(page: str) -> dict[str, str]:
    """The anchor of every construct's heading, as GitHub makes them."""
    found: dict[str, str] = {}
    taken: dict[str, int] = {}
    for mark, title in _HEADING.findall(page):
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        count = taken[slug] = taken.get(slug, -1) + 1
        if mark == "###":
            found[title] = f"{slug}-{count}" if count else slug
    return found


def linked(text: str, anchors: dict[str, str]) -> str:
    """The text with the rules that there are linked, and in the last column of its tables the constructs."""
    rules = {name: f"rules/{name}.md" for name in RULES}
    constructs = {name: f"constructs.md#{anchor}" for name, anchor in anchors.items()}
    lines = []
    for line in _LINK.sub(r"\1", text).split("\n"):
        line = _with_links(line, rules)
        if line.startswith("| "):
            before, bar, last = line.removesuffix(" |").rpartition(" | ")
            line = f"{before}{bar}{_with_links(last, constructs)} |"
        lines.append(line)
    return "\n".join(lines)


def _with_links(text: str, targets: dict[str, str]) -> str:
    def link(span: re.Match[str]) -> str:
        target = targets.get(span.group(1))
        return f"[{span.group()}]({target})" if target is not None else span.group()

    return _SPAN.sub(link, text)


def _listed() -> str:
    """The list of subscriptions, read from the rules themselves."""
    head = _LIST.read_text(encoding="utf-8").partition("# fmt: off")[0]
    lines = ["LISTED: dict[str, Listed | None] = {\n"]
    for module in modules():
        rule = rule_in(module)
        entry = None
        if rule is not None:
            subscription = subscription_of(rule)
            needed = [rule.language != "elixir", bool(subscription.template_needles), bool(rule.hides)]
            entry = subscription[
                : 3 + max((at for at, is_needed in enumerate(needed, 1) if is_needed), default=0)
            ]
        lines.append(f"    {_quoted(module)}: {_quoted(entry)},\n")
    return f"{head}# fmt: off\n{''.join(lines)}}}\n"


def _quoted(value: object) -> str:
    """`repr` with the formatter's kind of quotes."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_quoted, value))}{',' * (len(value) == 1)})"
    if isinstance(value, bytes):
        return "b" + json.dumps(value.decode())
    return json.dumps(value) if isinstance(value, str) else repr(value)


def stale(files: Mapping[Path, str]) -> list[Path]:
    """The files that are missing, different, or left over from a rule that is gone."""
    found = [path for path, text in files.items() if not path.exists() or path.read_text("utf-8") != text]
    found.extend(path for path in (ROOT / "docs/rules").rglob("*.md") if path not in files)
    return sorted(found)


def main() -> int:
    files = wanted()
    left = stale(files)
    if "--check" in sys.argv[1:]:
        for path in left:
            print(f"not current: {path.relative_to(ROOT)} (run `make docs`)")
        return 1 if left else 0
    for path in left:
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
        else:
            path.unlink()
            print(f"removed {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
