"""Files that change outside of the editor."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lsprotocol import types

from otpwise_analyzers.project.config import FILE_NAME
from otpwise_analyzers.syntax.languages import LANGUAGES
from otpwise_server import uris
from otpwise_server.analysis import ProjectAnalysis
from otpwise_server.projects import is_left_out

if TYPE_CHECKING:
    from otpwise_server.session import Session

log = logging.getLogger(__name__)

_PATTERNS = (
    *(glob for language in LANGUAGES for glob in language.globs),
    "**/mix.lock",
    f"**/{FILE_NAME}",
    "**/.gitignore",
)
# After so many files at once (another branch was checked out) the whole is read again.
_MANY = 200


async def register(session: Session) -> None:
    """Asks the client to watch, and to tell when its settings change, where it lets itself be asked."""
    registrations = []
    if session.client.registers_watchers:
        watchers = [types.FileSystemWatcher(glob_pattern=pattern) for pattern in _PATTERNS]
        options = types.DidChangeWatchedFilesRegistrationOptions(watchers=watchers)
        registrations.append(
            types.Registration("otpwise-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
        )
    if session.client.registers_configuration:
        section = types.DidChangeConfigurationRegistrationOptions(section="otpwise")
        registrations.append(
            types.Registration("otpwise-settings", types.WORKSPACE_DID_CHANGE_CONFIGURATION, section)
        )
    if registrations:
        try:
            await session.server.client_register_capability_async(types.RegistrationParams(registrations))
        except Exception as error:
            log.warning("the client refused to watch files: %s", error)


async def changed(session: Session, changes: list[tuple[str, types.FileChangeType]]) -> None:
    """Brings the projects up to date with files that were created, changed or deleted."""
    touched: dict[ProjectAnalysis, list[str]] = {}
    whole: dict[ProjectAnalysis, None] = {}
    for uri, kind in changes:
        path = uris.to_path(uri)
        if path is None or is_left_out(path):
            continue
        if path.name == "mix.exs" and kind != types.FileChangeType.Changed:
            session.projects.forget_roots()
            session.index_folders()
        project = session.projects.of(path)
        if project.root is None:
            continue
        if path.name == FILE_NAME and path.parent == project.root:
            await reconfigure(session, project)
        elif path.name == ".gitignore":
            whole[project] = None
        elif path.name == "mix.lock":
            touched.setdefault(project, []).append(project.relative(path, uri))
        elif kind != types.FileChangeType.Created or path.is_file():
            # What is open is read from the editor, whatever happens on the disk.
            touched.setdefault(project, []).append(project.relative(path, uri))
    for project, paths in touched.items():
        if len(paths) > _MANY:
            whole[project] = None
        elif project not in whole:
            session.reread(project, paths)
            session.news.set()
    for project in whole:
        session.index(project, again=True)


async def reconfigure(session: Session, project: ProjectAnalysis) -> None:
    """Reads a project's settings again; what they change is shown."""
    before = project.settings.exclude
    if await session.configuration.read(project):
        if project.settings.exclude != before:
            session.index(project, again=True)
        session.recheck(project)
        session.refresh_lenses()
