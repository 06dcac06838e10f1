"""Messages in from a pipe, with one hop from the thread that reads to the loop that acts.

pygls makes three for each message: two header lines and a body.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from typing import TYPE_CHECKING, BinaryIO

from pygls.exceptions import JsonRpcException
from pygls.io_ import StdoutWriter

if TYPE_CHECKING:
    from otpwise_server.server import OtpwiseServer

log = logging.getLogger(__name__)


def read_body(stream: BinaryIO) -> bytes | None:
    """The next message's body; None at the end of the stream. A header block without a length is skipped."""
    while True:
        length = -1
        while (line := stream.readline()) not in (b"\r\n", b"\n"):
            if not line:
                return None
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length" and value.strip().isdigit():
                length = int(value)
        if length >= 0:
            body = stream.read(length)
            return body if len(body) == length else None
        log.warning("a message without Content-Length")


async def _serve(server: OtpwiseServer, incoming: BinaryIO) -> None:
    loop = asyncio.get_running_loop()
    bodies: asyncio.Queue[bytes | None] = asyncio.Queue()

    def read() -> None:
        body: bytes | None = b""
        while body is not None:
            try:
                body = read_body(incoming)
            except (OSError, ValueError):
                body = None
            try:
                loop.call_soon_threadsafe(bodies.put_nowait, body)
            except RuntimeError:
                return

    threading.Thread(target=read, name="otpwise-stdin", daemon=True).start()
    protocol = server.protocol
    while (body := await bodies.get()) is not None:
        try:
            protocol.handle_message(json.loads(body, object_hook=protocol.structure_message))
        except Exception as error:
            server.report_server_error(error, JsonRpcException)


def serve(server: OtpwiseServer, incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Serves until `exit` or the end of `incoming`."""
    server.protocol.set_writer(StdoutWriter(outgoing))
    try:
        asyncio.run(_serve(server, incoming))
    except (KeyboardInterrupt, SystemExit):
        return
    except BrokenPipeError:
        log.error("the client is gone")
