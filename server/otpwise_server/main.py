"""Starts the server: `otpwise server` calls `run`."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from otpwise_server.server import OtpwiseServer

_LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO, "debug": logging.DEBUG}
LOG_LEVELS = tuple(_LEVELS)

_WATCH_EVERY = 2.0
# Taken at once: a parent that dies while the rest is imported is to be noticed too.
_PARENT = os.getppid()


def run(
    tcp: tuple[str, int] | None = None, log_file: Path | None = None, log_level: str = "warning"
) -> NoReturn:
    """Serves one client until it leaves, then ends the process.

    Over stdin and stdout, or over TCP (host, port), which waits for one connection. The exit status is
    0 when the client asked for `shutdown` before `exit`, as LSP wants it, else 1. Logs go to stderr or
    to `log_file`. Raises OSError when the port or the file cannot be opened, KeyError for a level that
    is not one of LOG_LEVELS.
    """
    _log_to(log_file, _LEVELS[log_level])
    outgoing = sys.stdout.buffer
    # Nothing but the protocol may reach the client: whatever prints, prints to stderr.
    sys.stdout = sys.stderr
    # What is imported stays to the end: neither now nor at a keystroke is it worth a look for garbage.
    gc.disable()
    from otpwise_server.server import OtpwiseServer
    from otpwise_server.stdio import serve

    server = OtpwiseServer()
    gc.freeze()
    gc.enable()
    _end_with_parent(server)
    if tcp is None:
        serve(server, sys.stdin.buffer, outgoing)
    else:
        server.start_tcp(*tcp)
    sys.stderr.flush()
    logging.shutdown()
    # The analysis may be in the middle of a parse; nothing that it does is worth waiting for.
    os._exit(0 if server.protocol.was_shut_down else 1)


def _log_to(file: Path | None, level: int) -> None:
    handler = (
        logging.StreamHandler(sys.stderr) if file is None else logging.FileHandler(file, encoding="utf-8")
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level)
    # pygls formats every message that it sends at the level of information.
    logging.getLogger("pygls").setLevel(logging.DEBUG if level == logging.DEBUG else logging.ERROR)


def _end_with_parent(server: OtpwiseServer) -> None:
    """A client that dies without a word must not leave its server behind."""

    def watch() -> None:
        while True:
            client = server.process_id
            orphaned = os.name != "nt" and os.getppid() != _PARENT
            if orphaned or (client is not None and not _is_alive(client)):
                os._exit(1)
            time.sleep(_WATCH_EVERY)

    threading.Thread(target=watch, name="otpwise-parent", daemon=True).start()


def _is_alive(process: int) -> bool:
    if process <= 0:
        return True
    if os.name == "nt":
        # os.kill would end the process there.
        return _is_alive_on_windows(process)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _is_alive_on_windows(process: int) -> bool:
    import ctypes

    synchronize, timed_out = 0x00100000, 0x00000102
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - the attribute exists on Windows alone
    handle = kernel.OpenProcess(synchronize, False, process)
    if not handle:
        return False
    try:
        return bool(kernel.WaitForSingleObject(handle, 0) == timed_out)
    finally:
        kernel.CloseHandle(handle)


if __name__ == "__main__":
    run()
