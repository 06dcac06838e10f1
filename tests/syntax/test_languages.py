"""Which files are read, and as what."""

from __future__ import annotations

import subprocess
import sys

import pytest

from otpwise_analyzers.syntax.languages import (
    DOCKERFILE,
    EEX,
    ELIXIR,
    HEEX,
    Language,
    language_of,
    language_with_id,
)


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("lib/a.ex", ELIXIR),
        ("mix.exs", ELIXIR),
        ("config/runtime.exs", ELIXIR),
        ("lib/dockerfile.ex", ELIXIR),
        ("Dockerfile", DOCKERFILE),
        ("docker/Dockerfile.prod", DOCKERFILE),
        ("ops/web.Dockerfile", DOCKERFILE),
        ("web.dockerfile", DOCKERFILE),
        ("dockerfile", DOCKERFILE),
        ("Containerfile", DOCKERFILE),
        ("Containerfile.release", DOCKERFILE),
        ("Dockerfile.eex", EEX),
        ("Dockerfile.prod.j2", None),
        ("Dockerfile.dockerignore", None),
        ("docker-compose.yml", None),
        (".dockerignore", None),
        ("Dockerfiles/README.md", None),
        ("lib/a_web/live/a.html.heex", HEEX),
        ("a.heex", HEEX),
        ("lib/a_web/templates/page/index.html.eex", EEX),
        ("index.html.leex", EEX),
        ("a.eex.bak", None),
    ],
)
def test_a_name_says_the_language(path: str, language: Language | None) -> None:
    assert language_of(path) is language


def test_editors_have_their_own_names() -> None:
    assert language_with_id("elixir") is ELIXIR
    assert language_with_id("Dockerfile") is DOCKERFILE
    assert language_with_id("dockercompose") is None


def test_the_grammar_of_dockerfiles_is_loaded_only_for_one() -> None:
    program = (
        "import sys; from otpwise_analyzers import engine; from otpwise_analyzers.syntax.languages import open_file;"
        "engine.check(open_file('a.ex', b'IO.puts(1)')); before = 'tree_sitter_dockerfile' in sys.modules;"
        "engine.check(open_file('Dockerfile', b'FROM a')); print(before, 'tree_sitter_dockerfile' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
