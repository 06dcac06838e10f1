"""What clients of every kind get of one and the same fix: an edit that they can make, or the reason why not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from otpwise_analyzers.source.lines import Encoding
from tests.server.conftest import Connect, Editor
from tests.server.editing import APPLICATION, FILES, MISPLACED, PREVIEWS, STARTED_AT, made, write

# Client, its encoding, and what it can: document changes, annotations, creating and renaming, showing what it cannot.
CLIENTS = [
    ("visual-studio-code", Encoding.UTF16, True, True, True, True),
    ("neovim@v0.7", Encoding.UTF16, True, False, True, False),
    ("neovim", Encoding.UTF8, True, False, True, False),
    ("helix", Encoding.UTF8, True, False, True, True),
    ("emacs", Encoding.UTF32, True, False, False, False),
    ("sublime", Encoding.UTF16, True, False, False, True),
    ("kate", Encoding.UTF16, False, False, False, False),
]
MENDED = {
    'children = [{Task.Supervisor, name: "é😀" && Mini.Tasks}, Mini.Cache]': APPLICATION,
    'def fetch(url) do\n    {"é😀", {:ok, _}} = {"é😀", Mini.Cache.start_link([])}\n    url': PREVIEWS,
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "mini", dict(FILES))


async def indexed(editor: Editor) -> None:
    async def until_read() -> None:
        while await editor.raw("otpwise/tree", {"uri": None}) is None:
            await asyncio.sleep(0.03)

    await asyncio.wait_for(until_read(), 30)


async def offer(editor: Editor, root: Path, path: str, line: int, title: str) -> dict[str, Any] | None:
    found = [a for a in await editor.actions((root / path).as_uri(), line) if title in a["title"]]
    return found[0] if found else None


async def resolved(editor: Editor, action: dict[str, Any]) -> dict[str, Any]:
    if "edit" not in action:
        action = await editor.raw("codeAction/resolve", action)
    edit: dict[str, Any] = action["edit"]
    return edit


@pytest.mark.parametrize(("name", "encoding", "versions", "annotates", "moves", "disables"), CLIENTS)
async def test_several_files_at_once(
    name: str,
    encoding: Encoding,
    versions: bool,
    annotates: bool,
    moves: bool,
    disables: bool,
    root: Path,
    connect: Connect,
) -> None:
    previews, misplaced = (root / PREVIEWS).as_uri(), (root / MISPLACED).as_uri()
    async with connect(name, [root]) as editor:
        await indexed(editor)
        editor.open(previews, FILES[PREVIEWS], version=4)
        action = await offer(editor, root, PREVIEWS, STARTED_AT, "supervise Mini.Cache")
        assert action is not None and action["title"].endswith("(may change behaviour)")
        edit = await resolved(editor, action)
        assert ("documentChanges" in edit) is versions and ("changes" in edit) is not versions
        after = made(edit, encoding, {previews: (4, FILES[PREVIEWS])})
        assert sorted(after) == sorted(str(root / path) for path in (APPLICATION, PREVIEWS))
        for text, path in MENDED.items():
            assert text in after[str(root / path)]
        assert ("changeAnnotations" in edit) is annotates
        if annotates:
            (annotation,) = edit["changeAnnotations"].values()
            assert annotation["needsConfirmation"] and "Mini.Cache" in annotation["label"]
            assert all(one["annotationId"] for part in edit["documentChanges"] for one in part["edits"])

        # A file that is to be renamed, and one that is to be created.
        editor.open(misplaced, FILES[MISPLACED])
        rename = await offer(editor, root, MISPLACED, 0, "Rename the file")
        ignore = await offer(editor, root, MISPLACED, 0, ".otpwise.toml")
        if moves:
            assert rename is not None and ignore is not None
            edit = await resolved(editor, rename)
            assert all(("annotationId" in part) is annotates for part in edit["documentChanges"])
            buffers = {misplaced: (1, FILES[MISPLACED])}
            assert made(edit, encoding, buffers) == {str(root / "lib/mini/accounts.ex"): FILES[MISPLACED]}
            created = made(await resolved(editor, ignore), encoding)
            assert created == {str(root / ".otpwise.toml"): 'ignore = ["layout/module-path-mismatch"]\n'}
        elif disables:
            assert rename is not None and "rename a file" in rename["disabled"]["reason"]
            assert ignore is not None and "create a file" in ignore["disabled"]["reason"]
        else:
            assert rename is None and ignore is None
            # Once, and of fixes alone: nobody misses a way to say nothing.
            for _ in range(2):
                await offer(editor, root, MISPLACED, 0, "Rename the file")
                await offer(editor, root, PREVIEWS, STARTED_AT, "supervise Mini.Cache")
            (said,) = editor.client.messages
            assert "“Rename the file to lib/mini/accounts.ex" in said.message
            assert "this editor cannot rename a file" in said.message


async def test_a_client_without_code_actions_is_asked_to_edit(root: Path, connect: Connect) -> None:
    previews = (root / PREVIEWS).as_uri()
    async with connect("commands", [root]) as editor:
        await indexed(editor)
        editor.open(previews, FILES[PREVIEWS], version=2)
        command = await offer(editor, root, PREVIEWS, STARTED_AT, "supervise Mini.Cache")
        assert command is not None and command["command"] == "otpwise.apply" and "kind" not in command
        assert command["command"] in editor.capabilities.execute_command_provider.commands  # type: ignore[union-attr]
        call = {"command": command["command"], "arguments": command["arguments"]}
        await editor.raw("workspace/executeCommand", call)
        (asked,) = editor.asked_edits
        after = made(asked["edit"], Encoding.UTF16, {previews: (2, FILES[PREVIEWS])})
        for text, path in MENDED.items():
            assert text in after[str(root / path)]
        # What it was for is gone now.
        editor.open(previews, "x = 1\n", version=3)
        await editor.raw("workspace/executeCommand", call)
        assert "has changed" in editor.client.messages[-1].message and len(editor.asked_edits) == 1


async def test_kate_says_initialized_without_more(root: Path, connect: Connect) -> None:
    async with connect("kate", [root]) as editor:
        editor.client.protocol._send_data({"jsonrpc": "2.0", "method": "initialized"})
        await indexed(editor)


async def test_an_action_that_is_a_command_resolves_to_itself(root: Path, connect: Connect) -> None:
    previews = (root / PREVIEWS).as_uri()
    async with connect("visual-studio-code", [root]) as editor:
        editor.open(previews, FILES[PREVIEWS])
        await indexed(editor)
        explain = await offer(editor, root, PREVIEWS, STARTED_AT, "Explain otp")
        assert explain is not None
        assert (await editor.raw("codeAction/resolve", explain))["command"] == explain["command"]
