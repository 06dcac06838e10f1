"""Requests that an editor's extension makes beyond the protocol."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from pygls.exceptions import JsonRpcException

from otpwise_analyzers.rules.catalogue import RULES
from tests.server.conftest import Connect


async def test_all_rules_and_the_page_of_one(mini: Path, connect: Connect) -> None:
    async with connect("visual-studio-code", [mini]) as editor:
        rules = await editor.raw("otpwise/rules", {})
        assert [entry["name"] for entry in rules] == list(RULES)
        assert all(entry["summary"] for entry in rules)
        page = await editor.raw("otpwise/explanation", {"rule": "otp/missing-init"})
        assert page["title"] == "otp/missing-init" and page["url"].startswith("https://")
        assert "```elixir" in page["markdown"]
        assert await editor.raw("otpwise/explanation", {"rule": "otp/no-such-rule"}) is None
        with pytest.raises(JsonRpcException, match="takes the name of a rule"):
            await editor.raw("otpwise/explanation", {"name": 1})


APPLICATION = """defmodule Mini.Application do
  use Application

  def start(_type, _args) do
    children = ["é" && Mini.A, {Task.Supervisor, name: Mini.Tasks}]
    Supervisor.start_link(children, strategy: :one_for_one)
  end
end
"""


async def test_the_tree_and_where_a_click_leads(mini: Path, connect: Connect) -> None:
    mix = (mini / "mix.exs").read_text()
    (mini / "mix.exs").write_text(
        mix.replace("\nend\n", "\n  def application, do: [mod: {Mini.Application, []}]\nend\n")
    )
    application = mini / "lib/mini/application.ex"
    application.write_text(APPLICATION)
    async with connect("visual-studio-code", [mini]) as editor:

        async def drawn() -> Any:
            while (answer := await editor.raw("otpwise/tree", {"uri": application.as_uri()})) is None:
                await asyncio.sleep(0.05)
            return answer

        picture = await asyncio.wait_for(drawn(), 20)
        assert picture["title"] == "Supervision of mini" and ".supervisor" in picture["styles"]
        matched = re.search(r'data-place="(\d+)"[^>]*><b>Task.Supervisor</b>', picture["html"])
        assert matched is not None
        place = picture["places"][int(matched[1])]
        assert place == {"uri": application.as_uri(), "line": 4, "character": 31}
        # Without a file it is the first folder's.
        assert (await editor.raw("otpwise/tree", {"uri": None}))["html"] == picture["html"]


async def test_no_tree_without_a_project(tmp_path: Path, connect: Connect) -> None:
    async with connect("visual-studio-code", [tmp_path]) as editor:
        assert await editor.raw("otpwise/tree", {"uri": (tmp_path / "a.exs").as_uri()}) is None
