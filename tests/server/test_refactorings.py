"""Refactorings over the protocol: there at the cursor, of their kind, and one edit that makes a file and changes one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from tests.server.conftest import Connect, Editor

CONTEXT = """\
defmodule Mini.Accounts do
  import Ecto.Query

  alias Mini.Accounts.User
  alias Mini.Repo

  def list_users(team_id) do
    User
    |> where([u], u.team_id == ^team_id and is_nil(u.deleted_at))
    |> Repo.all()
  end
end
"""
USER = """\
defmodule Mini.Accounts.User do
  use Ecto.Schema

  schema "users" do
    field :team_id, :id
    field :deleted_at, :utc_datetime
  end
end
"""
REPO = "defmodule Mini.Repo do\n  use Ecto.Repo, otp_app: :mini, adapter: Ecto.Adapters.Postgres\nend\n"
TITLE = "Extract this query into composable functions (scaffold)"


@pytest.fixture
def accounts(mini: Path) -> str:
    folder = mini / "lib/mini/accounts"
    folder.mkdir()
    (folder / "user.ex").write_text(USER)
    (mini / "lib/mini/repo.ex").write_text(REPO)
    (mini / "lib/mini/accounts.ex").write_text(CONTEXT)
    return (mini / "lib/mini/accounts.ex").as_uri()


async def _offered(
    editor: Editor, uri: str, line: int, only: list[str] | None = None
) -> list[dict[str, Any]]:
    """The actions at a cursor, none of them selected."""
    at = types.Range(types.Position(line, 8), types.Position(line, 8))
    context = types.CodeActionContext([], only=only)
    params = types.CodeActionParams(types.TextDocumentIdentifier(uri), at, context)
    return await editor.raw("textDocument/codeAction", params) or []


async def test_is_there_at_the_cursor_and_makes_a_file(accounts: str, mini: Path, connect: Connect) -> None:
    async with connect("visual-studio-code", [mini]) as editor:
        options = editor.capabilities.code_action_provider
        assert isinstance(options, types.CodeActionOptions)
        assert types.CodeActionKind.RefactorExtract in (options.code_action_kinds or ())
        editor.open(accounts, CONTEXT)
        await editor.diagnostics(accounts)
        for only in (None, ["refactor"], ["refactor.extract"]):
            (action,) = [a for a in await _until_indexed(editor, accounts, only) if a["title"] == TITLE]
            assert action["kind"] == "refactor.extract" and "diagnostics" not in action
        for only in (["quickfix"], ["refactor.inline"], ["source"]):
            assert [a for a in await _offered(editor, accounts, 8, only) if a["title"] == TITLE] == []
        assert await _offered(editor, accounts, 1, ["refactor"]) == []

        edit = (await editor.raw("codeAction/resolve", action))["edit"]
        (annotation,) = edit["changeAnnotations"].values()
        assert annotation["needsConfirmation"] and annotation["label"]
        created = [part for part in edit["documentChanges"] if part.get("kind") == "create"]
        assert [part["uri"] for part in created] == [(mini / "lib/mini/accounts/user_query.ex").as_uri()]
        texts = {
            part["textDocument"]["uri"]: "".join(one["newText"] for one in part["edits"])
            for part in edit["documentChanges"]
            if "textDocument" in part
        }
        assert "|> UserQuery.not_deleted()" in texts[accounts]
        assert "def by_team(query, team_id)" in texts[created[0]["uri"]]


async def _until_indexed(editor: Editor, uri: str, only: list[str] | None) -> list[dict[str, Any]]:
    """Which module is a schema is known once the project has been read."""
    async with asyncio.timeout(15):
        while True:
            found = await _offered(editor, uri, 8, only)
            if any(action["title"] == TITLE for action in found):
                return found
            await asyncio.sleep(0.02)


async def test_a_client_that_cannot_create_files_is_told(accounts: str, mini: Path, connect: Connect) -> None:
    async with connect("plain", [mini]) as editor:
        editor.open(accounts, CONTEXT)
        await editor.diagnostics(accounts)
        for action in await _offered(editor, accounts, 8):
            assert action["title"] != TITLE or "disabled" in action or "edit" in action
