"""Which construct stands at a place in a file."""

from __future__ import annotations

from typing import NamedTuple

from otpwise_analyzers.guide.base import Construct
from otpwise_analyzers.guide.catalogue import by_word
from otpwise_analyzers.guide.token import token_at
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.file import ElixirFile


class Found(NamedTuple):
    """A construct, its name or keyword in the file (bytes), and what there is to say of this very place."""

    construct: Construct
    span: Span
    here: str


def construct_at(file: ElixirFile, at: int) -> Found | None:
    """The construct at byte `at`; None on everything else, its arguments included."""
    token = token_at(file, at)
    if token is None:
        return None
    index = by_word()
    for word in token.words:
        for construct in index.get(word, ()):
            span = construct.match(token)
            if span is not None and span.start <= at < span.end:
                return Found(construct, span, construct.here(token) if construct.here is not None else "")
    return None
