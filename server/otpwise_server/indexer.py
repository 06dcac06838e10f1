"""A worker process: paths in on stdin, facts out on stdout, until stdin ends.

A program of its own (`python -m otpwise_server.indexer ROOT`) and not a fork: it inherits neither the
server's pipes to the client nor its threads, and starts alike on every system.
Each message is a length of 4 bytes, big-endian, and that many bytes of MessagePack: a list of paths
relative to ROOT in, a list of FileFacts in the same order (None for a file that cannot be read) out.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO

import msgspec

from otpwise_analyzers.project.facts import FileFacts
from otpwise_server.reading import facts_from_disk

REQUEST = msgspec.msgpack.Decoder(list[str])
ANSWER = msgspec.msgpack.Decoder(list[FileFacts | None])


def framed(value: object) -> bytes:
    """One message, ready to be written."""
    body = msgspec.msgpack.encode(value)
    return len(body).to_bytes(4, "big") + body


def serve(root: Path, incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Answers requests until there are none."""
    while True:
        header = incoming.read(4)
        if len(header) < 4:
            return
        paths = REQUEST.decode(incoming.read(int.from_bytes(header, "big")))
        outgoing.write(framed([facts_from_disk(root, path) for path in paths]))
        outgoing.flush()


def main() -> None:
    outgoing = sys.stdout.buffer
    # Whatever prints must not get between the messages.
    sys.stdout = sys.stderr
    if hasattr(os, "nice"):
        os.nice(5)
    serve(Path(sys.argv[1]), sys.stdin.buffer, outgoing)


if __name__ == "__main__":
    main()
