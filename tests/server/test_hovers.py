"""Hovers over the wire: at findings, on constructs, null on everything else, in Markdown and without."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from lsprotocol import types

from tests.server.conftest import Connect, Editor

TREE = """defmodule Mini.Tree do
  use Supervisor

  @doc "strategy: :one_for_one, GenServer.call(pid, :x)"
  def init(_) do
    children = [Mini.First, Mini.Second]
    # strategy: :one_for_one
    Supervisor.init(children, strategy: :rest_for_one)
  end

  def ask(pid), do: GenServer.call(pid, :state, 10_000)

  def call(pid), do: call(pid)
end
"""
FAULT = """defmodule Mini.Cache do
  use GenServer

  def start_link(_), do: GenServer.start_link(__MODULE__, %{}, name: __MODULE__)

  def get, do: GenServer.call(__MODULE__, :get)
end
"""
Hover = Callable[[int, int], Awaitable[types.Hover | None]]


def hovering(editor: Editor, uri: str) -> Hover:
    async def hover(line: int, character: int) -> types.Hover | None:
        found: types.Hover | None = await editor.client.text_document_hover_async(
            types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(line, character))
        )
        return found

    return hover


def value(found: types.Hover | None) -> str:
    assert found is not None and isinstance(found.contents, types.MarkupContent)
    return found.contents.value


async def test_a_construct_teaches_in_the_names_of_the_code(mini: Path, connect: Connect) -> None:
    uri = (mini / "lib/mini/tree.ex").as_uri()
    async with connect(folders=[mini]) as editor:
        editor.open(uri, TREE)
        hover = hovering(editor, uri)
        found = await hover(7, 30)
        assert "if `Mini.First` crashes, `Mini.Second` is restarted too" in value(found)
        assert found is not None
        assert found.range == types.Range(types.Position(7, 30), types.Position(7, 53))
        # The value as well as the key, but not the blank between, nor what stands around.
        assert "rest_for_one" in value(await hover(7, 41))
        assert await hover(7, 53) is None
        assert await hover(7, 22) is None
        found = await hover(10, 31)
        assert "after 10,000 ms" in value(found)
        assert found is not None
        assert found.range == types.Range(types.Position(10, 20), types.Position(10, 34))


async def test_a_hover_is_null_on_arguments_strings_comments_and_functions_of_ones_own(
    mini: Path, connect: Connect
) -> None:
    uri = (mini / "lib/mini/tree.ex").as_uri()
    async with connect(folders=[mini]) as editor:
        editor.open(uri, TREE)
        hover = hovering(editor, uri)
        lines = TREE.split("\n")
        somewhere = [
            (line, character) for line in range(len(lines)) for character in range(len(lines[line]) + 1)
        ]
        shown = {place for place in somewhere if await hover(*place) is not None}
        assert {line for line, _ in shown} == {1, 7, 10}
        words = {1: "use Supervisor", 7: "strategy: :rest_for_one", 10: "GenServer.call"}
        for line, character in shown:
            start = lines[line].index(words[line])
            assert start <= character < start + len(words[line])


async def test_hovers_on_constructs_can_be_turned_off(mini: Path, connect: Connect) -> None:
    uri = (mini / "lib/mini/tree.ex").as_uri()
    off = {"otpwise": {"hover": {"constructs": False}}}
    async with connect(folders=[mini], settings=off) as editor:
        editor.open(uri, TREE)
        assert await settled(editor, uri, shown=False)
    (mini / ".otpwise.toml").write_text("[hover]\nconstructs = false\n")
    async with connect(folders=[mini]) as editor:
        editor.open(uri, TREE)
        assert await settled(editor, uri, shown=False)
        (mini / ".otpwise.toml").unlink()
        editor.watched((mini / ".otpwise.toml").as_uri(), types.FileChangeType.Deleted)
        assert await settled(editor, uri, shown=True)


async def settled(editor: Editor, uri: str, shown: bool) -> bool:
    """Whether the construct is shown, or not, once the settings are read."""
    for _ in range(200):
        if (await hovering(editor, uri)(7, 30) is not None) is shown:
            return True
        await asyncio.sleep(0.02)
    return False


async def test_a_finding_comes_before_the_construct_and_shows_what_its_fix_does_here(
    mini: Path, connect: Connect
) -> None:
    uri = (mini / "lib/mini/cache.ex").as_uri()
    async with connect(folders=[mini]) as editor:
        editor.open(uri, FAULT)
        await editor.diagnostics(uri)
        text = value(await hovering(editor, uri)(1, 6))
        assert text.startswith("**otp/missing-init**")
        assert "```diff\n" in text and "+def init(state), do: {:ok, state}" in text
        assert "-- reason`" in text and "docs/rules/otp/missing-init.md" in text
        # The same file has a construct where there is no finding.
        assert value(await hovering(editor, uri)(5, 26)).startswith("**GenServer.call**")


async def test_plain_text_has_no_marks(mini: Path, connect: Connect) -> None:
    uri = (mini / "lib/mini/cache.ex").as_uri()
    async with connect("plain", folders=[mini]) as editor:
        editor.open(uri, FAULT)
        await editor.diagnostics(uri)
        for place in ((1, 6), (5, 26)):
            found = await hovering(editor, uri)(*place)
            assert found is not None and isinstance(found.contents, types.MarkupContent)
            assert found.contents.kind is types.MarkupKind.PlainText
            assert not any(mark in found.contents.value for mark in ("**", "```", "]("))
        assert "    +  def init" not in value(await hovering(editor, uri)(5, 26))
        assert "    +def init(state)" in value(await hovering(editor, uri)(1, 6))


async def test_dockerfiles_have_theirs(mini: Path, connect: Connect) -> None:
    uri = (mini / "Dockerfile").as_uri()
    text = "FROM elixir:1.17.3-alpine AS build\nENV MIX_ENV=prod\nRUN mix release\n\nFROM alpine:3.20.3\nUSER nobody\n"
    async with connect(folders=[mini]) as editor:
        editor.open(uri, text, language="dockerfile")
        hover = hovering(editor, uri)
        assert "the last of 2 stages, on `alpine:3.20.3`" in value(await hover(4, 1))
        assert value(await hover(2, 6)).startswith("**RUN mix release**")
        assert await hover(5, 6) is None
        assert await hover(3, 0) is None
