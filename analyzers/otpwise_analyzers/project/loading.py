"""The files of a project as they lie on the disk, and the index made from all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from otpwise_analyzers.project import discovery
from otpwise_analyzers.project.facts import FileFacts, facts_of
from otpwise_analyzers.project.ignore import OnProblem
from otpwise_analyzers.project.index import Project
from otpwise_analyzers.source.document import Document, NotUtf8Error
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.languages import open_file
from otpwise_analyzers.syntax.source_file import SourceFile

MAX_KEPT_BYTES = 64_000_000
"""How much source stays parsed between the pass for facts and the check; a tree is some 25 times its source."""

_LOCK = "mix.lock"


class UnreadableError(Exception):
    """A file could not be read. The message says why and what to do, and reads on from the path."""


def read(path: Path) -> Document:
    """The document of a file. Raises UnreadableError."""
    try:
        return Document.from_disk(path.read_bytes())
    except NotUtf8Error as error:
        raise UnreadableError(
            f"is not UTF-8 ({error}): save it as UTF-8, as Elixir's compiler wants it"
        ) from error
    except FileNotFoundError as error:
        raise UnreadableError("is gone: it was removed while it was looked for") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise UnreadableError(
            f"cannot be read ({reason}): make it readable, or add it to `exclude` in .otpwise.toml"
        ) from error


class Sources:
    """The files below one root, read once, and the index of their facts.

    Paths are relative to the root, with `/`. A file outside of any Mix project has Sources of its own, whose
    index stays empty: it is read by itself, as in the editor. An index that is there already may be given; its
    files are then read when they are asked for.
    """

    def __init__(self, root: Path, *, in_project: bool = True, project: Project | None = None) -> None:
        self.root = root
        self.in_project = in_project
        self.project = project if project is not None else Project()
        # The bytes of each mix.lock, by its path.
        self.locks: dict[str, bytes] = {}
        self._documents: dict[str, Document] = {}
        self._files: dict[str, SourceFile] = {}
        self._kept = 0

    def hold(self, path: str, document: Document) -> None:
        """Gives a file a text before it is read, in place of what is on the disk."""
        self._documents[path] = document

    def load(
        self,
        paths: Iterable[str],
        wanted: Callable[[SourceFile], bool],
        on_problem: OnProblem,
        on_file: Callable[[str], None] = lambda path: None,
        known: Callable[[str, bytes], FileFacts | None] = lambda path, data: None,
    ) -> list[str]:
        """Reads the files and indexes their facts. Returns those that could be read, in order.

        The trees of the `wanted` ones are kept for `file`, up to `MAX_KEPT_BYTES` of source. A file of which
        `known` has the facts for its bytes is not parsed.
        """
        facts = []
        readable = []
        for path in paths:
            on_file(path)
            document = self._documents.get(path)
            if document is None:
                try:
                    document = read(self.root / path)
                except UnreadableError as error:
                    on_problem(self.root / path, str(error))
                    continue
            readable.append(path)
            facts_before = known(path, document.raw)
            if facts_before is not None:
                facts.append(facts_before)
                continue
            file = open_file(path, document.data)
            if self.in_project:
                facts.append(facts_of(file))
            if wanted(file):
                self._documents[path] = document
                self._kept += len(document.data)
                if self._kept <= MAX_KEPT_BYTES:
                    self._files[path] = file
                    continue
            # A file and its modules hold each other; without this its tree would wait for the collector.
            vars(file).clear()
        self.project.load(facts)
        if self.in_project:
            for app in sorted({"", *discovery.apps(self.root)}):
                self._read_lock(f"{app}/{_LOCK}" if app else _LOCK)
        return readable

    def file(self, path: str) -> SourceFile:
        """The file for a check, with a fresh view of the project. Raises UnreadableError."""
        read_for_facts = self._files.pop(path, None)
        view = self.project.view(path)
        if read_for_facts is None or read_for_facts.is_template:
            return open_file(path, self.document(path).data, None, view)
        # Only what does not depend on the project is handed over.
        file = open_file(path, read_for_facts.data, read_for_facts.tree, view)
        if isinstance(file, ElixirFile) and isinstance(read_for_facts, ElixirFile):
            file.adopt(read_for_facts)
        return file

    def document(self, path: str) -> Document:
        """The current text of a file. Raises UnreadableError."""
        document = self._documents.get(path)
        if document is None:
            document = self._documents[path] = read(self.root / path)
        return document

    def data(self, path: str) -> bytes | None:
        """The current bytes of a file in UTF-8, for a fix; None when there is none that can be read."""
        if not self.in_project and path not in self._documents:
            return None
        try:
            return self.document(path).data
        except UnreadableError:
            return None

    def put(self, path: str, document: Document) -> set[str]:
        """Gives a file another text, here and not on the disk.

        Returns the paths of the other files whose findings may have changed.
        """
        self._documents[path] = document
        self._files.pop(path, None)
        if not self.in_project:
            return set()
        keys = self.project.update(path, facts_of(open_file(path, document.data)))
        return set(self.project.affected(keys, but=path))

    def move(self, path: str, new: str) -> set[str]:
        """Gives a file another path, here and not on the disk. Returns as `put` does."""
        document = self.document(path)
        self._documents.pop(path, None)
        self._files.pop(path, None)
        keys = self.project.remove(path) if self.in_project else set()
        return self.put(new, document) | set(self.project.affected(keys, but=path))

    def _read_lock(self, path: str) -> None:
        try:
            data = (self.root / path).read_bytes()
        except OSError:
            return
        self.locks[path] = data
        self.project.set_lock(path, data)
