"""Which project a document belongs to, and how a project's paths become documents."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
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

    def is_newest(self, text: Text) -> bool:
        """Whether a text is still that of its buffer, or of a file that is not open still."""
        document = self._documents.get(text.uri)
        if document is None or text.version is None:
            return document is None and text.version is None
        return document.text.version == text.version and document.text.data == text.data

    def elsewhere(self, project: ProjectAnalysis, path: str) -> tuple[str, LineIndex] | None:
        """The URI and lines of another file of a project."""
        text = self.text_at(project, path)
        return (text.uri, text.lines) if text is not None else None

    def _reader(self, root: Path) -> Callable[[str], bytes | None]:
        def read(path: str) -> bytes | None:
            document = self._documents.at(root / path)
            return document.text.data if document is not None else None

        return read


class Reading:
    """The files of a project as one request sees them: each as it was when it was first asked for, however long
    the request takes. What is built from their bytes fits their positions and their versions."""

    def __init__(
        self, projects: Projects, project: ProjectAnalysis, texts: Mapping[str, Text] | None = None
    ) -> None:
        self._projects = projects
        self._project = project
        self._texts: dict[str, Text | None] = dict(texts or {})

    def text(self, path: str) -> Text | None:
        """The text of a file, by its path in the project; None when there is none that can be read."""
        if path not in self._texts:
            self._texts[path] = self._projects.text_at(self._project, path)
        return self._texts[path]

    def data(self, path: str) -> bytes | None:
        """Its bytes in UTF-8."""
        text = self.text(path)
        return text.data if text is not None else None

    def is_current(self) -> bool:
        """Whether every buffer that was read still holds what it held. Asked in the event loop."""
        return all(self._projects.is_newest(text) for text in self._texts.values() if text is not None)

    def is_taken(self, path: str) -> bool:
        """Whether there is something at a path, be it unreadable: no file can be made there."""
        if self.text(path) is not None:
            return True
        return self._project.root is not None and os.path.lexists(self._project.root / path)


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
