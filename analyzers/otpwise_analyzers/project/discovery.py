"""Which Mix project a file belongs to, and which files a project has.

Reads directories and `mix.exs`; never prints. What could not be looked at goes to `on_problem`, with its
path and what to do about it.

Links are treated as Git treats them: a linked folder is never entered, so that a loop, or a link to a whole
disk, costs nothing; name it on the command line to have it checked. A linked file is taken when it leads out
of the walked folder (Mix compiles it as if it lay here), and not when it leads to a file that is listed under
its own name.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from otpwise_analyzers.project.ignore import IgnoreLayers, IgnoreList, OnProblem, layers_above
from otpwise_analyzers.syntax.languages import LANGUAGES, is_read

LEFT_OUT = frozenset(
    {
        "_build", "node_modules",
        ".git", ".hg", ".svn",
        ".elixir_ls", ".elixir-tools", ".expert", ".lexical",
    }
)  # fmt: skip
"""Folders that are never anybody's own code, wherever they are."""

LEFT_OUT_BESIDE_MIX_EXS = frozenset({"deps", "cover"})
"""Folders that Mix fills beside a `mix.exs`; deeper down they are the author's (`lib/my_app/deps/`)."""

_APPS_PATH = re.compile(r'^[^#\n]*\bapps_path:\s*"([^"#\n]+)"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Target:
    """Files to be checked together.

    `root` is absolute; `files` are relative to it, with `/`, sorted, each once. `in_project` is False for
    files outside of any Mix project, whose root is merely the folder that they were found in.
    """

    root: Path
    files: tuple[str, ...]
    in_project: bool


def find_root(path: Path) -> Path | None:
    """The root of the Mix project that the file or folder `path` belongs to; it need not exist.

    The nearest folder with a `mix.exs`, but the umbrella's for one of its apps. None outside of Mix.
    """
    start = _absolute(path)
    for folder in [start, *start.parents]:
        if (folder / "mix.exs").is_file():
            return _umbrella_of(folder) or folder
    return None


def apps(root: Path) -> tuple[str, ...]:
    """The folders of the OTP applications of the project at `root`, relative to it, sorted.

    `("",)` for a plain project, `("apps/accounts", "apps/web")` for an umbrella. An app without a
    `mix.exs` is none, as for Mix.
    """
    folder = _apps_folder(root)
    if folder is None:
        return ("",)
    inside = sorted(path.parent for path in (root / folder).glob("*/mix.exs") if path.is_file())
    return tuple(app.relative_to(root).as_posix() for app in inside)


def walk(root: Path, *, on_problem: OnProblem, exclude: Sequence[str] = ()) -> Iterator[str]:
    """The paths of all files of the project at `root` that Otpwise reads: relative, with `/`, sorted.

    `exclude` are patterns as in a `.gitignore` at the root; they add to what Git ignores. Other Mix
    projects inside of this one (an `installer/`, an example) are not part of it.
    """
    return _Walk(_absolute(root), "", on_problem, exclude).files()


def walk_paths(
    paths: Sequence[Path],
    *,
    on_problem: OnProblem,
    exclude_for: Callable[[Path], Sequence[str]] = lambda root: (),
) -> list[Target]:
    """What a user means who names these files and folders, by root, sorted.

    A named file is taken even when it is ignored or excluded; so is a named folder, where the ignore files
    inside of it still hold. Mix projects inside a folder become targets of their own. `exclude_for`
    answers a project's `exclude` patterns; it is asked once for each root.
    """
    targets = _Targets(on_problem, exclude_for)
    named: list[Path] = []
    for path in paths:
        full = _absolute(path)
        if full.is_dir():
            targets.add_folder(full)
        elif not full.is_file():
            on_problem(path, "there is no such file or folder: check the spelling of the path")
        elif not is_read(full.name):
            kinds = ", ".join(language.called for language in LANGUAGES)
            on_problem(path, f"is not a file that Otpwise reads: those are {kinds}")
        else:
            named.append(full)
    for full in named:
        targets.add_file(full)
    return targets.result()


@dataclass(slots=True)
class _Targets:
    on_problem: OnProblem
    exclude_for: Callable[[Path], Sequence[str]]
    found: dict[tuple[Path, bool], set[str]] = field(default_factory=dict)
    taken: set[Path] = field(default_factory=set)
    excludes: dict[Path, Sequence[str]] = field(default_factory=dict)

    def add_folder(self, folder: Path) -> None:
        pending = [folder]
        while pending:
            start = pending.pop()
            root = find_root(start)
            in_project = root is not None
            root = root or start
            if root not in self.excludes:
                self.excludes[root] = self.exclude_for(root)
            inside = "" if root == start else f"{start.relative_to(root).as_posix()}/"
            search = _Walk(root, inside, self.on_problem, self.excludes[root])
            for file in search.files():
                self._add(root, file, in_project)
            pending.extend(root / nested for nested in search.nested)

    def add_file(self, file: Path) -> None:
        root = find_root(file)
        if root is None:
            self._add(file.parent, file.name, False)
        else:
            self._add(root, file.relative_to(root).as_posix(), True)

    def _add(self, root: Path, file: str, in_project: bool) -> None:
        full = root / file
        if full not in self.taken:
            self.taken.add(full)
            self.found.setdefault((root, in_project), set()).add(file)

    def result(self) -> list[Target]:
        return [
            Target(root, tuple(sorted(files)), in_project)
            for (root, in_project), files in sorted(self.found.items())
        ]


class _Walk:
    """One pass over the folder `start` ("" or ending in `/`) of the project at `root`.

    `nested` fills with the folders of other Mix projects that were met and not entered.
    """

    def __init__(self, root: Path, start: str, on_problem: OnProblem, exclude: Sequence[str]) -> None:
        self.nested: list[str] = []
        self._root = root
        self._prefix = os.path.join(root, "")  # noqa: PTH118 - Path drops the separator
        self._start = start
        self._on_problem = on_problem
        self._exclude = IgnoreList(exclude)
        self._apps_folder = _apps_folder(root)

    def files(self) -> Iterator[str]:
        # An own stack: a generator per level would pass each path through as many frames.
        above = layers_above(self._root / self._start, self._root, self._on_problem)
        stack = [iter(self._entries(self._start, above))]
        while stack:
            for path, layers in stack[-1]:
                if layers is None:
                    yield path
                else:
                    stack.append(iter(self._entries(path, layers)))
                    break
            else:
                stack.pop()

    def _entries(self, folder: str, layers: IgnoreLayers) -> list[tuple[str, IgnoreLayers | None]]:
        """The files to list and (with their layers) folders to enter, in the order of whole paths."""
        try:
            with os.scandir(self._prefix + folder) as scan:
                entries = list(scan)
        except OSError as error:
            self._unreadable(folder, error)
            return []
        names = {entry.name for entry in entries}
        has_mix_exs = "mix.exs" in names
        if has_mix_exs and folder != self._start and self._is_other_project(folder):
            self.nested.append(folder)
            return []
        if ".gitignore" in names or ".git" in names:
            layers = layers.entering(self._root, folder, names, self._on_problem)
        kept: list[tuple[str, IgnoreLayers | None]] = []
        for entry in entries:
            name = entry.name
            path = folder + name
            if is_read(name) and not entry.is_dir(follow_symlinks=False):
                if not self._leaves_out(path, layers) and self._is_own_file(entry, path):
                    kept.append((path, None))
            elif entry.is_dir(follow_symlinks=False):
                if name in LEFT_OUT or (has_mix_exs and name in LEFT_OUT_BESIDE_MIX_EXS):
                    continue
                # EEx in files that are named .ex: the sources of generators.
                if name == "templates" and (folder == "priv/" or folder.endswith("/priv/")):
                    continue
                path += "/"
                if not self._leaves_out(path, layers):
                    kept.append((path, layers))
        kept.sort(key=_path)
        return kept

    def _leaves_out(self, path: str, layers: IgnoreLayers) -> bool:
        return layers.ignores(path) or bool(self._exclude.verdict(path))

    def _is_other_project(self, folder: str) -> bool:
        return self._apps_folder is None or posixpath.dirname(folder[:-1]) != self._apps_folder

    def _is_own_file(self, entry: os.DirEntry[str], path: str) -> bool:
        if entry.is_symlink():
            target = Path(os.path.realpath(entry.path))
            if not target.is_file() or target.is_relative_to(os.path.realpath(self._root)):
                return False
        elif not entry.is_file(follow_symlinks=False):
            return False
        if not path.isascii() and not _is_unicode(path):
            self._on_problem(
                self._root / path, "has a name that is not valid UTF-8 and is not checked: rename it"
            )
            return False
        return True

    def _unreadable(self, folder: str, error: OSError) -> None:
        self._on_problem(
            self._root / folder,
            f"cannot be listed ({error.strerror or error}), so no file in it is checked: make the folder "
            "readable, or add it to `exclude` in .otpwise.toml",
        )


def _path(entry: tuple[str, IgnoreLayers | None]) -> str:
    return entry[0]


def _is_unicode(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _absolute(path: Path) -> Path:
    # Not resolve(): the path stays the one that the editor or the user knows.
    return Path(os.path.abspath(path))  # noqa: PTH100


def _umbrella_of(app: Path) -> Path | None:
    for folder in app.parents[1:]:
        inside = _apps_folder(folder)
        if inside is not None and app.parent == folder / inside:
            return folder
    return None


def _apps_folder(root: Path) -> str | None:
    """The umbrella's folder of apps, as its `mix.exs` says; None when that is of no umbrella, or missing."""
    try:
        text = (root / "mix.exs").read_text("utf-8", "replace")
    except OSError:
        return None
    found = _APPS_PATH.search(text)
    if found is None:
        return None
    folder = posixpath.normpath(found[1])
    return None if folder.startswith(("/", "..")) or folder == "." else folder
