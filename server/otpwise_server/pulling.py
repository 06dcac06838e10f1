"""Diagnostics for clients that ask for them: of one file, and of the whole workspace."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from otpwise_analyzers.source.lines import LineIndex
from otpwise_server import uris
from otpwise_server.analysis import ProjectAnalysis
from otpwise_server.documents import Text
from otpwise_server.progress import Progress
from otpwise_server.projects import is_served
from otpwise_server.reading import data_on_disk
from otpwise_server.worker import Stop, Urgency

if TYPE_CHECKING:
    from otpwise_server.session import Session

Report = dict[str, Any]

_BATCH = 32
# Keystrokes come in bursts; the files that nobody looks at can wait for the end of one.
_CALM = 0.5


async def document_report(session: Session, params: types.DocumentDiagnosticParams) -> Report:
    """The report of one file, for its newest text: a change that comes in between is waited for."""
    uri = params.text_document.uri
    while True:
        document = session.documents.get(uri)
        if document is not None and not is_served(document):
            return {"kind": "full", "items": []}
        text = document.text if document is not None else _closed(uri)
        if text is None:
            return {"kind": "full", "items": []}
        report = await _report(session, text, params.previous_result_id, Urgency.EDIT)
        if document is None or document.changes == text.changes:
            return report


def _closed(uri: str) -> Text | None:
    path = uris.to_path(uri)
    data = data_on_disk(path) if path is not None else None
    return Text(uri, path, data, LineIndex(data)) if data is not None else None


async def _report(session: Session, text: Text, previous: str | None, urgency: Urgency) -> Report:
    """Full, or unchanged when `previous` still names all that it depends on."""
    stop = Stop()
    keep = text.keeper is not None
    project = session.projects.of(text.path)
    path = project.relative(text.path, text.uri)
    if previous is not None and previous == project.identity(path, text.data):
        return {"kind": "unchanged", "resultId": previous}
    try:
        checked, found = await session.thread.run(urgency, session.checking(text, stop, keep))
    except asyncio.CancelledError:
        stop.requested = True
        raise
    return {"kind": "full", "resultId": checked.id, "items": found}


class WorkspaceReport:
    """One `workspace/diagnostic` request, held open: a client that gets its answer asks again at once.

    With a partial result token the request streams for as long as it is held. Without one it is
    answered as soon as there is something that the client does not know.
    """

    def __init__(self, session: Session, params: types.WorkspaceDiagnosticParams) -> None:
        self._session = session
        self._token = params.partial_result_token
        self._bar = params.work_done_token
        # What a file was like when it was last looked at: it is read again only when that differs.
        self._states: dict[Path, object] = {}
        self._known = {uris.normalized(p.uri): (p.uri, p.value) for p in params.previous_result_ids}
        self._unsent: list[Report] = []

    async def run(self) -> dict[str, Any]:
        """The answer, when there is one; cancelled by the client in the usual case."""
        session = self._session
        while True:
            session.news.clear()
            if session.configuration.workspace_diagnostics:
                await self._round()
            self._flush()
            if self._unsent:
                return {"items": self._unsent}
            await session.news.wait()
            await asyncio.sleep(_CALM)

    async def _round(self) -> None:
        """Reports every file whose findings the client does not know, and those that are gone."""
        session = self._session
        current: set[str] = set()
        bar, self._bar = self._bar, None
        progress = await Progress.begin(session.server, "Otpwise: checking the project", bar) if bar else None
        try:
            for project in session.projects:
                if project.is_indexed:
                    current |= await self._project(project, progress)
        finally:
            if progress is not None:
                progress.end()
        for key, (uri, _) in list(self._known.items()):
            document = session.documents.get(uri)
            if key not in current and (document is None or not is_served(document)):
                del self._known[key]
                self._add({"kind": "full", "uri": uri, "version": None, "items": []})

    async def _project(self, project: ProjectAnalysis, progress: Progress | None) -> set[str]:
        """Reports a project's files; answers the keys of all that are there."""
        thread = self._session.thread
        paths = sorted(project.files)
        current: set[str] = set()
        for start in range(0, len(paths), _BATCH):
            batch = paths[start : start + _BATCH]
            for key, text in await thread.run(Urgency.PROJECT, partial(self._look, project, batch)):
                current.add(key)
                if text is not None:
                    await self._file(text, key)
            if progress is not None:
                progress.report(min(start + _BATCH, len(paths)), len(paths))
        return current

    def _look(self, project: ProjectAnalysis, paths: list[str]) -> list[tuple[str, Text | None]]:
        """The files that there are, with the text of those that are not as they were."""
        found: list[tuple[str, Text | None]] = []
        for path in paths:
            full = (project.root or Path()) / path
            document = self._session.documents.at(full)
            try:
                disk = full.stat() if document is None else None
            except OSError:
                continue
            edition = (disk.st_mtime_ns, disk.st_size) if disk is not None else None
            changes = document.changes if document is not None else None
            state = (edition, document, changes, project.state(path))
            if self._states.get(full) == state:
                uri = document.uri if document is not None else uris.from_path(full)
                found.append((uris.normalized(uri), None))
                continue
            text = self._session.projects.text_at(project, path)
            if text is not None:
                self._states[full] = state
                found.append((uris.normalized(text.uri), text))
        return found

    async def _file(self, text: Text, key: str) -> None:
        _, previous = self._known.get(key, (text.uri, None))
        report = await _report(self._session, text, previous, Urgency.PROJECT)
        if report["kind"] == "full":
            self._known[key] = (text.uri, report["resultId"])
            # A file that was never mentioned and has no findings need not be.
            if previous is not None or report["items"]:
                self._add({**report, "uri": text.uri, "version": text.version})

    def _add(self, report: Report) -> None:
        self._unsent.append(report)
        if len(self._unsent) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        if self._token is not None and self._unsent:
            self._session.server.send("$/progress", {"token": self._token, "value": {"items": self._unsent}})
            self._unsent = []
