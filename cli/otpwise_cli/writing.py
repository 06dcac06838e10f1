"""Puts changed files on the disk: all of a file or nothing of it."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from otpwise_analyzers import patch
from otpwise_analyzers.bulk import ChangedFile, Fixed
from otpwise_analyzers.source.document import Document
from otpwise_cli.checking import shown


def write_all(fixed: Fixed) -> tuple[dict[Path, str], set[Path]]:
    """Writes the changed files, their modes kept.

    Returns what went wrong, by path, and all files that were not written: what one fix changed together
    is written together or not at all.
    """
    problems = {path: problem for path, file in fixed.files.items() if (problem := _obstacle(file))}
    unwritten = fixed.bound_to(problems)
    for group in fixed.groups():
        paths = {file.path for file in group}
        if not paths & unwritten:
            problems.update(found := _write_together([_Write(file) for file in group]))
            unwritten |= paths if found else set()
    return problems, unwritten


def _write_together(writes: list[_Write]) -> dict[Path, str]:
    """Writes some files, or none of them. Returns what went wrong."""
    made: list[_Write] = []
    at = writes[0]
    try:
        # What can go wrong, with a full disk first of all, goes wrong before the first file is another one.
        for at in writes:
            at.stage()
        for at in writes:
            at.make()
            made.append(at)
    except BaseException as error:
        half = [write for write in reversed(made) if not write.undo()]
        if not isinstance(error, OSError):
            raise
        reason = error.strerror or str(error)
        problems = {at.file.path: f"cannot be written ({reason}): run the command again"}
        for write in half:
            problems[write.file.path] = (
                f"is fixed, though {shown(at.file.path)}, which belongs to it, is not: "
                "put one or the other right by hand"
            )
        return problems
    finally:
        for write in writes:
            write.clean()
    for write in made:
        write.finish()
    return {}


def _obstacle(changed: ChangedFile) -> str | None:
    """Why a file cannot be written, and what to do; asked of all files before any is written."""
    target = _target(changed)
    try:
        if changed.old is None or changed.moved_from is not None:
            if target.exists():
                return "was created by somebody else in the meantime and is left alone: run the command again"
            folder = next(folder for folder in target.parents if folder.exists())
            if changed.old is not None and (problem := _obstacle_of_source(changed, changed.old)):
                return problem
        else:
            if target.read_bytes() != changed.old.raw:
                return "was changed by somebody else in the meantime and is left alone: run the command again"
            if not os.access(target, os.W_OK):
                return "cannot be written (it is read-only): make it writable"
            folder = target.parent
        if not os.access(folder, os.W_OK | os.X_OK):
            return "cannot be written (its folder is read-only): make the folder writable"
    except OSError as error:
        return f"cannot be written ({error.strerror or error}): make it and its folder writable"
    return None


def _obstacle_of_source(changed: ChangedFile, old: Document) -> str | None:
    """Why a file cannot be moved away from where it lies."""
    source = changed.source
    if source.is_symlink():
        return f"is a link in {shown(source)}, which is not renamed: rename it by hand"
    if source.read_bytes() != old.raw:
        return "was changed by somebody else in the meantime and is left alone: run the command again"
    if not os.access(source.parent, os.W_OK | os.X_OK):
        return "cannot be renamed (its folder is read-only): make the folder writable"
    return None


def _target(changed: ChangedFile) -> Path:
    """The file behind a link: the link itself stays."""
    return Path(os.path.realpath(changed.path))


class _Write:
    """One file on its way to the disk: first beside its place, then in it."""

    def __init__(self, file: ChangedFile) -> None:
        self.file = file
        self._target = _target(file)
        self._temporary: Path | None = None
        self._folders: list[Path] = []

    def stage(self) -> None:
        """Writes the new text beside its place."""
        target, missing = self._target, []
        for folder in target.parents:
            if folder.exists():
                break
            missing.append(folder)
        for folder in reversed(missing):
            folder.mkdir()
            self._folders.append(folder)
        if self._only_moves:
            return
        before = self._before()
        self._temporary = _beside(target, self.file.new.raw, before.stat() if before is not None else None)

    @property
    def _only_moves(self) -> bool:
        old = self.file.old
        return self.file.moved_from is not None and old is not None and old.raw == self.file.new.raw

    def _before(self) -> Path | None:
        """The file whose text is replaced, and whose mode is kept."""
        if self.file.moved_from is not None:
            return self.file.source
        return None if self.file.old is None else self._target

    def make(self) -> None:
        """Puts the new text into its place; never is there a file too few."""
        if self._only_moves:
            self.file.source.rename(self._target)
            return
        assert self._temporary is not None
        self._temporary.replace(self._target)
        self._temporary = None
        if self.file.moved_from is not None:
            try:
                self.file.source.unlink()
            except OSError:
                self._target.unlink()
                raise

    def undo(self) -> bool:
        """Makes as if it had not been made; answers whether that went well."""
        old, target = self.file.old, self._target
        try:
            if self._only_moves:
                target.rename(self.file.source)
            elif old is None:
                target.unlink()
            elif self.file.moved_from is not None:
                _put(self.file.source, old.raw, target.stat())
                target.unlink()
            else:
                _put(target, old.raw, target.stat())
        except OSError:
            return False
        return True

    def finish(self) -> None:
        """Takes away the folders that a renamed file left empty, as Git does."""
        before = self.file.moved_from
        if before is not None:
            folder = self.file.source.parent
            with contextlib.suppress(OSError):
                for _ in range(before.count("/")):
                    folder.rmdir()
                    folder = folder.parent

    def clean(self) -> None:
        """Takes away what was put beside its place and is not wanted any more."""
        with contextlib.suppress(OSError):
            if self._temporary is not None:
                self._temporary.unlink()
            # Those that are empty.
            for folder in reversed(self._folders):
                folder.rmdir()


def _beside(target: Path, data: bytes, like: os.stat_result | None) -> Path:
    """A new file in the folder of `target`, with mode and owner of the file that it is to replace."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".otpwise", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            if os.name == "posix":
                if like is not None:
                    with contextlib.suppress(PermissionError):
                        os.fchown(file.fileno(), like.st_uid, like.st_gid)
                mode = stat.S_IMODE(like.st_mode) if like is not None else 0o666 & ~_umask()
                os.fchmod(file.fileno(), mode)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def _put(target: Path, data: bytes, like: os.stat_result) -> None:
    temporary = _beside(target, data, like)
    try:
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def diff(changed: Iterable[ChangedFile]) -> Iterator[str]:
    """The lines (without their ends) of a unified diff, with paths as they are printed."""
    return patch.lines(changed, shown)
