"""A hover, through a real server process over stdio: anywhere, and on constructs that have something to teach.

    python bench/hover.py [FILE]

The time runs from the first byte written to the last byte of the answer, in a file that is open and checked.
The first hover of a session imports what constructs teach and is told apart. Without an argument: 7,000 lines
made here.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from pathlib import Path

from keystroke import Server, item, sample

CONSTRUCTS = """
defmodule Sample.Worker do
  use GenServer

  def start_link(opts), do: GenServer.start_link(__MODULE__, opts)

  @impl true
  def init(opts), do: {:ok, opts}

  def ask(pid), do: GenServer.call(pid, :ask, 10_000)

  def tree, do: Supervisor.start_link([Sample.Worker, Sample.Other], strategy: :rest_for_one)
end
"""


def hovers(text: str, uri: str, folder: str, places: list[tuple[int, int]]) -> tuple[list[float], int]:
    """The times of hovers at the places (line, character), in ms, and how many had an answer."""
    server = Server("-m", "otpwise_server.main")
    server.initialize(folder)
    server.send("textDocument/didOpen", {"textDocument": item(uri, text)})
    server.published(uri, 1)
    time.sleep(3)
    times, shown = [], 0
    for number, (line, character) in enumerate(places, 1):
        params = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
        begin = time.perf_counter()
        server.send("textDocument/hover", params, number)
        while (answer := server.read()).get("id") != number:
            pass
        times.append((time.perf_counter() - begin) * 1000)
        shown += answer["result"] is not None
    server.close()
    return times, shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--count", type=int, default=500)
    options = parser.parse_args()
    text = (options.file.read_text() if options.file else sample(7000)) + CONSTRUCTS
    lines = text.split("\n")
    draw = random.Random(1)
    anywhere = [
        (line, draw.randrange(len(lines[line]) + 1))
        for line in (draw.randrange(len(lines)) for _ in range(options.count))
    ]
    begin = text.count("\n") - CONSTRUCTS.count("\n") + 1
    words = ("use GenServer", "init(", "GenServer.call", "strategy:")
    taught = [
        (begin + number, line.index(word))
        for number, line in enumerate(CONSTRUCTS.split("\n")[1:])
        for word in words
        if word in line and ("def init" in line or word != "init(")
    ]
    with tempfile.TemporaryDirectory() as folder:
        uri = Path(folder, "sample.ex").as_uri()
        for title, places in (
            ("anywhere", anywhere),
            ("on constructs", taught * (options.count // len(taught))),
        ):
            times, shown = hovers(text, uri, Path(folder).as_uri(), places)
            first, rest = times[0], sorted(times[1:])
            print(
                f"{title:14} {len(lines):6} lines  first {first:6.1f} ms  median {statistics.median(rest):5.2f} ms  "
                f"p95 {rest[int(len(rest) * 0.95)]:5.2f} ms  {shown} of {len(times)} answered"
            )


if __name__ == "__main__":
    main()
