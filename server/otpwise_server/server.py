"""The language server: which requests it answers, and who answers them."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer

from otpwise_analyzers import __version__
from otpwise_analyzers.source.lines import Encoding
from otpwise_server import action_requests, bulk_requests, own_requests, watching
from otpwise_server.actions import EXPLAIN
from otpwise_server.analysis import page_of, rule_names
from otpwise_server.client import Client
from otpwise_server.diagnostics import SOURCE
from otpwise_server.hovers import hover_at
from otpwise_server.lenses import GO_TO, lenses_of
from otpwise_server.projects import is_served
from otpwise_server.protocol import OtpwiseProtocol
from otpwise_server.pulling import WorkspaceReport, document_report
from otpwise_server.session import Session
from otpwise_server.worker import Urgency

if TYPE_CHECKING:
    from otpwise_analyzers.project.supervision import Place

log = logging.getLogger(__name__)

_PARSE_ERROR = -32700


class OtpwiseServer(LanguageServer):
    """One server for one client."""

    protocol: OtpwiseProtocol

    def __init__(self) -> None:
        super().__init__("otpwise", __version__, protocol_cls=OtpwiseProtocol, max_workers=2)
        self.session = Session(self)
        self.encoding = Encoding.UTF16
        _register(self)

    def send(self, method: str, params: dict[str, Any]) -> None:
        """Sends a notification of plain JSON."""
        self.protocol._send_data({"jsonrpc": "2.0", "method": method, "params": params})

    def publish(self, uri: str, diagnostics: list[dict[str, Any]], version: int | None) -> None:
        """Shows a file's diagnostics in place of its earlier ones."""
        params: dict[str, Any] = {"uri": uri, "diagnostics": diagnostics}
        if version is not None:
            params["version"] = version
        self.send(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS, params)

    def report_server_error(self, error: Exception, source: type[Exception]) -> None:
        """Errors go to the log: a popup at every keystroke helps nobody."""
        if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError):
            answer = {"code": _PARSE_ERROR, "message": "not JSON"}
            self.protocol._send_data({"jsonrpc": "2.0", "id": None, "error": answer})
            return
        log.error("%s: %s", source.__name__, error, exc_info=error)


def _register(server: OtpwiseServer) -> None:
    """Everything but the text synchronization, which the protocol does itself."""
    session = server.session

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        client = Client.of(
            params, Encoding(types.PositionEncodingKind(server.workspace.position_encoding).value)
        )
        folders = [folder.uri for folder in params.workspace_folders or ()]
        if not folders and (root := params.root_uri) is not None:
            folders = [root]
        session.start(client, folders)
        session.configuration.offer(params.initialization_options)
        if client.pulls:
            _register_pull(server)
        if client.action_literals or client.takes_commands:
            action_requests.register(server)
        bulk_requests.register(server)
        if client.lenses:
            _register_lenses(server)

    @server.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        await session.configuration.ask()
        for project in (session.projects.loose, *session.projects):
            if await session.configuration.read(project):
                session.recheck(project)
        session.index_folders()
        for document in session.documents:
            if is_served(document):
                session.index(session.projects.of(document.path))
        await watching.register(session)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def did_save(params: types.DidSaveTextDocumentParams) -> None:
        uri = params.text_document.uri
        if not session.client.registers_watchers:
            session.spawn(watching.changed(session, [(uri, types.FileChangeType.Changed)]))

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def did_change_watched_files(params: types.DidChangeWatchedFilesParams) -> None:
        await watching.changed(session, [(change.uri, change.type) for change in params.changes])

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def did_change_configuration(params: types.DidChangeConfigurationParams) -> None:
        session.configuration.offer(params.settings)
        await session.configuration.ask()
        for project in (session.projects.loose, *session.projects):
            await watching.reconfigure(session, project)

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def did_change_workspace_folders(params: types.DidChangeWorkspaceFoldersParams) -> None:
        for folder in params.event.removed:
            session.remove_folder(folder.uri)
        for folder in params.event.added:
            session.add_folder(folder.uri)
        if params.event.added:
            await session.configuration.ask()
        session.index_folders()
        session.news.set()

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        checked = await session.checked(params.text_document.uri)
        if checked is None:
            return None
        project = session.projects.of(checked.text.path)
        return await session.thread.run(
            Urgency.REQUEST, lambda: hover_at(checked, params.position, session.client, project)
        )

    own_requests.register(server)

    @server.command(EXPLAIN)
    async def explain(*arguments: Any) -> None:
        """Opens a rule's page in the browser."""
        match arguments:
            case [str(rule)] if rule in rule_names():
                shown = types.ShowDocumentParams(page_of(rule), external=True)
            case _:
                raise JsonRpcInvalidParams(f"{EXPLAIN} takes the name of one rule")
        await server.window_show_document_async(shown)


def _register_pull(server: OtpwiseServer) -> None:
    session = server.session
    options = types.DiagnosticOptions(
        inter_file_dependencies=True, workspace_diagnostics=True, identifier=SOURCE, work_done_progress=False
    )

    @server.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, options)
    async def diagnostic(params: types.DocumentDiagnosticParams) -> dict[str, Any]:
        return await document_report(session, params)

    @server.feature(types.WORKSPACE_DIAGNOSTIC)
    async def workspace_diagnostic(params: types.WorkspaceDiagnosticParams) -> dict[str, Any]:
        return await WorkspaceReport(session, params).run()


def _register_lenses(server: OtpwiseServer) -> None:
    session = server.session

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensOptions(resolve_provider=False))
    async def code_lens(params: types.CodeLensParams) -> list[types.CodeLens] | None:
        checked = await session.checked(params.text_document.uri)
        if checked is None:
            return None
        project = session.projects.of(checked.text.path)
        return await session.thread.run(Urgency.REQUEST, lambda: lenses_of(checked, project, session.client))

    @server.command(GO_TO)
    async def go_to(*arguments: Any) -> None:
        """Shows an entry of a children list."""
        match arguments:
            case [str(root), str(path), str(key)]:
                from otpwise_analyzers.project.supervision import Place

                await _show(session, Path(root), Place(path, key))
            case _:
                raise JsonRpcInvalidParams(f"{GO_TO} takes a root, a path and a key, as the lenses have them")


async def _show(session: Session, root: Path, place: Place) -> None:
    """Shows a place of a known project, where it is now."""
    project = next((one for one in session.projects if one.root == root), None)
    if project is None or not session.client.shows_documents:
        return

    def job() -> types.ShowDocumentParams | None:
        span, text = project.place(place), session.projects.text_at(project, place.path)
        if span is None or text is None:
            return None
        where = text.range(span, session.client.encoding)
        return types.ShowDocumentParams(text.uri, take_focus=True, selection=where)

    shown = await session.thread.run(Urgency.REQUEST, job)
    if shown is None:
        raise _modified()
    await session.server.window_show_document_async(shown)


def _modified() -> JsonRpcException:
    code = types.LSPErrorCodes.ContentModified.value
    return JsonRpcException("the file has changed: ask for its actions again", code)
