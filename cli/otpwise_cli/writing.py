"""Puts changed files on the disk: all of a file or nothing of it."""

from __future__ import annotations

import difflib
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from otpwise_cli.checking import shown
from otpwise_cli.fixing import ChangedFile


def write(changed: ChangedFile) -> str | None:
    """Writes one file, its mode kept. Returns what went wrong and what to do, None when all is well.

    A link stays one: the file behind it is written. A file that somebody else changed since it was read
    is left alone.
    """
    target = Path(os.path.realpath(changed.path))
    try:
        if changed.old is None:
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                return "was created by somebody else in the meantime and is left alone: run the command again"
            mode = 0o666 & ~_umask()
        else:
            if target.read_bytes() != changed.old.raw:
                return "was changed by somebody else in the meantime and is left alone: run the command again"
            mode = stat.S_IMODE(target.stat().st_mode)
            if not os.access(target, os.W_OK):
                return "cannot be written (it is read-only): make it writable"
        _replace(target, changed.new.raw, mode)
    except OSError as error:
        return f"cannot be written ({error.strerror or error}): make it and its folder writable"
    return None


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
    """The lines (without their ends) of a unified diff, as `patch -p1` and `git apply` take it."""
    for file in changed:
        path = shown(file.path).lstrip("/")
        old = file.old.text if file.old is not None else ""
        lines = difflib.unified_diff(
            _lines(old),
            _lines(file.new.text),
            "/dev/null" if file.old is None else f"a/{path}",
            f"b/{path}",
            lineterm="",
        )
        for number, line in enumerate(lines):
            yield line.removesuffix("\n")
            if number > 1 and not line.startswith("@@") and not line.endswith("\n"):
                yield "\\ No newline at end of file"


def _lines(text: str) -> list[str]:
    """Lines with their ends; as for Git, only a line feed ends one."""
    lines = text.split("\n")
    last = lines.pop()
    return [f"{line}\n" for line in lines] + ([last] if last else [])
