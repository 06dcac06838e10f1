"""What a rule is: one class in one file, from which hover, docs, tests and configuration are made."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from textwrap import dedent
from typing import TYPE_CHECKING, ClassVar

from otpwise_analyzers.findings import Confidence, Finding, Fix, Level, Related
from otpwise_analyzers.source.edits import Span

if TYPE_CHECKING:
    from tree_sitter import Node

    from otpwise_analyzers.syntax.file import ElixirFile

NAME = re.compile(r"[a-z]+/[a-z0-9]+(-[a-z0-9]+)*")


class Impact(StrEnum):
    """How much the practice matters in production. It gives the level in the strict profile."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def level(self) -> Level:
        return {"high": Level.WARNING, "medium": Level.INFORMATION, "low": Level.HINT}[self.value]


@dataclass(frozen=True, slots=True)
class Reference:
    """A page that says more."""

    title: str
    url: str


_MARKED = re.compile("«|»")


@dataclass(frozen=True, slots=True)
class Example:
    """Code that a rule is judged by; documentation and test at once.

    In `code`, each range that must be flagged stands between « and ». `path` says where the file
    lies in a small Mix project called `my_app`, `others` which further files that project has.
    `fixed` is the exact text of the file after the first fix (or the one titled `fix`), `fixed_others`
    that of every other file that the fix changes or creates. `why` says, for a correct example, which
    false positive it refuses. `profile` is the profile in which it is judged.
    """

    code: str
    path: str = "lib/my_app/sample.ex"
    others: Mapping[str, str] = field(default_factory=dict)
    fixed: str | None = None
    fixed_others: Mapping[str, str] = field(default_factory=dict)
    fix: str | None = None
    why: str = ""
    profile: str = "recommended"

    @property
    def text(self) -> str:
        """The code, without the marks."""
        return _MARKED.sub("", dedent(self.code))

    @property
    def spans(self) -> list[Span]:
        """The marked ranges, in bytes of `text`."""
        spans: list[Span] = []
        starts: list[int] = []
        length = 0
        for piece in re.split("(«|»)", dedent(self.code)):
            if piece == "«":
                starts.append(length)
            elif piece == "»":
                spans.append(Span(starts.pop(), length))
            else:
                length += len(piece.encode())
        return sorted(spans)

    @property
    def fixed_text(self) -> str | None:
        return None if self.fixed is None else dedent(self.fixed)


class Rule(ABC):
    """One practice.

    A rule is consulted for a file only when the file has a call to, or a definition of, one of the
    names that it subscribes to (`calls`, `definitions`) or a module that `use`s one of `uses`; with
    `always` for every file. It is a pure function of the file and of the project behind it.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    impact: ClassVar[Impact]
    since: ClassVar[str] = "0.1.0"

    detects: ClassVar[str]
    why: ClassVar[str]
    fine_when: ClassVar[str]
    trade_off: ClassVar[str]
    fix_note: ClassVar[str] = ""
    references: ClassVar[tuple[Reference, ...]] = ()
    mirrors: ClassVar[tuple[str, ...]] = ()

    calls: ClassVar[frozenset[str]] = frozenset()
    definitions: ClassVar[frozenset[str]] = frozenset()
    uses: ClassVar[frozenset[str]] = frozenset()
    always: ClassVar[bool] = False
    # Rules that say less of the same place: silent where this one speaks, heard once it is mended.
    hides: ClassVar[frozenset[str]] = frozenset()
    # A file whose bytes hold none of these never reaches the rule; the cheapest of the filters.
    needles: ClassVar[tuple[bytes, ...]] = ()

    incorrect: ClassVar[tuple[Example, ...]] = ()
    correct: ClassVar[tuple[Example, ...]] = ()

    @abstractmethod
    def check(self, file: ElixirFile) -> Iterable[Finding]:
        """The findings in `file`, in any order."""

    def finding(
        self,
        where: Node | Span,
        message: str,
        level: Level,
        *,
        confidence: Confidence = Confidence.CERTAIN,
        related: Iterable[Related] = (),
        fixes: Iterable[Fix] = (),
        strict_only: bool = False,
    ) -> Finding:
        """A finding of this rule at a node or a byte range."""
        span = where if isinstance(where, Span) else Span(where.start_byte, where.end_byte)
        return Finding(self.name, span, message, level, confidence, tuple(related), tuple(fixes), strict_only)
