"""Buffers over the wire: edits, versions, the latest wins, untitled ones, the same file in many spellings."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from otpwise_server import uris
from tests.server.conftest import FAULTY, UNKNOWN, Connect


def edit(line: int, first: int, last: int, text: str) -> types.TextDocumentContentChangePartial:
    range_ = types.Range(types.Position(line, first), types.Position(line, last))
    return types.TextDocumentContentChangePartial(range=range_, text=text)


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\r"])
async def test_incremental_edits_with_every_line_end(separator: str, mini: Path, connect: Connect) -> None:
    uri = (mini / "lib/mini/a.ex").as_uri()
    text = FAULTY.replace("\n", separator)
    async with connect("visual-studio-code", [mini]) as editor:
        editor.open(uri, text)
        assert len(await editor.diagnostics(uri, 1)) == (
            2 if separator != "\r" else len(editor.published[-1].diagnostics)
        )
        editor.change(uri, 2, edit(0, 0, 0, f"# \u2028 😀{separator}"), edit(2, 2, 999, "#"))
        found = await editor.diagnostics(uri, 2)
        if separator != "\r":
            assert [diagnostic.range.start.line for diagnostic in found] == [3]
        editor.change(uri, 3, edit(3, 0, 999, ""))
        assert await editor.diagnostics(uri, 3) == []


async def test_the_latest_edit_wins(mini: Path, connect: Connect) -> None:
    uri = (mini / "lib/mini/a.ex").as_uri()
    text = FAULTY + "".join(f"\ndefmodule Mini.M{n} do\n  def f(x), do: x + {n}\nend\n" for n in range(3000))
    async with connect("visual-studio-code", [mini]) as editor:
        editor.open(uri, text)
        for version in range(2, 60):
            editor.change(uri, version, edit(0, 0, 0, "#") if version % 2 == 0 else edit(0, 0, 1, ""))
        await editor.diagnostics(uri, 59)
        versions = [published.version for published in editor.published if published.uri == uri]
        assert versions == sorted(versions)
        assert versions[-1] == 59
        # Most of the runs in between were given up, or never begun.
        assert len(versions) < 40


async def test_a_buffer_that_was_never_saved(connect: Connect) -> None:
    async with connect("visual-studio-code") as editor:
        editor.open("untitled:Untitled-1", FAULTY)
        found = await editor.diagnostics("untitled:Untitled-1", 1)
        assert [diagnostic.code for diagnostic in found] == [UNKNOWN, UNKNOWN]
        fix = await editor.raw("codeAction/resolve", (await editor.actions("untitled:Untitled-1", 1))[0])
        assert fix["edit"]["documentChanges"][0]["textDocument"] == {
            "uri": "untitled:Untitled-1",
            "version": 1,
        }


async def test_a_script_outside_of_any_project(tmp_path: Path, connect: Connect) -> None:
    uri = (tmp_path / "alone.exs").as_uri()
    async with connect("emacs") as editor:
        editor.open(uri, FAULTY)
        assert len(await editor.diagnostics(uri, 1)) == 2
        titles = [action["title"] for action in await editor.actions(uri, 1)]
        assert not any(".otpwise.toml" in title for title in titles)


async def test_other_languages_dependencies_and_templates_stay_silent(mini: Path, connect: Connect) -> None:
    silent = [
        ((mini / "lib/a.html").as_uri(), "html"),
        ((mini / "deps/other/lib/o.ex").as_uri(), "elixir"),
        ((mini / "priv/templates/x.ex").as_uri(), "elixir"),
        ((mini / "priv/templates/x.html.heex").as_uri(), "phoenix-heex"),
    ]
    uri = (mini / "lib/mini/a.ex").as_uri()
    async with connect("visual-studio-code", [mini]) as editor:
        for other, language in silent:
            editor.open(other, FAULTY, language)
        editor.open(uri, FAULTY)
        await editor.diagnostics(uri, 1)
        assert {published.uri for published in editor.published} == {uri}
        assert await editor.actions(silent[1][0], 1) == []


async def test_closing_takes_the_diagnostics_away(mini: Path, connect: Connect) -> None:
    uri = (mini / "lib/mini/a.ex").as_uri()
    async with connect("visual-studio-code", [mini]) as editor:
        editor.open(uri, FAULTY)
        await editor.diagnostics(uri, 1)
        editor.client.text_document_did_close(
            types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri))
        )
        await editor.until(lambda: editor.published[-1].diagnostics == ())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("file:///c%3A/a%20b.ex", "file:///C:/a b.ex"),
        ("file:///a/%C3%A9.ex", "file:///a/é.ex"),
        ("file://localhost/a.ex", "file:///a.ex"),
        ("untitled:Untitled%201", "untitled:Untitled 1"),
    ],
)
def test_spellings_of_one_uri(one: str, other: str) -> None:
    assert uris.normalized(one) == uris.normalized(other)


@pytest.mark.parametrize("path", ["/a/b c/é#?%.ex", "/a.ex"])
def test_paths_survive_their_uri(path: str) -> None:
    assert uris.to_path(uris.from_path(Path(path))) == Path(path)


@pytest.mark.parametrize("uri", ["untitled:a", "git:/a/b.ex", "file:///a%00b", ""])
def test_what_is_no_path(uri: str) -> None:
    assert uris.to_path(uri) is None
