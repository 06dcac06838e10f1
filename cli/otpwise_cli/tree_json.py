"""Supervision trees for programs, as docs/tree.md describes them."""

from __future__ import annotations

from typing import Any

import msgspec

from otpwise_analyzers import __version__
from otpwise_analyzers.project.supervision import AppTree, Node, Place
from otpwise_cli.tree import Forest

VERSION = 1


def text(forests: list[Forest]) -> str:
    """The report, ending in a line break."""
    apps = [_app(forest, tree) for forest in forests for tree in forest.apps]
    report = {"version": VERSION, "otpwise": __version__, "applications": apps}
    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n"


def _app(forest: Forest, tree: AppTree) -> dict[str, Any]:
    return {
        "app": tree.app,
        "path": "/".join(part for part in (forest.root, tree.folder) if part) or ".",
        "module": tree.module,
        "problem": tree.problem or None,
        "roots": [_node(forest, root) for root in tree.roots],
        "loose": [{"supervisor": supervisor, "node": _node(forest, node)} for supervisor, node in tree.loose],
        "unsupervised": [
            {
                "module": one.module,
                "started_by": list(one.started_by),
                "named": one.is_named,
                "node": _node(forest, one.node),
            }
            for one in tree.unsupervised
        ],
    }


def _node(forest: Forest, node: Node) -> dict[str, Any]:
    strategy = (
        {"value": node.strategy, "default": node.is_default_strategy} if node.strategy is not None else None
    )
    intensity = (
        {
            "max_restarts": node.max_restarts,
            "max_seconds": node.max_seconds,
            "default": node.is_default_intensity,
        }
        if node.max_restarts is not None or node.max_seconds is not None
        else None
    )
    return {
        "kind": str(node.kind),
        "module": node.module,
        "name": node.name,
        "runs": node.runs,
        "id": node.id,
        "restart": node.restart,
        "type": node.type,
        "strategy": strategy,
        "intensity": intensity,
        "position": node.position or None,
        "of": node.of or None,
        "exact": node.is_exact,
        "condition": node.condition or None,
        "repeated": node.is_repeated,
        "dynamic": node.is_dynamic,
        "linked": node.is_linked,
        "repetition": node.is_repetition,
        "source": node.source or None,
        "entry": _place(forest, node.entry),
        "definition": _place(forest, node.definition),
        "starts": [_place(forest, place) for place in node.starts],
        "tasks": [_place(forest, place) for place in node.tasks],
        "children": [_node(forest, child) for child in node.children],
    }


def _place(forest: Forest, place: Place | None) -> dict[str, Any] | None:
    where = forest.where(place)
    return {"path": where.path, "line": where.line, "column": where.column} if where is not None else None
