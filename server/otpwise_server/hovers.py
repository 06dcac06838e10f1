"""What is shown when the pointer rests: on a finding, its lesson; on a suppression, what it silences; on a
construct that has something to teach, that.

Null everywhere else, so that the hover of the main Elixir server is never shadowed.
"""

from __future__ import annotations

from lsprotocol import types

from otpwise_analyzers.source.edits import Span
from otpwise_server.analysis import Checked, ProjectAnalysis, construct_at, rule_at, short_lesson
from otpwise_server.client import Client
from otpwise_server.markup import plain_text

_BETWEEN = "\n\n---\n\n"


def hover_at(
    checked: Checked, position: types.Position, client: Client, project: ProjectAnalysis
) -> types.Hover | None:
    """The hover at a position of a checked file of the project."""
    lines = checked.text.lines
    offset = lines.offset(position.line, position.character, client.encoding)
    found = _on_findings(checked, offset, project) or _on_suppression(checked, offset)
    if found is None and project.settings.hover.constructs:
        found = construct_at(checked, offset)
    if found is None:
        return None
    text, span = found
    kind = types.MarkupKind.Markdown if client.markdown else types.MarkupKind.PlainText
    content = types.MarkupContent(kind, text if client.markdown else plain_text(text))
    return types.Hover(content, checked.text.range(span, client.encoding))


def _on_findings(checked: Checked, offset: int, project: ProjectAnalysis) -> tuple[str, Span] | None:
    here = Span(offset, offset + 1)
    found = [finding for finding in checked.findings if finding.span.touches(here)]
    if not found:
        return None
    # The narrowest is what the pointer means; a rule is explained once.
    found.sort(key=lambda finding: (finding.span.end - finding.span.start, finding.rule))
    first_of_each = {finding.rule: finding for finding in reversed(found)}
    rules = dict.fromkeys(finding.rule for finding in found)
    lessons = [project.lesson(checked, first_of_each[rule]) for rule in rules]
    text = _BETWEEN.join(filter(None, lessons))
    return (text, found[0].span) if text else None


def _on_suppression(checked: Checked, offset: int) -> tuple[str, Span] | None:
    silenced = rule_at(checked, offset)
    if silenced is None:
        return None
    rules, span = silenced
    text = _BETWEEN.join(filter(None, map(short_lesson, rules)))
    return (text, span) if text else None
