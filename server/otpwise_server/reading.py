"""Files from the disk. Imports no rule: the worker processes of the index start with this."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from otpwise_analyzers.source.document import Document, NotUtf8Error
from otpwise_analyzers.syntax.languages import open_file

if TYPE_CHECKING:
    from otpwise_analyzers.project.facts import FileFacts

log = logging.getLogger(__name__)


def data_on_disk(path: Path) -> bytes | None:
    """A file's text in UTF-8 without its mark; None when it cannot be read, which the log then says."""
    try:
        return Document.from_disk(path.read_bytes()).data
    except FileNotFoundError:
        return None
    except (OSError, NotUtf8Error) as error:
        log.warning("%s cannot be read: %s", path, error)
        return None


def edition_on_disk(path: Path) -> object:
    """Another one when a file was changed, replaced or made unreadable; None for one that is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_mode


def facts_from_disk(root: Path, path: str) -> FileFacts | None:
    """The facts of a project's file as it lies on the disk."""
    from otpwise_analyzers.project.facts import facts_of

    data = data_on_disk(root / path)
    return facts_of(open_file(path, data)) if data is not None else None
