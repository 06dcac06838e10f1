"""Requests that an editor's extension makes beyond the protocol."""

from __future__ import annotations

from pathlib import Path

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
