"""Which project a document belongs to, and how a project's paths become documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from otpwise_analyzers.project.discovery import LEFT_OUT, LEFT_OUT_BESIDE_MIX_EXS, find_root
from otpwise_analyzers.source.lines import LineIndex
from otpwise_server import uris
from otpwise_server.analysis import ProjectAnalysis
from otpwise_server.documents import OpenDocument, OpenDocuments, Text
from otpwise_server.reading import data_on_disk


class Projects:
    """All projects that were met. Asked from the event loop and from the analysis thread."""

    def __init__(self, documents: OpenDocuments) -> None:
        self._documents = documents
        self._roots: dict[Path, Path | None] = {}
        self._by_root: dict[Path, ProjectAnalysis] = {}
        self.loose = ProjectAnalysis(None, lambda path: None)

    def __iter__(self) -> Iterator[ProjectAnalysis]:
        return iter(list(self._by_root.values()))

    def of(self, path: Path | None) -> ProjectAnalysis:
        """The project of a file, made when it is met first; the one without a root for a loose file."""
        if path is None:
            return self.loose
        folder = path.parent
        if folder not in self._roots:
            self._roots[folder] = find_root(folder)
        root = self._roots[folder]
        return self.loose if root is None else self.at(root)

    def at(self, root: Path) -> ProjectAnalysis:
        """The project with this root."""
        project = self._by_root.get(root)
        if project is None:
            project = self._by_root[root] = ProjectAnalysis(root, self._reader(root))
        return project

    def forget_roots(self) -> None:
        """A `mix.exs` came or went: every file is asked for its root again."""
        self._roots.clear()

    def drop(self, root: Path) -> None:
        """A project is no longer part of the workspace."""
        self._by_root.pop(root, None)

    def open_in(self, project: ProjectAnalysis) -> Iterator[OpenDocument]:
        """The open buffers of a project that are served."""
        for document in self._documents:
            if is_served(document) and self.of(document.path) is project:
                yield document

    def text_at(self, project: ProjectAnalysis, path: str) -> Text | None:
        """A project's file as it is now, from the editor or the disk."""
        if project.root is None:
            return None
        full = project.root / path
        document = self._documents.at(full)
        if document is not None:
            return document.text
        data = data_on_disk(full)
        return Text(uris.from_path(full), full, data, LineIndex(data)) if data is not None else None

    def elsewhere(self, project: ProjectAnalysis, path: str) -> tuple[str, LineIndex] | None:
        """The URI and lines of another file of a project."""
        text = self.text_at(project, path)
        return (text.uri, text.lines) if text is not None else None

    def _reader(self, root: Path) -> Callable[[str], bytes | None]:
        def read(path: str) -> bytes | None:
            document = self._documents.at(root / path)
            return document.document.data if document is not None else None

        return read


def is_served(document: OpenDocument) -> bool:
    """Whether a buffer holds code of the user's own in a language that Otpwise reads."""
    if document.language is None:
        return False
    return document.path is None or not is_left_out(document.path)


def is_left_out(path: Path) -> bool:
    """Whether a path is a dependency's, a build's, or a generator's template (EEx with the name `.ex`)."""
    parts = path.parts
    for index, part in enumerate(parts[:-1]):
        if part in LEFT_OUT:
            return True
        if part in LEFT_OUT_BESIDE_MIX_EXS and Path(*parts[:index], "mix.exs").is_file():
            return True
        if part == "priv" and parts[index + 1] == "templates":
            return True
    return False
