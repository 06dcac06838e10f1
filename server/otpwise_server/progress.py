"""Work-done progress of what the server does on its own."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from lsprotocol import types

if TYPE_CHECKING:
    from otpwise_server.server import OtpwiseServer

log = logging.getLogger(__name__)

_numbers = itertools.count(1)
# What is done sooner needs no bar.
_PATIENCE = 0.4


class Progress:
    """One bar. Silent when the client shows none, or refuses this one."""

    def __init__(self, server: OtpwiseServer, token: types.ProgressToken | None) -> None:
        self._server = server
        self._token = token
        self._percentage = -1

    @classmethod
    async def begin(
        cls,
        server: OtpwiseServer,
        title: str,
        token: types.ProgressToken | None = None,
        cancels: asyncio.Task[Any] | None = None,
    ) -> Progress:
        """Starts a bar, under the token that the client sent with its request, or a new one. The user may end
        the task that it `cancels`."""
        if token is None:
            if not server.session.client.progress:
                return cls(server, None)
            token = f"otpwise-{next(_numbers)}"
            try:
                await server.window_work_done_progress_create_async(types.WorkDoneProgressCreateParams(token))
            except Exception as error:
                log.info("the client refused a progress bar: %s", error)
                return cls(server, None)
        progress = cls(server, token)
        if cancels is not None:
            # pygls cancels what lies there when the client says so.
            server.protocol.progress.tokens[token] = cancels  # type: ignore[assignment]
        is_cancellable = cancels is not None
        progress._send({"kind": "begin", "title": title, "cancellable": is_cancellable, "percentage": 0})
        return progress

    @classmethod
    @asynccontextmanager
    async def later(
        cls, server: OtpwiseServer, title: str, token: types.ProgressToken | None = None
    ) -> AsyncIterator[Later]:
        """A bar that appears when the work takes long; with it the user may cancel the task that is at it."""
        bar = Later(server, title, token)
        try:
            yield bar
        finally:
            await bar.end()

    def report(self, done: int, total: int) -> None:
        """Shows how far it is, in whole percents."""
        percentage = done * 100 // total if total else 100
        if percentage != self._percentage:
            self._percentage = percentage
            self._send({"kind": "report", "message": f"{done}/{total} files", "percentage": percentage})

    def end(self) -> None:
        self._send({"kind": "end"})
        if self._token is not None:
            self._server.protocol.progress.tokens.pop(self._token, None)
        self._token = None

    def _send(self, value: dict[str, Any]) -> None:
        if self._token is not None:
            self._server.send("$/progress", {"token": self._token, "value": value})


class Later:
    """A bar that is begun by the first report after a while."""

    def __init__(self, server: OtpwiseServer, title: str, token: types.ProgressToken | None) -> None:
        self._server = server
        self._title = title
        self._token = token
        self._task = asyncio.current_task()
        self._from = time.monotonic() + _PATIENCE
        self._begun: asyncio.Task[Progress] | None = None

    def report(self, done: int, total: int) -> None:
        """Shows how far it is."""
        if self._begun is None:
            if time.monotonic() < self._from:
                return
            begun = Progress.begin(self._server, self._title, self._token, self._task)
            self._begun = asyncio.ensure_future(begun)
        elif self._begun.done() and not self._begun.cancelled():
            self._begun.result().report(done, total)

    async def end(self) -> None:
        """Takes the bar away."""
        if self._begun is not None:
            (await self._begun).end()
