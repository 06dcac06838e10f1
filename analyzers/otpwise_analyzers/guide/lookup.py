"""Which construct stands at a place in a file."""

from __future__ import annotations

from typing import NamedTuple

from otpwise_analyzers.guide.base import Construct
from otpwise_analyzers.guide.catalogue import by_word, constructs
from otpwise_analyzers.guide.token import token_at
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.source_file import SourceFile


class Found(NamedTuple):
    """A construct, its name or keyword in the file (bytes), and what there is to say of this very place."""

    construct: Construct
    span: Span
    here: str


def construct_at(file: SourceFile, at: int) -> Found | None:
    """The construct at byte `at`; None on everything else, its arguments included."""
    if isinstance(file, ElixirFile):
        return _in_elixir(file, at)
    if file.language == "dockerfile":
        return _in_dockerfile(file, at)
    return None


def _in_dockerfile(file: SourceFile, at: int) -> Found | None:
    # The grammar is imported with the first Dockerfile, not with the first hover.
    from otpwise_analyzers.guide.instructions import pointed_at
    from otpwise_analyzers.syntax.dockerfile import DockerFile

    pointed = pointed_at(file, at) if isinstance(file, DockerFile) else None
    if pointed is None:
        return None
    for construct in constructs().values():
        for place in construct.instructions:
            span = place.match(pointed)
            if span is not None and span.start <= at < span.end:
                here = construct.here_in_image
                return Found(construct, span, here(pointed) if here is not None else "")
    return None


def _in_elixir(file: ElixirFile, at: int) -> Found | None:
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
