"""Where a module belongs by its name, and whether a file lies there, as Elixir and Phoenix projects have it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from otpwise_analyzers.project import places
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Module

_LIB = re.compile(r"(?:apps/[^/]+/)?lib/(?=.)")
_OTHERS = re.compile(r"[^a-z0-9]")
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")

# What a file's name may leave to its folder, or say besides the module's name.
_PARTS = frozenset(
    {"live", "channel", "controller", "view", "component", "html", "json", "plug", "worker", "job", "service"}
    | {"adapter", "type", "schema", "query", "enum", "server", "supervisor", "mock", "behaviour", "impl"}
    | {"helper", "util", "resolver", "mailer", "email", "router", "socket", "presence", "notifier", "policy"}
    | {
        "store",
        "client",
        "web",
        "api",
        "protocol",
        "struct",
        "task",
        "serializer",
        "encoder",
        "hook",
        "operation",
    }
    | {"type", "interface", "state", "error", "exception", "repo", "app", "module"}
)


class Layout(NamedTuple):
    """How a project lays its files out: the squashed first parts of its own modules' names, and whether files
    lie where these names imply, but for a few."""

    namespaces: frozenset[str]
    is_followed: bool


def defined_in(file: ElixirFile) -> tuple[str, ...]:
    """The modules and protocols that stand by themselves in a file, implementations left out."""
    return tuple(module.name for module in standing_alone(file))


def standing_alone(file: ElixirFile) -> list[Module]:
    """The same as modules."""
    return [
        module
        for module in file.modules
        if module.parent is None and module.name[:1].isupper() and not _is_implementation(file, module)
    ]


def _is_implementation(file: ElixirFile, module: Module) -> bool:
    target = module.node.child_by_field_name("target")
    return target is not None and file.text(target) == "defimpl"


def is_misplaced(path: str, defined: Sequence[str], namespaces: frozenset[str]) -> bool:
    """Whether the only module of a file below `lib/` belongs elsewhere; never one of a library's namespace."""
    return (
        len(defined) == 1
        and not lies_exactly(path, defined[0])
        and squashed(defined[0].partition(".")[0]) in namespaces
        and not lies_right(path, defined[0], namespaces)
        and implied_path(path, defined[0], namespaces) is not None
    )


def layout_of(files: Mapping[str, Sequence[str]], apps: Iterable[str]) -> Layout:
    """The layout of a project, from the modules that its files define and the names of its apps."""
    code = {
        path: defined
        for path, defined in files.items()
        if defined and path_in_lib(path) is not None and places.is_production_code(path)
    }
    roots = {squashed(name.partition(".")[0]) for defined in code.values() for name in defined[:1]}
    namespaces = own_namespaces(code, apps, roots)
    misplaced = sum(is_misplaced(path, defined, namespaces) for path, defined in code.items())
    return Layout(namespaces, misplaced < 3 or misplaced * 4 <= len(code))


def squashed(name: str) -> str:
    """`httpclient` of `HTTPClient`, of `http_client` and of `Http.Client`; `v21` of `V2x1` and of `v2.1`."""
    return re.sub(r"(?<=\d)x(?=\d)", "", _OTHERS.sub("", name.lower()))


def words_of(name: str) -> frozenset[str]:
    """The words of a module's or a file's name, in lower case."""
    return frozenset(word.lower() for word in _WORD.findall(name))


def path_in_lib(path: str) -> str | None:
    """The path below `lib/` without its suffix; None for a file that lies elsewhere."""
    matched = _LIB.match(path)
    return path[matched.end() :].removesuffix(".ex") if matched is not None and path.endswith(".ex") else None


def lies_right(path: str, module: str, namespaces: frozenset[str]) -> bool:
    """Whether a file below `lib/` lies where this module's name implies, by any convention.

    Folders that only group (`controllers/`, `schemas/`, whatever) count as right, as does a name without the
    application's own in front. `namespaces` are the squashed first parts of the project's module names.
    """
    inside = path_in_lib(path)
    if inside is None:
        return True
    *folders, base = inside.split("/")
    parts = module.split(".")
    if lies_exactly(path, module):
        return True
    # Another namespace's folder is no group: `lib/my_app_web/` holds no `MyApp.Mailer`.
    first = squashed(folders[0]) if folders else ""
    start = squashed("".join(parts[:2]))
    if first in namespaces and not start.startswith(first):
        return False
    # Only where no folder says the application's name may it be left out.
    root = squashed(parts[0])
    if any(_says(squashed(folder), root, start) for folder in folders):
        return False
    return any(len(parts) > n and _fits(tuple(folders), base, tuple(parts[n:])) for n in (1, 2))


def _says(folder: str, root: str, start: str) -> bool:
    return folder in (root, start) or (len(root) > 3 and folder.startswith(root))


def lies_exactly(path: str, module: str) -> bool:
    """The same for a module's whole name, whatever else there is in the project."""
    inside = path_in_lib(path)
    if inside is None:
        return True
    *folders, base = inside.split("/")
    return _fits(tuple(folders), base, tuple(module.split(".")))


def _fits(folders: tuple[str, ...], base: str, parts: tuple[str, ...]) -> bool:
    """Whether the file's name says the last parts, and the folders all before them in their order."""
    for last in range(len(parts) - 1, -1, -1):
        together = "".join(parts[last:])
        # Of several parts together, the folders say nothing more.
        said = (*folders, *parts[:last]) if last == len(parts) - 1 else ()
        if squashed(together) == squashed(base) or _is_named(base, together, said):
            if _has_folders(folders, parts[:last]):
                return True
    return False


def _has_folders(folders: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    @cache
    def from_here(folder: int, part: int) -> bool:
        if part == len(parts):
            return True
        if folder == len(folders):
            return False
        if from_here(folder + 1, part):
            return True
        name, joined = squashed(folders[folder]), ""
        for end in range(part, len(parts)):
            joined += squashed(parts[end])
            if (joined == name or (end == part and _near(name, joined))) and from_here(folder + 1, end + 1):
                return True
        return False

    return from_here(0, 0)


def _near(folder: str, part: str) -> bool:
    """Whether a folder's name is a part's but for an ending: `rooms` of `RoomsLive`, `screening` of `Screenings`."""
    if folder == f"{part}web" or part == f"{folder}web":
        return False
    return part.startswith(folder) or folder.startswith(part) or part.endswith(folder)


def _is_named(base: str, name: str, said: Sequence[str]) -> bool:
    """Whether a file and a module are named the same, but for what is `said` already and for roles."""
    file, module = words_of(base), words_of(name)
    known = _PARTS | {_singular(word) for part in said for word in words_of(part)}
    if file & module and all(_singular(word) in known or word.isdigit() for word in file ^ module):
        return True
    # `oembed_parser` and `OEmbed` have not one word in common.
    longer, shorter = sorted((squashed(base), squashed(name)), key=len, reverse=True)
    rest = longer.removeprefix(shorter) if longer.startswith(shorter) else longer.removesuffix(shorter)
    return len(shorter) > 2 and rest != longer and _singular(rest) in known


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def own_namespaces(paths: Iterable[str], apps: Iterable[str], roots: Iterable[str]) -> frozenset[str]:
    """Those first parts of module names (squashed) that are the project's: an app or a folder of `lib/` is
    named for them. Others are of libraries that the project extends (`Ueberauth.Strategy.Mine`)."""
    names = {squashed(app) for app in apps}
    for path in paths:
        inside = path_in_lib(path)
        if inside is not None:
            names.add(squashed(inside.split("/")[0]))
    return frozenset(root for root in roots if any(name.startswith(root) for name in names))


def underscored(name: str) -> str:
    """`http_client` of `HTTPClient`, as `Macro.underscore/1` has it for one part of a name."""
    name = re.sub(r"([A-Z\d]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z\d])([A-Z])", r"\1_\2", name).lower()


def implied_path(path: str, module: str, namespaces: frozenset[str]) -> str | None:
    """Where the file would lie right: under another name in its folder where that will do, else in a folder
    for the first part that its folders do not say. None when that is where it lies."""
    matched = _LIB.match(path)
    inside = path_in_lib(path)
    if matched is None or inside is None:
        return None
    lib, folders = path[: matched.end()], inside.split("/")[:-1]
    parts = module.split(".")
    candidates = [[*folders, underscored(parts[-1])]]
    for said in range(len(parts) - 1, -1, -1):
        for kept in range(len(folders), -1, -1):
            if _say_exactly(folders[:kept], parts[:said]):
                candidates.append([*folders[:kept], *(underscored(part) for part in parts[said:])])
    for candidate in candidates:
        new = f"{lib}{'/'.join(candidate)}.ex"
        if new != path and lies_right(new, module, namespaces):
            return new
    return None


def _say_exactly(folders: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether each folder stands for the next part or parts, and nothing is left."""
    if not folders:
        return not parts
    return any(
        squashed("".join(parts[:taken])) == squashed(folders[0]) and _say_exactly(folders[1:], parts[taken:])
        for taken in range(1, len(parts) + 1)
    )
