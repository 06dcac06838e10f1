"""A real server process at the other end of a real pipe, and small Mix projects for it."""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from lsprotocol.converters import get_converter
from pygls.exceptions import JsonRpcRequestCancelled
from pytest_lsp import LanguageClient, client_capabilities, make_test_lsp_client

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "otpwise_server.main")
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(str(ROOT / package) for package in ("analyzers", "server", "cli")),
}

MIX = """defmodule Mini.MixProject do
  use Mix.Project
  def project, do: [app: :mini, version: "0.1.0"]
end
"""
# Two findings with a safe fix each, the second behind characters of every width.
FAULTY = """defmodule Mini.A do
  # otpwise:ignore otp/no-such-rule -- why
  def a, do: {"é😀", 1} # otpwise:ignore bogus/thing
end
"""
UNKNOWN = "suppression/unknown-rule"

# What Helix 25 sends, as far as it concerns us.
HELIX: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-8", "utf-32", "utf-16"]},
    "textDocument": {
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix", "source"]}},
            "isPreferredSupport": True,
            "disabledSupport": True,
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit", "command"]},
        },
        "diagnostic": {"dynamicRegistration": False, "relatedDocumentSupport": True},
        "hover": {"contentFormat": ["markdown"]},
        "publishDiagnostics": {"tagSupport": {"valueSet": [1, 2]}, "versionSupport": True},
    },
    "window": {"workDoneProgress": True, "showDocument": {"support": True}},
    "workspace": {
        "configuration": True,
        "didChangeWatchedFiles": {"dynamicRegistration": True, "relativePatternSupport": False},
        "workspaceEdit": {
            "documentChanges": True,
            "resourceOperations": ["create", "rename", "delete"],
            "normalizesLineEndings": False,
        },
        "workspaceFolders": True,
    },
}

# What LSP for Sublime Text sends: document changes, but no file can be created or renamed.
SUBLIME: dict[str, Any] = {
    "textDocument": {
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "refactor"]}},
            "dataSupport": True,
            "disabledSupport": True,
            "resolveSupport": {"properties": ["edit"]},
        },
        "publishDiagnostics": {"relatedInformation": True, "versionSupport": True},
    },
    "window": {
        "showDocument": {"support": True},
        "showMessage": {"messageActionItem": {"additionalPropertiesSupport": True}},
        "workDoneProgress": True,
    },
    "workspace": {
        "applyEdit": True,
        "configuration": True,
        "executeCommand": {},
        "workspaceEdit": {"documentChanges": True, "failureHandling": "abort"},
        "workspaceFolders": True,
    },
}
# What Kate sends: nothing about edits at all.
KATE: dict[str, Any] = {
    "textDocument": {
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "source"]}}},
        "publishDiagnostics": {"relatedInformation": True},
    },
    "window": {
        "showMessage": {"messageActionItem": {"additionalPropertiesSupport": True}},
        "workDoneProgress": True,
    },
    "workspace": {"workspaceFolders": True},
}
# A client from before there were code actions: it knows commands, and lets itself be asked to edit.
COMMANDS: dict[str, Any] = {
    "textDocument": {"codeAction": {}},
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}},
}
SENT = {"helix": HELIX, "sublime": SUBLIME, "kate": KATE, "commands": COMMANDS}


def capabilities(editor: str) -> types.ClientCapabilities:
    """The capabilities of an editor; `vscode-pull` is today's VS Code, which pulls, `plain` shows no Markdown,
    `lenses` can do nothing but show lenses."""
    if editor == "lenses":
        lenses = types.CodeLensClientCapabilities()
        return types.ClientCapabilities(text_document=types.TextDocumentClientCapabilities(code_lens=lenses))
    if editor in SENT:
        return get_converter().structure(SENT[editor], types.ClientCapabilities)
    if editor == "plain":
        found = client_capabilities("emacs")
        assert found.text_document is not None
        found.text_document.hover = types.HoverClientCapabilities(content_format=[types.MarkupKind.PlainText])
        return found
    found = client_capabilities("visual-studio-code" if editor == "vscode-pull" else editor)
    if editor == "vscode-pull":
        assert found.text_document is not None and found.workspace is not None
        found.text_document.diagnostic = types.DiagnosticClientCapabilities(related_information=True)
        found.workspace.diagnostics = types.DiagnosticWorkspaceClientCapabilities(refresh_support=True)
    return found


class Editor:
    """A client that keeps what it is told, with few words for what tests do."""

    def __init__(self, client: LanguageClient, answer: types.InitializeResult) -> None:
        self.client = client
        self.capabilities = answer.capabilities
        self.published: list[types.PublishDiagnosticsParams] = []
        self.watchers: list[Any] = []
        self.lens_refreshes: list[None] = []
        # What the server asked for: edits to make, and questions; `choices` are the answers to those.
        self.asked_edits: list[Any] = []
        self.questions: list[types.ShowMessageRequestParams] = []
        self.choices: list[str | None] = []

    def open(self, uri: str, text: str, language: str = "elixir", version: int = 1) -> None:
        item = types.TextDocumentItem(uri, language, version, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def change(self, uri: str, version: int, *changes: types.TextDocumentContentChangeEvent) -> None:
        where = types.VersionedTextDocumentIdentifier(version, uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(where, list(changes)))

    def watched(self, uri: str, kind: types.FileChangeType = types.FileChangeType.Changed) -> None:
        self.client.workspace_did_change_watched_files(
            types.DidChangeWatchedFilesParams([types.FileEvent(uri, kind)])
        )

    async def until(self, condition: Callable[[], Any], seconds: float = 15) -> Any:
        """What `condition` answers once it is true."""
        async with asyncio.timeout(seconds):
            while not (answer := condition()):
                await asyncio.sleep(0.01)
        return answer

    async def diagnostics(self, uri: str, version: int | None = None) -> list[types.Diagnostic]:
        """What was published for a version of a document."""

        def newest() -> list[types.PublishDiagnosticsParams]:
            return [p for p in self.published if p.uri == uri and (version is None or p.version == version)]

        return list((await self.until(newest))[-1].diagnostics)

    async def actions(self, uri: str, line: int, only: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """The code actions of a line, as they came over the wire."""
        range_ = types.Range(types.Position(line, 0), types.Position(line, 999))
        params = types.CodeActionParams(
            types.TextDocumentIdentifier(uri), range_, types.CodeActionContext([], only=only)
        )
        return await self.raw("textDocument/codeAction", params) or []

    async def raw(self, method: str, params: Any, key: str | None = None) -> Any:
        """A request whose answer stays JSON: lsprotocol takes an action with a command for a command."""
        protocol = self.client.protocol
        converter = protocol._converter
        body = converter.unstructure(params) if hasattr(params, "__attrs_attrs__") else params
        future: Future[Any] = Future()
        key = key if key is not None else str(uuid.uuid4())
        protocol._request_futures[key] = future
        protocol._send_data({"jsonrpc": "2.0", "id": key, "method": method, "params": body})
        return plain(await asyncio.wait_for(asyncio.wrap_future(future), 20))

    async def cancel(self, task: asyncio.Future[Any], key: str) -> None:
        """Cancels a request as a client does: the server still answers it, with an error."""
        self.client.protocol.notify(types.CANCEL_REQUEST, types.CancelParams(key))
        with pytest.raises(JsonRpcRequestCancelled):
            await task


def plain(value: Any) -> Any:
    """JSON of whatever pygls made of an answer."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value


Connect = Callable[..., AbstractAsyncContextManager[Editor]]


@pytest.fixture
def connect(tmp_path: Path) -> Connect:
    """Starts a server for one editor; leaves it properly, and holds it to exit status 0."""

    @asynccontextmanager
    async def connected(
        editor: str = "visual-studio-code",
        folders: Sequence[Path] = (),
        options: Any = None,
        settings: dict[str, Any] | None = None,
        apply_edits: bool = False,
    ) -> AsyncIterator[Editor]:
        client = make_test_lsp_client()
        published: list[types.PublishDiagnosticsParams] = []
        registered: list[Any] = []

        @client.feature(types.CLIENT_REGISTER_CAPABILITY)
        def register(params: types.RegistrationParams) -> None:
            registered.extend(params.registrations)

        refreshed: list[None] = []

        @client.feature(types.WORKSPACE_CODE_LENS_REFRESH)
        def refresh_lenses(params: None) -> None:
            refreshed.append(None)

        session: Editor | None = None

        @client.feature(types.WINDOW_SHOW_MESSAGE_REQUEST)
        def choose(params: types.ShowMessageRequestParams) -> types.MessageActionItem | None:
            assert session is not None
            session.questions.append(params)
            choice = session.choices.pop(0) if session.choices else None
            return next((one for one in params.actions or () if one.title == choice), None)

        def apply_edit(params: Any) -> types.ApplyWorkspaceEditResult:
            assert session is not None
            session.asked_edits.append(plain(client.protocol._converter.unstructure(params)))
            return types.ApplyWorkspaceEditResult(applied=True)

        client.protocol.fm._features[types.WORKSPACE_APPLY_EDIT] = apply_edit

        def publish(params: types.PublishDiagnosticsParams) -> None:
            published.append(params)
            client.diagnostics[params.uri] = params.diagnostics

        client.protocol.fm._features[types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS] = publish
        for key, value in (settings or {}).items():
            client.set_configuration(value, section=key)
        await client.start_io(*COMMAND, env=ENVIRONMENT)
        offered = capabilities(editor)
        if apply_edits and offered.workspace is not None:
            offered.workspace.apply_edit = True
        try:
            answer = await client.initialize_session(
                types.InitializeParams(
                    capabilities=offered,
                    initialization_options=options,
                    workspace_folders=[types.WorkspaceFolder(path.as_uri(), path.name) for path in folders],
                )
            )
            session = Editor(client, answer)
            session.published, session.watchers = published, registered
            session.lens_refreshes = refreshed
            yield session
            await asyncio.wait_for(client.shutdown_session(), 20)
            assert client._server is not None and client._server.returncode == 0
        finally:
            if client._server is not None and client._server.returncode is None:
                client._server.kill()
            await client.stop()

    return connected


@pytest.fixture
def mini(tmp_path: Path) -> Path:
    """A Mix project with one module, which has faults."""
    return make_project(tmp_path / "mini")


def make_project(root: Path, **files: str) -> Path:
    (root / "lib" / "mini").mkdir(parents=True)
    (root / "mix.exs").write_text(MIX)
    (root / "lib" / "mini" / "a.ex").write_text(FAULTY)
    return root
