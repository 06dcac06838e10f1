"""A rule in words: the hover at a finding, and the page that `explain`, the docs and the editor show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from textwrap import dedent

from otpwise_analyzers.findings import Applicability, Finding, Fix
from otpwise_analyzers.rules.base import AnyRule, Example
from otpwise_analyzers.rules.preview import Preview, of_example
from otpwise_analyzers.syntax.languages import language_of

_PAGES = "https://github.com/otpwise/otpwise/blob/main/docs/rules"

_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[A-Z`“])")

# Behind an instruction `#` begins no comment.
_WHERE = {"dockerfile": "on a line of its own above the instruction"}

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


def hover(rule: AnyRule, finding: Finding, fixes: Sequence[Fix] = (), preview: Preview | None = None) -> str:
    """What the editor shows at a finding, in Markdown: what is wrong here, why, when it is fine, what the cure
    is and costs. `fixes` are those that can be made here, `preview` what the first of them would do to this
    very code; without one, the rule's own example is shown."""
    parts = [f"**{rule.name}** · {_one_line(rule.summary)}", finding.message, f"**Why.** {_flat(rule.why)}"]
    parts.append(f"**Fine when.** {_flat(rule.fine_when)}")
    parts.append(f"**Trade-off.** {_flat(rule.trade_off)}")
    if fixes:
        note = rule.fix_note
        said = _beginning(f"{_flat(note.because)} {_flat(note.writes)}") if note is not None else ""
        parts.append(f"**Fix.** {_offered(fixes[0])}. {said}".rstrip())
        if len(fixes) > 1:
            parts.append(_list(map(_offered, fixes[1:])))
    shown = preview or of_example(rule)
    if shown is not None:
        parts.append(_difference(shown))
    parts.append(
        f"Silence: `# otpwise:ignore {rule.name} -- reason` · [more about the rule]({url(rule.name)})"
    )
    return "\n\n".join(parts)


def _offered(fix: Fix) -> str:
    return f"{fix.title} ({APPLICABILITY[fix.applicability]})"


def _difference(preview: Preview) -> str:
    shown = []
    for path, lines, is_new in preview.files:
        title = f"{'New' if is_new else 'In'} `{path}`:\n\n" if path else ""
        shown.append(f"{title}{_fence(chr(10).join(lines), 'diff')}")
    return "\n\n".join(shown if preview.fix is not None else ["For example:", *shown])


def short(rule: AnyRule) -> str:
    """What the editor shows at a suppression comment that names the rule."""
    return "\n\n".join(
        (
            f"**{rule.name}** · {_one_line(rule.summary)}",
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
    note = rule.fix_note
    if note is not None:
        parts.append(
            f"## The fix\n\n{_prose(note.writes)}\n\n{_prose(note.because)}\n\n**Left alone.** {_prose(note.leaves)}"
        )
    else:
        parts.append(f"## No fix\n\n{_prose(rule.no_fix)}")
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
        f"`# otpwise:ignore {rule.name} -- reason` {_WHERE.get(rule.language, 'on the line or the line above')}, "
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


def _beginning(text: str, most: int = 240) -> str:
    """The first sentences of a text, as many as fit; the page has them all."""
    kept = ""
    for sentence in _SENTENCES.split(text):
        if kept and len(kept) + len(sentence) >= most:
            break
        kept = f"{kept} {sentence}".lstrip()
    return kept


def _one_line(summary: str) -> str:
    """Summaries begin with a capital or not; after the rule's name, not."""
    words = summary.split()
    # `Task.async` and `SQL` keep their capitals.
    return (
        summary[:1].lower() + summary[1:] if words and words[0].isalpha() and words[0].istitle() else summary
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
