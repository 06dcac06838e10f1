"""Markdown for clients that show plain text only."""

from __future__ import annotations

import re

_LINK = re.compile(r"\[([^\]]+)\]\((https?://[^)]+)\)")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")
_FENCE = "```"


def plain_text(markdown: str) -> str:
    """The text without marks: links with their address behind them, code indented by four blanks."""
    lines: list[str] = []
    in_code = False
    for line in markdown.split("\n"):
        if line.startswith(_FENCE):
            in_code = not in_code
        elif in_code:
            lines.append(f"    {line}".rstrip())
        else:
            lines.append(_BOLD.sub(r"\1", _LINK.sub(r"\1: \2", line)))
    return "\n".join(lines)
