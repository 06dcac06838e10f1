"""Findings for programs. docs/json.md describes the format; a change that breaks a reader raises VERSION."""

from __future__ import annotations

from typing import Literal

import msgspec

from otpwise_analyzers import __version__
from otpwise_analyzers.findings import Applicability, Change, Confidence, Finding, Level
from otpwise_analyzers.project.loading import UnreadableError
from otpwise_analyzers.rules import page
from otpwise_analyzers.source.document import Document
from otpwise_analyzers.source.edits import Span
from otpwise_cli.checking import CheckedFile, Outcome, shown
from otpwise_cli.offers import offers
from otpwise_cli.places import Place, place, place_in_file, related_place

VERSION: Literal[1] = 1


class Range(msgspec.Struct, frozen=True):
    """Half-open."""

    start: Place
    end: Place


class RelatedEntry(msgspec.Struct, frozen=True):
    path: str
    range: Range
    message: str


class EditEntry(msgspec.Struct, frozen=True):
    range: Range
    new_text: str


class ChangeEntry(msgspec.Struct, frozen=True):
    """With `create` the file does not exist yet, and its text is that of the only edit; with `rename_to` it
    goes to that path as it is."""

    path: str
    create: bool
    edits: list[EditEntry]
    rename_to: str | None = None


class FixEntry(msgspec.Struct, frozen=True):
    title: str
    applicability: Applicability
    changes: list[ChangeEntry]


class FindingEntry(msgspec.Struct, frozen=True):
    rule: str
    level: Level
    confidence: Confidence
    message: str
    url: str
    path: str
    range: Range
    related: list[RelatedEntry]
    fixes: list[FixEntry]


class UnreadEntry(msgspec.Struct, frozen=True):
    path: str
    problem: str


class ConfigurationEntry(msgspec.Struct, frozen=True):
    path: str
    line: int
    column: int
    message: str


class FailureEntry(msgspec.Struct, frozen=True):
    rule: str
    path: str
    error: str


class Counts(msgspec.Struct, frozen=True):
    error: int
    warning: int
    information: int
    hint: int


class Summary(msgspec.Struct, frozen=True):
    files: int
    findings: Counts


class Report(msgspec.Struct, frozen=True):
    """The whole output."""

    version: Literal[1]
    otpwise: str
    summary: Summary
    findings: list[FindingEntry]
    unread: list[UnreadEntry]
    configuration: list[ConfigurationEntry]
    failures: list[FailureEntry]


def text(outcome: Outcome) -> str:
    """The report as one line of JSON, hints included."""
    findings = [entry for checked in outcome.checked for entry in _findings(checked, outcome)]
    report = Report(
        version=VERSION,
        otpwise=__version__,
        summary=Summary(outcome.files, Counts(*(outcome.levels[level] for level in Level))),
        findings=findings,
        unread=[UnreadEntry(shown(path), problem) for path, problem in outcome.problems.unread],
        configuration=[
            ConfigurationEntry(
                shown(mistake.path), *place_in_file(mistake.path, mistake.span), mistake.message
            )
            for mistake in outcome.problems.configuration
            if mistake.path is not None
        ],
        failures=[
            FailureEntry(failure.rule, failure.path, f"{type(failure.error).__name__}: {failure.error}")
            for failure in outcome.failures
        ],
    )
    return msgspec.json.encode(report).decode() + "\n"


def _findings(checked: CheckedFile, outcome: Outcome) -> list[FindingEntry]:
    context = checked.context()
    return [
        FindingEntry(
            rule=finding.rule,
            level=finding.level,
            confidence=finding.confidence,
            message=finding.message,
            url=page.url(finding.rule),
            path=checked.shown_path,
            range=_range(checked.document, finding.span),
            related=_related(checked, finding),
            fixes=[
                FixEntry(fix.title, fix.applicability, _changes(checked, change))
                for fix, change in offers(checked, finding, outcome, context)
            ],
        )
        for finding in checked.findings
    ]


def _related(checked: CheckedFile, finding: Finding) -> list[RelatedEntry]:
    entries = []
    for related in finding.related:
        found = related_place(checked, related)
        if found is not None:
            path, document = found
            entries.append(RelatedEntry(path, _range(document, related.span), related.message))
    return entries


def _changes(checked: CheckedFile, change: Change) -> list[ChangeEntry]:
    entries = []
    for part in change:
        try:
            document = Document(b"") if part.create else checked.sources.document(part.path)
        except UnreadableError:
            continue
        edits = [EditEntry(_range(document, Span(edit.start, edit.end)), edit.new) for edit in part.edits]
        root = checked.sources.root
        new = shown(root / part.rename_to) if part.rename_to is not None else None
        entries.append(ChangeEntry(shown(root / part.path), part.create, edits, new))
    return entries


def _range(document: Document, span: Span) -> Range:
    return Range(place(document, span.start), place(document, span.end))
