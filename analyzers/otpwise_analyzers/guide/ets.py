"""Options of `:ets.new`, told from atoms and keys of the same name elsewhere."""

from __future__ import annotations

from otpwise_analyzers.guide.token import Token
from otpwise_analyzers.syntax import nodes


def is_option(token: Token) -> bool:
    """Whether the token stands in the list of options of `:ets.new`."""
    for ancestor in nodes.ancestors(token.node):
        if ancestor.type == "call":
            target = ancestor.child_by_field_name("target")
            return target is not None and token.file.text(target) == ":ets.new"
        if ancestor.type not in ("list", "keywords", "pair", "arguments", "tuple"):
            return False
    return False
