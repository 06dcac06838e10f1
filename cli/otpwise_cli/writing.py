"""Puts changed files on the disk: all of a file or nothing of it."""

from __future__ import annotations

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
    for path, file in fixed.files.items():
        if path not in unwritten:
            try:
                _write(file)
            except OSError as error:
                problems[path] = f"cannot be written ({error.strerror or error}): run the command again"
                unwritten.add(path)
    return problems, unwritten


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


def _write(changed: ChangedFile) -> None:
    target = _target(changed)
    if changed.moved_from is not None:
        _move(changed, target)
        return
    if changed.old is None:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = 0o666 & ~_umask()
    else:
        mode = stat.S_IMODE(target.stat().st_mode)
    _replace(target, changed.new.raw, mode)


def _move(changed: ChangedFile, target: Path) -> None:
    """The file under its new path, then no file under the old one; never none at all."""
    source = changed.source
    target.parent.mkdir(parents=True, exist_ok=True)
    if changed.old is not None and changed.new.raw == changed.old.raw:
        source.rename(target)
        return
    _replace(target, changed.new.raw, stat.S_IMODE(source.stat().st_mode))
    source.unlink()


def _replace(target: Path, data: bytes, mode: int) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".otpwise", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), mode)
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
