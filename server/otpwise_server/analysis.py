"""The narrow way to the analyzers: everything here runs in the analysis thread, nothing knows a client.

This is the only module of the server that calls the engine.
"""

from __future__ import annotations

import contextlib
import logging
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from otpwise_analyzers import engine, suppressions
from otpwise_analyzers.findings import Applicability, Change, FileChange, Finding, Fix
from otpwise_analyzers.project import discovery, places
from otpwise_analyzers.project.config import Settings
from otpwise_analyzers.project.ignore import IgnoreList
from otpwise_analyzers.project.index import Project
from otpwise_analyzers.project.view import FixContext, Key
from otpwise_analyzers.rules.catalogue import RULES
from otpwise_analyzers.source.edits import OverlappingEditsError, Span, in_order
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.languages import ELIXIR, Language, is_read, language_of, open_file
from otpwise_analyzers.syntax.source_file import SourceFile
from otpwise_server.documents import Text
from otpwise_server.reading import data_on_disk, edition_on_disk

if TYPE_CHECKING:
    from otpwise_analyzers.project.facts import FileFacts
    from otpwise_analyzers.project.loading import Sources
    from otpwise_analyzers.project.supervision import Place, Supervised
    from otpwise_analyzers.refactorings.catalogue import Offered

Stopped = engine.Stopped

log = logging.getLogger(__name__)

# Result ids of another run of the server must never match: the index may have known other things then.
_RUN = os.urandom(3).hex()
_LOCK = "mix.lock"


@dataclass(frozen=True, slots=True)
class Checked:
    """The findings of one version of a file. `id` names everything that they depend on."""

    text: Text
    file: SourceFile
    findings: list[Finding]
    id: str


def rule_names() -> frozenset[str]:
    """The names of all rules."""
    return frozenset(RULES)


class ProjectAnalysis:
    """One Mix project, or (with `root` None) all files outside of any, each read on its own.

    `open_data` answers the current bytes of a project's file that is open in the editor.
    """

    def __init__(self, root: Path | None, open_data: Callable[[str], bytes | None]) -> None:
        self.root = root
        self.settings = Settings()
        self._digest = self.settings.digest()
        self.is_indexed = False
        self.files: set[str] = set()
        # How often the supervision trees became others since the index was made.
        self.supervision_changes = 0
        self._open_data = open_data
        self._index = Project()
        # By path: what the index last read of a file was of this edition.
        self._editions: dict[str, object] = {}
        self._revisions: dict[str, int] = {}
        self._loads = 0
        self._reported: set[tuple[str, str]] = set()
        self._last: dict[str, Checked] = {}

    def configure(self, settings: Settings) -> bool:
        """Takes new settings; answers whether they differ."""
        digest = settings.digest()
        if digest == self._digest:
            return False
        self.settings, self._digest = settings, digest
        return True

    # -- checking ----------------------------------------------------------------------------------

    def relative(self, path: Path | None, uri: str) -> str:
        """How the rules know a file: relative to the root, with `/`."""
        if path is None:
            name = uri.rpartition("/")[2] or "untitled"
            return name if is_read(name) else "untitled.ex"
        if self.root is None:
            return path.name
        return path.relative_to(self.root).as_posix()

    def state(self, path: str) -> tuple[str, int, int]:
        """What a file's findings depend on beside its content."""
        return self._digest, self._loads, self._revisions.get(path, 0)

    def identity(self, path: str, data: bytes) -> str:
        """The result id: content, settings, and how often what the file asked of the project changed."""
        content = f"{len(data):x}.{zlib.crc32(data):08x}.{hash(data) & 0xFFFFFFFF:08x}"
        digest, loads, revision = self.state(path)
        return f"{_RUN}-{content}-{digest}-{loads}.{revision}"

    def check(self, text: Text, stop: Callable[[], bool], keep: bool = True) -> Checked:
        """The findings of a text. Raises Stopped when `stop` says so between two rules.

        With `keep` they are remembered for the next request about the same version.
        """
        path = self.relative(text.path, text.uri)
        identity = self.identity(path, text.data)
        last = self._last.get(text.uri)
        if last is not None and last.id == identity and last.text.data == text.data:
            return (
                last
                if last.text.version == text.version
                else Checked(text, last.file, last.findings, identity)
            )
        if stop():
            raise Stopped
        file = _language(text).open(path, text.data, text.tree(), self._index.view(path))
        report = engine.Report()
        if not IgnoreList(self.settings.exclude).leaves_out(path):
            report = engine.check(file, self.settings, stop=stop)
        for failure in report.failures:
            self._report(failure)
        checked = Checked(text, file, report.findings, identity)
        if keep:
            self._last[text.uri] = checked
        return checked

    def afresh(self, text: Text, data: bytes | None = None) -> Checked:
        """As `check`, from a full parse: what is to be applied unseen must not lean on an edited tree.

        With `data`, the findings that the file would have with that content.
        """
        data = text.data if data is None else data
        path = self.relative(text.path, text.uri)
        file = _language(text).open(path, data, None, self._index.view(path))
        report = engine.check(file, self.settings)
        return Checked(text, file, report.findings, self.identity(path, data))

    def _report(self, failure: engine.Failure) -> None:
        if (failure.rule, failure.path) not in self._reported:
            self._reported.add((failure.rule, failure.path))
            log.error("rule %s failed in %s", failure.rule, failure.path, exc_info=failure.error)

    def forget(self, uri: str) -> None:
        """A buffer was closed."""
        self._last.pop(uri, None)

    # -- the index ---------------------------------------------------------------------------------

    def walk(self) -> list[str]:
        """The paths of all files of the project, relative to its root."""
        return list(self.walking())

    def walking(self) -> Iterator[str]:
        """The same, one after the other."""
        if self.root is not None:
            yield from discovery.walk(self.root, on_problem=_log_problem, exclude=self.settings.exclude)

    def listed(self, paths: list[str]) -> list[str]:
        """Those of some paths that are the project's: known already, or not ignored by Git or settings."""
        if all(path in self.files or path.endswith(_LOCK) for path in paths):
            return paths
        walked = {*self.walk(), *self.files}
        return [path for path in paths if path in walked or path.endswith(_LOCK)]

    def load(self, facts: Iterable[FileFacts], editions: Mapping[str, object]) -> None:
        """Takes in the whole project at once; what was there before is forgotten. `editions` are those of all
        files, from before they were read."""
        self._index = Project(facts)
        self.files, self._editions = set(editions), dict(editions)
        if self.root is not None:
            for app in {"", *discovery.apps(self.root)}:
                lock = f"{app}/{_LOCK}" if app else _LOCK
                self._editions[lock] = self.edition(lock)
                self._read_lock(lock)
        self.is_indexed = True
        self._loads += 1

    def refresh(self, path: str) -> set[str]:
        """Reads a file's facts again, from the editor or the disk.

        Returns the paths of the files whose findings may have changed.
        """
        if self.root is None or not self.is_indexed:
            return set()
        self._editions[path] = self.edition(path)
        if path.rpartition("/")[2] == _LOCK:
            return self._outdated(self._read_lock(path))
        data = self._open_data(path)
        if data is None:
            data = data_on_disk(self.root / path)
        if data is None:
            self.files.discard(path)
            return self._outdated(self._index.remove(path))
        self.files.add(path)
        from otpwise_analyzers.project.facts import facts_of

        return self._outdated(self._index.update(path, facts_of(open_file(path, data))))

    def edition(self, path: str) -> object:
        """Another one when the file may have changed; None for one that is not there."""
        data = self._open_data(path)
        if data is not None:
            return data
        return edition_on_disk(self.root / path) if self.root is not None else None

    def editions(self) -> dict[str, object]:
        """The editions of all files of the project, which are looked for on the disk."""
        return {path: self.edition(path) for path in self.walk()}

    def behind(self) -> list[str]:
        """The files that changed, in the editor or on the disk, since the index read them; nobody need have told."""
        return [path for path, known in list(self._editions.items()) if self.edition(path) != known]

    def catch_up(self) -> tuple[list[str], set[str]]:
        """Reads what changed again. Returns those files, and those whose findings may have changed by it."""
        behind = self.behind()
        outdated: set[str] = set()
        for path in behind:
            outdated |= self.refresh(path)
        return behind, outdated

    def sources(self) -> Sources:
        """The project to try fixes on: nothing that is put into it shows in this one."""
        from otpwise_analyzers.project.loading import Sources

        assert self.root is not None
        return Sources(self.root, project=self._index.fork())

    def _read_lock(self, path: str) -> set[Key]:
        if self.root is None:
            return set()
        try:
            data = (self.root / path).read_bytes()
        except OSError:
            data = b""
        return self._index.set_lock(path, data)

    def _outdated(self, keys: set[Key]) -> set[str]:
        if any(key[0] == "supervision" for key in keys):
            self.supervision_changes += 1
        paths = set(self._index.affected(keys))
        for path in paths:
            self._revisions[path] = self._revisions.get(path, 0) + 1
        return paths

    # -- supervision -------------------------------------------------------------------------------

    def process_modules(self, checked: Checked) -> list[tuple[Span, Supervised]]:
        """The process modules of a file, the bytes of their names with who supervises them; empty before the
        index is there."""
        path = self.relative(checked.text.path, checked.text.uri)
        file = checked.file
        if not self.is_indexed or not isinstance(file, ElixirFile) or not places.is_production_code(path):
            return []
        trees = self._index.trees
        found: list[tuple[Span, Supervised]] = []
        for module in file.modules:
            located, name = trees.located(module.name), module.name_node
            # What is typed may be ahead of the index.
            if located is None or located.path != path or name is None or not trees.is_process(located):
                continue
            found.append((Span(name.start_byte, name.end_byte), trees.supervised(module.name)))
        return found

    def place(self, place: Place) -> Span | None:
        """Where a place of the supervision trees is now."""
        span = self._index.place(place)
        return Span(*span) if span is not None else None

    def supervision(self) -> tuple[str, str, list[tuple[str, Span]]] | None:
        """The picture of the supervision trees: its HTML, its styles, and the file and bytes of each of its
        `data-place`s. None before the index is there, and without a project."""
        from otpwise_analyzers.project.picture import STYLES, picture

        if self.root is None or not self.is_indexed:
            return None
        places: list[tuple[str, Span]] = []

        def mark(place: Place | None) -> str:
            span = self._index.place(place) if place is not None else None
            if place is None or span is None:
                return ""
            places.append((place.path, Span(*span)))
            return f' data-place="{len(places) - 1}" tabindex="0"'

        html = picture([(self._index.trees.apps, mark)])
        return html, STYLES, places

    # -- fixes -------------------------------------------------------------------------------------

    def build(
        self, checked: Checked, fix: Fix, read: Callable[[str], bytes | None] | None = None
    ) -> Change | None:
        """What a fix does, with the text that every file has now (or as `read` has it); None when it cannot be
        done."""
        # The view of the check itself: what the fix asks for counts as asked by the file.
        context = FixContext(checked.file, checked.file.project, read or self.read)
        try:
            change = fix.build(context)
        except Exception:
            log.exception("fix %r failed in %s", fix.title, checked.file.path)
            return None
        if not change or not all(_is_sound(part) for part in change):
            return None
        if len({part.path for part in change}) < len(change):
            log.error("fix %r in %s changes a file twice", fix.title, checked.file.path)
            return None
        return change

    def read(self, path: str) -> bytes | None:
        """The current bytes of a project's file: the editor's, else the disk's."""
        data = self._open_data(path)
        if data is None and self.root is not None:
            data = data_on_disk(self.root / path)
        return data

    def lesson(self, checked: Checked, finding: Finding) -> str:
        """What there is to say of a finding, in Markdown, with what its first fix would do."""
        from otpwise_analyzers.rules import page, preview

        rule = RULES.get(finding.rule)
        if rule is None:
            return ""
        changes = [(fix, self.build(checked, fix)) for fix in finding.fixes]
        made = [(fix, change) for fix, change in changes if change is not None]
        shown = preview.of_change(*made[0], self._reader(checked), checked.file.path) if made else None
        return page.hover(rule, finding, [fix for fix, _ in made], shown)

    def _reader(self, checked: Checked) -> Callable[[str], bytes | None]:
        """Reads files as a fix did: the checked one as it was checked."""
        path, data = checked.file.path, checked.file.data
        return lambda other: data if other == path else self.read(other)


def safe_fixes(checked: Checked, rule: str | None = None) -> Iterator[Fix]:
    """The first safe fix of each finding (of one rule)."""
    for finding in checked.findings:
        if rule is None or finding.rule == rule:
            for fix in finding.fixes:
                if fix.applicability is Applicability.SAFE:
                    yield fix
                    break


def refactorings_at(checked: Checked, span: Span) -> list[Offered]:
    """What can be made of a cursor or a selection, whether or not a rule fired there."""
    # Imported when an editor first asks for actions.
    from otpwise_analyzers.refactorings.catalogue import offers_at

    try:
        return list(offers_at(checked.file, span))
    except Exception:
        log.exception("refactorings failed in %s", checked.file.path)
        return []


def rule_at(checked: Checked, offset: int) -> tuple[list[str], Span] | None:
    """The rules that a suppression comment at a byte names, and where: the one name that is pointed at,
    else all of the comment's."""
    suppression = suppressions.suppression_at(checked.file, offset)
    if suppression is None:
        return None
    for name, span in suppression.rules:
        if span.start <= offset <= span.end:
            return [name], span
    return [name for name, _ in suppression.rules], suppression.span


def short_lesson(rule: str) -> str:
    """What a rule teaches where a comment names it, in Markdown; empty for a rule that there is not."""
    from otpwise_analyzers.rules import page

    known = RULES.get(rule)
    return "" if known is None else page.short(known)


def construct_at(checked: Checked, offset: int) -> tuple[str, Span] | None:
    """What there is to teach of the construct at a byte, in Markdown, and its range."""
    # Imported when somebody first hovers: nobody else needs them.
    from otpwise_analyzers.guide import lookup, page

    found = lookup.construct_at(checked.file, offset)
    return None if found is None else (page.hover(found.construct, found.here), found.span)


def page_text(rule: str) -> str | None:
    """The whole page of a rule, in Markdown; None for a rule that there is not."""
    from otpwise_analyzers.rules import page

    known = RULES.get(rule)
    return page.page(known) if known is not None else None


def summaries() -> dict[str, str]:
    """The one-line summary of every rule, by name."""
    return {name: rule.summary for name, rule in RULES.items()}


def page_of(rule: str) -> str:
    """The web page that explains a rule."""
    from otpwise_analyzers.rules import page

    return page.url(rule)


def silence_line(checked: Checked, finding: Finding) -> FileChange:
    """The comment that silences a finding's rule where it stands."""
    return FileChange(
        checked.file.path, (suppressions.insertion(checked.file, finding.span.start, finding.rule),)
    )


def silence_file(checked: Checked, finding: Finding) -> FileChange:
    """The comment that silences a finding's rule in its whole file."""
    return FileChange(checked.file.path, (suppressions.file_insertion(checked.file, finding.rule),))


def _language(text: Text) -> Language:
    """As the buffer has it, else by the file's name."""
    return text.language or language_of(text.uri) or ELIXIR


def _is_sound(part: FileChange) -> bool:
    with contextlib.suppress(OverlappingEditsError):
        in_order(part.edits)
        return bool(part.edits) != (part.rename_to is not None)
    return False


def _log_problem(path: Path, problem: str) -> None:
    log.warning("%s: %s", path, problem)
