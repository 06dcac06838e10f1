"""Supervision trees for people: lines and boxes, one process a line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from otpwise_analyzers.project.supervision import AppTree, Kind, Node, Unsupervised
from otpwise_cli.tree import Forest

_BOLD, _DIM, _CYAN, _YELLOW, _MAGENTA = "1", "2", "36", "33", "35"
_MOST_PLACES = 3


def write(forests: list[Forest], color: str) -> None:
    """Prints the trees; coloured on a terminal, or as the user says."""
    paint = _Paint(_is_coloured(color))
    first = True
    for forest in forests:
        for tree in forest.apps:
            if not first:
                print()
            first = False
            for line in _app(forest, tree, paint):
                print(line)


def _is_coloured(color: str) -> bool:
    if color == "auto":
        return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return color == "always"


class _Paint:
    def __init__(self, is_on: bool) -> None:
        self._is_on = is_on

    def __call__(self, text: str, *codes: str) -> str:
        return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if self._is_on and text and codes else text


def _app(forest: Forest, tree: AppTree, paint: _Paint) -> Iterator[str]:
    folder = "/".join(part for part in (forest.root, tree.folder) if part)
    yield f"{paint(tree.app, _BOLD)}{paint(f'  {folder}', _DIM) if folder else ''}"
    if tree.problem:
        yield f"No supervision tree: {tree.problem}."
    for root in tree.roots:
        yield from _node(forest, root, "", "", paint)
    if tree.loose:
        yield ""
        yield "Started while the system runs, under supervisors that cannot be followed:"
        for index, (supervisor, node) in enumerate(tree.loose):
            under = f"by {supervisor}" if supervisor is not None else ""
            yield from _branch(forest, node, "", index == len(tree.loose) - 1, paint, under)
    if tree.unsupervised:
        yield ""
        yield "In no supervision tree of the project:"
        for index, one in enumerate(tree.unsupervised):
            is_last = index == len(tree.unsupervised) - 1
            yield from _branch(forest, one.node, "", is_last, paint, _who_starts(one))


def _who_starts(one: Unsupervised) -> str:
    if one.started_by:
        return f"started by hand in {_few(one.started_by)}"
    return "named where something may start it" if one.is_named else "nothing starts it"


def _branch(
    forest: Forest, node: Node, indent: str, is_last: bool, paint: _Paint, note: str = ""
) -> Iterator[str]:
    tip, below = ("└─ ", "   ") if is_last else ("├─ ", "│  ")
    yield from _node(forest, node, f"{indent}{tip}", f"{indent}{below}", paint, note)


def _node(forest: Forest, node: Node, tip: str, indent: str, paint: _Paint, note: str = "") -> Iterator[str]:
    parts = [part for part in (*node.settings, note) if part]
    where = forest.where(node.entry or node.definition)
    yield "".join(
        (
            paint(tip, _DIM),
            _title(node, paint),
            "".join(f" · {part}" for part in parts),
            paint(f" · {node.condition}", _YELLOW) if node.condition else "",
            paint(f"  {where}", _DIM) if where is not None else "",
        )
    )
    tasks = _tasks(forest, node)
    for index, child in enumerate(node.children):
        is_last = index == len(node.children) - 1 and not tasks
        yield from _branch(forest, child, indent, is_last, paint, _started(forest, child))
    if tasks:
        yield paint(f"{indent}└─ ", _DIM) + paint(tasks, _MAGENTA)


def _title(node: Node, paint: _Paint) -> str:
    many = "any number of " if node.is_repeated else ""
    plus = "+ " if node.is_dynamic else ""
    if node.kind is Kind.UNKNOWN and node.module is None:
        named = f" as {node.name}" if node.name is not None else ""
        return paint(f"{plus}{many}? from {node.source}{named}", _YELLOW)
    name = node.module or node.name or "?"
    title = paint(f"{plus}{many}{name}", *((_BOLD,) if node.kind is not Kind.LIBRARY else ()))
    if node.name is not None and node.name != node.module:
        title += f" as {paint(node.name, _CYAN)}"
    if node.runs is not None:
        title += paint(f" ({node.runs})", _DIM)
    return title


def _started(forest: Forest, node: Node) -> str:
    if not node.is_dynamic or len(node.starts) < 2:
        return ""
    more = [forest.where(place) for place in node.starts[1:]]
    return f"also {_few([str(where) for where in more if where is not None])}"


def _tasks(forest: Forest, node: Node) -> str:
    if not node.tasks:
        return ""
    found = [str(where) for where in map(forest.where, node.tasks) if where is not None]
    return f"+ tasks from {_few(list(dict.fromkeys(found)))}"


def _few(names: list[str] | tuple[str, ...]) -> str:
    shown = ", ".join(names[:_MOST_PLACES])
    more = len(names) - _MOST_PLACES
    return f"{shown} and {more} more" if more > 0 else shown
