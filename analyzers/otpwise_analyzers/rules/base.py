"""What a rule is: one class in one file, from which hover, docs, tests and configuration are made."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from textwrap import dedent
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from otpwise_analyzers.findings import Confidence, Finding, Fix, Level, Related
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.source_file import SourceFile

if TYPE_CHECKING:
    from tree_sitter import Node

    from otpwise_analyzers.syntax.dockerfile import DockerFile  # noqa: F401 - a base class below names it
    from otpwise_analyzers.syntax.file import ElixirFile  # noqa: F401 - a base class below names it
    from otpwise_analyzers.syntax.template_file import TemplateFile

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


@dataclass(frozen=True, slots=True)
class FixNote:
    """A rule's fixes in words: what they write, why they are as safe as they say, and what they leave alone."""

    writes: str
    because: str
    leaves: str


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


File = TypeVar("File", bound=SourceFile)


class Practice(ABC, Generic[File]):
    """What all rules have, whatever the language of the files that they read.

    A rule is consulted for a file of its `language` only when the file has one of its `subscribed`
    names; with `always` for every one. It is a pure function of the file and of the project behind it.
    """

    language: ClassVar[str]

    name: ClassVar[str]
    summary: ClassVar[str]
    impact: ClassVar[Impact]
    since: ClassVar[str] = "0.1.0"

    detects: ClassVar[str]
    why: ClassVar[str]
    fine_when: ClassVar[str]
    trade_off: ClassVar[str]
    # One of the two: what the fixes do, or why there is none.
    fix_note: ClassVar[FixNote | None] = None
    no_fix: ClassVar[str] = ""
    references: ClassVar[tuple[Reference, ...]] = ()
    mirrors: ClassVar[tuple[str, ...]] = ()

    always: ClassVar[bool] = False
    # Rules that say less of the same place: silent where this one speaks, heard once it is mended.
    hides: ClassVar[frozenset[str]] = frozenset()
    # What it finds is a secret: the terminal, whose output is kept in logs, shows stars in its place.
    conceals: ClassVar[bool] = False
    # A file whose bytes hold none of these never reaches the rule; the cheapest of the filters.
    needles: ClassVar[tuple[bytes, ...]] = ()

    # `check_template` is shown the templates that hold one of these.
    template_needles: ClassVar[tuple[bytes, ...]] = ()

    incorrect: ClassVar[tuple[Example, ...]] = ()
    correct: ClassVar[tuple[Example, ...]] = ()

    @property
    def subscribed(self) -> frozenset[str]:
        """The names (`SourceFile.names`) that make the rule look at a file."""
        return frozenset()

    @abstractmethod
    def check(self, file: File) -> Iterable[Finding]:
        """The findings in `file`, in any order."""

    def check_template(self, template: TemplateFile) -> Iterable[Finding]:
        """The findings in a template, or in those that the sigils of a module hold, in any order."""
        return ()

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
        reach: Node | None = None,
    ) -> Finding:
        """A finding of this rule at a node or a byte range; within `reach` what it hides is silent."""
        span = where if isinstance(where, Span) else Span(where.start_byte, where.end_byte)
        hidden = Span(reach.start_byte, reach.end_byte) if reach is not None else None
        return Finding(
            self.name, span, message, level, confidence, tuple(related), tuple(fixes), strict_only, hidden
        )


AnyRule = Practice[Any]
"""A rule of whatever language."""


class Rule(Practice["ElixirFile"]):
    """A practice of Elixir code.

    Consulted for a file that has a call to, or a definition of, one of the names that it subscribes to
    (`calls`, `definitions`), or a module that `use`s one of `uses`.
    """

    language = "elixir"

    calls: ClassVar[frozenset[str]] = frozenset()
    definitions: ClassVar[frozenset[str]] = frozenset()
    uses: ClassVar[frozenset[str]] = frozenset()

    @property
    def subscribed(self) -> frozenset[str]:
        return self.calls | self.definitions | ({"use"} if self.uses else frozenset())


class DockerRule(Practice["DockerFile"]):
    """A practice of Dockerfiles. Consulted for one that has any of its `instructions`."""

    language = "dockerfile"

    instructions: ClassVar[frozenset[str]] = frozenset({"FROM"})

    @property
    def subscribed(self) -> frozenset[str]:
        return self.instructions
