"""What a rule says of a place in a file, and the fixes that it offers there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from otpwise_analyzers.source.edits import Edit, Span

if TYPE_CHECKING:
    from otpwise_analyzers.project.view import FixContext


class Level(StrEnum):
    """How loud a finding is; the first is the loudest."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"
    HINT = "hint"

    def lowered(self) -> Level:
        """One step quieter; a hint stays one."""
        levels = list(Level)
        return levels[min(levels.index(self) + 1, len(levels) - 1)]


class Confidence(StrEnum):
    """How sure a rule is of this one finding."""

    CERTAIN = "certain"
    LIKELY = "likely"
    HINT = "hint"


class Applicability(StrEnum):
    """How much of a look a fix wants before it is taken.

    `safe` may be applied unseen. `unsafe` is right in most cases and may change behaviour: one at a
    time. `scaffold` inserts the shape of the correct form and leaves a marked place for the author's
    decision; it compiles and fails closed.
    """

    SAFE = "safe"
    UNSAFE = "unsafe"
    SCAFFOLD = "scaffold"


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that explains a finding. `path` is None for the finding's own file."""

    span: Span
    message: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class FileChange:
    """What a fix does to one file.

    `path` is relative to the project's root, with `/`. With `create` the file does not exist yet and
    `edits` is one insertion at byte 0. With `rename_to` it goes to that path, where no file is, as it is:
    there are no `edits` then.
    """

    path: str
    edits: tuple[Edit, ...]
    create: bool = False
    rename_to: str | None = None


Change = tuple[FileChange, ...]


@dataclass(frozen=True, slots=True)
class Fix:
    """A titled change. `build` makes it, from the current text of all files that it needs.

    `build` answers None when the surroundings turn out not to allow the fix; it is then not offered.
    """

    title: str
    applicability: Applicability
    build: Callable[[FixContext], Change | None] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that fired at a place.

    `level` is what the rule gives it in the recommended profile; the engine settles the level that is
    shown (profile, configuration, confidence). `span` is in bytes of the checked file.
    """

    rule: str
    span: Span
    message: str
    level: Level
    confidence: Confidence = Confidence.CERTAIN
    related: tuple[Related, ...] = ()
    fixes: tuple[Fix, ...] = ()
    # Shown in the strict profile alone: what a project's own style makes noise elsewhere.
    strict_only: bool = False
    # Where what the rule hides is silent: the finding's own place, unless it speaks of more.
    reach: Span | None = None
