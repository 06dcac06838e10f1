"""What a construct is: a piece of the language or of a library that a hover teaches, whatever stands there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from otpwise_analyzers.guide.token import Token
from otpwise_analyzers.rules.base import Example, Reference
from otpwise_analyzers.source.edits import Span

if TYPE_CHECKING:
    from otpwise_analyzers.guide.instructions import Pointed

__all__ = ["Construct", "Place", "Reference", "Sample"]


class Place(Protocol):
    """Where a construct is found in code."""

    @property
    def words(self) -> frozenset[str]:
        """What the token under the pointer must be for the construct to be asked at all."""

    def match(self, token: Token) -> Span | None:
        """The construct's name or keyword around the token, in bytes; None when it is something else."""


class DockerPlace(Protocol):
    """Where a construct is found in a Dockerfile."""

    def match(self, pointed: Pointed) -> Span | None:
        """The construct's name around the byte that is pointed at; None when it is something else."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Code that a construct is tested by. What has its hover stands between « and » (several times, perhaps).

    `path` says where the file lies in a small Mix project, `others` which further files that project has,
    `says` what the hover must say there in this code's own words.
    """

    code: str
    path: str = "lib/my_app/sample.ex"
    says: str = ""
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return Example(self.code).text

    @property
    def spans(self) -> list[Span]:
        """The marked ranges, in bytes of `text`."""
        return Example(self.code).spans


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Construct:
    """One construct. All texts are Markdown, a few lines in all: what it does and what follows from that, what
    it costs, and what to use instead and when.

    It is found at its `places` in Elixir and at its `instructions` in Dockerfiles. `here` (and `here_in_image`)
    says more of the one place that is pointed at, in that code's own names. `rules` are the rules that watch
    the construct; names that the catalogue does not have are passed over. In `samples` the construct has its
    hover where they are marked, in `silent` no construct has one where they are.
    """

    name: str
    summary: str
    does: str
    costs: str = ""
    instead: str = ""
    also: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    instructions: tuple[DockerPlace, ...] = ()
    here: Callable[[Token], str] | None = None
    here_in_image: Callable[[Pointed], str] | None = None
    rules: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    samples: tuple[Sample, ...]
    silent: tuple[Sample, ...] = ()

    @property
    def words(self) -> frozenset[str]:
        return frozenset().union(*(place.words for place in self.places))

    def match(self, token: Token) -> Span | None:
        """The range of the hover when the token is this construct's."""
        for place in self.places:
            span = place.match(token)
            if span is not None:
                return span
        return None
