"""What is shown when the pointer rests: on a finding, its lesson; on a suppression, what it silences.

Null everywhere else, so that the hover of the main Elixir server is never shadowed.
"""

from __future__ import annotations

import re

from lsprotocol import types

from otpwise_analyzers.source.edits import Span
from otpwise_server.analysis import Checked, lesson, rule_at
from otpwise_server.client import Client

_BETWEEN = "\n\n---\n\n"
_CODE_MARK = re.compile(r"^```.*\n?", re.MULTILINE)


def hover_at(checked: Checked, position: types.Position, client: Client) -> types.Hover | None:
    """The hover at a position of a checked file."""
    lines = checked.text.lines
    offset = lines.offset(position.line, position.character, client.encoding)
    here = Span(offset, offset + 1)
    found = [finding for finding in checked.findings if finding.span.touches(here)]
    if found:
        # The narrowest is what the pointer means; a rule is explained once.
        found.sort(key=lambda finding: (finding.span.end - finding.span.start, finding.rule))
        lessons = list({finding.rule: lesson(finding.rule, finding) for finding in found}.values())
        span = found[0].span
    else:
        silenced = rule_at(checked, offset)
        if silenced is None:
            return None
        rules, span = silenced
        lessons = [lesson(rule, None) for rule in rules]
    text = _BETWEEN.join(filter(None, lessons))
    if not text:
        return None
    kind = types.MarkupKind.Markdown if client.markdown else types.MarkupKind.PlainText
    if not client.markdown:
        text = _CODE_MARK.sub("", text)
    return types.Hover(types.MarkupContent(kind, text), checked.text.range(span, client.encoding))
