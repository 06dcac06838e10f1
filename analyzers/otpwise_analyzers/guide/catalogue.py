"""All constructs, found by their files as the rules are, and imported when somebody first hovers."""

from __future__ import annotations

import importlib
from functools import cache

from otpwise_analyzers import guide
from otpwise_analyzers.guide.base import Construct
from otpwise_analyzers.rules.catalogue import modules_below


def modules() -> list[str]:
    """The modules in the topics' folders, as `otp.genserver_call`, sorted."""
    return modules_below(guide.__path__)


@cache
def topics() -> dict[str, tuple[Construct, ...]]:
    """The constructs by topic, each topic's by name. A module without `CONSTRUCT` is shared by others."""
    found: dict[str, list[Construct]] = {}
    for module in modules():
        construct = getattr(importlib.import_module(f"{guide.__name__}.{module}"), "CONSTRUCT", None)
        if construct is not None:
            found.setdefault(module.partition(".")[0], []).append(construct)
    return {
        topic: tuple(sorted(constructs, key=lambda construct: construct.name.lstrip(":").lower()))
        for topic, constructs in found.items()
    }


@cache
def constructs() -> dict[str, Construct]:
    """All constructs by name."""
    return {construct.name: construct for found in topics().values() for construct in found}


@cache
def by_word() -> dict[str, tuple[Construct, ...]]:
    """The constructs that a token may be, by what the token says."""
    found: dict[str, list[Construct]] = {}
    for construct in constructs().values():
        for word in sorted(construct.words):
            found.setdefault(word, []).append(construct)
    return {word: tuple(those) for word, those in found.items()}


@cache
def by_name() -> dict[str, Construct]:
    """The constructs by every name that they are asked for by, in lower case and without a leading `:`."""
    found: dict[str, Construct] = {}
    for construct in constructs().values():
        for name in (construct.name, *construct.also):
            found.setdefault(plain_name(name), construct)
    return found


def plain_name(name: str) -> str:
    """A name as it is compared: `:ets.new` and `ets.new`, `Strategy:` and `strategy` are the same."""
    return name.strip().strip(":").lower()
