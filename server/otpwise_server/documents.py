"""The buffers that the client has open, each with its text and its syntax tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types

from otpwise_analyzers.source.document import Document, TreeEdit
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.source.lines import Encoding, LineIndex, Position
from otpwise_analyzers.syntax.languages import ELIXIR, Language, language_of, language_with_id
from otpwise_server import uris

if TYPE_CHECKING:
    from tree_sitter import Tree

# Below this size a text with errors is parsed anew: what tree-sitter makes of broken code may depend on
# the way that led there, and the terminal, which has only the bytes, must find the same.
_REPARSE_BELOW = 65_536


class TreeKeeper:
    """The syntax tree of one buffer, brought up to date by the edits since it was made.

    `note` and `forget` belong to the event loop, `tree` to the analysis thread; both touch the log
    only by operations that are atomic under the interpreter lock.
    """

    __slots__ = ("_at", "_base", "_log", "_parse", "_tree")

    def __init__(self, language: Language) -> None:
        self._parse = language.parse
        self._log: list[TreeEdit | None] = []
        self._base = 0
        self._tree: Tree | None = None
        self._at = 0

    def note(self, edit: TreeEdit | None) -> None:
        """One change happened; None for one that replaced everything."""
        self._log.append(edit)

    def tree(self, data: bytes, changes: int) -> Tree:
        """The tree of `data`, the text after that many changes."""
        if changes < self._at:
            return self._parse(data)
        if self._tree is not None and changes == self._at:
            return self._tree
        old = self._edited(changes)
        tree = self._parse(data, old)
        if old is not None and tree.root_node.has_error and len(data) < _REPARSE_BELOW:
            tree = self._parse(data)
        del self._log[: changes - self._base]
        self._base = self._at = changes
        self._tree = tree
        return tree

    def _edited(self, changes: int) -> Tree | None:
        edits = self._log[self._at - self._base : changes - self._base]
        if self._tree is None or None in edits:
            return None
        # The old tree is still read by whoever holds the findings of the old text.
        tree = self._tree.copy()
        for edit in edits:
            if edit is not None:
                tree.edit(**edit._asdict())
        return tree


@dataclass(frozen=True, slots=True)
class Text:
    """One version of one file, open or not. `changes` counts the edits since it was opened."""

    uri: str
    path: Path | None
    data: bytes
    lines: LineIndex
    version: int | None = None
    changes: int = 0
    keeper: TreeKeeper | None = None
    language: Language | None = None

    def tree(self) -> Tree | None:
        """The tree kept for the buffer; None for a file that is not open."""
        return self.keeper.tree(self.data, self.changes) if self.keeper is not None else None

    def range(self, span: Span, encoding: Encoding) -> types.Range:
        """The LSP range of a byte range."""
        start = self.lines.position(span.start, encoding)
        end = self.lines.position(span.end, encoding)
        return types.Range(types.Position(*start), types.Position(*end))

    def span(self, range_: types.Range, encoding: Encoding) -> Span:
        """The byte range of an LSP range, which is clamped and turned around where it must be."""
        start = self.lines.offset(range_.start.line, range_.start.character, encoding)
        end = self.lines.offset(range_.end.line, range_.end.character, encoding)
        return Span(min(start, end), max(start, end))


class OpenDocument:
    """A buffer. `uri` is the client's own spelling, `text` its newest version, which later changes leave as it is:
    the analysis thread takes it while the event loop goes on.

    `language` is what the file's name says, as in the terminal, else what the client calls it; None for
    one that Otpwise does not read.
    """

    __slots__ = ("_document", "keeper", "language", "path", "text", "uri")

    def __init__(self, item: types.TextDocumentItem) -> None:
        self.uri = item.uri
        self.path = uris.to_path(item.uri)
        self.language = self._named() or language_with_id(item.language_id)
        self._document = Document.from_text(item.text, item.version)
        language = self.language or ELIXIR
        self.keeper = TreeKeeper(language) if language.keeps_trees else None
        self.text = self._text(0)

    @property
    def changes(self) -> int:
        """How many changes there were since it was opened."""
        return self.text.changes

    def _named(self) -> Language | None:
        return language_of(self.path.name) if self.path is not None else None

    def change(
        self, changes: Sequence[types.TextDocumentContentChangeEvent], version: int, encoding: Encoding
    ) -> None:
        """Applies the changes of one notification; their text and its version are seen together or not at all."""
        for change in changes:
            self._change(change, encoding)
        self._document.version = version
        self.text = self._text(self.changes + len(changes))

    def _change(self, change: types.TextDocumentContentChangeEvent, encoding: Encoding) -> None:
        if isinstance(change, types.TextDocumentContentChangePartial):
            first, last = change.range.start, change.range.end
            edit = self._document.change(
                Position(first.line, first.character),
                Position(last.line, last.character),
                change.text,
                encoding,
            )
            self._note(edit)
        else:
            self._document.overwrite(change.text)
            self._note(None)

    def _note(self, edit: TreeEdit | None) -> None:
        if self.keeper is not None:
            self.keeper.note(edit)

    def _text(self, changes: int) -> Text:
        document = self._document
        return Text(
            self.uri,
            self.path,
            document.data,
            document.lines,
            document.version,
            changes,
            self.keeper,
            self.language,
        )


class OpenDocuments:
    """All buffers, by any spelling of their URI."""

    def __init__(self) -> None:
        self._by_key: dict[str, OpenDocument] = {}

    def __iter__(self) -> Iterator[OpenDocument]:
        return iter(list(self._by_key.values()))

    def get(self, uri: str) -> OpenDocument | None:
        return self._by_key.get(uris.normalized(uri))

    def at(self, path: Path) -> OpenDocument | None:
        """The buffer of a file on disk."""
        return self.get(uris.from_path(path))

    def add(self, document: OpenDocument) -> None:
        self._by_key[uris.normalized(document.uri)] = document

    def remove(self, uri: str) -> OpenDocument | None:
        return self._by_key.pop(uris.normalized(uri), None)
