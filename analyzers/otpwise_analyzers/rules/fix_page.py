"""All fixes in words, rule by rule: docs/fixes.md is made from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from otpwise_analyzers.findings import Applicability
from otpwise_analyzers.rules.base import AnyRule

Offered = Mapping[Applicability, list[str]]
"""The titles of the fixes that a rule offers in its examples, in their order."""

_MOST_TITLES = 4
_INTRODUCTION = """\
# Fixes

What each fix writes, why it is as safe as it says, and what it leaves alone. Made from the rules themselves, as the
pages in [rules](rules) are, which also show every fix at work on code.

- **Safe**: may be applied unseen. `otpwise check --fix` and an editor's `source.fixAll.otpwise` take these, one after
  the other until nothing changes.
- **Unsafe**: right in most cases, and may change what the code does. An editor that can ask for confirmation does;
  `otpwise check --fix --unsafe-fixes` takes them too.
- **Scaffold**: the shape of the right form with a marked decision left to you (`TODO`). It compiles and fails closed.
  Only an editor offers it, one at a time.

What holds for all of them:

- A fix that does not fit the code as it is now is not offered. Nothing is edited in a function that does not parse,
  or in a file that lacks an `end`.
- Edits of several files are made together or not at all; a file that changed on the disk is read again first.
- The result parses, the finding is gone, no new one comes, a second time changes nothing, comments stay, variables are
  bound, and what `mix format` had nothing to add to it still has not. `make fixproof PROJECT="path ..."` proves that for
  every fix that is offered in a project, each by itself and all safe ones together.
- Line endings, the byte order mark and the file's mode are kept.
"""


def whole(rules: Iterable[AnyRule], offered: Mapping[str, Offered]) -> str:
    """The page. `offered` has for each rule the fixes of its examples."""
    rules = list(rules)
    parts = [_INTRODUCTION, _table(rules, offered)]
    family = ""
    for rule in rules:
        if rule.name.partition("/")[0] != family:
            family = rule.name.partition("/")[0]
            parts.append(f"## {family}\n")
        parts.append(_section(rule, offered.get(rule.name, {})))
    return "\n".join(parts)


def _table(rules: list[AnyRule], offered: Mapping[str, Offered]) -> str:
    rows = ["| rule | safe | unsafe | scaffold |", "|---|---|---|---|"]
    for rule in rules:
        kinds = offered.get(rule.name, {})
        marks = " | ".join("yes" if kind in kinds else "" for kind in Applicability)
        rows.append(f"| [`{rule.name}`](#{rule.name.replace('/', '')}) | {marks} |")
    return "\n".join(rows) + "\n"


def _section(rule: AnyRule, offered: Offered) -> str:
    title = f"### [{rule.name}](rules/{rule.name}.md)\n"
    note = rule.fix_note
    if note is None:
        return f"{title}\nNone. {rule.no_fix}\n"
    lines = [title]
    for kind, titles in offered.items():
        shown = ", ".join(f"“{one}”" for one in titles[:_MOST_TITLES])
        lines.append(f"- **{kind.value.capitalize()}**: {shown}")
    return "\n".join(
        [
            *lines,
            "",
            f"**Writes.** {note.writes}",
            "",
            f"**Why.** {note.because}",
            "",
            f"**Leaves alone.** {note.leaves}",
            "",
        ]
    )
