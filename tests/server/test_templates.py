"""Templates over the wire."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from tests.server.conftest import Connect
from tests.server.test_documents import edit

RULE = "phoenix/repo-in-web"
TEXT = "<ul>\n  <li>ü{Shop.Repo.one(A)}</li>\n</ul>\n"


@pytest.mark.parametrize(("editor_name", "column"), [("visual-studio-code", 8), ("helix", 9)])
async def test_edits_hovers_and_silences(editor_name: str, column: int, mini: Path, connect: Connect) -> None:
    """The second editor counts in bytes."""
    uri = (mini / "lib/mini_web/live/page_live.html.heex").as_uri()
    async with connect(editor_name, [mini]) as editor:
        editor.open(uri, TEXT, "phoenix-heex")
        (first,) = await editor.diagnostics(uri, 1)
        assert first.code == RULE and first.range.start == types.Position(1, column)
        editor.change(uri, 2, edit(0, 0, 0, "<%!-- {Shop.Repo.one(B)} --%>\n"))
        (moved,) = await editor.diagnostics(uri, 2)
        assert moved.range.start == types.Position(2, column)
        hover = await editor.raw(
            "textDocument/hover", types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(2, 12))
        )
        assert RULE in str(hover)
        actions = await editor.actions(uri, 2)
        (ignore,) = [a for a in actions if "Ignore" in a["title"] and "line" in a["title"]]
        resolved = await editor.raw("codeAction/resolve", ignore)
        (change,) = resolved["edit"]["documentChanges"]
        assert change["edits"][0]["newText"] == f"  <%!-- otpwise:ignore {RULE} --%>\n"
        # While somebody types, there is nothing to be sure of.
        editor.change(uri, 3, edit(2, 23, 2, ""))
        assert [d.range.start.line for d in await editor.diagnostics(uri, 3)] == []


async def test_known_by_name_or_by_language(mini: Path, tmp_path: Path, connect: Connect) -> None:
    heex = [
        ((mini / "lib/a.html.heex").as_uri(), "plaintext"),
        ((mini / "lib/b.sface").as_uri(), "surface"),
        ("untitled:Untitled-1", "heex"),
        ("untitled:Untitled-2", "phoenix-heex"),
        ((tmp_path / "alone.html.heex").as_uri(), "html"),
    ]
    eex = [
        ((mini / "lib/a.html.eex").as_uri(), "plaintext"),
        ((mini / "lib/b.html.leex").as_uri(), "html"),
        *((f"untitled:Untitled-{name}", name) for name in ("eex", "html-eex", "eelixir", "leex")),
    ]
    async with connect("visual-studio-code", [mini]) as editor:
        for uri, language in heex:
            editor.open(uri, "{Shop.Repo.one(A)}", language)
            assert [d.code for d in await editor.diagnostics(uri, 1)] == [RULE], uri
        for uri, language in eex:
            editor.open(uri, "{Shop.Repo.one(A)}\n<%= Shop.Repo.one(B) %>", language)
            assert [d.range.start.line for d in await editor.diagnostics(uri, 1)] == [1], uri


async def test_templates_are_watched(mini: Path, connect: Connect) -> None:
    async with connect("visual-studio-code", [mini]) as editor:
        await editor.until(lambda: editor.watchers)
        assert "heex" in str(editor.watchers) and "leex" in str(editor.watchers)
