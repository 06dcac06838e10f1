"""Files that change without that anybody says so: an edit is made for what is there, or refused with the reason."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from otpwise_analyzers.source.lines import Encoding
from tests.server.conftest import Connect, Editor
from tests.server.editing import APPLICATION, FILES, PREVIEWS, STARTED_AT, made, write
from tests.server.test_clients import indexed, offer, resolved

FIX = "supervise Mini.Cache"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "mini", dict(FILES))


async def prepared(editor: Editor, root: Path) -> dict[str, Any]:
    await indexed(editor)
    editor.open((root / PREVIEWS).as_uri(), FILES[PREVIEWS])
    action = await offer(editor, root, PREVIEWS, STARTED_AT, FIX)
    assert action is not None and "edit" not in action
    return action


async def test_a_closed_file_that_changed_is_read_again(root: Path, connect: Connect) -> None:
    async with connect("visual-studio-code", [root]) as editor:
        action = await prepared(editor, root)
        moved = "# 😀 new\n\n" + FILES[APPLICATION].replace("Mini.Tasks}]", "Mini.Tasks}, Mini.Other]")
        (root / APPLICATION).write_text(moved)
        edit = await resolved(editor, action)
        after = made(edit, Encoding.UTF16, {(root / PREVIEWS).as_uri(): (1, FILES[PREVIEWS])})
        assert after[str(root / APPLICATION)] == moved.replace("Mini.Other]", "Mini.Other, Mini.Cache]")


async def test_a_client_that_resolves_nothing_gets_it_of_the_newest_too(root: Path, connect: Connect) -> None:
    async with connect("emacs", [root]) as editor:
        await indexed(editor)
        editor.open((root / PREVIEWS).as_uri(), FILES[PREVIEWS])
        assert await offer(editor, root, PREVIEWS, STARTED_AT, FIX) is not None
        # Somebody else has written the child: the call is all that is left to be mended.
        moved = FILES[APPLICATION].replace("Mini.Tasks}]", "Mini.Tasks}, Mini.Cache]")
        (root / APPLICATION).write_text(moved)
        action = await offer(editor, root, PREVIEWS, STARTED_AT, FIX)
        assert action is not None
        after = made(action["edit"], Encoding.UTF32, {(root / PREVIEWS).as_uri(): (1, FILES[PREVIEWS])})
        assert list(after) == [str(root / PREVIEWS)]


def _delete(path: Path) -> None:
    path.unlink()


def _not_utf8(path: Path) -> None:
    path.write_bytes(b"# \xff\n" + path.read_bytes())


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _forbid(path: Path) -> None:
    path.chmod(0)


@pytest.mark.parametrize(
    "spoil",
    [
        _delete,
        _not_utf8,
        _folder,
        pytest.param(_forbid, marks=pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")),
    ],
)
async def test_a_file_that_cannot_be_read_any_more_is_named(
    spoil: Callable[[Path], None], root: Path, connect: Connect
) -> None:
    async with connect("visual-studio-code", [root]) as editor:
        action = await prepared(editor, root)
        spoil(root / APPLICATION)
        with pytest.raises(Exception, match=f"{APPLICATION} changed on the disk"):
            await editor.raw("codeAction/resolve", action)
        await editor.until(lambda: editor.client.messages)
        message = editor.client.messages[-1]
        assert message.type == types.MessageType.Warning
        assert FIX in message.message and APPLICATION in message.message


async def test_a_file_that_came_where_one_is_to_be_created(root: Path, connect: Connect) -> None:
    async with connect("visual-studio-code", [root]) as editor:
        await prepared(editor, root)
        action = await offer(editor, root, PREVIEWS, STARTED_AT, ".otpwise.toml")
        assert action is not None
        (root / ".otpwise.toml").mkdir()
        with pytest.raises(Exception, match=r"\.otpwise\.toml is there already"):
            await editor.raw("codeAction/resolve", action)
        (root / ".otpwise.toml").rmdir()
        (root / ".otpwise.toml").write_text("# ours\n")
        edit = await resolved(editor, action)
        assert [part.get("kind") for part in edit["documentChanges"]] == [None]


async def test_settings_that_are_open_are_changed_as_they_are(root: Path, connect: Connect) -> None:
    settings = root / ".otpwise.toml"
    settings.write_text('ignore = ["a/b"]\n')
    async with connect("visual-studio-code", [root]) as editor:
        await prepared(editor, root)
        typed = '# é😀\nprofile = "strict"\nignore = ["a/b"] # why\n'
        editor.open(settings.as_uri(), typed, language="toml", version=9)
        action = await offer(editor, root, PREVIEWS, STARTED_AT, ".otpwise.toml")
        assert action is not None
        after = made(await resolved(editor, action), Encoding.UTF16, {settings.as_uri(): (9, typed)})
        assert after == {str(settings): typed.replace('"a/b"]', '"a/b", "otp/unsupervised-process"]')}


async def test_what_is_typed_between_the_offer_and_the_edit(root: Path, connect: Connect) -> None:
    previews, application = ((root / path).as_uri() for path in (PREVIEWS, APPLICATION))
    async with connect("visual-studio-code", [root]) as editor:
        action = await prepared(editor, root)
        # Behind the finding, and in the other file, which is open now: the edit is of both as they are.
        typed = FILES[PREVIEWS].replace("    url\n", "    url <> url\n")
        editor.change(previews, 2, types.TextDocumentContentChangeWholeDocument(typed))
        other = "# é😀\n" + FILES[APPLICATION]
        editor.open(application, FILES[APPLICATION], version=5)
        start = types.Range(types.Position(0, 0), types.Position(0, 0))
        editor.change(application, 6, types.TextDocumentContentChangePartial(start, "# é😀\n"))
        after = made(
            await resolved(editor, action), Encoding.UTF16, {previews: (2, typed), application: (6, other)}
        )
        assert after[str(root / APPLICATION)] == other.replace("Mini.Tasks}]", "Mini.Tasks}, Mini.Cache]")
        assert "url <> url" in after[str(root / PREVIEWS)]
        # Before it: nothing is where it was.
        editor.change(previews, 3, types.TextDocumentContentChangePartial(start, "# a line more\n"))
        with pytest.raises(Exception, match="the file has changed") as refused:
            await editor.raw("codeAction/resolve", action)
        assert refused.value.code == types.LSPErrorCodes.ContentModified.value  # type: ignore[attr-defined]


@pytest.mark.parametrize("newline", ["\r\n", "mixed"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
async def test_line_ends_and_marks_of_closed_and_open_files(
    newline: str, bom: bytes, root: Path, connect: Connect
) -> None:
    def ended(text: str) -> str:
        if newline != "mixed":
            return text.replace("\n", newline)
        first, *others = text.split("\n")
        return first + "\r\n" + "\n".join(others)

    closed, opened = ended(FILES[APPLICATION]), ended(FILES[PREVIEWS])
    (root / APPLICATION).write_bytes(bom + closed.encode())
    (root / PREVIEWS).write_bytes(bom + opened.encode())
    async with connect("visual-studio-code", [root]) as editor:
        await indexed(editor)
        editor.open((root / PREVIEWS).as_uri(), opened)
        for title in (FIX, "on this line", "in this file"):
            action = await offer(editor, root, PREVIEWS, STARTED_AT, title)
            assert action is not None
            edit = await resolved(editor, action)
            after = made(edit, Encoding.UTF16, {(root / PREVIEWS).as_uri(): (1, opened)})
            for path, text in after.items():
                before = closed if path.endswith("application.ex") else opened
                lost = before.count("\n") - text.count("\n")
                assert text.count("\r\n") in {before.count("\r\n") - lost, before.count("\r\n")}, title
                if newline == "\r\n":
                    assert text.count("\n") == text.count("\r\n") and text.count("\r") == text.count("\r\n")
