"""Findings as LSP diagnostics.

Diagnostics are plain JSON objects and not lsprotocol's classes: a file may have many, at every
keystroke, and the classes are slow to make and slower to serialize.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from otpwise_analyzers.findings import Finding, Level
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.source.lines import Encoding, LineIndex
from otpwise_server.analysis import Checked, page_of
from otpwise_server.client import Client

SOURCE = "otpwise"

_SEVERITY = {Level.ERROR: 1, Level.WARNING: 2, Level.INFORMATION: 3, Level.HINT: 4}
_UNNECESSARY = 1

# Answers the URI and the lines of another file of the project, or None when it is gone.
Elsewhere = Callable[[str], tuple[str, LineIndex] | None]


def json_range(lines: LineIndex, span: Span, encoding: Encoding) -> dict[str, Any]:
    """The LSP range of a byte range."""
    first = lines.position(span.start, encoding)
    last = lines.position(span.end, encoding)
    return {
        "start": {"line": first.line, "character": first.character},
        "end": {"line": last.line, "character": last.character},
    }


def diagnostics_of(checked: Checked, client: Client, elsewhere: Elsewhere) -> list[dict[str, Any]]:
    """All findings of one file, in the client's terms."""
    return [_diagnostic(finding, checked, client, elsewhere) for finding in checked.findings]


def _diagnostic(finding: Finding, checked: Checked, client: Client, elsewhere: Elsewhere) -> dict[str, Any]:
    lines = checked.text.lines
    diagnostic: dict[str, Any] = {
        "range": json_range(lines, finding.span, client.encoding),
        "severity": _SEVERITY[finding.level],
        "code": finding.rule,
        "source": SOURCE,
        "message": finding.message,
        "data": {
            "rule": finding.rule,
            "confidence": str(finding.confidence),
            "fixes": [{"title": fix.title, "applicability": str(fix.applicability)} for fix in finding.fixes],
        },
    }
    if client.code_description:
        diagnostic["codeDescription"] = {"href": page_of(finding.rule)}
    if finding.rule == "suppression/unused":
        diagnostic["tags"] = [_UNNECESSARY]
    if client.related_information:
        related = []
        for place in finding.related:
            there: tuple[str, LineIndex] | None = (checked.text.uri, lines)
            if place.path is not None and place.path != checked.file.path:
                there = elsewhere(place.path)
            if there is not None:
                location = {"uri": there[0], "range": json_range(there[1], place.span, client.encoding)}
                related.append({"location": location, "message": place.message})
        if related:
            diagnostic["relatedInformation"] = related
    return diagnostic
