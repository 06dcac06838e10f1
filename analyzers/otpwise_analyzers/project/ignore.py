"""What Git leaves out: `.gitignore` files at every depth, and `.git/info/exclude`.

The user's own `core.excludesFile` is not read: the same files must be found on every machine. Whether Git
tracks an ignored file all the same is not asked either, that would mean reading its index.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

OnProblem = Callable[[Path, str], None]


class IgnoreList:
    """The patterns of one list, asked one directory entry at a time, from the top down.

    The last pattern that matches decides. An ignored folder is not entered, so that nothing below it can
    be taken back; that is Git's rule too, and the caller's walk holds it.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        """Patterns as in a `.gitignore`; one that cannot be read matches nothing, as in Git."""
        self._patterns: list[tuple[re.Pattern[str], bool]] = []
        readable = [line for line in map(_entrywise, lines) if is_pattern(line)]
        if not readable:
            return
        # Imported when there is a pattern: until then it would only be in the way of the server's start.
        from pathspec import GitIgnoreSpec

        for pattern in reversed(list(GitIgnoreSpec.from_lines(readable).patterns)):
            if pattern.regex is not None and pattern.include is not None:
                self._patterns.append((pattern.regex, pattern.include))

    def verdict(self, path: str) -> bool | None:
        """True to leave `path` out, False to take it back, None when nothing is said of it.

        `path` is relative to the folder of the list, with `/`; that of a folder ends in one.
        """
        for regex, include in self._patterns:
            # pathspec's expressions also match what lies below a matching folder. Not so here: a folder's
            # own verdict has been given, and `!a` takes back the folder `a` but nothing inside of it.
            if regex.fullmatch(path):
                return include
        return None

    def leaves_out(self, path: str) -> bool:
        """Whether the file at `path`, or a folder that it lies in, is left out by this list alone."""
        slash = path.find("/")
        while slash >= 0:
            if self.verdict(path[: slash + 1]):
                return True
            slash = path.find("/", slash + 1)
        return bool(self.verdict(path))

    def __bool__(self) -> bool:
        return bool(self._patterns)


def is_pattern(line: str) -> bool:
    """Whether `line` can be read as a line of a `.gitignore`; blank lines and comments can."""
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):
        return False
    return True


def _entrywise(line: str) -> str:
    """The same pattern, written so that pathspec's expression for it ends with the entry it matches.

    For some it makes a shorter one, which holds for whole paths of files and not for single entries.
    """
    body = line.rstrip()
    folders_only = body.endswith("/")
    head, slash, last = body.removesuffix("/").rpartition("/")
    negation = ""
    if not slash and last.startswith("!"):
        negation, last = "!", last[1:]
    if last == "**":
        last = "**/?*"
    elif last == "*":
        last = "?*"
    else:
        return line
    return f"{head}{slash}{negation}{last}{'/' if folders_only else ''}"


class _Layer(NamedTuple):
    """A list, and how a path relative to the walked folder becomes one relative to the list's folder."""

    patterns: IgnoreList
    cut: int
    prefix: str


class IgnoreLayers(NamedTuple):
    """The lists that hold in one folder, the nearest last. Immutable: each folder extends its parent's."""

    layers: tuple[_Layer, ...] = ()

    def ignores(self, path: str) -> bool:
        """Whether the entry at `path` (relative to the walked folder; a folder's ends in `/`) is left out."""
        for patterns, cut, prefix in reversed(self.layers):
            verdict = patterns.verdict(prefix + path[cut:])
            if verdict is not None:
                return verdict
        return False

    def entering(self, root: Path, folder: str, names: Iterable[str], on_problem: OnProblem) -> IgnoreLayers:
        """The layers that hold for the entries `names` of `folder` (relative to `root`, "" or ending in `/`).

        A repository inside of another (a submodule) starts anew: Git does not look above it either.
        """
        layers = self.layers
        if ".git" in names:
            patterns = _private_list(root / folder)
            layers = (_Layer(patterns, len(folder), ""),) if patterns else ()
        if ".gitignore" in names:
            patterns = _read(root / folder / ".gitignore", on_problem)
            if patterns:
                layers = (*layers, _Layer(patterns, len(folder), ""))
        return IgnoreLayers(layers)


def layers_above(start: Path, root: Path, on_problem: OnProblem) -> IgnoreLayers:
    """What the folders above `start` say of it, for a walk that begins there in the project at `root`.

    They are those of the Git repository around it, or else of the project. When they leave out `start`
    itself they say nothing of what is below: whoever walks there means it.
    """
    lists: list[tuple[Path, IgnoreList]] = []
    folders = _folders_above(start, root)
    for folder, inner in zip(folders, [*folders, start][1:], strict=True):
        if (folder / ".git").exists():
            lists.append((folder, _private_list(folder)))
        if (folder / ".gitignore").is_file():
            lists.append((folder, _read(folder / ".gitignore", on_problem)))
        for base, patterns in reversed(lists):
            verdict = patterns.verdict(f"{inner.relative_to(base).as_posix()}/")
            if verdict:
                return IgnoreLayers()
            if verdict is not None:
                break
    return IgnoreLayers(tuple(_layer(base, patterns, root) for base, patterns in lists if patterns))


def _folders_above(start: Path, root: Path) -> list[Path]:
    """The folders whose lists Git would ask about `start`, the outermost first, `start` not among them."""
    if (start / ".git").exists():
        return []
    above: list[Path] = []
    for folder in start.parents:
        above.append(folder)
        if (folder / ".git").exists():
            return above[::-1]
    return [folder for folder in above[::-1] if folder.is_relative_to(root)]


def _layer(base: Path, patterns: IgnoreList, root: Path) -> _Layer:
    if base == root:
        return _Layer(patterns, 0, "")
    if root.is_relative_to(base):
        return _Layer(patterns, 0, f"{root.relative_to(base).as_posix()}/")
    return _Layer(patterns, len(base.relative_to(root).as_posix()) + 1, "")


def _private_list(top: Path) -> IgnoreList:
    """The repository's own `info/exclude`. It is optional: one that cannot be read is as good as none."""
    try:
        return IgnoreList(_lines((_git_directory(top / ".git") / "info" / "exclude").read_bytes()))
    except (OSError, ValueError):
        return IgnoreList(())


def _git_directory(dot_git: Path) -> Path:
    """Where the repository's own files are; a worktree's or submodule's `.git` is a file that says so."""
    if dot_git.is_dir():
        return dot_git
    pointer = os.fsdecode(dot_git.read_bytes()).strip().removeprefix("gitdir:").strip()
    private = dot_git.parent / pointer
    shared = private / "commondir"
    return private / os.fsdecode(shared.read_bytes()).strip() if shared.is_file() else private


def _read(path: Path, on_problem: OnProblem) -> IgnoreList:
    try:
        return IgnoreList(_lines(path.read_bytes()))
    except OSError as error:
        on_problem(
            path,
            f"cannot be read ({error.strerror or error}); nothing is left out because of it: "
            "make it a readable file, or remove it",
        )
        return IgnoreList(())


def _lines(data: bytes) -> list[str]:
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return [os.fsdecode(line.removesuffix(b"\r")) for line in lines]
