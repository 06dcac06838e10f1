"""Settings from `.otpwise.toml` and from the client, and the mistakes in them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from otpwise_analyzers.project import config
from otpwise_analyzers.source.lines import LineIndex
from otpwise_server import uris
from otpwise_server.analysis import ProjectAnalysis, rule_names
from otpwise_server.diagnostics import SOURCE, json_range
from otpwise_server.worker import Urgency

if TYPE_CHECKING:
    from otpwise_server.session import Session

log = logging.getLogger(__name__)

SECTION = "otpwise"
# What the client's section may hold beside the settings of `.otpwise.toml`; the editors' extensions
# keep their own keys under the same name.
OWN_KEYS = frozenset(
    {
        "workspaceDiagnostics",
        "workspace-diagnostics",
        "workspace_diagnostics",
        "trace",
        "path",
        "server",
        "enable",
    }
)
_WAIT_FOR_CLIENT = 2.0


class Configuration:
    """What the client says, by workspace folder, over what the project's file says.

    Not ready until the client was asked: a project is not read with settings that are about to change.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._sections: dict[str | None, Mapping[str, Any]] = {None: {}}
        self._problem_uris: set[str] = set()
        self._complained: set[str] = set()
        self.is_ready = False

    @property
    def workspace_diagnostics(self) -> bool:
        """Whether the client wants the findings of files that are not open; yes unless it says no."""
        section = self._sections[None]
        return all(section.get(key) is not False for key in OWN_KEYS if key.startswith("workspace"))

    def offer(self, options: object) -> bool:
        """Takes in what the client sent unasked: `initializationOptions`, or `didChangeConfiguration`.

        Both `{"otpwise": {...}}` and the section's own content are understood. Answers whether there
        was anything.
        """
        if not isinstance(options, Mapping):
            return False
        section = options.get(SECTION, options.get("settings", options))
        if isinstance(section, Mapping) and isinstance(section.get(SECTION), Mapping):
            section = section[SECTION]
        if not isinstance(section, Mapping) or not section:
            return False
        self._sections = {None: section}
        return True

    async def ask(self) -> None:
        """Asks the client for its settings, where it can be asked, and then is ready."""
        if self._session.client.configuration:
            folders = list(self._session.folders)
            items = [types.ConfigurationItem(section=SECTION)]
            items += [types.ConfigurationItem(scope_uri=uri, section=SECTION) for uri in folders]
            request = self._session.server.workspace_configuration_async(types.ConfigurationParams(items))
            try:
                answers = await asyncio.wait_for(request, _WAIT_FOR_CLIENT)
            except Exception as error:
                log.warning("the client did not tell its settings: %r", error)
            else:
                for scope, answer in zip([None, *folders], answers, strict=False):
                    if isinstance(answer, Mapping) and (answer or scope in self._sections):
                        self._sections[scope] = answer
        self.is_ready = True

    async def read(self, project: ProjectAnalysis) -> bool:
        """Reads a project's settings again; answers whether they changed. Mistakes are shown."""
        root = project.root
        section = self._section_for(root)
        known = rule_names()

        def job() -> tuple[bool, config.Loaded, config.Loaded]:
            loaded = config.load(root, known) if root is not None else config.Loaded(config.Settings())
            merged = config.merge(loaded.settings, section, known, others=OWN_KEYS)
            return project.configure(merged.settings), loaded, merged

        changed, loaded, merged = await self._session.thread.run(Urgency.EDIT, job)
        if root is not None:
            self._show(root / config.FILE_NAME, loaded.problems)
        for problem in merged.problems:
            self._complain(problem.message)
        return changed

    def _section_for(self, root: Path | None) -> Mapping[str, Any]:
        best: str | None = None
        for uri, folder in self._session.folders.items():
            if uri in self._sections and root is not None and (folder == root or folder in root.parents):
                best = uri if best is None or len(uri) > len(best) else best
        return self._sections[best]

    def _complain(self, message: str) -> None:
        """The client's own settings have no place in a file: each mistake is told once."""
        if message not in self._complained:
            self._complained.add(message)
            self._session.server.window_show_message(
                types.ShowMessageParams(
                    types.MessageType.Warning, f"Otpwise, in the editor's settings: {message}"
                )
            )

    def _show(self, path: Path, problems: tuple[config.Problem, ...]) -> None:
        """Diagnostics in the file itself. They are pushed to every client: no client pulls for TOML."""
        uri = uris.from_path(path)
        if not problems:
            if uri in self._problem_uris:
                self._problem_uris.discard(uri)
                self._session.server.publish(uri, [], None)
            return
        try:
            lines = LineIndex(path.read_bytes())
        except OSError:
            lines = LineIndex(b"")
        encoding = self._session.client.encoding
        self._problem_uris.add(uri)
        found = [
            {
                "range": json_range(lines, problem.span, encoding),
                "severity": 2,
                "source": SOURCE,
                "code": "configuration",
                "message": problem.message,
            }
            for problem in problems
        ]
        self._session.server.publish(uri, found, None)
