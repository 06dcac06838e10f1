"""The supervision tree of an application, as it is shown and asked about; `trees` builds it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from otpwise_analyzers.project.child_entries import DYNAMIC

SUPERVISING = frozenset({"Supervisor", ":supervisor", *DYNAMIC})
"""Elixir's own supervisors, and those of libraries that are used as they are."""


class Kind(StrEnum):
    """What a node of the tree is.

    A `dynamic` supervisor starts its children while it runs; a `library` child is code of a dependency;
    an `unknown` one is known to a running system alone.
    """

    SUPERVISOR = "supervisor"
    DYNAMIC = "dynamic"
    WORKER = "worker"
    LIBRARY = "library"
    UNKNOWN = "unknown"


class Place(NamedTuple):
    """A place in a file: a key of the spans in the file's facts."""

    path: str
    key: str


@dataclass(slots=True)
class Node:
    """A process, or a supervisor with all that is below it.

    `runs` is the module whose code the process runs, or by whose `use` it comes, when that is another one
    than `module`. `position` counts from 1 among the `of` entries of the list, and `is_exact` says that the
    running list has just these; both are 0 for a child that is started while its supervisor runs
    (`is_dynamic`), of which `starts` are the places. `strategy` and the intensity are None where they cannot be read or do not apply. `condition` says when the child is there,
    `source` where an unknown one comes from. `tasks` are the places that start tasks under it, `run_as_tasks` the
    modules whose functions some of them run.
    `is_linked` marks a supervisor that a worker starts for itself. `is_repetition` marks a supervisor that contains itself: its children are not repeated.
    """

    kind: Kind
    module: str | None = None
    name: str | None = None
    runs: str | None = None
    id: str | None = None
    restart: str | None = None
    type: str | None = None
    strategy: str | None = None
    max_restarts: int | None = None
    max_seconds: int | None = None
    is_default_strategy: bool = False
    is_default_intensity: bool = False
    condition: str = ""
    is_repeated: bool = False
    is_dynamic: bool = False
    source: str = ""
    position: int = 0
    of: int = 0
    is_exact: bool = False
    entry: Place | None = None
    definition: Place | None = None
    children: list[Node] = field(default_factory=list)
    starts: list[Place] = field(default_factory=list)
    tasks: list[Place] = field(default_factory=list)
    run_as_tasks: list[str] = field(default_factory=list)
    handed: tuple[str, ...] = ()
    is_linked: bool = False
    is_repetition: bool = False

    @property
    def label(self) -> str:
        """How the node is called: its name for a supervisor of Elixir's own, else its module."""
        if self.module in SUPERVISING and self.name is not None:
            return self.name
        return self.module or self.name or f"? from {self.source}"

    @property
    def intensity(self) -> str:
        """`3 restarts in 5 s`, and whether that is the default."""
        if self.max_restarts is None and self.max_seconds is None:
            return "intensity not known"
        restarts = "?" if self.max_restarts is None else str(self.max_restarts)
        seconds = "?" if self.max_seconds is None else str(self.max_seconds)
        default = " (default)" if self.is_default_intensity else ""
        return f"{restarts} restart{'' if restarts == '1' else 's'} in {seconds} s{default}"

    @property
    def settings(self) -> Iterator[str]:
        """What is to be said of it beside its names: strategy, intensity, restart, and what is out of the common."""
        if self.kind in (Kind.SUPERVISOR, Kind.DYNAMIC):
            yield self.strategy or "strategy not known"
            yield self.intensity
        if self.restart not in (None, "permanent"):
            yield str(self.restart)
        if self.is_linked:
            yield "linked to it"
        if self.is_repetition:
            yield "as above: it contains itself"

    def walk(self) -> Iterator[Node]:
        """The node and all below it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()


class Unsupervised(NamedTuple):
    """A process module that stands in no tree.

    `node` has what is below it when it is a supervisor. `started_by` are the modules that start it by hand.
    `is_named` says that it is named where code that cannot be followed may start it.
    """

    module: str
    node: Node
    started_by: tuple[str, ...] = ()
    is_named: bool = False


@dataclass(slots=True)
class AppTree:
    """The tree of one OTP application.

    `folder` is `""`, or `apps/shop` in an umbrella; `module` the callback module. Without a root `problem`
    says why there is none. `loose` are children that are started under supervisors which only a running
    system knows; `unsupervised` are process modules that are in no tree of the project.
    """

    app: str
    folder: str
    module: str | None
    roots: list[Node] = field(default_factory=list)
    loose: list[tuple[str | None, Node]] = field(default_factory=list)
    unsupervised: list[Unsupervised] = field(default_factory=list)
    problem: str = ""

    def walk(self) -> Iterator[Node]:
        """All nodes of the tree, in order."""
        for root in self.roots:
            yield from root.walk()


class Parent(NamedTuple):
    """A supervisor that a module stands under.

    `supervisor` is its module, or its name when it is one of Elixir's own; `strategy` is None where it is
    not known. `position` and `of` are 0 for a child that is started while the supervisor runs. `place` is
    the entry in the children list, or the call that starts the child.
    """

    supervisor: str
    strategy: str | None
    position: int
    of: int
    is_exact: bool
    is_dynamic: bool
    condition: str
    is_repeated: bool
    place: Place


class Supervised(NamedTuple):
    """What is known of who supervises a module.

    `is_certain` says that `parents` can be relied on when it is empty: the application's tree is read as a
    whole, and nothing in it is unknown. `started_by` are the modules that start it by hand. `top_of` is the
    application whose top supervisor it is.
    """

    parents: tuple[Parent, ...] = ()
    started_by: tuple[str, ...] = ()
    is_certain: bool = False
    top_of: str | None = None
