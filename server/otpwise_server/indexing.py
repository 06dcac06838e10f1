"""Collects the facts of a whole project, in worker processes where that is quicker."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from functools import partial
from pathlib import Path

from otpwise_analyzers.project.facts import FileFacts
from otpwise_server.indexer import ANSWER, framed
from otpwise_server.reading import facts_from_disk
from otpwise_server.worker import AnalysisThread, Urgency

log = logging.getLogger(__name__)

_BATCH = 16
# A process takes about as long to start as this many files take to read.
_WORTH_A_PROCESS = 120
_MOST_PROCESSES = 8

Progressed = Callable[[int, int], None]


class WorkerFailedError(Exception):
    """A worker process ended, or answered something else than facts."""


async def collect(
    root: Path,
    paths: list[str],
    thread: AnalysisThread,
    progressed: Progressed,
    *,
    processes: int | None = None,
) -> list[FileFacts]:
    """The facts of all files that can be read. `progressed` is told how many of how many are done.

    What a failed process leaves undone is done in this one. Cancelling ends the processes.
    """
    if processes is None:
        processes = min(os.cpu_count() or 1, _MOST_PROCESSES, len(paths) // _WORTH_A_PROCESS)
    work = _Work(root, paths, progressed)
    if processes > 0 and not getattr(sys, "frozen", False):
        await _in_processes(work, processes)
    while batch := work.take():
        work.done(batch, await thread.run(Urgency.PROJECT, partial(_facts_of, root, batch)))
    return work.facts


def _facts_of(root: Path, batch: list[str]) -> list[FileFacts | None]:
    return [facts_from_disk(root, path) for path in batch]


class _Work:
    def __init__(self, root: Path, paths: list[str], progressed: Progressed) -> None:
        self.root = root
        self.facts: list[FileFacts] = []
        self._left = list(reversed(paths))
        self._total = len(paths)
        self._finished = 0
        self._progressed = progressed

    def take(self) -> list[str]:
        batch = self._left[-_BATCH:]
        del self._left[-_BATCH:]
        return batch

    def give_back(self, batch: list[str]) -> None:
        self._left.extend(batch)

    def done(self, batch: list[str], facts: list[FileFacts | None]) -> None:
        self.facts.extend(fact for fact in facts if fact is not None)
        self._finished += len(batch)
        self._progressed(self._finished, self._total)


async def _in_processes(work: _Work, count: int) -> None:
    results = await asyncio.gather(*(_drive(work) for _ in range(count)), return_exceptions=True)
    for result in results:
        if isinstance(result, asyncio.CancelledError):
            raise result
        if isinstance(result, BaseException):
            log.warning("an indexing process failed: %r", result)


async def _drive(work: _Work) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "otpwise_server.indexer", str(work.root)),
        stdin=PIPE,
        stdout=PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)},
    )
    batch: list[str] = []
    try:
        while batch := work.take():
            facts = await _ask(process, batch)
            work.done(batch, facts)
            batch = []
    finally:
        if batch:
            work.give_back(batch)
        if process.stdin is not None:
            process.stdin.close()
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _ask(process: Process, batch: list[str]) -> list[FileFacts | None]:
    if process.stdin is None or process.stdout is None:
        raise WorkerFailedError("no pipes")
    try:
        process.stdin.write(framed(batch))
        await process.stdin.drain()
        header = await process.stdout.readexactly(4)
        facts = ANSWER.decode(await process.stdout.readexactly(int.from_bytes(header, "big")))
    except (OSError, asyncio.IncompleteReadError, ValueError) as error:
        raise WorkerFailedError(repr(error)) from error
    if len(facts) != len(batch):
        raise WorkerFailedError("an answer of another length")
    return facts
