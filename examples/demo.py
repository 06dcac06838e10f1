"""What an editor sees of Otpwise: a session with the real server, over stdio, on a copy of chat_app.

Speaks plain JSON-RPC, so that every message below is one that any editor could have sent. Run it with
`make demo`, or with the Python that Otpwise is installed in.
"""

from __future__ import annotations

import difflib
import json
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from rich.console import Console
from rich.markdown import Markdown
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

EXAMPLE = Path(__file__).resolve().parent / "chat_app"
OPENED = (
    "lib/chat_app/search.ex",
    "lib/chat_app/link_previews.ex",
    "lib/chat_app/link_previews/cache.ex",
    "lib/chat_app_web/channels/room_channel.ex",
    "lib/chat_app_web/controllers/invitation_controller.ex",
)
HOVERED = ("lib/chat_app/search.ex", "ecto/sql-injection")
# Which file, which finding of which rule in it, and what its fix does.
FIXED = (
    ("lib/chat_app/search.ex", "ecto/sql-injection", 0, "the values are bound"),
    ("lib/chat_app/link_previews/cache.ex", "otp/missing-init", 0, "the state is set up where it belongs"),
    ("lib/chat_app/link_previews.ex", "otp/unsupervised-process", 0, "the cache moves under the supervisor"),
    (
        "lib/chat_app_web/channels/room_channel.ex",
        "phoenix/channel-join-without-authorization",
        0,
        "only who may enter the room gets in",
    ),
    (
        "lib/chat_app_web/controllers/invitation_controller.ex",
        "phoenix/repo-in-web",
        -1,
        "both writes move into the context, into one transaction",
    ),
)
LEVELS = {1: ("error", "red"), 2: ("warning", "yellow"), 3: ("information", "blue"), 4: ("hint", "cyan")}
PATIENCE = 30.0

console = Console(highlight=False, markup=False, emoji=False)
if not console.is_terminal:
    console = Console(highlight=False, markup=False, emoji=False, width=100)


class Client:
    """An editor, as far as the server can tell. Positions are in code points (utf-32)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.indexed = threading.Event()
        self._answers: dict[int, queue.SimpleQueue[dict[str, Any]]] = {}
        self._last_id = 0
        self._writing = threading.Lock()
        self._server = subprocess.Popen(
            [sys.executable, "-m", "otpwise_cli.main", "server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=root,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def request(self, method: str, params: Any) -> Any:
        self._last_id += 1
        answer: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._answers[self._last_id] = answer
        self._send({"id": self._last_id, "method": method, "params": params})
        try:
            message = answer.get(timeout=PATIENCE)
        except queue.Empty:
            raise SystemExit(f"demo: the server did not answer {method} within {PATIENCE:.0f} s") from None
        if "error" in message:
            raise SystemExit(f"demo: {method} was answered with {message['error']}")
        return message["result"]

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    def path(self, uri: str) -> str:
        return Path(unquote(urlparse(uri).path)).relative_to(self.root).as_posix()

    def leave(self) -> int:
        """Ends the session as LSP wants it. Returns the server's exit code."""
        self.request("shutdown", None)
        self.notify("exit", None)
        return self._server.wait(timeout=PATIENCE)

    def kill(self) -> None:
        if self._server.poll() is None:
            self._server.kill()
            self._server.wait()

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._server.stdin is not None
        with self._writing:
            self._server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            self._server.stdin.flush()

    def _read(self) -> None:
        stream = self._server.stdout
        assert stream is not None
        while header := stream.readline():
            length = 0
            while header.strip():
                name, _, value = header.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                header = stream.readline()
            self._receive(json.loads(stream.read(length)))

    def _receive(self, message: dict[str, Any]) -> None:
        method = message.get("method")
        if method is None:
            self._answers.pop(message["id"]).put(message)
        elif "id" in message:
            # What the server asks of an editor: to show its progress, to watch files, for settings.
            items = (
                message.get("params", {}).get("items", []) if method == "workspace/configuration" else None
            )
            self._send({"id": message["id"], "result": None if items is None else [None] * len(items)})
        elif method == "$/progress" and message["params"]["value"].get("kind") == "end":
            self.indexed.set()


def initialize(client: Client) -> dict[str, Any]:
    answer: dict[str, Any] = client.request(
        "initialize",
        {
            "processId": None,
            "clientInfo": {"name": "demo"},
            "rootUri": client.root.as_uri(),
            "workspaceFolders": [{"uri": client.root.as_uri(), "name": "chat_app"}],
            "capabilities": {
                "general": {"positionEncodings": ["utf-32"]},
                "window": {"workDoneProgress": True},
                "workspace": {
                    "workspaceFolders": True,
                    "diagnostics": {"refreshSupport": True},
                    "workspaceEdit": {
                        "documentChanges": True,
                        "resourceOperations": ["create"],
                        "changeAnnotationSupport": {},
                    },
                },
                "textDocument": {
                    "diagnostic": {"relatedInformation": True, "codeDescriptionSupport": True},
                    "hover": {"contentFormat": ["markdown"]},
                    "codeAction": {
                        "dataSupport": True,
                        "isPreferredSupport": True,
                        "disabledSupport": True,
                        "resolveSupport": {"properties": ["edit"]},
                        "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "source"]}},
                    },
                },
            },
        },
    )
    client.notify("initialized", {})
    client.indexed.wait(PATIENCE)
    return answer


def title(text: str) -> None:
    console.print()
    console.print(Rule(Text(text, "bold"), align="left", style="dim"))


def opened(client: Client, path: str) -> tuple[str, list[dict[str, Any]]]:
    """Opens a file as an editor does. Returns its text and its diagnostics, from top to bottom."""
    text = (client.root / path).read_text("utf-8")
    uri = client.uri(path)
    document = {"uri": uri, "languageId": "elixir", "version": 1, "text": text}
    client.notify("textDocument/didOpen", {"textDocument": document})
    report = client.request("textDocument/diagnostic", {"textDocument": {"uri": uri}})
    return text, sorted(report["items"], key=lambda item: _start(item["range"]))


def show_diagnostics(path: str, text: str, diagnostics: list[dict[str, Any]]) -> None:
    console.print()
    console.print(Text(path, "bold"), soft_wrap=True)
    lines = text.split("\n")
    printed = -1
    for diagnostic in diagnostics:
        level, colour = LEVELS[diagnostic["severity"]]
        start, end = diagnostic["range"]["start"], diagnostic["range"]["end"]
        line = lines[start["line"]]
        if start["line"] != printed:
            console.print(Text.assemble((f"{start['line'] + 1:5} │ ", "dim"), line), soft_wrap=True)
            printed = start["line"]
        last = end["character"] if end["line"] == start["line"] else len(line)
        carets = " " * start["character"] + "^" * max(last - start["character"], 1)
        console.print(Text.assemble(("      │ ", "dim"), (carets, f"bold {colour}")), soft_wrap=True)
        message = Text.assemble((f"{level} {diagnostic['code']} ", f"bold {colour}"), diagnostic["message"])
        for wrapped in message.wrap(console, min(console.width, 110) - 10):
            wrapped.rstrip()
            console.print(Text.assemble(("      │ ", "dim"), wrapped), soft_wrap=True)


def quick_fix(client: Client, path: str, diagnostic: dict[str, Any]) -> dict[str, Any] | None:
    """The first quick fix of a diagnostic, with its edit; None when there is none."""
    actions = client.request(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": client.uri(path)},
            "range": diagnostic["range"],
            "context": {"diagnostics": [diagnostic], "only": ["quickfix"]},
        },
    )
    for action in actions or ():
        about = {item["code"] for item in action.get("diagnostics") or ()}
        if "disabled" in action or diagnostic["code"] not in about or action["title"].startswith("Ignore "):
            continue
        resolved: dict[str, Any] = client.request("codeAction/resolve", action)
        if resolved.get("edit"):
            return resolved
    return None


def changed_texts(client: Client, edit: dict[str, Any]) -> Iterator[tuple[str, str | None, str]]:
    """The path, the old text (None for a new file) and the new text of each file of a workspace edit."""
    created: set[str] = set()
    texts: dict[str, tuple[str | None, str]] = {}
    for change in edit["documentChanges"]:
        if change.get("kind") == "create":
            created.add(change["uri"])
            texts[change["uri"]] = (None, "")
        elif "edits" in change:
            uri = change["textDocument"]["uri"]
            old = None if uri in created else (client.root / client.path(uri)).read_text("utf-8")
            before = texts.get(uri, (old, old or ""))[1]
            texts[uri] = (old, applied(before, change["edits"]))
    for uri, (old, new) in texts.items():
        yield client.path(uri), old, new


def applied(text: str, edits: list[dict[str, Any]]) -> str:
    """A text after edits whose positions are all in the text before."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    # Backwards, and of several insertions at one place the last one first.
    for _, edit in sorted(
        enumerate(edits), key=lambda pair: (_start(pair[1]["range"]), pair[0]), reverse=True
    ):
        first, last = (
            starts[edit["range"][edge]["line"]] + edit["range"][edge]["character"]
            for edge in ("start", "end")
        )
        text = text[:first] + edit["newText"] + text[last:]
    return text


def show_diff(path: str, old: str | None, new: str) -> None:
    before = "/dev/null" if old is None else f"a/{path}"
    styles = (("+++", "bold"), ("---", "bold"), ("@@", "cyan"), ("+", "green"), ("-", "red"))
    for line in difflib.unified_diff(
        (old or "").splitlines(), new.splitlines(), before, f"b/{path}", lineterm=""
    ):
        style = next((style for start, style in styles if line.startswith(start)), "")
        console.print(Text(line, style), soft_wrap=True)


def _start(range_: dict[str, Any]) -> tuple[int, int]:
    return range_["start"]["line"], range_["start"]["character"]


def session(client: Client) -> None:
    began = time.monotonic()
    server = initialize(client)["serverInfo"]
    title(f"{server['name']} {server.get('version', '')}: the diagnostics of {len(OPENED)} files of chat_app")
    found = {}
    for path in OPENED:
        text, found[path] = opened(client, path)
        show_diagnostics(path, text, found[path])

    path, rule = HOVERED
    diagnostic = next((item for item in found[path] if item["code"] == rule), None)
    if diagnostic is not None:
        title(f"hover: {rule} in {path}")
        place = {"textDocument": {"uri": client.uri(path)}, "position": diagnostic["range"]["start"]}
        hover = client.request("textDocument/hover", place)
        console.print(Padding(Markdown(hover["contents"]["value"], code_theme="ansi_dark"), (1, 2)))

    for path, rule, which, what in FIXED:
        of_rule = [item for item in found[path] if item["code"] == rule]
        action = quick_fix(client, path, of_rule[which]) if of_rule else None
        if action is not None:
            title(f"quick fix of {rule}: {what}")
            console.print(Text(f"“{action['title']}”", "italic"))
            console.print()
            for changed, old, new in changed_texts(client, action["edit"]):
                show_diff(changed, old, new)

    total = sum(len(diagnostics) for diagnostics in found.values())
    title("that was all")
    console.print(
        f"{total} findings in {len(OPENED)} files, {time.monotonic() - began:.1f} s in all. "
        "The same in the terminal: otpwise check examples/chat_app"
    )


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="otpwise-demo-") as folder:
        root = Path(folder).resolve() / "chat_app"
        shutil.copytree(EXAMPLE, root)
        client = Client(root)
        try:
            session(client)
            return client.leave()
        finally:
            client.kill()


if __name__ == "__main__":
    sys.exit(main())
