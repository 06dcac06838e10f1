"""What a project, its editor or a command line may set."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from otpwise_analyzers.findings import Level
from otpwise_analyzers.project.ignore import IgnoreList

ALL = "all"
"""In `select` and `ignore`: every rule."""

OFF: Literal["off"] = "off"

Profile = Literal["recommended", "strict"]
Severity = Literal["error", "warning", "information", "hint", "off"]


class Hover(Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """What the editor shows where the pointer rests."""

    constructs: Annotated[
        bool,
        Meta(
            description="Explain constructs (a supervisor's `strategy:`, `GenServer.call`, ...) where there is no "
            "finding."
        ),
    ] = True


class Settings(Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """Immutable and hashable. The field names in TOML are in kebab-case: `per-file-ignores`."""

    profile: Annotated[
        Profile,
        Meta(
            description="`recommended` grades the rules by what real code showed; `strict` holds every rule "
            "at the impact that the practice has."
        ),
    ] = "recommended"
    select: Annotated[
        tuple[str, ...],
        Meta(
            description="The rules to run: names (`ecto/sql-injection`), families (`ecto`) or `all`. "
            "Empty means all."
        ),
    ] = ()
    ignore: Annotated[
        tuple[str, ...],
        Meta(
            description="The rules not to run, in the same words. The more specific word wins over one in "
            "`select`; of two that are equally specific, this one."
        ),
    ] = ()
    severity: Annotated[
        dict[str, Severity],
        Meta(
            description="The level at which a rule or a family is shown, or `off`. A rule wins over its family."
        ),
    ] = {}
    exclude: Annotated[
        tuple[str, ...],
        Meta(
            description="Files that are not checked: patterns as in a `.gitignore` at the project's root, "
            "added to what Git ignores."
        ),
    ] = ()
    per_file_ignores: Annotated[
        dict[str, tuple[str, ...]],
        Meta(
            description="For files that match a pattern (as in `exclude`), the rules or families that are "
            "not shown."
        ),
    ] = {}
    hover: Annotated[Hover, Meta(description="What the editor shows where the pointer rests.")] = Hover()
    code_lens: Annotated[
        bool,
        Meta(description="Whether an editor shows above each process module who supervises it."),
    ] = True

    def __hash__(self) -> int:
        return hash(self._canonical())

    def selects(self, rule: str) -> bool:
        """Whether `rule` (`family/name`) is to run."""
        return _rank(rule, self.select or (ALL,)) > _rank(rule, self.ignore)

    def level_for(self, rule: str) -> Level | Literal["off"] | None:
        """The level that is set for `rule`, or for its family; None when the rule's own holds."""
        level = self.severity.get(rule) or self.severity.get(rule.partition("/")[0])
        if level is None:
            return None
        return OFF if level == "off" else Level(level)

    def ignored_in(self, path: str) -> frozenset[str]:
        """The rules and families that are not shown in the file at `path` (relative to the root, with `/`)."""
        if not self.per_file_ignores:
            return frozenset()
        return frozenset(
            name
            for pattern, names in self.per_file_ignores.items()
            if _list_of(pattern).leaves_out(path)
            for name in names
        )

    def digest(self) -> str:
        """A short hash, the same in every process for settings that mean the same."""
        data = msgspec.json.encode(self._canonical())
        return hashlib.blake2b(data, digest_size=8).hexdigest()

    def _canonical(self) -> tuple[object, ...]:
        return (
            self.profile,
            tuple(sorted(set(self.select))),
            tuple(sorted(set(self.ignore))),
            tuple(sorted(self.severity.items())),
            self.exclude,
            tuple(sorted((pattern, tuple(sorted(set(n)))) for pattern, n in self.per_file_ignores.items())),
            self.hover.constructs,
            self.code_lens,
        )


def families(known: Collection[str]) -> list[str]:
    """The families of some rules, sorted."""
    return sorted({name.partition("/")[0] for name in known})


def json_schema(known: Collection[str] = ()) -> dict[str, Any]:
    """The JSON schema of `.otpwise.toml`, for editors that complete and check it.

    With `known`, the names of the rules, it allows those and their families and nothing else.
    """
    (schema,), components = msgspec.json.schema_components([Settings])
    settings: dict[str, Any] = components[schema["$ref"].rpartition("/")[2]]
    # One file without references: not every editor follows them.
    hover = settings["properties"]["hover"]
    for key, value in components["Hover"].items():
        hover.setdefault(key, value)
    for reference in ("$ref", "allOf", "anyOf", "title"):
        hover.pop(reference, None)
    settings["description"] = "The settings of Otpwise, in `.otpwise.toml` at the root of a Mix project."
    if known:
        properties = settings["properties"]
        names = {"enum": [*families(known), *sorted(known)]}
        with_all = {"enum": [ALL, *names["enum"]]}
        properties["select"]["items"] = with_all
        properties["ignore"]["items"] = with_all
        properties["severity"]["propertyNames"] = names
        properties["per-file-ignores"]["additionalProperties"]["items"] = names
    return {"$schema": "http://json-schema.org/draft-07/schema#", **settings, "title": "Otpwise"}


def _rank(rule: str, words: Collection[str]) -> int:
    """How specifically `words` name the rule: 3 itself, 2 its family, 1 all, 0 not at all."""
    if rule in words:
        return 3
    if rule.partition("/")[0] in words:
        return 2
    return 1 if ALL in words else 0


@lru_cache(maxsize=256)
def _list_of(pattern: str) -> IgnoreList:
    return IgnoreList([pattern])
