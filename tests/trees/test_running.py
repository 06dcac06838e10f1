"""The tree that is read off the code is the one that Elixir runs."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.cli.conftest import COMMAND, ENVIRONMENT
from tests.proof import HAS_ELIXIR

HERE = Path(__file__).parent

pytestmark = [pytest.mark.elixir, pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")]


class Line(NamedTuple):
    """A process of the tree. `name` and the limits are those of supervisors; a dynamic child has no id."""

    depth: int
    id: str
    type: str
    restart: str
    name: str
    strategy: str
    restarts: str
    seconds: str


def test_the_tree_is_the_one_that_runs(tmp_path: Path) -> None:
    project = tmp_path / "shop"
    shutil.copytree(HERE / "shop", project)
    run = subprocess.run(
        ["mix", "run", str(HERE / "walk.exs")],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=100,
        env={**ENVIRONMENT, "MIX_ENV": "prod", "HOME": str(tmp_path)},
    )
    assert run.returncode == 0, run.stderr + run.stdout
    running = [line.split("\t") for line in run.stdout.splitlines() if "\t" in line]
    printed = subprocess.run(
        [*COMMAND, "tree", str(project), "--format", "json"],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
    )
    assert printed.returncode == 0, printed.stderr
    (app,) = json.loads(printed.stdout)["applications"]
    (root,) = app["roots"]
    assert app["loose"] == [] and app["unsupervised"] == []
    nodes = list(_nodes(root, 0))
    # The partitions are alike, and one node stands for all.
    expected = _one_partition([_line(fields) for fields in running])
    assert [_as_line(node, depth) for node, depth in nodes] == expected
    modules = [fields[8] for fields in running if not fields[1].isdecimal() or fields[1] == "0"]
    for (node, _), known in zip(nodes[1:], modules[1:], strict=True):
        assert node["module"] in known.split(), (node["module"], known)


def _line(fields: list[str]) -> Line:
    depth, own_id, kind, restart, name, strategy, restarts, seconds, _ = fields
    is_supervisor = kind == "supervisor" and own_id != "Shop.Registry"
    return Line(
        int(depth),
        "" if own_id in (":undefined", "root") or own_id.isdecimal() else own_id,
        kind,
        restart,
        name.removeprefix("[]") if is_supervisor else "",
        *((strategy, restarts, seconds) if is_supervisor else ("", "", "")),
    )


def _one_partition(lines: list[Line]) -> list[Line]:
    found: list[Line] = []
    for line in lines:
        if not (line.depth == 3 and line.type == "supervisor" and line in found):
            found.append(line)
    return found


def _nodes(node: dict[str, Any], depth: int) -> Iterator[tuple[dict[str, Any], int]]:
    yield node, depth
    for child in node["children"]:
        yield from _nodes(child, depth + 1)


def _as_line(node: dict[str, Any], depth: int) -> Line:
    is_supervisor = node["kind"] in ("supervisor", "dynamic")
    module = node["module"] if node["definition"] is not None and depth else ""
    name = node["name"] or module if is_supervisor else ""
    intensity = node["intensity"] or {"max_restarts": "", "max_seconds": ""}
    return Line(
        depth,
        "" if node["dynamic"] or node["repeated"] else node["id"] or "",
        node["type"],
        node["restart"] or "",
        name or "",
        node["strategy"]["value"] if is_supervisor else "",
        str(intensity["max_restarts"]),
        str(intensity["max_seconds"]),
    )


def test_every_place_is_the_entry_itself() -> None:
    printed = subprocess.run(
        [*COMMAND, "tree", str(HERE / "shop"), "--format", "json"],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        cwd=HERE,
    )
    (app,) = json.loads(printed.stdout)["applications"]
    lines = {path: (HERE / path).read_text().splitlines() for path in _paths(app)}
    for node, _ in _nodes(app["roots"][0], 0):
        entry = node["entry"]
        assert entry is not None, node
        written = lines[entry["path"]][entry["line"] - 1][entry["column"] - 1 :]
        assert written.startswith(
            ("{", "%{", "Supervisor.", "Shop.", "Cache", "Audit", "Orders.", "Dynamic")
        ), written


def _paths(app: dict[str, Any]) -> set[str]:
    return {
        node["entry"]["path"]
        for root in app["roots"]
        for node, _ in _nodes(root, 0)
        if node["entry"] is not None
    }
