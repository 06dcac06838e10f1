"""Writes a rule's name into the `ignore` list of `.otpwise.toml`, keeping everything else as it is."""

from __future__ import annotations

import tomllib

from otpwise_analyzers.findings import FileChange
from otpwise_analyzers.project.config import FILE_NAME
from otpwise_analyzers.project.toml_places import places
from otpwise_analyzers.source.edits import Edit, apply


def ignored_in_project(data: bytes | None, rule: str) -> FileChange | None:
    """The change that adds `rule` to the project's settings, whose text is `data`; None for no file.

    Answers None where the file is not TOML, or holds an `ignore` that is no list.
    """
    if data is None:
        return FileChange(FILE_NAME, (Edit(0, 0, f'ignore = ["{rule}"]\n'),), create=True)
    try:
        table = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        return None
    ignored = table.get("ignore")
    if ignored is None:
        # Keys of the top level stand before the first table; a comment at the very top stays there.
        at = _after_comments(data)
        edit = Edit(at, at, f'ignore = ["{rule}"]\n' + ("\n" if data[at:].startswith(b"[") else ""))
    elif not isinstance(ignored, list) or rule in ignored:
        return None
    else:
        known = places(data)
        last = known.get(("ignore", len(ignored) - 1))
        if last is not None:
            edit = Edit(last.value.end, last.value.end, f', "{rule}"')
        elif ("ignore",) in known:
            at = known["ignore",].value.start + 1
            edit = Edit(at, at, f'"{rule}"')
        else:
            return None
    return FileChange(FILE_NAME, (edit,)) if _adds(data, edit, rule) else None


def _after_comments(data: bytes) -> int:
    at = 0
    while data[at : at + 1] == b"#":
        end = data.find(b"\n", at)
        if end < 0:
            return 0
        at = end + 1
    return at


def _adds(data: bytes, edit: Edit, rule: str) -> bool:
    try:
        ignored = tomllib.loads(apply(data, [edit]).decode()).get("ignore")
    except tomllib.TOMLDecodeError:
        return False
    return isinstance(ignored, list) and rule in ignored
