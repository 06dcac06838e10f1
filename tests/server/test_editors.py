"""The way from opening a file to its fix, as each editor asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from otpwise_analyzers.source.edits import Edit, apply
from otpwise_analyzers.source.lines import Encoding, LineIndex
from tests.server.conftest import FAULTY, UNKNOWN, Connect

EDITORS = [
    ("visual-studio-code", Encoding.UTF16),
    ("neovim@v0.7", Encoding.UTF16),
    ("neovim", Encoding.UTF8),
    ("helix", Encoding.UTF8),
    ("emacs", Encoding.UTF32),
]


def applied(text: str, edits: list[dict[str, Any]], encoding: Encoding) -> str:
    lines = LineIndex(text.encode())

    def offset(position: dict[str, int]) -> int:
        return lines.offset(position["line"], position["character"], encoding)

    found = [Edit(offset(e["range"]["start"]), offset(e["range"]["end"]), e["newText"]) for e in edits]
    return apply(text.encode(), found).decode()


def edits_of(edit: dict[str, Any], uri: str) -> list[dict[str, Any]]:
    if edit.get("documentChanges"):
        return [
            one
            for change in edit["documentChanges"]
            if change.get("textDocument", {}).get("uri") == uri
            for one in change["edits"]
        ]
    return list(edit["changes"][uri])


@pytest.mark.parametrize(("name", "encoding"), EDITORS)
async def test_diagnostics_and_the_preferred_fix(
    name: str, encoding: Encoding, mini: Path, connect: Connect
) -> None:
    uri = (mini / "lib/mini/a.ex").as_uri()
    async with connect(name, [mini]) as editor:
        assert editor.capabilities.position_encoding == encoding.value
        # Every one of these is pushed to: none can both pull and be asked to pull again.
        assert editor.capabilities.diagnostic_provider is None
        editor.open(uri, FAULTY)
        found = await editor.diagnostics(uri, 1)
        assert [diagnostic.code for diagnostic in found] == [UNKNOWN, UNKNOWN]
        assert {diagnostic.source for diagnostic in found} == {"otpwise"}
        line = FAULTY.splitlines()[2]
        before = line[: line.index("bogus")]
        widths = {
            Encoding.UTF8: len(before.encode()),
            Encoding.UTF16: len(before) + 1,
            Encoding.UTF32: len(before),
        }
        assert found[1].range.start == types.Position(2, widths[encoding])
        described = found[0].code_description
        if name == "visual-studio-code":
            assert described is not None and described.href.endswith(f"{UNKNOWN}.md")
        else:
            assert described is None

        actions = await editor.actions(uri, 2)
        fix = actions[0]
        assert fix["title"].startswith("Remove")
        assert fix.get("isPreferred") is (True if name != "neovim@v0.7" else None)
        if "edit" not in fix:
            fix = await editor.raw("codeAction/resolve", fix)
        fixed = applied(FAULTY, edits_of(fix["edit"], uri), encoding)
        assert fixed == FAULTY.replace(" # otpwise:ignore bogus/thing", "")


async def test_a_client_that_resolves_nothing_gets_the_edit_at_once(mini: Path, connect: Connect) -> None:
    uri = (mini / "lib/mini/a.ex").as_uri()
    async with connect("emacs", [mini]) as editor:
        editor.open(uri, FAULTY)
        for action in await editor.actions(uri, 1):
            assert action.get("edit") or action.get("command")


async def test_only_is_a_prefix(mini: Path, connect: Connect) -> None:
    uri = (mini / "lib/mini/a.ex").as_uri()
    async with connect("visual-studio-code", [mini]) as editor:
        editor.open(uri, FAULTY)
        for only in ("source", "source.fixAll", "source.fixAll.otpwise"):
            (action,) = await editor.actions(uri, 0, [only])
            assert action["kind"] == "source.fixAll.otpwise"
        assert await editor.actions(uri, 1, ["refactor"]) == []
        assert await editor.actions(uri, 1, ["source.fixAll.other"]) == []
        assert {action["kind"] for action in await editor.actions(uri, 1, ["quickfix"])} == {"quickfix"}
        (action,) = await editor.actions(uri, 0, ["source"])
        resolved = await editor.raw("codeAction/resolve", action)
        fixed = applied(FAULTY, edits_of(resolved["edit"], uri), Encoding.UTF16)
        assert "otpwise" not in fixed


async def test_hover_teaches_at_a_finding_and_is_null_elsewhere(mini: Path, connect: Connect) -> None:
    uri = (mini / "lib/mini/a.ex").as_uri()
    async with connect("visual-studio-code", [mini]) as editor:
        editor.open(uri, FAULTY)
        where = types.TextDocumentIdentifier(uri)

        async def hover(line: int, character: int) -> Any:
            return await editor.client.text_document_hover_async(
                types.HoverParams(where, types.Position(line, character))
            )

        found = await hover(1, 25)
        assert found is not None and found.contents.kind == types.MarkupKind.Markdown
        assert UNKNOWN in found.contents.value and "Why" in found.contents.value
        assert await hover(0, 12) is None
        assert await hover(2, 8) is None


async def test_hover_on_a_suppression_explains_what_it_silences(mini: Path, connect: Connect) -> None:
    uri = (mini / "lib/mini/b.ex").as_uri()
    text = "defmodule Mini.B do\n  # otpwise:ignore suppression/unused -- for now\n  def b, do: 1\nend\n"
    async with connect("visual-studio-code", [mini]) as editor:
        editor.open(uri, text)
        params = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(1, 25))
        found = await editor.client.text_document_hover_async(params)
        assert found is not None and "suppression/unused" in found.contents.value  # type: ignore[union-attr]


async def test_a_stale_action_says_so(mini: Path, connect: Connect) -> None:
    uri = (mini / "lib/mini/a.ex").as_uri()
    async with connect("visual-studio-code", [mini]) as editor:
        editor.open(uri, FAULTY)
        fix = (await editor.actions(uri, 1))[0]
        editor.change(uri, 2, types.TextDocumentContentChangeWholeDocument("x = 1\n"))
        with pytest.raises(Exception, match="the file has changed"):
            await editor.raw("codeAction/resolve", fix)


async def test_suppressing_in_the_project_creates_its_settings(mini: Path, connect: Connect) -> None:
    uri = (mini / "lib/mini/a.ex").as_uri()
    async with connect("visual-studio-code", [mini]) as editor:
        editor.open(uri, FAULTY)
        (action,) = [a for a in await editor.actions(uri, 1) if ".otpwise.toml" in a["title"]]
        edit = (await editor.raw("codeAction/resolve", action))["edit"]
        created, written = edit["documentChanges"]
        assert created["kind"] == "create" and created["uri"] == (mini / ".otpwise.toml").as_uri()
        assert written["edits"][0]["newText"] == f'ignore = ["{UNKNOWN}"]\n'


async def test_fixing_all_makes_what_must_wait_for_another_fix(mini: Path, connect: Connect) -> None:
    """Two names of one comment overlap in their removal: the second is removed in a second round."""
    uri = (mini / "lib/mini/b.ex").as_uri()
    text = "defmodule Mini.B do\r\n  # é otpwise\r\n  # otpwise:ignore otp/no-such, otp/nor-this -- é😀\r\n  def b, do: 1\r\nend"
    async with connect("helix", [mini]) as editor:
        editor.open(uri, text)
        assert len(await editor.diagnostics(uri, 1)) == 2
        (action,) = await editor.actions(uri, 0, ["source.fixAll"])
        edit = (await editor.raw("codeAction/resolve", action))["edit"]
        fixed = applied(text, edits_of(edit, uri), Encoding.UTF8)
        assert fixed == "defmodule Mini.B do\r\n  # é otpwise\r\n  def b, do: 1\r\nend"
