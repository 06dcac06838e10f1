"""A language client in plain Python: JSON-RPC over the stdio of a real server process.

Small on purpose, and ignorant of the server's own libraries: what it sees is what an editor sees.
"""

from __future__ import annotations

import itertools
import json
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

CAPABILITIES: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-8", "utf-16"]},
    "workspace": {
        "workspaceEdit": {
            "documentChanges": True,
            "resourceOperations": ["create"],
            "changeAnnotationSupport": {"groupsOnLabel": True},
        },
        "configuration": False,
    },
    "textDocument": {
        "synchronization": {},
        "publishDiagnostics": {
            "relatedInformation": True,
            "dataSupport": True,
            "versionSupport": True,
            "codeDescriptionSupport": True,
        },
        "codeAction": {
            "dataSupport": True,
            "isPreferredSupport": True,
            "resolveSupport": {"properties": ["edit"]},
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "source.fixAll"]}},
        },
        "hover": {"contentFormat": ["markdown"]},
    },
    "window": {"workDoneProgress": True},
}


class LanguageClient:
    """One session. Used as a context manager it ends the server as an editor does."""

    def __init__(self, root: Path, capabilities: dict[str, Any] | None = None) -> None:
        self.root = root
        self.process = subprocess.Popen(
            [sys.executable, "-m", "otpwise_cli.main", "server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._ids = itertools.count(1)
        self._answers: dict[int, queue.Queue[dict[str, Any]]] = {}
        self.notifications: list[dict[str, Any]] = []
        self._arrived = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        self.errors: list[bytes] = []
        threading.Thread(target=self._drain, daemon=True).start()
        self.server = self.request(
            "initialize",
            {
                "processId": None,
                "rootUri": root.as_uri(),
                "workspaceFolders": [{"uri": root.as_uri(), "name": root.name}],
                "capabilities": CAPABILITIES if capabilities is None else capabilities,
            },
        )
        self.notify("initialized", {})

    def __enter__(self) -> LanguageClient:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.request("shutdown", None)
            self.notify("exit", None)
        self.process.wait(timeout=20)

    def _drain(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.errors.append(line)

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while True:
                line = stream.readline()
                if not line:
                    return
                if line in (b"\r\n", b"\n"):
                    break
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            message = json.loads(stream.read(length))
            if "id" in message and "method" not in message:
                self._answers[message["id"]].put(message)
            elif "id" in message:
                result = [None] * len(message.get("params", {}).get("items", []))
                self._send({"jsonrpc": "2.0", "id": message["id"], "result": result or None})
            else:
                with self._arrived:
                    self.notifications.append(message)
                    self._arrived.notify_all()

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def notify(self, method: str, params: Any) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    def request(self, method: str, params: Any, timeout: float = 30) -> Any:
        """The result. Raises RuntimeError when the server answers with an error."""
        identifier = next(self._ids)
        box: queue.Queue[dict[str, Any]] = queue.Queue()
        self._answers[identifier] = box
        self._send({"jsonrpc": "2.0", "id": identifier, "method": method, "params": params})
        try:
            message = box.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(f"no answer to {method}: {b''.join(self.errors).decode()[-2000:]}") from None
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        return message.get("result")

    # -- what an editor does -----------------------------------------------------------------------

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    def open(self, path: str, language: str = "elixir") -> None:
        text = (self.root / path).read_bytes().decode()
        self.notify(
            "textDocument/didOpen",
            {"textDocument": {"uri": self.uri(path), "languageId": language, "version": 1, "text": text}},
        )

    def diagnostics(self, path: str, timeout: float = 20) -> list[dict[str, Any]]:
        """The last published diagnostics of a file; waits for the first, and for the index."""
        uri = self.uri(path)

        def last() -> dict[str, Any] | None:
            for message in reversed(self.notifications):
                if message["method"] == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri:
                    return message
            return None

        with self._arrived:
            if not self._arrived.wait_for(lambda: last() is not None, timeout):
                raise TimeoutError(f"no diagnostics for {path}: {b''.join(self.errors).decode()[-2000:]}")
            # Until nothing new has come for a moment: the index may still change what is known.
            while self._arrived.wait(timeout=0.7):
                pass
            message = last()
        assert message is not None
        found: list[dict[str, Any]] = message["params"]["diagnostics"]
        return found

    def actions(self, path: str, diagnostic: dict[str, Any]) -> list[dict[str, Any]]:
        """The quick fixes for a diagnostic, resolved."""
        offered = self.request(
            "textDocument/codeAction",
            {
                "textDocument": {"uri": self.uri(path)},
                "range": diagnostic["range"],
                "context": {"diagnostics": [diagnostic], "only": ["quickfix"]},
            },
        )
        return [
            action if "edit" in action else self.request("codeAction/resolve", action)
            for action in offered or []
            if not action.get("disabled")
        ]

    def apply(self, edit: dict[str, Any]) -> None:
        """Writes a workspace edit to the files on disk, and tells the server."""
        changes = edit.get("documentChanges") or [
            {"textDocument": {"uri": uri}, "edits": edits} for uri, edits in edit.get("changes", {}).items()
        ]
        for change in changes:
            if change.get("kind") == "create":
                path = Path(change["uri"].removeprefix("file://"))
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"")
                continue
            path = Path(change["textDocument"]["uri"].removeprefix("file://"))
            lines = path.read_bytes().split(b"\n")
            starts = [0, *itertools.accumulate(len(line) + 1 for line in lines)]
            data = path.read_bytes()
            for one in sorted(
                change["edits"],
                key=lambda e: (e["range"]["start"]["line"], e["range"]["start"]["character"]),
                reverse=True,
            ):
                begin = starts[one["range"]["start"]["line"]] + one["range"]["start"]["character"]
                end = starts[one["range"]["end"]["line"]] + one["range"]["end"]["character"]
                data = data[:begin] + one["newText"].encode() + data[end:]
            path.write_bytes(data)
