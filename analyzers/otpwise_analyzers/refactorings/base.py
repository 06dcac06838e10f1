"""What a refactoring is: one class in one file, offered where the cursor is, whether or not a rule fired."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from otpwise_analyzers.findings import Fix
from otpwise_analyzers.rules.base import Example, Reference
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.file import ElixirFile

NAME = re.compile(r"[a-z]+/[a-z0-9]+(-[a-z0-9]+)*")


class Refactoring(ABC):
    """A change of form that nobody has to make. A pure function of a file, a place in it and the project.

    Asked only in a file that has one of the names in `calls`, as a rule is. `kind` is the kind of code action
    that editors know it by. In `examples` the selection stands between « and » (`«»` for a cursor); `fixed` and
    `fixed_others` are what the first offer makes of it. In `silent` nothing is offered at that place, and `why`
    says what it refuses.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    kind: ClassVar[str] = "refactor.extract"
    since: ClassVar[str] = "0.1.0"

    does: ClassVar[str]
    not_offered: ClassVar[str]
    trade_off: ClassVar[str]
    references: ClassVar[tuple[Reference, ...]] = ()

    calls: ClassVar[frozenset[str]]

    examples: ClassVar[tuple[Example, ...]] = ()
    silent: ClassVar[tuple[Example, ...]] = ()

    @abstractmethod
    def offers(self, file: ElixirFile, span: Span) -> Iterable[Fix]:
        """What can be done at a cursor or a selection (in bytes). Called whenever an editor asks for actions:
        whatever is costly belongs into the `build` of the fix."""
