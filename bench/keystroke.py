"""Keystroke to diagnostics, through a real server process over stdio; and the time to the first ones.

    python bench/keystroke.py [FILE ...]

Each keystroke inserts or takes back one character in the middle of the file, as an incremental change;
the time runs from the first byte written to the last byte of the diagnostics of that version. Beside it
stands the time that tree-sitter alone takes to parse the same edit, incrementally and in full, measured
in the same run. Without arguments: 300 lines made here, and 7,000.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(str(ROOT / package) for package in ("analyzers", "server", "cli")),
}
sys.path[:0] = [str(ROOT / "analyzers")]

FUNCTION = """
  @doc "Returns item %(n)d, or raises when there is none."
  def get_item_%(n)d!(id, opts \\\\ []) do
    opts
    |> Keyword.get(:preload, [])
    |> then(&Repo.preload(Repo.get!(Item, id), &1))
  end

  defp check_%(n)d({:ok, %%{id: id} = item}) when is_integer(id), do: {:ok, item}
  defp check_%(n)d({:error, _} = error), do: error
"""
BARE = "from pygls.lsp.server import LanguageServer; LanguageServer('bare', '1').start_io()"


def sample(lines: int) -> str:
    body = "".join(FUNCTION % {"n": n} for n in range((lines - 3) // FUNCTION.count("\n")))
    return f"defmodule Sample.Items do\n  alias Sample.Repo\n{body}end\n"


class Server:
    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert self.process.stdin is not None and self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout

    def send(self, method: str, params: Any, id_: int | None = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        if id_ is not None:
            message["id"] = id_
        body = json.dumps(message).encode()
        self.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.stdin.flush()

    def read(self) -> dict[str, Any]:
        length = 0
        while (line := self.stdout.readline().strip()) != b"":
            if line.startswith(b"Content-Length:"):
                length = int(line.split(b":")[1])
        message: dict[str, Any] = json.loads(self.stdout.read(length))
        return message

    def initialize(self, folder: str) -> None:
        self.send("initialize", {"processId": None, "rootUri": folder, "capabilities": {}}, 0)
        while self.read().get("id") != 0:
            pass
        self.send("initialized", {})

    def published(self, uri: str, version: int) -> None:
        while True:
            message = self.read()
            params = message.get("params") or {}
            if params.get("uri") == uri and params.get("version") == version:
                return

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def keystrokes(text: str, uri: str, folder: str, count: int) -> list[float]:
    server = Server("-m", "otpwise_server.main")
    server.initialize(folder)
    server.send("textDocument/didOpen", {"textDocument": item(uri, text)})
    server.published(uri, 1)
    time.sleep(3)
    line = text.count("\n") // 2
    times = []
    for version in range(2, count + 2):
        end = {"line": line, "character": 0 if version % 2 == 0 else 1}
        range_ = {"start": {"line": line, "character": 0}, "end": end}
        change = {"range": range_, "text": " " if version % 2 == 0 else ""}
        # As fast as a quick typist, and never twice in one pause of the facts.
        time.sleep(0.05)
        begin = time.perf_counter()
        server.send(
            "textDocument/didChange",
            {"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]},
        )
        server.published(uri, version)
        times.append((time.perf_counter() - begin) * 1000)
    server.close()
    return times[10:]


def item(uri: str, text: str) -> dict[str, Any]:
    return {"uri": uri, "languageId": "elixir", "version": 1, "text": text}


def parses(text: str, uri: str, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds of incremental and of full parses for the same edits."""
    from otpwise_analyzers.source.document import Document
    from otpwise_analyzers.syntax.languages import ELIXIR, language_of

    parse = (language_of(uri) or ELIXIR).parse
    document = Document.from_text(text)
    tree = parse(document.data)
    incremental, full = [], []
    for number in range(count):
        start = document.lines.starts[text.count("\n") // 2]
        edit = document.replace(start, start + number % 2, b"" if number % 2 else b" ")
        begin = time.perf_counter()
        tree = tree.copy()
        tree.edit(**edit._asdict())
        tree = parse(document.data, tree)
        incremental.append((time.perf_counter() - begin) * 1000)
        begin = time.perf_counter()
        parse(document.data)
        full.append((time.perf_counter() - begin) * 1000)
    return incremental, full


def first_diagnostics(text: str, uri: str, folder: str) -> float:
    begin = time.perf_counter()
    server = Server("-m", "otpwise_server.main")
    server.initialize(folder)
    server.send("textDocument/didOpen", {"textDocument": item(uri, text)})
    server.published(uri, 1)
    taken = time.perf_counter() - begin
    server.close()
    return taken


def bare_start() -> float:
    begin = time.perf_counter()
    server = Server("-c", BARE)
    server.initialize("file:///tmp")
    taken = time.perf_counter() - begin
    server.close()
    return taken


def shown(times: list[float]) -> str:
    times = sorted(times)
    return f"p50 {statistics.median(times):6.1f} ms   p95 {times[int(len(times) * 0.95)]:6.1f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--count", type=int, default=150)
    options = parser.parse_args()
    texts = {str(path): path.read_text() for path in options.files}
    texts = texts or {"300 lines": sample(300), "7,000 lines": sample(7000)}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "lib").mkdir()
        (root / "mix.exs").write_text("defmodule Sample.MixProject do\n  use Mix.Project\nend\n")
        for name, text in texts.items():
            # Elixir, unless the file's name says otherwise.
            uri = (root / "lib" / (Path(name).name if "." in name else "items.ex")).as_uri()
            print(f"{name} ({text.count(chr(10))} lines, {len(text.encode()) // 1024} KB)")
            incremental, full = parses(text, uri, 50)
            print(f"  parse alone, incremental  {shown(incremental)}")
            print(f"  parse alone, full         {shown(full)}")
            print(f"  keystroke to diagnostics  {shown(keystrokes(text, uri, root.as_uri(), options.count))}")
        small = sample(300)
        uri = (root / "lib" / "items.ex").as_uri()
        ours = [first_diagnostics(small, uri, root.as_uri()) for _ in range(5)]
        bare = [bare_start() for _ in range(5)]
        ratio = min(ours) / min(bare)
        print(
            f"start to first diagnostics {min(ours) * 1000:.0f} ms, bare pygls {min(bare) * 1000:.0f} ms: {ratio:.2f}"
        )


if __name__ == "__main__":
    main()
