"""Where a byte is, as a person counts: lines and columns from 1, columns in code points."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from otpwise_analyzers.findings import Related
from otpwise_analyzers.project.loading import UnreadableError
from otpwise_analyzers.source.document import Document
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.source.lines import Encoding, LineIndex
from otpwise_cli.checking import CheckedFile, shown

_BOM_BYTES = 3


@dataclass(frozen=True, slots=True)
class Place:
    """`byte` is from 0, in the file as it lies on the disk (a byte order mark counts)."""

    line: int
    column: int
    byte: int


def place(document: Document, offset: int) -> Place:
    line, character = document.lines.position(offset, Encoding.UTF32)
    return Place(line + 1, character + 1, offset + (_BOM_BYTES if document.bom else 0))


def related_place(checked: CheckedFile, related: Related) -> tuple[str, Document] | None:
    """The shown path and the text of a related place; None when that file cannot be read any more."""
    path = related.path if related.path is not None else checked.path
    try:
        document = checked.sources.document(path)
    except UnreadableError:
        return None
    return shown(checked.sources.root / path), document


def place_in_file(path: Path, span: Span) -> tuple[int, int]:
    """Line and column of a byte of a file that was read elsewhere; (1, 1) when it is gone."""
    try:
        data = path.read_bytes()
    except OSError:
        return 1, 1
    line, character = LineIndex(data).position(span.start, Encoding.UTF32)
    return line + 1, character + 1
