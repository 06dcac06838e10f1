"""Which language a file is written in, said by its name, and how it is opened.

The one place that lists the languages: a new one is a subclass of SourceFile and an entry here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.lazy import lazy

if TYPE_CHECKING:
    from tree_sitter import Tree

    from otpwise_analyzers.syntax.source_file import SourceFile
    from otpwise_analyzers.syntax.surroundings import Surroundings


@dataclass(frozen=True)
class Language:
    """One language. `written_in` names its SourceFile (`module:Class`), imported when a file is met.

    `has` says of a file's name (without its folder) whether it is one of its files, `globs` the same for
    those who watch files, `called` for people. `ids` are its names in editors.
    """

    name: str
    written_in: str
    has: Callable[[str], bool]
    globs: tuple[str, ...]
    called: str
    ids: frozenset[str]
    # Whether the tree of an open file is kept and edited with it; that of a template is made anew.
    keeps_trees: bool = True

    @lazy
    def file_class(self) -> type[SourceFile]:
        module, _, name = self.written_in.partition(":")
        found: type[SourceFile] = getattr(import_module(module), name)
        return found

    def parse(self, data: bytes, old_tree: Tree | None = None) -> Tree:
        return self.file_class.parse(data, old_tree)

    def open(
        self, path: str, data: bytes, tree: Tree | None = None, project: Surroundings | None = None
    ) -> SourceFile:
        return self.file_class(path, data, tree, project)


_ELIXIR_ENDS = (".ex", ".exs")
# `Dockerfile.eex` and the like are templates of one, `Dockerfile.dockerignore` is a list of patterns.
_DOCKERFILE = re.compile(
    r"(?:(?:Dockerfile|dockerfile|Containerfile)(?:\.(?!(?:.*\.)?(?:eex|j2|erb|tmpl|tpl|template|dockerignore|md|txt)$).+)?"
    r"|.+\.(?:[Dd]ockerfile|[Cc]ontainerfile))"
)


def _is_dockerfile(name: str) -> bool:
    # Cheaper than the expression, for it is asked of every entry of every folder.
    return ("ocker" in name or "ontainer" in name) and _DOCKERFILE.fullmatch(name) is not None


ELIXIR = Language(
    "elixir",
    "otpwise_analyzers.syntax.file:ElixirFile",
    lambda name: name.endswith(_ELIXIR_ENDS),
    ("**/*.{ex,exs}",),
    ".ex, .exs",
    frozenset({"elixir"}),
)
DOCKERFILE = Language(
    "dockerfile",
    "otpwise_analyzers.syntax.dockerfile:DockerFile",
    _is_dockerfile,
    ("**/{Dockerfile,dockerfile,Containerfile}{,.*}", "**/*.{Dockerfile,dockerfile}"),
    "Dockerfile",
    frozenset({"dockerfile", "containerfile"}),
)

HEEX = Language(
    "heex",
    "otpwise_analyzers.syntax.template_file:HeexFile",
    lambda name: name.endswith(".heex"),
    ("**/*.heex",),
    ".heex",
    frozenset({"heex", "phoenix-heex", "surface"}),
    keeps_trees=False,
)
EEX = Language(
    "eex",
    "otpwise_analyzers.syntax.template_file:EexFile",
    lambda name: name.endswith((".eex", ".leex")),
    ("**/*.{eex,leex}",),
    ".eex, .leex",
    frozenset({"eex", "html-eex", "eelixir", "leex"}),
    keeps_trees=False,
)

LANGUAGES: tuple[Language, ...] = (ELIXIR, DOCKERFILE, HEEX, EEX)
"""All languages; where two claim a name, the first has it."""


def language_of(path: str) -> Language | None:
    """The language of a file by its path (with `/`) or name; None when Otpwise does not read it."""
    if path.endswith(_ELIXIR_ENDS):
        return ELIXIR
    name = path.rpartition("/")[2]
    for language in LANGUAGES:
        if language.has(name):
            return language
    return None


def language_with_id(language_id: str) -> Language | None:
    """The language that editors call so."""
    return next((language for language in LANGUAGES if language_id.lower() in language.ids), None)


def is_read(name: str) -> bool:
    """Whether Otpwise reads files of this name."""
    return language_of(name) is not None


def open_file(
    path: str, data: bytes, tree: Tree | None = None, project: Surroundings | None = None
) -> SourceFile:
    """A file in the language that its path says; Elixir when it says none."""
    if path.endswith(_ELIXIR_ENDS):
        return ElixirFile(path, data, tree, project)
    return (language_of(path) or ELIXIR).open(path, data, tree, project)
