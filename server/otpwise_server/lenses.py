"""Code lenses: above each process module, who supervises it. A click goes to the entry in the children list.

A lens says what the index knows and nothing else: where code that cannot be followed may start a module, there
is no lens that nobody does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lsprotocol import types

from otpwise_server.analysis import Checked, ProjectAnalysis
from otpwise_server.client import Client

if TYPE_CHECKING:
    from otpwise_analyzers.project.supervision import Parent, Place, Supervised

GO_TO = "otpwise.goTo"
# The protocol's way to say that a click does nothing.
_NOTHING = ""
_MOST = 3


def lenses_of(checked: Checked, project: ProjectAnalysis, client: Client) -> list[types.CodeLens]:
    """The lenses of a checked file; none before its project is indexed, or where the settings say so."""
    found: list[types.CodeLens] = []
    if not project.settings.code_lens:
        return found
    for span, supervised in project.process_modules(checked):
        where = checked.text.range(span, client.encoding)
        for title, place in _titles(supervised):
            found.append(types.CodeLens(where, _command(title, place, project, client)))
    return found


def _command(title: str, place: Place | None, project: ProjectAnalysis, client: Client) -> types.Command:
    if place is None or project.root is None or not client.shows_documents:
        return types.Command(title, _NOTHING)
    # The key, and not the position: it is found again where it is when somebody clicks.
    return types.Command(title, GO_TO, arguments=[str(project.root), place.path, place.key])


def _titles(supervised: Supervised) -> Iterator[tuple[str, Place | None]]:
    if supervised.top_of is not None:
        yield f"top supervisor of {supervised.top_of}", None
    parents = supervised.parents
    for parent in parents[:_MOST]:
        yield title_of(parent), parent.place
    if len(parents) > _MOST:
        yield f"and under {len(parents) - _MOST} more", None
    if parents or supervised.top_of is not None:
        return
    if supervised.started_by:
        by = ", ".join(supervised.started_by[:_MOST])
        more = f" and {len(supervised.started_by) - _MOST} more" if len(supervised.started_by) > _MOST else ""
        nobody = ", nobody supervises this" if supervised.is_certain else ""
        yield f"started by hand in {by}{more}{nobody}", None
    elif supervised.is_certain:
        yield "nobody supervises this", None


def title_of(parent: Parent) -> str:
    """What a lens says of one supervisor."""
    condition = f" · {parent.condition}" if parent.condition else ""
    if parent.is_dynamic:
        return f"started dynamically under {parent.supervisor}{condition}"
    parts = [f"supervised by {parent.supervisor}"]
    if parent.strategy is not None:
        parts.append(parent.strategy)
    if parent.is_repeated:
        parts.append("any number of it")
    elif parent.position:
        what = "child" if parent.is_exact else "entry"
        parts.append(f"{what} {parent.position} of {parent.of}")
    return " · ".join(parts) + condition
