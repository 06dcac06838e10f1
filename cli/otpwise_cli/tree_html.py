"""Supervision trees as one HTML file."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from otpwise_analyzers.project.picture import page
from otpwise_analyzers.project.supervision import Place
from otpwise_cli.tree import Forest


def text(forests: list[Forest]) -> str:
    """The page; resting the pointer on a process shows where it is in the code."""
    names = ", ".join(tree.app for forest in forests for tree in forest.apps)
    return page(
        f"Supervision: {names}" if names else "Supervision",
        [(forest.apps, _mark(forest)) for forest in forests],
    )


def _mark(forest: Forest) -> Callable[[Place | None], str]:
    def mark(place: Place | None) -> str:
        where = forest.where(place)
        return f' title="{escape(str(where))}"' if where is not None else ""

    return mark
