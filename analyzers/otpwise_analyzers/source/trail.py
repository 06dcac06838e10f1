"""Edits that were made one after the other, told as edits of the text that was there first."""

from __future__ import annotations

from collections.abc import Iterable

from otpwise_analyzers.source.edits import Edit, Span, in_order


class Trail:
    """Remembers which bytes of a text are still those that it began with.

    Made with the length of the first text, in bytes. Each `add` takes edits of the text as the `add`
    before left it; `edits` are those that lead from the first text to the last at once.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        # In order: ranges of the first text, and what was put between them.
        self._pieces: list[Span | bytes] = [Span(0, length)] if length else []

    def add(self, edits: Iterable[Edit]) -> None:
        """One step more. Raises OverlappingEditsError."""
        pieces: list[Span | bytes] = []
        at = 0
        for edit in in_order(edits):
            pieces.extend(self._between(at, edit.start))
            pieces.append(edit.new.encode())
            at = edit.end
        pieces.extend(self._between(at, None))
        self._pieces = [piece for piece in pieces if _size(piece)]

    def _between(self, start: int, end: int | None) -> Iterable[Span | bytes]:
        """The pieces of the present text from byte `start` up to `end`, cut where they reach beyond."""
        at = 0
        for piece in self._pieces:
            size = _size(piece)
            first = max(start - at, 0)
            last = size if end is None else min(end - at, size)
            if first < last:
                if isinstance(piece, Span):
                    yield Span(piece.start + first, piece.start + last)
                else:
                    yield piece[first:last]
            at += size

    def edits(self) -> tuple[Edit, ...]:
        """The edits of the first text, in order."""
        found: list[Edit] = []
        new: list[bytes] = []
        at = 0
        for piece in (*self._pieces, Span(self._length, self._length)):
            if not isinstance(piece, Span):
                new.append(piece)
                continue
            if new or piece.start > at:
                found.append(Edit(at, piece.start, b"".join(new).decode("utf-8", "replace")))
                new = []
            at = piece.end
        return tuple(found)


def _size(piece: Span | bytes) -> int:
    return piece.end - piece.start if isinstance(piece, Span) else len(piece)
