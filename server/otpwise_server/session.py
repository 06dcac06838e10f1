"""One client's session: its buffers, its projects, and what is done when one of them changes."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from otpwise_server import uris
from otpwise_server.analysis import Checked, ProjectAnalysis, Stopped
from otpwise_server.client import Client
from otpwise_server.configuration import Configuration
from otpwise_server.diagnostics import diagnostics_of
from otpwise_server.documents import OpenDocument, OpenDocuments, Text
from otpwise_server.progress import Progress
from otpwise_server.projects import Projects, is_served
from otpwise_server.worker import AnalysisThread, Stop, Urgency

if TYPE_CHECKING:
    from otpwise_server.everywhere import Census
    from otpwise_server.server import OtpwiseServer

log = logging.getLogger(__name__)

# Facts are read again when the typing pauses: they matter to other files, which nobody looks at.
_PAUSE = 0.2
_REFRESH_AFTER = 0.05


class Session:
    """Made with the server; usable after `start`. All methods are called in the event loop."""

    def __init__(self, server: OtpwiseServer) -> None:
        self.server = server
        self.client = Client()
        self.documents = OpenDocuments()
        self.projects = Projects(self.documents)
        self.configuration = Configuration(self)
        self.folders: dict[str, Path] = {}
        # Set whenever some file's diagnostics may have changed; the workspace's pull waits for it.
        self.news = asyncio.Event()
        self._thread: AnalysisThread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        # Made when it is first asked.
        self.census: Census | None = None
        self._said: set[str] = set()
        self._scratch: Path | None = None
        self._stops: dict[str, Stop] = {}
        self._pauses: dict[str, asyncio.TimerHandle] = {}
        self._indexing: dict[Path, asyncio.Task[None]] = {}
        self._refresh: asyncio.TimerHandle | None = None
        self._lens_refresh: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def thread(self) -> AnalysisThread:
        if self._thread is None:
            self._loop = asyncio.get_running_loop()
            self._thread = AnalysisThread(self._loop)
        return self._thread

    def start(self, client: Client, folders: Iterable[str]) -> None:
        """Takes in the `initialize` request."""
        self.client = client
        for uri in folders:
            self.add_folder(uri)

    def close(self) -> None:
        """Ends what runs on its own."""
        for task in (*self._indexing.values(), *self._tasks):
            task.cancel()
        for handle in self._pauses.values():
            handle.cancel()
        for refresh in (self._refresh, self._lens_refresh):
            if refresh is not None:
                refresh.cancel()
        if self._thread is not None:
            self._thread.close()
        if self._scratch is not None:
            import shutil

            shutil.rmtree(self._scratch, ignore_errors=True)

    def scratch(self) -> Path:
        """A folder for what is only to be looked at; it goes with the session."""
        if self._scratch is None:
            import tempfile

            self._scratch = Path(tempfile.mkdtemp(prefix="otpwise-"))
        return self._scratch

    def spawn(self, work: Any) -> None:
        """Runs a coroutine to its end; what it raises goes to the log."""
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a task failed", exc_info=error)

    # -- buffers -----------------------------------------------------------------------------------

    def opened(self, item: types.TextDocumentItem) -> None:
        document = OpenDocument(item)
        self.documents.add(document)
        if is_served(document):
            project = self.projects.of(document.path)
            self.index(project)
            self.check(document)

    def changed(self, params: types.DidChangeTextDocumentParams) -> None:
        document = self.documents.get(params.text_document.uri)
        if document is None:
            log.warning("a change of %s, which is not open", params.text_document.uri)
            return
        document.change(params.content_changes, params.text_document.version, self.client.encoding)
        if is_served(document):
            self.check(document)

    def closed(self, uri: str) -> None:
        document = self.documents.remove(uri)
        if document is None or not is_served(document):
            return
        key = uris.normalized(uri)
        if (stop := self._stops.pop(key, None)) is not None:
            stop.requested = True
        if (pause := self._pauses.pop(key, None)) is not None:
            pause.cancel()
        project = self.projects.of(document.path)
        self.thread.run(Urgency.FACTS, lambda: project.forget(document.uri))
        if not self.client.pulls:
            self.server.publish(document.uri, [], None)
        if document.path is not None:
            self.reread(project, [project.relative(document.path, document.uri)])

    # -- checking ----------------------------------------------------------------------------------

    def check(self, document: OpenDocument, urgency: Urgency = Urgency.EDIT) -> None:
        """Checks a buffer's newest text and tells the client; a check of an older text is given up."""
        key = uris.normalized(document.uri)
        if (older := self._stops.get(key)) is not None:
            older.requested = True
        self.news.set()
        if self.client.pulls:
            # The client asks for diagnostics itself; the other files' facts still follow.
            self._stops.pop(key, None)
            self._facts_at_pause(document)
            return
        stop = self._stops[key] = Stop()
        text = document.text
        future = self.thread.run(urgency, self.checking(text, stop))
        future.add_done_callback(lambda done: self._publish(document, text, done))

    def checking(
        self, text: Text, stop: Callable[[], bool], keep: bool = True
    ) -> Callable[[], tuple[Checked, list[dict[str, Any]]]]:
        """The job that checks a text, for the analysis thread."""
        project = self.projects.of(text.path)

        def job() -> tuple[Checked, list[dict[str, Any]]]:
            checked = project.check(text, stop, keep)
            found = diagnostics_of(checked, self.client, lambda path: self.projects.elsewhere(project, path))
            return checked, found

        return job

    def _publish(
        self, document: OpenDocument, text: Text, done: asyncio.Future[tuple[Checked, list[dict[str, Any]]]]
    ) -> None:
        if done.cancelled():
            return
        if (error := done.exception()) is not None:
            if not isinstance(error, Stopped):
                log.error("the check of %s failed", text.uri, exc_info=error)
            return
        if self.documents.get(text.uri) is not document or document.changes != text.changes:
            return
        self.server.publish(text.uri, done.result()[1], text.version)
        self._facts_at_pause(document)

    async def checked(self, uri: str) -> Checked | None:
        """The findings of a buffer as it is now; None when it is not open or not ours."""
        document = self.documents.get(uri)
        if document is None or not is_served(document):
            return None
        text = document.text
        project = self.projects.of(text.path)
        return await self.thread.run(Urgency.REQUEST, lambda: project.check(text, lambda: False))

    # -- facts -------------------------------------------------------------------------------------

    def _facts_at_pause(self, document: OpenDocument) -> None:
        key = uris.normalized(document.uri)
        if (pause := self._pauses.pop(key, None)) is not None:
            pause.cancel()
        loop = asyncio.get_running_loop()
        self._pauses[key] = loop.call_later(_PAUSE, self._facts_of_buffer, document)

    def _facts_of_buffer(self, document: OpenDocument) -> None:
        self._pauses.pop(uris.normalized(document.uri), None)
        project = self.projects.of(document.path)
        if document.path is not None and project.root is not None:
            self.reread(project, [project.relative(document.path, document.uri)])

    def reread(self, project: ProjectAnalysis, paths: list[str]) -> None:
        """Reads the facts of some files again; the files that depend on them are checked again."""
        if not paths or not project.is_indexed:
            return

        def job() -> set[str]:
            outdated: set[str] = set()
            before = project.supervision_changes
            for path in project.listed(paths):
                outdated |= project.refresh(path)
            if project.supervision_changes != before:
                loop.call_soon_threadsafe(self.refresh_lenses)
            return outdated

        loop = asyncio.get_running_loop()
        future = self.thread.run(Urgency.FACTS, job)
        future.add_done_callback(lambda done: self._recheck(project, done))

    def _recheck(self, project: ProjectAnalysis, done: asyncio.Future[set[str]]) -> None:
        if done.cancelled():
            return
        if (error := done.exception()) is not None:
            log.error("facts could not be read", exc_info=error)
            return
        if done.result():
            self.recheck(project, done.result())

    def recheck(self, project: ProjectAnalysis, paths: set[str] | None = None) -> None:
        """Checks the open buffers of a project (those among `paths`) again."""
        self.news.set()
        if self.client.pulls:
            if self._refresh is None:
                self._refresh = asyncio.get_running_loop().call_later(_REFRESH_AFTER, self._ask_to_pull)
            return
        for document in self.projects.open_in(project):
            if paths is None or project.relative(document.path, document.uri) in paths:
                self.check(document, Urgency.REFRESH)

    def _ask_to_pull(self) -> None:
        self._refresh = None
        self.spawn(self.server.workspace_diagnostic_refresh_async(None))

    def refresh_lenses(self) -> None:
        """Asks the client to ask for its lenses again: what they said is no longer so."""
        if self.client.refreshes_lenses and self._lens_refresh is None:
            self._lens_refresh = asyncio.get_running_loop().call_later(_REFRESH_AFTER, self._ask_for_lenses)

    def _ask_for_lenses(self) -> None:
        self._lens_refresh = None
        self.spawn(self.server.workspace_code_lens_refresh_async(None))

    def catch_up(self, project: ProjectAnalysis) -> list[str]:
        """Reads again what changed without that anybody said so, before an edit leans on it. Returns those files
        of the disk.

        Runs in the analysis thread.
        """
        behind, outdated = project.catch_up()
        self.recheck_soon(project, outdated)
        root = project.root or Path()
        return [path for path in behind if self.documents.at(root / path) is None]

    def recheck_soon(self, project: ProjectAnalysis, outdated: set[str]) -> None:
        """As `recheck`, from the analysis thread."""
        if outdated and self._loop is not None:
            self._loop.call_soon_threadsafe(self.recheck, project, outdated)

    # -- messages ----------------------------------------------------------------------------------

    def say(self, message: str, kind: types.MessageType = types.MessageType.Info) -> None:
        """Shows the user something."""
        self.server.window_show_message(types.ShowMessageParams(kind, f"Otpwise: {message}"))

    def say_once(self, what: str, message: str) -> None:
        """Shows the user something; of one `what` only the first time."""
        if what not in self._said:
            self._said.add(what)
            self.say(message)

    # -- projects ----------------------------------------------------------------------------------

    def add_folder(self, uri: str) -> None:
        path = uris.to_path(uri)
        if path is not None:
            self.folders[uri] = path

    def remove_folder(self, uri: str) -> None:
        """Forgets a folder and the projects in it that no open buffer needs."""
        folder = self.folders.pop(uri, None)
        for project in self.projects:
            root = project.root
            if root is None or folder is None or not (root == folder or folder in root.parents):
                continue
            if any(root == other or other in root.parents for other in self.folders.values()):
                continue
            if not any(self.projects.open_in(project)):
                if (task := self._indexing.pop(root, None)) is not None:
                    task.cancel()
                self.projects.drop(root)

    def project_of(self, uri: str | None) -> ProjectAnalysis:
        """The project of a file, else of the first workspace folder that is in one."""
        path = uris.to_path(uri) if uri is not None else None
        project = self.projects.of(path) if path is not None else self.projects.loose
        if project.root is None:
            folders = (self.projects.of(folder / "mix.exs") for folder in self.folders.values())
            return next((one for one in folders if one.root is not None), project)
        return project

    async def is_indexed(self, project: ProjectAnalysis) -> bool:
        """Whether a project was read; one that is being read is waited for."""
        task = self._indexing.get(project.root) if project.root is not None else None
        if task is not None:
            await asyncio.wait({task})
        return project.is_indexed

    def index_folders(self) -> None:
        """Starts the index of every workspace folder that is, or is in, a Mix project."""
        for folder in list(self.folders.values()):
            self.index(self.projects.of(folder / "mix.exs"))

    def index(self, project: ProjectAnalysis, again: bool = False) -> None:
        """Starts a project's index when there is none yet, or `again`."""
        root = project.root
        if root is None or not self.configuration.is_ready or (root in self._indexing and not again):
            return
        if (running := self._indexing.get(root)) is not None:
            running.cancel()
        task = asyncio.get_running_loop().create_task(self._index(project, root))
        self._indexing[root] = task
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def _index(self, project: ProjectAnalysis, root: Path) -> None:
        # After the first file's diagnostics, which need no facts.
        from otpwise_server.indexing import collect

        await self.configuration.read(project)
        progress = await Progress.begin(self.server, f"Otpwise: reading {root.name}")
        try:
            editions = await self.thread.run(Urgency.PROJECT, project.editions)
            paths = list(editions)
            facts = await collect(root, paths, self.thread, progress.report)
            await self.thread.run(Urgency.FACTS, lambda: project.load(facts, editions))
        finally:
            progress.end()
        log.info("indexed %s: %d files", root, len(paths))
        # The facts live as long as the session: a collection at a keystroke should not walk them.
        gc.freeze()
        # What is typed meanwhile, and not yet saved, is the truth.
        self.reread(project, [project.relative(d.path, d.uri) for d in self.projects.open_in(project)])
        self.recheck(project)
        self.refresh_lenses()
