"""Work-done progress of what the server does on its own."""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING, Any

from lsprotocol import types

if TYPE_CHECKING:
    from otpwise_server.server import OtpwiseServer

log = logging.getLogger(__name__)

_numbers = itertools.count(1)


class Progress:
    """One bar. Silent when the client shows none, or refuses this one."""

    def __init__(self, server: OtpwiseServer, token: types.ProgressToken | None) -> None:
        self._server = server
        self._token = token
        self._percentage = -1

    @classmethod
    async def begin(
        cls, server: OtpwiseServer, title: str, token: types.ProgressToken | None = None
    ) -> Progress:
        """Starts a bar, under the token that the client sent with its request, or a new one."""
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
        progress._send({"kind": "begin", "title": title, "cancellable": False, "percentage": 0})
        return progress

    def report(self, done: int, total: int) -> None:
        """Shows how far it is, in whole percents."""
        percentage = done * 100 // total if total else 100
        if percentage != self._percentage:
            self._percentage = percentage
            self._send({"kind": "report", "message": f"{done}/{total} files", "percentage": percentage})

    def end(self) -> None:
        self._send({"kind": "end"})
        self._token = None

    def _send(self, value: dict[str, Any]) -> None:
        if self._token is not None:
            self._server.send("$/progress", {"token": self._token, "value": value})
