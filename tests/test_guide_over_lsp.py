"""The guide's snippets as an editor meets them: published, explained, and mended, over plain LSP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from otpwise_analyzers.syntax.file import ElixirFile
from tests.guide_snippets import CORRECT, INCORRECT, Snippet
from tests.lsp_client import LanguageClient


@pytest.fixture
def session(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Snippet, LanguageClient]]:
    snippet: Snippet = request.param
    for path, data in snippet.files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    with LanguageClient(tmp_path) as client:
        client.open(snippet.path)
        yield snippet, client


def _named(snippets: tuple[Snippet, ...]) -> list[object]:
    return [pytest.param(snippet, id=snippet.name) for snippet in snippets]


@pytest.mark.parametrize("session", _named(INCORRECT), indirect=True)
def test_incorrect_is_flagged_explained_and_mended(session: tuple[Snippet, LanguageClient]) -> None:
    snippet, client = session
    diagnostics = client.diagnostics(snippet.path)
    assert snippet.rules <= {diagnostic["code"] for diagnostic in diagnostics}
    for diagnostic in diagnostics:
        assert diagnostic["source"] == "otpwise"
        assert diagnostic["codeDescription"]["href"].endswith(f"/{diagnostic['code']}.md")
    hover = client.request(
        "textDocument/hover",
        {
            "textDocument": {"uri": client.uri(snippet.path)},
            "position": diagnostics[0]["range"]["start"],
        },
    )
    assert hover is not None and "Why." in hover["contents"]["value"]

    own = [diagnostic for diagnostic in diagnostics if diagnostic["code"] in snippet.rules]
    fixable = [(d, action) for d in own for action in client.actions(snippet.path, d) if action.get("edit")]
    fixes = [(d, a) for d, a in fixable if not a["title"].startswith(("Ignore", "Silence", "Suppress"))]
    assert fixes, [action["title"] for _, action in fixable]
    diagnostic, action = fixes[0]
    client.apply(action["edit"])
    text = (client.root / snippet.path).read_bytes()
    assert not ElixirFile(snippet.path, text).root.has_error
    client.notify(
        "textDocument/didChange",
        {
            "textDocument": {"uri": client.uri(snippet.path), "version": 2},
            "contentChanges": [{"text": text.decode()}],
        },
    )
    client.notifications.clear()
    client.notify(
        "textDocument/didChange",
        {
            "textDocument": {"uri": client.uri(snippet.path), "version": 3},
            "contentChanges": [{"text": text.decode() + "\n"}],
        },
    )
    after = client.diagnostics(snippet.path)
    before_count = sum(1 for d in diagnostics if d["code"] == diagnostic["code"])
    assert sum(1 for d in after if d["code"] == diagnostic["code"]) < before_count


@pytest.mark.parametrize("session", _named(CORRECT), indirect=True)
def test_correct_is_silent(session: tuple[Snippet, LanguageClient]) -> None:
    snippet, client = session
    assert {diagnostic["code"] for diagnostic in client.diagnostics(snippet.path)} == snippet.rules
