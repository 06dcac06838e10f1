"""All refactorings, found by their files as the rules are, and imported when a file first calls for one."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from otpwise_analyzers import refactorings
from otpwise_analyzers.findings import Fix
from otpwise_analyzers.refactorings.base import Refactoring
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.source_file import SourceFile

# What makes a file call for each, so that no other is imported for it; a test holds it to the classes.
LISTED: dict[str, tuple[str, frozenset[bytes]]] = {
    "ecto/extract-query": (
        "refactor.extract",
        frozenset({b"from", b"where", b"limit", b"order_by", b"preload"}),
    ),
}
KINDS: tuple[str, ...] = tuple(dict.fromkeys(kind for kind, _ in LISTED.values()))


class Offered(NamedTuple):
    """A refactoring that is possible at a place, and the change."""

    name: str
    kind: str
    fix: Fix


def names() -> list[str]:
    """The names of all refactorings, sorted."""
    return sorted(LISTED)


@cache
def refactoring(name: str) -> Refactoring:
    """The refactoring of a name such as `ecto/extract-query`. Raises KeyError when there is none."""
    if name not in LISTED:
        raise KeyError(name)
    module = importlib.import_module(f"{refactorings.__name__}.{name.replace('/', '.').replace('-', '_')}")
    for value in vars(module).values():
        if inspect.isclass(value) and issubclass(value, Refactoring) and not inspect.isabstract(value):
            return value()
    raise KeyError(name)


def offers_at(file: SourceFile, span: Span) -> Iterator[Offered]:
    """What can be made of a cursor or a selection; nothing in a template or in another language."""
    if not isinstance(file, ElixirFile) or file.is_template:
        return
    for name, (kind, calls) in LISTED.items():
        if not calls.isdisjoint(file.names):
            for fix in refactoring(name).offers(file, span):
                yield Offered(name, kind, fix)
