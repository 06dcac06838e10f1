"""A rule in words: the hover at a finding, and the page that `explain`, the docs and the editor show."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import dedent

from otpwise_analyzers.findings import Applicability, Finding
from otpwise_analyzers.rules.base import AnyRule, Example
from otpwise_analyzers.syntax.languages import language_of

_PAGES = "https://github.com/otpwise/otpwise/blob/main/docs/rules"

APPLICABILITY = {
    Applicability.SAFE: "safe: it can be applied without looking",
    Applicability.UNSAFE: "may change behaviour: look at the result",
    Applicability.SCAFFOLD: "scaffold: it compiles and fails closed, and leaves a marked decision to you",
}


def url(rule: str) -> str:
    """The address of a rule's page."""
    return f"{_PAGES}/{rule}.md"


def _fence(code: str, language: str = "elixir") -> str:
    return f"```{language}\n{code.rstrip()}\n```"


def _language(path: str) -> str:
    found = language_of(path)
    return found.name if found is not None else ""


def _result(example: Example) -> list[tuple[str, str]]:
    """The files that the fix leaves behind, as (path, text)."""
    found = []
    if example.fixed_text is not None:
        found.append((example.path, example.fixed_text))
    found.extend((path, dedent(text)) for path, text in sorted(example.fixed_others.items()))
    return found


def _shown(example: Example) -> str:
    files = [f"# {example.path}\n{example.text.rstrip()}"]
    return _fence("\n\n".join(files), _language(example.path))


def _shown_result(example: Example) -> str:
    result = _result(example)
    shown = "\n\n".join(f"# {path}\n{text.rstrip()}" for path, text in result)
    return _fence(shown, _language(result[0][0]))


def hover(rule: AnyRule, finding: Finding) -> str:
    """What the editor shows at a finding, in Markdown: what, why, when it is fine, what the cure costs."""
    parts = [f"**{rule.name}** · {rule.summary}", finding.message, f"**Why.** {_flat(rule.why)}"]
    parts.append(f"**Fine when.** {_flat(rule.fine_when)}")
    parts.append(f"**Trade-off.** {_flat(rule.trade_off)}")
    if finding.fixes:
        lines = "\n".join(f"- {fix.title} ({APPLICABILITY[fix.applicability]})" for fix in finding.fixes)
        parts.append(f"**Fix.** {_flat(rule.fix_note)}\n\n{lines}")
    shown = next((example for example in rule.incorrect if _result(example)), None)
    if shown is not None and len(shown.text.splitlines()) <= 30:
        parts.append(f"Before\n\n{_shown(shown)}\n\nAfter\n\n{_shown_result(shown)}")
    parts.append(
        f"Silence it here with `# otpwise:ignore {rule.name} -- reason` · [the rule's page]({url(rule.name)})"
    )
    return "\n\n".join(parts)


def short(rule: AnyRule) -> str:
    """What the editor shows at a suppression comment that names the rule."""
    return "\n\n".join(
        (
            f"**{rule.name}** · {rule.summary}",
            f"**Why.** {_flat(rule.why)}",
            f"**Fine when.** {_flat(rule.fine_when)}",
            f"[The rule's page]({url(rule.name)})",
        )
    )


def page(rule: AnyRule) -> str:
    """The rule's whole page in Markdown."""
    parts = [
        f"# {rule.name}",
        f"{_capital(rule.summary)}.",
        f"Impact: **{rule.impact.value}** · since {rule.since}",
        f"## What it detects\n\n{_prose(rule.detects)}",
        f"## Why it hurts\n\n{_prose(rule.why)}",
        f"## When it is fine\n\n{_prose(rule.fine_when)}",
        f"## What the cure costs\n\n{_prose(rule.trade_off)}",
    ]
    if rule.fix_note:
        parts.append(f"## The fix\n\n{_prose(rule.fix_note)}")
    parts.append("## Flagged")
    for example in rule.incorrect:
        parts.append(_shown(example))
        if _result(example):
            title = f"“{example.fix}” makes of it:" if example.fix else "becomes"
            parts.append(f"{title}\n\n{_shown_result(example)}")
    parts.append("## Not flagged")
    for example in rule.correct:
        if example.why:
            parts.append(f"{_capital(example.why)}:")
        parts.append(_shown(example))
    if rule.mirrors:
        parts.append("## Elsewhere\n\n" + _list(f"`{name}`" for name in rule.mirrors))
    if rule.references:
        parts.append("## References\n\n" + _list(f"[{ref.title}]({ref.url})" for ref in rule.references))
    parts.append(
        "## Silencing it\n\n"
        f"`# otpwise:ignore {rule.name} -- reason` on the line or the line above, "
        f"`# otpwise:ignore-file {rule.name} -- reason` anywhere in the file, or "
        f'`ignore = ["{rule.name}"]` in `.otpwise.toml`.'
    )
    return "\n\n".join(parts) + "\n"


def table(rules: Iterable[AnyRule]) -> str:
    """All rules as a Markdown table, for the README and the index of the docs."""
    rows = ["| rule | impact | flags | fix |", "|---|---|---|---|"]
    for rule in rules:
        fixes = any(_result(example) for example in rule.incorrect)
        link = f"[`{rule.name}`](docs/rules/{rule.name}.md)"
        rows.append(f"| {link} | {rule.impact.value} | {rule.summary} | {'yes' if fixes else ''} |")
    return "\n".join(rows) + "\n"


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _flat(text: str) -> str:
    return _sentence(" ".join(dedent(text).split()))


def _prose(text: str) -> str:
    return _sentence(dedent(text).strip())


def _sentence(text: str) -> str:
    """Some rules say a thing in half a sentence; on a page it ends like one."""
    return text if text.endswith((".", "!", "?", ":", ")")) else f"{text}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
