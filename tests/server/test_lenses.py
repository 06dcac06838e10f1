"""Code lenses: who supervises a module, and the way to the entry that says so."""

from __future__ import annotations

import asyncio
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from tests.server.conftest import Connect, Editor

_FILES = {
    "mix.exs": """\
        defmodule Mini.MixProject do
          use Mix.Project
          def project, do: [app: :mini, version: "0.1.0"]
          def application, do: [mod: {Mini.Application, []}]
        end
        """,
    "lib/mini/application.ex": """\
        defmodule Mini.Application do
          use Application

          def start(_type, _args) do
            children = [
              Mini.Store,
              {DynamicSupervisor, name: Mini.Rooms}
            ]

            Supervisor.start_link(children, strategy: :rest_for_one)
          end
        end
        """,
    "lib/mini/processes.ex": """\
        defmodule Mini.Store do
          use GenServer
          def start_link(_), do: GenServer.start_link(__MODULE__, :ok)
          def open(id), do: DynamicSupervisor.start_child(Mini.Rooms, {Mini.Room, id})
        end

        defmodule Mini.Room do
          use Agent
          def start_link(_), do: Agent.start_link(fn -> 0 end)
        end

        defmodule Mini.Lost do
          use GenServer
          def start_link(_), do: GenServer.start_link(__MODULE__, :ok)
        end

        defmodule Mini.Plain do
          def go, do: Mini.Hand.start_link([])
        end

        defmodule Mini.Hand do
          use GenServer
          def start_link(_), do: GenServer.start_link(__MODULE__, :ok)
        end
        """,
}
PROCESSES, APPLICATION = "lib/mini/processes.ex", "lib/mini/application.ex"
_PROCESSES = dedent(_FILES[PROCESSES])
_APPLICATION = dedent(_FILES[APPLICATION])
EXPECTED = [
    (0, "supervised by Mini.Application · rest_for_one · child 1 of 2"),
    (6, "started dynamically under Mini.Rooms"),
    (11, "nobody supervises this"),
    (20, "started by hand in Mini.Plain, nobody supervises this"),
]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    for path, text in _FILES.items():
        full = root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(dedent(text))
    return root


async def lenses(editor: Editor, uri: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        await editor.raw("textDocument/codeLens", {"textDocument": {"uri": uri}}) or []
    )
    return found


async def titles(editor: Editor, uri: str) -> list[tuple[int, str]]:
    """The lines and titles of a file's lenses."""
    return [(lens["range"]["start"]["line"], lens["command"]["title"]) for lens in await lenses(editor, uri)]


async def until(editor: Editor, uri: str, expected: list[tuple[int, str]]) -> None:
    """Waits until the lenses of a file are these."""
    async with asyncio.timeout(15):
        while await titles(editor, uri) != expected:
            await asyncio.sleep(0.02)


async def test_who_supervises_each_module(shop: Path, connect: Connect) -> None:
    uri = (shop / PROCESSES).as_uri()
    async with connect("visual-studio-code", [shop]) as editor:
        editor.open(uri, _PROCESSES)
        await until(editor, uri, EXPECTED)
        editor.change(uri, 2, _inserted("# a line\n"))
        assert await titles(editor, uri) == [(line + 1, title) for line, title in EXPECTED]


async def test_a_click_goes_to_the_entry_where_it_is_now(shop: Path, connect: Connect) -> None:
    uri, application = (shop / PROCESSES).as_uri(), (shop / APPLICATION).as_uri()
    async with connect("visual-studio-code", [shop]) as editor:
        editor.open(uri, _PROCESSES)
        await until(editor, uri, EXPECTED)
        first, second, *rest = [lens["command"] for lens in await lenses(editor, uri)]
        assert first["command"] == second["command"] == "otpwise.goTo"
        assert [command["command"] for command in rest] == ["", ""]
        await editor.raw("workspace/executeCommand", first)
        assert _shown(editor) == (application, (5, 6), (5, 16))
        await editor.raw("workspace/executeCommand", second)
        assert _shown(editor) == (uri, (3, 62), (3, 77))
        editor.open(application, _APPLICATION)
        editor.change(application, 2, _inserted("# moved\n\n"))
        async with asyncio.timeout(15):
            while _shown(editor) != (application, (7, 6), (7, 16)):
                await editor.raw("workspace/executeCommand", first)


async def test_they_are_asked_for_again_when_the_tree_changes(shop: Path, connect: Connect) -> None:
    uri, application = (shop / PROCESSES).as_uri(), (shop / APPLICATION).as_uri()
    async with connect("visual-studio-code", [shop]) as editor:
        editor.open(uri, _PROCESSES)
        await until(editor, uri, EXPECTED)
        await editor.until(lambda: editor.lens_refreshes)
        editor.open(application, _APPLICATION)
        # Text that changes no tree asks for nothing.
        editor.change(application, 2, _inserted("# a comment\n"))
        entry = types.TextDocumentContentChangePartial(
            types.Range(types.Position(6, 6), types.Position(6, 6)), "{Mini.Lost, []},\n      "
        )
        editor.change(application, 3, entry)
        await editor.until(lambda: len(editor.lens_refreshes) == 2)
        assert await titles(editor, uri) == [
            (0, "supervised by Mini.Application · rest_for_one · child 2 of 3"),
            EXPECTED[1],
            (11, "supervised by Mini.Application · rest_for_one · child 1 of 3"),
            EXPECTED[3],
        ]


async def test_nothing_is_said_that_is_not_known(shop: Path, connect: Connect) -> None:
    uri = (shop / PROCESSES).as_uri()
    (shop / APPLICATION).write_text(_APPLICATION.replace("Mini.Store,\n", "hd(modules()),\n"))
    async with connect("visual-studio-code", [shop]) as editor:
        editor.open(uri, _PROCESSES)
        await until(editor, uri, [EXPECTED[1], (20, "started by hand in Mini.Plain")])


async def test_the_setting_and_clients_that_can_less(shop: Path, connect: Connect) -> None:
    uri = (shop / PROCESSES).as_uri()
    # Emacs asks for no lenses; nothing breaks when something does.
    async with connect("emacs", [shop]) as editor:
        assert editor.capabilities.code_lens_provider is None
        editor.open(uri, _PROCESSES)
        with pytest.raises(JsonRpcException):
            await lenses(editor, uri)
    (shop / ".otpwise.toml").write_text("code-lens = false\n")
    async with connect("visual-studio-code", [shop], settings={"otpwise": {"code-lens": True}}) as editor:
        editor.open(uri, _PROCESSES)
        await editor.until(lambda: editor.lens_refreshes)
        assert await titles(editor, uri) == []
        (shop / ".otpwise.toml").unlink()
        editor.watched((shop / ".otpwise.toml").as_uri(), types.FileChangeType.Deleted)
        await until(editor, uri, EXPECTED)


async def test_arguments_that_no_lens_has(shop: Path, connect: Connect) -> None:
    async with connect("visual-studio-code", [shop]) as editor:
        for arguments in ([], [1], ["a", "b"], [str(shop), "lib/mini/application.ex", "Mini.Gone#0.0"]):
            with pytest.raises(JsonRpcException):
                await editor.raw("workspace/executeCommand", _go_to(arguments))
        # Only what is in a project of this session is shown.
        for root in ("/", "nowhere", str(shop.parent)):
            await editor.raw("workspace/executeCommand", _go_to([root, "etc/passwd", "x"]))
        assert editor.client.shown_documents == []


def _go_to(arguments: list[Any]) -> dict[str, Any]:
    return {"command": "otpwise.goTo", "arguments": arguments}


async def test_a_client_that_shows_no_documents_gets_titles_alone(shop: Path, connect: Connect) -> None:
    uri = (shop / PROCESSES).as_uri()
    async with connect("lenses", [shop]) as editor:
        editor.open(uri, _PROCESSES)
        await until(editor, uri, EXPECTED)
        assert {lens["command"]["command"] for lens in await lenses(editor, uri)} == {""}


async def test_files_that_run_no_processes_have_none(shop: Path, connect: Connect) -> None:
    test = shop / "test" / "mini_test.exs"
    loose = shop.parent / "loose.ex"
    async with connect("visual-studio-code", [shop]) as editor:
        for path in (test, loose):
            editor.open(path.as_uri(), _PROCESSES)
        editor.open((shop / PROCESSES).as_uri(), _PROCESSES)
        await until(editor, (shop / PROCESSES).as_uri(), EXPECTED)
        for path in (test, loose):
            assert await titles(editor, path.as_uri()) == []


def _inserted(text: str) -> types.TextDocumentContentChangePartial:
    start = types.Position(0, 0)
    return types.TextDocumentContentChangePartial(types.Range(start, start), text)


def _shown(editor: Editor) -> tuple[str, tuple[int, int], tuple[int, int]] | None:
    """What the client was asked to show last: where, from and to."""
    if not editor.client.shown_documents:
        return None
    last = editor.client.shown_documents[-1]
    assert last.selection is not None and last.take_focus
    start, end = last.selection.start, last.selection.end
    return last.uri, (start.line, start.character), (end.line, end.character)
