"""The protocol itself, byte by byte: what a well-behaved client never sends, and how the process ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import COMMAND, ENVIRONMENT

INITIALIZE = {"processId": None, "rootUri": None, "capabilities": {}}


class Wire:
    """A server's pipes."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        assert process.stdin is not None and process.stdout is not None
        self.stdin, self.stdout = process.stdin, process.stdout

    def write(self, body: bytes) -> None:
        self.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.stdin.flush()

    def send(self, **message: Any) -> None:
        self.write(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def read(self) -> dict[str, Any]:
        length = 0
        while (line := self.stdout.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        message: dict[str, Any] = json.loads(self.stdout.read(length))
        return message

    def answer(self, id_: Any) -> dict[str, Any]:
        while True:
            message = self.read()
            if "method" not in message and message.get("id") == id_:
                return message

    def initialize(self, **more: Any) -> dict[str, Any]:
        self.send(id=0, method="initialize", params={**INITIALIZE, **more})
        answer = self.answer(0)
        self.send(method="initialized", params={})
        return answer


@pytest.fixture
def wire() -> Iterator[Wire]:
    process = subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENVIRONMENT
    )
    try:
        yield Wire(process)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                assert pipe is not None
                pipe.close()


def test_exit_after_shutdown_is_success(wire: Wire) -> None:
    wire.initialize()
    wire.send(id=1, method="shutdown")
    assert wire.answer(1)["result"] is None
    wire.send(id=2, method="textDocument/hover", params={})
    assert "error" in wire.answer(2)
    wire.send(method="exit")
    assert wire.process.wait(10) == 0
    assert wire.stdout.read() == b""


@pytest.mark.parametrize("initialized", [True, False])
def test_exit_without_shutdown_is_failure(wire: Wire, initialized: bool) -> None:
    if initialized:
        wire.initialize()
    wire.send(method="exit")
    assert wire.process.wait(10) == 1


def test_the_end_of_stdin_ends_the_server(wire: Wire) -> None:
    wire.initialize()
    wire.stdin.close()
    assert wire.process.wait(10) == 1


def test_malformed_params_are_answered(wire: Wire) -> None:
    wire.initialize()
    wire.send(id=1, method="textDocument/hover", params={"textDocument": 7})
    assert wire.answer(1)["error"]["code"] == -32602
    wire.send(id="two", method="textDocument/codeAction", params=[])
    assert wire.answer("two")["error"]["code"] == -32602
    wire.send(
        id=3, method="workspace/executeCommand", params={"command": "otpwise.explain", "arguments": [{}]}
    )
    assert wire.answer(3)["error"]["code"] == -32602
    wire.send(id=4, method="workspace/executeCommand", params={"command": "no.such"})
    assert wire.answer(4)["error"]["code"] == -32602


def test_malformed_initialize_is_answered_and_can_be_tried_again(wire: Wire) -> None:
    wire.send(id=1, method="initialize", params={"capabilities": 3})
    assert wire.answer(1)["error"]["code"] == -32602
    assert "result" in wire.initialize()


def test_malformed_notifications_are_survived(wire: Wire) -> None:
    wire.initialize()
    wire.send(method="textDocument/didChange", params={"textDocument": {}})
    wire.send(method="textDocument/didChange", params=_change("file:///never/opened.ex"))
    wire.send(method="textDocument/didClose", params={"textDocument": {"uri": "file:///never/opened.ex"}})
    wire.send(method="no/such", params={})
    wire.send(id=1, method="shutdown")
    assert wire.read() == {"jsonrpc": "2.0", "id": 1, "result": None}


def _change(uri: str) -> dict[str, Any]:
    return {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": ""}]}


def test_what_is_not_json_is_answered(wire: Wire) -> None:
    wire.initialize()
    wire.write(b"{nonsense")
    assert wire.answer(None)["error"]["code"] == -32700
    wire.write(b"[]")
    assert wire.answer(None)["error"]["code"] == -32600
    wire.send(id=1, method="shutdown")
    assert wire.answer(1)["result"] is None


def test_requests_before_initialize_and_unknown_ones(wire: Wire) -> None:
    wire.send(id=1, method="textDocument/hover", params=_hover())
    assert wire.answer(1)["error"]["code"] == -32002
    wire.initialize()
    wire.send(id=2, method="no/such", params={})
    assert wire.answer(2)["error"]["code"] == -32601
    wire.send(id=3, method="$/no-such", params={})
    assert wire.answer(3)["error"]["code"] == -32601
    wire.send(id=4, method="initialize", params=INITIALIZE)
    assert wire.answer(4)["error"]["code"] == -32600


def _hover() -> dict[str, Any]:
    return {"textDocument": {"uri": "file:///a.ex"}, "position": {"line": 0, "character": 0}}


def test_a_jsonrpc_key_inside_of_params_is_harmless(wire: Wire) -> None:
    options = {"jsonrpc": "2.0", "method": "x", "nested": {"jsonrpc": "1.0"}}
    assert "result" in wire.initialize(initializationOptions=options)


def test_it_ends_when_the_client_process_dies(wire: Wire) -> None:
    client = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    wire.initialize(processId=client.pid)
    client.kill()
    client.wait()
    assert wire.process.wait(10) == 1


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX process groups")
def test_it_ends_when_its_parent_dies(tmp_path: Path) -> None:
    """The parent's end of stdin stays open in another process: only the watch can notice."""
    code = (
        "import subprocess, sys, os, time\n"
        "reading, writing = os.pipe()\n"
        "keeper = subprocess.Popen(['sleep', '30'], pass_fds=[writing])\n"
        "server = subprocess.Popen(sys.argv[1:], stdin=reading, stdout=subprocess.DEVNULL)\n"
        "print(server.pid, keeper.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, *COMMAND],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
    )
    assert parent.stdout is not None
    server, keeper = map(int, parent.stdout.readline().split())
    time.sleep(2)
    parent.kill()
    parent.wait()
    try:
        end = time.monotonic() + 15
        while _runs(server) and time.monotonic() < end:
            time.sleep(0.1)
        assert not _runs(server)
    finally:
        os.kill(keeper, signal.SIGKILL)
        parent.stdout.close()


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def test_tcp(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = f"from otpwise_server.main import run; run(tcp=('127.0.0.1', {port}))"
    process = subprocess.Popen([sys.executable, "-c", code], env=ENVIRONMENT, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with contextlib.suppress(OSError):
                connection = socket.create_connection(("127.0.0.1", port), 1)
                break
            time.sleep(0.1)
        with connection, connection.makefile("rwb") as stream:
            for message in (
                {"id": 0, "method": "initialize", "params": INITIALIZE},
                {"id": 1, "method": "shutdown"},
            ):
                body = json.dumps({"jsonrpc": "2.0", **message}).encode()
                stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
                stream.flush()
                length = int(stream.readline().split(b":")[1])
                while stream.readline().strip():
                    pass
                assert json.loads(stream.read(length))["id"] == message["id"]
            body = b'{"jsonrpc": "2.0", "method": "exit"}'
            stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            stream.flush()
            assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
