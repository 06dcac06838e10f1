"""Findings for people: a code frame, what is wrong, why, and what can be done."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from textwrap import dedent

from rich.console import Console
from rich.text import Text

from otpwise_analyzers.findings import Applicability, Finding, Level, Related
from otpwise_analyzers.rules import page
from otpwise_analyzers.rules.catalogue import RULES
from otpwise_analyzers.source.lines import LineIndex
from otpwise_cli.checking import CheckedFile, Outcome
from otpwise_cli.counts import counted, plural
from otpwise_cli.frame import Frame
from otpwise_cli.offers import HOW, offers
from otpwise_cli.places import place, related_place

STYLES = {
    Level.ERROR: "bold red",
    Level.WARNING: "bold yellow",
    Level.INFORMATION: "bold blue",
    Level.HINT: "bold cyan",
}

_EASIEST = list(Applicability)
_SENTENCE = re.compile(r"(.+?[.!?])(?=\s+[A-Z`“\"]|\s*$)", re.DOTALL)
_CODE = re.compile(r"`([^`]+)`")
_INDENT = 2
_WIDEST = 110
"""Prose is wrapped at this even where the terminal is wider."""


def write(outcome: Outcome, files: Iterable[CheckedFile], hints: bool, console: Console) -> None:
    """Prints the findings of `files` and the summary. Why a rule is there is said at its first finding."""
    writer = _Writer(console, outcome)
    for checked in files:
        writer.file(checked)
    for number, line in enumerate(counted(outcome, hints)):
        console.print(Text(line, "" if number else "bold"), soft_wrap=True)
    for line in writer.next_steps():
        console.print(marked_up(line), soft_wrap=True)


def _without_secrets(checked: CheckedFile) -> LineIndex:
    """The file's lines with stars for what rules found to be secrets, its quotes left."""
    secrets = [
        finding.span
        for finding in checked.findings
        if (rule := RULES.get(finding.rule)) is not None and rule.conceals
    ]
    if not secrets:
        return checked.document.lines
    data = bytearray(checked.document.data)
    for start, end in secrets:
        for at in range(start + 1, end - 1):
            if data[at] not in b"\r\n":
                data[at] = ord("*")
    return LineIndex(bytes(data))


class _Writer:
    def __init__(self, console: Console, outcome: Outcome) -> None:
        self._console = console
        self._outcome = outcome
        self._explained: set[str] = set()
        self._fixable: Counter[Applicability] = Counter()
        self._unicode = console.encoding.lower().startswith("utf")
        # In a pipe nothing is wrapped, but a line of source is still cut where nobody reads on.
        self._wraps = console.is_terminal
        self._width = max(console.width, 40) if self._wraps else 160

    def file(self, checked: CheckedFile) -> None:
        context = checked.context()
        lines = _without_secrets(checked)
        for finding in checked.findings:
            where = place(checked.document, finding.span.start)
            self._heading(checked, finding, f"{checked.shown_path}:{where.line}:{where.column}")
            self._prose(finding.message)
            self._line(Text())
            frame = Frame(self._width, self._unicode, STYLES[finding.level])
            for line in frame.lines(lines, finding.span):
                self._line(line)
            self._line(Text())
            for related in finding.related:
                self._related(checked, related)
            rule = RULES.get(finding.rule)
            if rule is not None and finding.rule not in self._explained:
                self._prose(first_sentence(rule.why), "Why: ")
            offered = list(offers(checked, finding, self._outcome, context))
            if offered:
                self._fixable[min((fix.applicability for fix, _ in offered), key=_EASIEST.index)] += 1
            for fix, _ in offered:
                style = "green" if fix.applicability is Applicability.SAFE else ""
                self._prose(f"{fix.title} ({HOW[fix.applicability]})", "Fix: ", style)
            if finding.rule not in self._explained:
                self._prose(f"`otpwise explain {finding.rule}`", "More: ")
                self._explained.add(finding.rule)
            self._line(Text())

    def next_steps(self) -> Iterator[str]:
        """What can be done about the findings that were printed."""
        safe, unsafe, scaffold = (self._fixable[kind] for kind in _EASIEST)
        if safe:
            yield f"{plural(safe, 'finding')} can be fixed with `--fix`."
        if unsafe:
            yield (
                f"{plural(unsafe, 'finding')} can be fixed with `--fix --unsafe-fixes`, which may change what "
                "the code does: look first with `--diff --unsafe-fixes`."
            )
        if scaffold:
            yield f"{plural(scaffold, 'finding')} can be begun in the editor, where a decision is left to you."

    def _heading(self, checked: CheckedFile, finding: Finding, where: str) -> None:
        heading = Text(no_wrap=True)
        heading.append(where, f"bold link {checked.full_path.as_uri()}")
        heading.append(" ")
        heading.append(str(finding.level), STYLES[finding.level])
        heading.append(" ")
        heading.append(finding.rule, f"link {page.url(finding.rule)}")
        self._line(heading)

    def _related(self, checked: CheckedFile, related: Related) -> None:
        found = related_place(checked, related)
        if found is not None:
            path, document = found
            where = place(document, related.span.start)
            self._prose(f"{path}:{where.line}:{where.column} {related.message}", "See: ")

    def _prose(self, prose: str, label: str = "", style: str = "") -> None:
        """A paragraph, with a hanging indent under its label."""
        text = marked_up(prose, style)
        indent = " " * _INDENT
        if not self._wraps:
            self._line(Text.assemble(indent, (label, "dim"), text))
            return
        width = min(self._width, _WIDEST) - _INDENT - len(label)
        for number, line in enumerate(text.wrap(self._console, max(width, 20))):
            lead = label if number == 0 else " " * len(label)
            self._line(Text.assemble(indent, (lead, "dim"), line))

    def _line(self, text: Text) -> None:
        text.rstrip()
        self._console.print(text, soft_wrap=True)


def marked_up(prose: str, style: str = "") -> Text:
    """Prose whose `code` stands out; the backquotes stay, for terminals without colours."""
    text = Text(prose, style)
    for match in _CODE.finditer(prose):
        text.stylize("bold", match.start(), match.end())
    return text


def first_sentence(prose: str) -> str:
    flat = " ".join(dedent(prose).split())
    match = _SENTENCE.match(flat)
    return match.group(1) if match else flat
