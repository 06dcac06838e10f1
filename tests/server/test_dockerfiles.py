"""Dockerfiles over the wire, beside the Elixir that they build."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from tests.server.conftest import FAULTY, UNKNOWN, Connect
from tests.server.test_documents import edit

COMMENT = "# otpwise:ignore otp/no-such-rule -- why\n"
IMAGE = f"# syntax=docker/dockerfile:1\nFROM alpine:3.19\n{COMMENT}RUN apk add git \\\n  make\n"


@pytest.mark.parametrize("editor_name", ["visual-studio-code", "vscode-pull", "helix"])
@pytest.mark.parametrize("separator", ["\n", "\r\n"])
async def test_edits_fixes_and_hovers(editor_name: str, separator: str, mini: Path, connect: Connect) -> None:
    uri = (mini / "docker/Dockerfile.prod").as_uri()
    text = IMAGE.replace("\n", separator)
    async with connect(editor_name, [mini]) as editor:
        editor.open(uri, text, "dockerfile")

        async def found(version: int) -> list[tuple[int, str]]:
            if editor_name == "vscode-pull":
                report = await editor.raw(
                    "textDocument/diagnostic",
                    types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri)),
                )
                return [(item["range"]["start"]["line"], item["code"]) for item in report["items"]]
            return [(d.range.start.line, str(d.code)) for d in await editor.diagnostics(uri, version)]

        assert await found(1) == [(2, UNKNOWN)]
        editor.change(uri, 2, edit(1, 0, 0, f"ARG A=1{separator}"), edit(4, 0, 3, "RUN echo é;"))
        assert await found(2) == [(3, UNKNOWN)]
        hover = await editor.raw(
            "textDocument/hover",
            types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(3, 20)),
        )
        assert UNKNOWN in str(hover)
        titles = [action["title"] for action in await editor.actions(uri, 3)]
        assert any("Remove" in title for title in titles)
        assert any("in this file" in title for title in titles)
        editor.change(uri, 3, edit(3, 0, 999, "# nothing"))
        assert await found(3) == []


async def test_known_by_name_or_by_language(mini: Path, tmp_path: Path, connect: Connect) -> None:
    faulty = [
        ((mini / "Dockerfile").as_uri(), "plaintext"),
        ((mini / "image").as_uri(), "dockerfile"),
        ((tmp_path / "alone.Dockerfile").as_uri(), "dockerfile"),
        ("untitled:Untitled-1", "dockerfile"),
    ]
    silent = (mini / "docker-compose.yml").as_uri()
    async with connect("visual-studio-code", [mini]) as editor:
        editor.open(silent, COMMENT, "dockercompose")
        for uri, language in faulty:
            editor.open(uri, IMAGE, language)
        for uri, _ in faulty:
            assert [d.code for d in await editor.diagnostics(uri, 1)] == [UNKNOWN], uri
        assert silent not in {published.uri for published in editor.published}


async def test_a_comment_for_the_file_stands_behind_the_directives(mini: Path, connect: Connect) -> None:
    uri = (mini / "Dockerfile").as_uri()
    async with connect("visual-studio-code", [mini]) as editor:
        editor.open(uri, IMAGE, "dockerfile")
        await editor.diagnostics(uri, 1)
        for action in await editor.actions(uri, 2):
            if action["title"].endswith("in this file") and "Ignore" in action["title"]:
                resolved = await editor.raw("codeAction/resolve", action)
                (change,) = resolved["edit"]["documentChanges"]
                assert change["edits"][0]["range"]["start"] == {"line": 1, "character": 0}
                break
        else:
            raise AssertionError("not offered")


async def test_dockerfiles_are_watched(mini: Path, connect: Connect) -> None:
    async with connect("visual-studio-code", [mini]) as editor:
        await editor.until(lambda: editor.watchers)
        assert "Dockerfile" in str(editor.watchers) and "{ex,exs}" in str(editor.watchers)


@pytest.mark.parametrize("path", ["mix.exs", "config/runtime.exs", "script.exs"])
async def test_scripts_and_configuration_are_served_as_elixir(
    path: str, mini: Path, connect: Connect
) -> None:
    uri = (mini / path).as_uri()
    async with connect("visual-studio-code", [mini]) as editor:
        editor.open(uri, FAULTY)
        assert [d.code for d in await editor.diagnostics(uri, 1)] == [UNKNOWN, UNKNOWN]


async def test_a_whole_file_is_rewritten_and_another_created(mini: Path, connect: Connect) -> None:
    uri = (mini / "Dockerfile").as_uri()
    text = (
        "FROM elixir:1.16.2-slim\nWORKDIR /app\nENV MIX_ENV=prod\nRUN mix local.hex --force\n"
        'COPY . .\nRUN mix deps.get && mix compile\nCMD ["mix", "phx.server"]\n'
    )
    async with connect("visual-studio-code", [mini]) as editor:
        editor.open(uri, text, "dockerfile")
        found = await editor.diagnostics(uri, 1)
        assert "deploy/docker-mix-in-production" in {diagnostic.code for diagnostic in found}
        actions = await editor.actions(uri, 6)
        rewrite = next(action for action in actions if action["title"].startswith("Rewrite as a multi-stage"))
        assert rewrite["title"].endswith("(scaffold)")
        resolved = await editor.raw("codeAction/resolve", rewrite)
        changes = resolved["edit"]["documentChanges"]
        assert [change.get("kind") for change in changes] == [None, "create", None]
        new = changes[0]["edits"][0]["newText"]
        assert 'CMD ["bin/mini", "start"]' in new and "USER nobody" in new
        assert changes[1]["uri"].endswith("/.dockerignore")
        # All of the safe ones at once: the same layers, and nothing else.
        everything = next(action for action in actions if action["title"].startswith("Fix all safe findings"))
        resolved = await editor.raw("codeAction/resolve", everything)
        assert "--only prod" in str(resolved["edit"])
