"""Reads settings: `.otpwise.toml`, what a client sends, what a command line says.

A mistake is a problem with a place and the way out of it, and costs only itself: everything else applies.
"""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from otpwise_analyzers.project.config_values import Problem, Reader
from otpwise_analyzers.project.settings import Settings, json_schema
from otpwise_analyzers.project.toml_places import places
from otpwise_analyzers.source.edits import Span

__all__ = ["FILE_NAME", "Loaded", "Problem", "Settings", "json_schema", "load", "merge", "parse"]

FILE_NAME = ".otpwise.toml"

MAX_BYTES = 200_000
"""A larger file is not read; a real one has some hundred bytes."""

_BOM = b"\xef\xbb\xbf"
_AT = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")
_BARE_RULE = re.compile(r"[ \t]*([a-z]+/[a-z0-9-]+)[ \t]*=")


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings that hold, and what was wrong, in the order of the file."""

    settings: Settings
    problems: tuple[Problem, ...] = ()


def load(root: Path, known: Collection[str] = ()) -> Loaded:
    """The settings of the project at `root`; the defaults when it has no `.otpwise.toml`.

    `known` are the names of all rules. Without them no rule's name is called unknown.
    """
    path = root / FILE_NAME
    try:
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind):
            what = "a folder" if stat.S_ISDIR(kind) else "not a regular file"
            return _unread(path, f"{FILE_NAME} is {what}: put the settings into a text file of that name")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        if path.is_symlink():
            return _unread(path, f"{FILE_NAME} is a link that leads nowhere: correct or remove it")
        return Loaded(Settings())
    except OSError as error:
        reason = error.strerror or str(error)
        return _unread(path, f"{FILE_NAME} cannot be read ({reason}): make it readable")
    return parse(data, path, known)


def parse(data: bytes, path: Path, known: Collection[str] = ()) -> Loaded:
    """The settings that `data`, the text of the file at `path`, holds. Reads no file."""
    if len(data) > MAX_BYTES:
        size = f"larger than {MAX_BYTES // 1000} kB"
        return _unread(path, f"{FILE_NAME} is {size} and is not read: keep only the settings in it")
    text, problem = _decoded(data, path)
    table: dict[str, Any] = {}
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        table, problem = _recovered(data, text, error, path, problem)
    except RecursionError:
        return _unread(path, f"{FILE_NAME} is nested too deeply to be read: use plain lists and tables")
    reader = Reader(known, places(data), path)
    values = reader.read(table)
    problems = [*reader.problems, *([problem] if problem else [])]
    problems.sort(key=lambda problem: problem.span)
    return Loaded(_with(Settings(), values), tuple(problems))


def merge(
    base: Settings,
    overrides: Mapping[str, Any],
    known: Collection[str] = (),
    *,
    others: Collection[str] = (),
) -> Loaded:
    """The settings `base` with what an editor or a command line says on top.

    Keys may be written in kebab-case, snake_case or camelCase. `profile` and `select` replace; `ignore`
    and `exclude` add; `severity`, `per-file-ignores` and `hover` replace key by key; `code-lens` is on where
    both say so. None, and an empty list, say nothing. Who selects a word here takes back what `base` says
    against that same word. Keys in `others`
    are the caller's own and are passed over. Problems have the empty span at 0 and no path.
    """
    said = {key: value for key, value in overrides.items() if value is not None and key not in others}
    reader = Reader(known, {}, None)
    values = reader.read(_renamed(said))
    merged: dict[str, Any] = {}
    if "profile" in values:
        merged["profile"] = values["profile"]
    select = values.get("select", ())
    ignore = tuple(word for word in base.ignore if word not in select)
    severity = {name: level for name, level in base.severity.items() if level != "off" or name not in select}
    if select:
        merged["select"] = select
    merged["ignore"] = _joined(ignore, values.get("ignore", ()))
    merged["exclude"] = _joined(base.exclude, values.get("exclude", ()))
    merged["severity"] = severity | values.get("severity", {})
    # What is switched off in one place is off: an editor sends its default too.
    merged["code_lens"] = base.code_lens and values.get("code_lens", True)
    merged["per_file_ignores"] = base.per_file_ignores | values.get("per_file_ignores", {})
    merged["hover"] = values.get("hover", {})
    return Loaded(_with(base, merged), tuple(reader.problems))


def _with(base: Settings, values: dict[str, Any]) -> Settings:
    """The settings with some values in place of their own; those of `hover` key by key."""
    hover = msgspec.structs.replace(base.hover, **values.get("hover", {}))
    return msgspec.structs.replace(base, **{**values, "hover": hover})


def _joined(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def _renamed(said: Mapping[str, Any]) -> dict[str, Any]:
    """Keys in kebab-case. What is nested is left alone: it has rules and patterns for keys."""
    return {
        re.sub(r"(?<=[a-z])([A-Z])", r"-\1", key).replace("_", "-").lower(): value
        for key, value in said.items()
    }


def _unread(path: Path, message: str) -> Loaded:
    return Loaded(Settings(), (Problem(Span(0, 0), f"{message}. The default settings apply.", path),))


def _decoded(data: bytes, path: Path) -> tuple[str, Problem | None]:
    body = data.removeprefix(_BOM)
    try:
        return body.decode(), None
    except UnicodeDecodeError as error:
        start = error.start + len(data) - len(body)
        line = data.count(b"\n", 0, start) + 1
        encodings = {b"\xff\xfe": " It looks like UTF-16.", b"\xfe\xff": " It looks like UTF-16."}
        problem = Problem(
            Span(start, start + 1),
            f"line {line} is not UTF-8: save the file in that encoding.{encodings.get(data[:2], '')} "
            "Settings from this line on do not apply.",
            path,
        )
        valid = body[: error.start]
        return valid[: valid.rfind(b"\n") + 1].decode(), problem


def _recovered(
    data: bytes, text: str, error: tomllib.TOMLDecodeError, path: Path, earlier: Problem | None
) -> tuple[dict[str, Any], Problem]:
    """What the lines above a mistake say, and the problem; an `earlier` one explains this one too."""
    lines = text.replace("\r\n", "\n").split("\n")
    found = _AT.search(str(error))
    number = int(found[1]) if found and found[1] else len(lines)
    table, begun = _above(lines, number)
    if earlier:
        return table, earlier
    reason = _AT.sub("", str(error))
    message = f"line {number} is not TOML: {reason[:1].lower()}{reason[1:]}"
    if begun < number:
        message += f", in what begins on line {begun}"
    line = lines[number - 1]
    column = int(found[2]) - 1 if found and found[2] else len(line)
    bare = _BARE_RULE.match(line)
    if bare:
        message += f'; put the name of the rule in quotes: "{bare[1]}" = ...'
        column = bare.start(1)
    if not line[column:].strip():
        number, line = begun, lines[begun - 1]
        column = len(line) - len(line.lstrip())
    start = _start_of(data, number) + len(line[:column].encode())
    span = Span(start, start + len(line[column:].rstrip().encode()))
    return table, Problem(span, f"{message}. Settings from line {begun} on do not apply.", path)


def _above(lines: list[str], number: int) -> tuple[dict[str, Any], int]:
    """What the lines say up to where the broken line `number`, or what it belongs to, begins (from 1)."""
    for end in range(number - 1, max(number - 50, 0), -1):
        try:
            return tomllib.loads("\n".join(lines[:end])), end + 1
        except (tomllib.TOMLDecodeError, RecursionError):
            continue
    return {}, 1


def _start_of(data: bytes, number: int) -> int:
    """The byte at which the line `number` (from 1) begins, behind a byte order mark."""
    if number == 1:
        return len(data) - len(data.removeprefix(_BOM))
    start = -1
    for _ in range(number - 1):
        start = data.index(b"\n", start + 1)
    return start + 1
