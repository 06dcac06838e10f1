"""Clients that ask for diagnostics: nothing is pushed to them, and nothing is sent twice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from lsprotocol import types

from tests.server.conftest import FAULTY, UNKNOWN, Connect, Editor

CLEAN = "defmodule Mini.A do\nend\n"


async def pull(editor: Editor, uri: str, previous: str | None = None) -> dict[str, Any]:
    params = {"textDocument": {"uri": uri}}
    if previous is not None:
        params["previousResultId"] = previous  # type: ignore[assignment]
    answer: dict[str, Any] = await editor.raw("textDocument/diagnostic", params)
    return answer


async def test_result_ids(mini: Path, connect: Connect) -> None:
    uri = (mini / "lib/mini/a.ex").as_uri()
    async with connect("vscode-pull", [mini]) as editor:
        provider = editor.capabilities.diagnostic_provider
        assert provider is not None and provider.workspace_diagnostics and provider.inter_file_dependencies
        await editor.until(lambda: editor.client.diagnostic_refresh_count)
        editor.open(uri, FAULTY)
        first = await pull(editor, uri)
        assert first["kind"] == "full" and [item["code"] for item in first["items"]] == [UNKNOWN, UNKNOWN]
        again = await pull(editor, uri, first["resultId"])
        assert again == {"kind": "unchanged", "resultId": first["resultId"]}
        editor.change(uri, 2, types.TextDocumentContentChangeWholeDocument(CLEAN))
        changed = await pull(editor, uri, first["resultId"])
        assert changed["kind"] == "full" and changed["items"] == []
        editor.change(uri, 3, types.TextDocumentContentChangeWholeDocument(FAULTY))
        assert (await pull(editor, uri, changed["resultId"]))["resultId"] == first["resultId"]
        assert editor.published == []


async def test_a_file_that_is_not_open_is_read_from_the_disk(mini: Path, connect: Connect) -> None:
    async with connect("vscode-pull", [mini]) as editor:
        assert len((await pull(editor, (mini / "lib/mini/a.ex").as_uri()))["items"]) == 2
        assert (await pull(editor, (mini / "lib/mini/gone.ex").as_uri()))["items"] == []


class Stream:
    """A `workspace/diagnostic` request that is held open."""

    def __init__(self, editor: Editor) -> None:
        self.reports: list[dict[str, Any]] = []

        def progress(params: types.ProgressParams) -> None:
            if params.token == "partial":
                value = params.value if isinstance(params.value, dict) else params.value._asdict()
                for item in value["items"]:
                    self.reports.append(item if isinstance(item, dict) else item._asdict())

        editor.client.protocol.fm._features["$/progress"] = progress
        self.task = asyncio.ensure_future(
            editor.raw(
                "workspace/diagnostic", {"previousResultIds": [], "partialResultToken": "partial"}, "held"
            )
        )


async def test_the_workspace_streams_and_is_held(mini: Path, connect: Connect) -> None:
    path = mini / "lib/mini/a.ex"
    async with connect("vscode-pull", [mini]) as editor:
        stream = Stream(editor)
        await editor.until(lambda: stream.reports)
        assert [(report["uri"], len(report["items"])) for report in stream.reports] == [(path.as_uri(), 2)]
        assert not stream.task.done()
        path.write_text(CLEAN)
        editor.watched(path.as_uri())
        await editor.until(lambda: len(stream.reports) > 1)
        assert (stream.reports[1]["kind"], list(stream.reports[1]["items"])) == ("full", [])
        assert not stream.task.done()
        path.write_text(FAULTY)
        editor.watched(path.as_uri())
        await editor.until(lambda: len(stream.reports) > 2)
        path.unlink()
        editor.watched(path.as_uri(), types.FileChangeType.Deleted)
        await editor.until(lambda: len(stream.reports) > 3)
        assert list(stream.reports[3]["items"]) == []
        await editor.cancel(stream.task, "held")


async def test_the_workspace_without_a_token_is_answered_when_there_is_news(
    mini: Path, connect: Connect
) -> None:
    async with connect("vscode-pull", [mini]) as editor:
        answer = await editor.raw("workspace/diagnostic", {"previousResultIds": []})
        (report,) = answer["items"]
        known = [{"uri": report["uri"], "value": report["resultId"]}]
        held = asyncio.ensure_future(editor.raw("workspace/diagnostic", {"previousResultIds": known}))
        await asyncio.sleep(1)
        assert not held.done()
        (mini / "lib/mini/a.ex").write_text(CLEAN)
        editor.watched(report["uri"])
        answer = await held
        assert list(answer["items"][0]["items"]) == []


async def test_the_workspace_can_be_switched_off(mini: Path, connect: Connect) -> None:
    options = {"otpwise": {"workspaceDiagnostics": False}}
    async with connect("vscode-pull", [mini], options=options) as editor:
        held = asyncio.ensure_future(editor.raw("workspace/diagnostic", {"previousResultIds": []}, "held"))
        await asyncio.sleep(2)
        assert not held.done()
        await editor.cancel(held, "held")
