"""What the paths on a command line mean: which files of which projects, under which settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from otpwise_analyzers.project import config, discovery
from otpwise_analyzers.project.config import Problem, Settings
from otpwise_analyzers.rules.catalogue import RULES


@dataclass(frozen=True, slots=True)
class Batch:
    """Files that are checked together, under the same settings.

    `checked` and `indexed` are relative to `root`, with `/`. `indexed` are all files of the project, whose
    facts the checked ones may need. With `is_text` the only checked file came from standard input.
    """

    root: Path
    checked: tuple[str, ...]
    indexed: tuple[str, ...]
    in_project: bool
    settings: Settings
    is_text: bool = False


@dataclass(slots=True)
class Problems:
    """What stood in the way. `unread` are files and folders with what to do about them."""

    unread: list[tuple[Path, str]] = field(default_factory=list)
    configuration: list[Problem] = field(default_factory=list)

    def on_unread(self, path: Path, problem: str) -> None:
        if (path, problem) not in self.unread:
            self.unread.append((path, problem))


@dataclass(slots=True)
class Configurations:
    """The settings of each project: its `.otpwise.toml`, and on top what the command line says."""

    overrides: Mapping[str, Any]
    problems: Problems
    read_files: bool = True
    _known: dict[Path, Settings] = field(default_factory=dict)

    def of(self, root: Path) -> Settings:
        settings = self._known.get(root)
        if settings is None:
            loaded = config.load(root, RULES.keys()) if self.read_files else config.Loaded(Settings())
            self.problems.configuration.extend(loaded.problems)
            settings = self._known[root] = self._with_overrides(loaded.settings)
        return settings

    def outside(self) -> Settings:
        """The settings of files outside of any Mix project."""
        return self._with_overrides(Settings())

    def _with_overrides(self, settings: Settings) -> Settings:
        return config.merge(settings, self.overrides, RULES.keys()).settings

    def mistakes(self) -> list[str]:
        """What is wrong with the command line's own settings."""
        return [
            problem.message for problem in config.merge(Settings(), self.overrides, RULES.keys()).problems
        ]


def batches(paths: Sequence[Path], configurations: Configurations, problems: Problems) -> Iterator[Batch]:
    """The batches of what the user named, by root."""
    exclude_for: Callable[[Path], Sequence[str]] = lambda root: configurations.of(root).exclude  # noqa: E731
    targets = discovery.walk_paths(paths, on_problem=problems.on_unread, exclude_for=exclude_for)
    folders = [full for path in paths if (full := Path(os.path.abspath(path))).is_dir()]  # noqa: PTH100
    for target in targets:
        if not target.in_project:
            # Each by itself, as in the editor.
            settings = configurations.outside()
            for file in target.files:
                full = target.root / file
                yield Batch(full.parent, (full.name,), (full.name,), False, settings)
            continue
        settings = configurations.of(target.root)
        indexed = target.files
        if not any(target.root.is_relative_to(folder) for folder in folders):
            indexed = _whole(target.root, settings, target.files, problems)
        yield Batch(target.root, target.files, indexed, True, settings)


def batch_of_text(path: Path, configurations: Configurations, problems: Problems) -> Batch:
    """The batch of a text that would lie at `path`."""
    full = Path(os.path.abspath(path))  # noqa: PTH100
    root = discovery.find_root(full.parent)
    if root is None:
        return Batch(full.parent, (full.name,), (full.name,), False, configurations.outside(), True)
    settings = configurations.of(root)
    checked = (full.relative_to(root).as_posix(),)
    return Batch(root, checked, _whole(root, settings, checked, problems), True, settings, True)


def _whole(root: Path, settings: Settings, checked: tuple[str, ...], problems: Problems) -> tuple[str, ...]:
    walked = discovery.walk(root, on_problem=problems.on_unread, exclude=settings.exclude)
    return tuple(sorted({*walked, *checked}))
