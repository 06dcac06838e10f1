"""The topologies that the fix writes are read by Elixir as a release reads them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from otpwise_analyzers.rules.catalogue import RULES
from tests.proof import HAS_ELIXIR, applied, build, findings_in

pytestmark = [pytest.mark.elixir, pytest.mark.skipif(not HAS_ELIXIR, reason="elixir is not installed")]

RULE = RULES["deploy/manual-node-connect"]


def hosts(folder: Path, config: bytes, env: str, nodes: str | None) -> str:
    path = folder / "runtime.exs"
    path.write_bytes(config)
    code = f"""
    config = Config.Reader.read!("{path}", env: :{env})
    IO.inspect(get_in(config, [:libcluster, :topologies, :my_app, :config, :hosts]))
    """
    surroundings = {**os.environ, "DATABASE_URL": "ecto://localhost/a"}
    surroundings.pop("CLUSTER_NODES", None)
    if nodes is not None:
        surroundings["CLUSTER_NODES"] = nodes
    run = subprocess.run(
        ["elixir", "-e", dedent(code)],
        capture_output=True, text=True, timeout=120, check=False, env=surroundings,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def fixed(index: int) -> bytes:
    example = RULE.incorrect[index]
    files = {path: dedent(text).encode() for path, text in example.others.items()}
    files[example.path] = example.text.encode()
    file, findings = findings_in(files, example.path)
    fix = next(finding for finding in findings if finding.rule == RULE.name).fixes[0]
    change = build(files, file, fix)
    assert change is not None
    return applied(files, change)["config/runtime.exs"]


@pytest.mark.parametrize(
    ("index", "nodes", "expected"),
    [
        (0, None, '[:"my_app@10.0.0.2", :"my_app@10.0.0.3"]'),
        (1, "a@x, b@y", "[:a@x, :b@y]"),
        (1, None, "[]"),
        (3, None, '[:"a@db.internal", :"b@db.internal"]'),
    ],
)
def test_the_same_nodes_in_production_and_none_elsewhere(
    index: int, nodes: str | None, expected: str, tmp_path: Path
) -> None:
    config = fixed(index)
    assert hosts(tmp_path, config, "prod", nodes) == expected
    assert hosts(tmp_path, config, "dev", nodes) == "nil"
