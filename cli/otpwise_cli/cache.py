"""What a check of a project found, kept for the next one.

A file's facts depend on its bytes alone, and its findings on its bytes and on what its view of the project was
asked: both are kept, and what cannot have changed is not read into a tree again. The cache lies in the user's
cache folder (or OTPWISE_CACHE_DIR), one file for each project and settings. It is only ever an aid: one that cannot
be read, or that another version of Otpwise wrote, counts for nothing, and one that cannot be written is left.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Collection, Iterable
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path

import msgspec

from otpwise_analyzers import __version__, engine
from otpwise_analyzers.findings import Applicability, Change, Confidence, Finding, Fix, Level, Related
from otpwise_analyzers.project.facts import FileFacts
from otpwise_analyzers.project.index import Project
from otpwise_analyzers.project.loading import Sources
from otpwise_analyzers.project.view import FixContext, Key
from otpwise_analyzers.source.edits import Span
from otpwise_cli.targets import Batch

FOLDER = "OTPWISE_CACHE_DIR"
"""The environment variable that names another folder."""

_MOST_CHANGES = 50
"""More files than these at once, and all of them are checked again: telling what each one changes for the others
would cost more."""

_KEPT_FOR = 30 * 24 * 3600
"""Seconds after which the cache of a project that nobody checks any more is removed."""

_LIBRARIES = ("tree_sitter", "tree_sitter_elixir", "tree_sitter_dockerfile", "sqlglot")


class _KeptFinding(msgspec.Struct, array_like=True, frozen=True):
    rule: str
    start: int
    end: int
    message: str
    level: Level
    confidence: Confidence
    # start, end, message, path
    related: tuple[tuple[int, int, str, str | None], ...] = ()
    fixes: tuple[tuple[str, Applicability], ...] = ()


class _KeptFile(msgspec.Struct, array_like=True, frozen=True):
    """`findings` is None for a file that was read for its facts alone."""

    digest: bytes
    facts: FileFacts
    asked: tuple[Key, ...] = ()
    findings: tuple[_KeptFinding, ...] | None = None


class _Kept(msgspec.Struct, array_like=True):
    made_by: str
    locks: dict[str, bytes] = {}
    files: dict[str, _KeptFile] = {}


class Memory:
    """What is known of the files of one batch from the check before, and what is to be known the next time."""

    def __init__(self, batch: Batch) -> None:
        self._settings = batch.settings
        self._path = _place(batch)
        self._before = _read(self._path)
        self._digests: dict[str, bytes] = {}
        self._unchanged: set[str] = set()
        self._checked: dict[str, tuple[Finding, ...]] = {}
        self._failed: set[str] = set()
        self._valid: set[str] = set()
        self._found_again: dict[str, list[Finding]] = {}

    def facts(self, path: str, data: bytes) -> FileFacts | None:
        """The facts of a file that has the same bytes as before."""
        digest = self._digests[path] = hashlib.blake2b(data, digest_size=16).digest()
        kept = self._before.files.get(path)
        if kept is None or kept.digest != digest:
            return None
        self._unchanged.add(path)
        return kept.facts

    def settle(self, sources: Sources) -> None:
        """Finds out, once all files were read, whose findings cannot have changed."""
        files = self._before.files
        changed = self._digests.keys() - self._unchanged
        gone = files.keys() - self._digests.keys()
        locks = _locks(sources)
        if len(changed) + len(gone) > _MOST_CHANGES or any(map(_tells_of_all, changed | gone)):
            return
        self._valid = {path for path in self._unchanged if files[path].findings is not None}
        if not changed and not gone and locks == self._before.locks:
            return
        before = Project(kept.facts for kept in files.values())
        for path, data in self._before.locks.items():
            before.set_lock(path, data)
        for path in self._valid:
            before.recall(path, files[path].asked)
        keys: set[Key] = set()
        for path in changed:
            facts = sources.project.facts(path)
            keys |= before.update(path, facts) if facts is not None else before.remove(path)
        for path in gone:
            keys |= before.remove(path)
        for path in locks.keys() | self._before.locks.keys():
            keys |= before.set_lock(path, locks.get(path, b""))
        self._valid.difference_update(before.affected(keys))
        # Positions are no facts: nobody is told that code moved within its file.
        moved = changed | gone
        self._valid -= {path for path in self._valid if _names_any(files[path], moved)}

    def knows(self, path: str) -> bool:
        """Whether a file has the findings that it had before."""
        return path in self._valid

    def is_unchanged(self, path: str) -> bool:
        """Whether a file has the bytes that it had before, and was not parsed for its facts."""
        return path in self._unchanged

    def findings(self, path: str, data: bytes) -> tuple[Finding, ...] | None:
        """The findings of the check before; None when the file is to be checked."""
        kept = self._before.files.get(path)
        if path not in self._valid or kept is None or kept.findings is None:
            return None
        if kept.findings and hashlib.blake2b(data, digest_size=16).digest() != kept.digest:
            return None
        return tuple(self._restored(path, finding) for finding in kept.findings)

    def is_clean(self, path: str) -> bool:
        """Whether a file still has no findings; its text is not needed then."""
        return path in self._valid and self._before.files[path].findings == ()

    def _restored(self, path: str, kept: _KeptFinding) -> Finding:
        """The finding; its fixes look for themselves in the file when somebody asks what they do."""
        span = Span(kept.start, kept.end)
        return Finding(
            kept.rule,
            span,
            kept.message,
            kept.level,
            kept.confidence,
            tuple(Related(Span(start, end), message, other) for start, end, message, other in kept.related),
            tuple(
                Fix(title, applicability, partial(self._built, path, kept.rule, span, title))
                for title, applicability in kept.fixes
            ),
        )

    def _built(self, path: str, rule: str, span: Span, title: str, context: FixContext) -> Change | None:
        if path not in self._found_again:
            self._found_again[path] = engine.check(context.checked, self._settings).findings
        for finding in self._found_again[path]:
            if finding.rule == rule and finding.span == span:
                for fix in finding.fixes:
                    if fix.title == title:
                        return fix.build(context)
        return None

    def checked(self, path: str, findings: Iterable[Finding], *, failed: bool) -> None:
        """Takes in what a check found; of a file in which a rule failed nothing is kept."""
        if failed:
            self._failed.add(path)
        else:
            self._checked[path] = tuple(findings)

    def write(self, sources: Sources) -> None:
        """Keeps what is known now, where anything is new."""
        locks = _locks(sources)
        new = self._digests.keys() - self._unchanged or self._before.files.keys() - self._digests.keys()
        if not new and not self._checked and not self._failed and locks == self._before.locks:
            return
        files: dict[str, _KeptFile] = {}
        for path, digest in self._digests.items():
            facts = sources.project.facts(path)
            if facts is None:
                continue
            found = self._checked.get(path)
            if found is not None:
                asked = tuple(sorted(sources.project.asked(path)))
                files[path] = _KeptFile(digest, facts, asked, tuple(map(_kept, found)))
            elif path in self._valid and path not in self._failed:
                files[path] = self._before.files[path]
            else:
                files[path] = _KeptFile(digest, facts)
        _write(self._path, _Kept(_maker(), locks, files))


def _tells_of_all(path: str) -> bool:
    """Whether a file says which application others belong to, which no view is asked for."""
    return path.rpartition("/")[2] == "mix.exs"


def _names_any(kept: _KeptFile, paths: Collection[str]) -> bool:
    """Whether a finding of the file shows a place in one of these."""
    return any(path in paths for one in kept.findings or () for _, _, _, path in one.related)


def _locks(sources: Sources) -> dict[str, bytes]:
    return sources.locks if sources.in_project else {}


# -- findings -----------------------------------------------------------------------------------------


def _kept(finding: Finding) -> _KeptFinding:
    return _KeptFinding(
        finding.rule,
        finding.span.start,
        finding.span.end,
        finding.message,
        finding.level,
        finding.confidence,
        tuple((one.span.start, one.span.end, one.message, one.path) for one in finding.related),
        tuple((fix.title, fix.applicability) for fix in finding.fixes),
    )


# -- the file -----------------------------------------------------------------------------------------


@cache
def _maker() -> str:
    """Names everything that findings depend on beside the checked files: the analyzers as they lie on the disk,
    and the libraries that read for them."""
    import otpwise_analyzers

    known = hashlib.blake2b(digest_size=16)
    package = Path(otpwise_analyzers.__file__).parent
    sources = sorted(package.rglob("*.py"))
    for name in _LIBRARIES:
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            sources.extend(sorted(Path(spec.origin).parent.glob("*.*")))
    for path in sources:
        with contextlib.suppress(OSError):
            status = path.stat()
            known.update(f"{path.name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return f"{__version__} {sys.version_info[:3]} {known.hexdigest()}"


def folder() -> Path:
    """Where caches lie."""
    named = os.environ.get(FOLDER)
    if named:
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path("otpwise", appauthor=False)


def _place(batch: Batch) -> Path:
    name = hashlib.blake2b(os.fsencode(batch.root), digest_size=12).hexdigest()
    return folder() / f"{name}-{batch.settings.digest()}.msgpack"


def _read(path: Path) -> _Kept:
    try:
        kept = msgspec.msgpack.decode(path.read_bytes(), type=_Kept)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return _Kept(_maker())
    return kept if kept.made_by == _maker() else _Kept(_maker())


def _write(path: Path, kept: _Kept) -> None:
    """Puts the file in its place in one step; of two checks at once the last one's stays."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.msgpack.encode(kept))
            os.replace(name, path)  # noqa: PTH105 - the name is a string here
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)  # noqa: PTH108
            raise
        _sweep(path.parent)


def _sweep(place: Path) -> None:
    """Removes the caches that were not written for a long time."""
    limit = time.time() - _KEPT_FOR
    for path in place.glob("*.msgpack"):
        if path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)
