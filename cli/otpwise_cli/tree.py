"""`otpwise tree`: the supervision trees of a project."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from otpwise_analyzers.project import config, discovery
from otpwise_analyzers.project.loading import Sources, UnreadableError
from otpwise_analyzers.project.supervision import AppTree, Place
from otpwise_analyzers.source.lines import Encoding
from otpwise_analyzers.syntax.source_file import SourceFile
from otpwise_cli.checking import shown

Format = Literal["text", "mermaid", "dot", "json", "html"]


@dataclass(frozen=True, slots=True)
class Where:
    """A place as a person finds it; line and column count from 1, `path` is as it is printed."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Forest:
    """The applications of one Mix project or umbrella. `root` is its folder as it is printed."""

    root: str
    apps: list[AppTree]
    where: Callable[[Place | None], Where | None]


def run(path: Path, output_format: Format, app: str | None, color: str) -> int:
    """Prints the trees and returns the exit code."""
    trouble = _Trouble()
    if not path.exists():
        trouble.say(f"{path}: there is no such file or folder: check the spelling of the path")
        return 2
    roots = _roots(path, trouble)
    if not roots:
        name = shown(Path(os.path.abspath(path)))  # noqa: PTH100
        trouble.say(
            f"{name} is in no Mix project: no mix.exs is in it, above it or below it. "
            "Name the folder of a project"
        )
        return 2
    forests = [_forest(root, trouble) for root in roots]
    if app is not None:
        known = [tree.app for forest in forests for tree in forest.apps]
        if app not in known:
            trouble.say(f"there is no application {app}: {_listed(known)}")
            return 2
        forests = [
            Forest(forest.root, [tree for tree in forest.apps if tree.app == app], forest.where)
            for forest in forests
        ]
        forests = [forest for forest in forests if forest.apps]
    _print(forests, output_format, color)
    trees = [tree for forest in forests for tree in forest.apps]
    if trouble.is_there:
        return 3
    return 0 if any(tree.roots for tree in trees) else 1


def _listed(known: list[str]) -> str:
    return f"the project has {', '.join(sorted(known))}" if known else "the project names none"


class _Trouble:
    """What stood in the way; said on standard error as it is met."""

    def __init__(self) -> None:
        self.is_there = False

    def say(self, message: str) -> None:
        print(f"otpwise: {message}", file=sys.stderr)

    def unread(self, path: Path, problem: str) -> None:
        self.is_there = True
        self.say(f"{shown(path)} {problem}")


def _roots(path: Path, trouble: _Trouble) -> list[Path]:
    """The project around the path, else those below it."""
    root = discovery.find_root(path)
    if root is not None:
        return [root]
    targets = discovery.walk_paths([path], on_problem=trouble.unread)
    return sorted({target.root for target in targets if target.in_project})


def _forest(root: Path, trouble: _Trouble) -> Forest:
    settings = config.load(root).settings
    sources = Sources(root)

    def note_errors(file: SourceFile) -> bool:
        if file.error_spans and file.path.endswith(".ex"):
            line, _ = sources.document(file.path).lines.position(file.error_spans[0].start, Encoding.UTF32)
            trouble.say(
                f"{shown(root / file.path)}:{line + 1} does not parse: what the file supervises may be missing"
            )
        return False

    paths = list(discovery.walk(root, on_problem=trouble.unread, exclude=settings.exclude))
    sources.load(paths, note_errors, trouble.unread)
    project = sources.project

    def where(place: Place | None) -> Where | None:
        span = project.place(place) if place is not None else None
        if place is None or span is None:
            return None
        try:
            line, column = sources.document(place.path).lines.position(span[0], Encoding.UTF32)
        except UnreadableError:
            return None
        return Where(shown(root / place.path), line + 1, column + 1)

    name = shown(root)
    return Forest("" if name == os.getcwd() else name, project.trees.apps, where)  # noqa: PTH109


def _print(forests: list[Forest], output_format: Format, color: str) -> None:
    if output_format == "json":
        from otpwise_cli import tree_json

        sys.stdout.write(tree_json.text(forests))
    elif output_format == "text":
        from otpwise_cli import tree_text

        tree_text.write(forests, color)
    elif output_format == "html":
        from otpwise_cli import tree_html

        sys.stdout.write(tree_html.text(forests))
    else:
        from otpwise_cli import tree_graph

        lines = tree_graph.mermaid(forests) if output_format == "mermaid" else tree_graph.dot(forests)
        for line in lines:
            print(line)
