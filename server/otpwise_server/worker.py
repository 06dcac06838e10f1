"""The one thread that parses and checks, so that the event loop can always read the next keystroke."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
from collections.abc import Callable
from enum import IntEnum
from typing import Any, TypeVar

T = TypeVar("T")


class Urgency(IntEnum):
    """What goes first when several jobs wait."""

    REQUEST = 0
    EDIT = 1
    REFRESH = 2
    FACTS = 3
    PROJECT = 4


class Stop:
    """Set by the event loop, asked by the analysis between two rules."""

    __slots__ = ("requested",)

    def __init__(self) -> None:
        self.requested = False

    def __call__(self) -> bool:
        return self.requested


class AnalysisThread:
    """Runs jobs one at a time, the most urgent first, then the oldest.

    A daemon: the process never waits for it when the client is gone. Tree-sitter holds the interpreter
    lock while it parses, so that more threads would only wait for each other.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: list[tuple[int, int, Callable[[], Any], asyncio.Future[Any]]] = []
        self._order = itertools.count()
        self._ready = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def run(self, urgency: Urgency, job: Callable[[], T]) -> asyncio.Future[T]:
        """Called in the event loop. A future that is cancelled while it waits never runs."""
        future: asyncio.Future[T] = self._loop.create_future()
        if self._closed:
            future.cancel()
            return future
        with self._ready:
            heapq.heappush(self._waiting, (urgency, next(self._order), job, future))
            self._ready.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="otpwise-analysis", daemon=True)
            self._thread.start()
        return future

    def close(self) -> None:
        """Drops what waits; the job that runs is left to the end of the process."""
        with self._ready:
            self._closed = True
            waiting, self._waiting = self._waiting, []
            self._ready.notify()
        for _, _, _, future in waiting:
            future.cancel()

    def _work(self) -> None:
        while True:
            with self._ready:
                while not self._waiting and not self._closed:
                    self._ready.wait()
                if self._closed:
                    return
                _, _, job, future = heapq.heappop(self._waiting)
            if future.cancelled():
                continue
            try:
                result = job()
            except BaseException as error:
                self._answer(_fail, future, error)
            else:
                self._answer(_succeed, future, result)

    def _answer(self, settle: Callable[[asyncio.Future[Any], Any], None], *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(settle, *args)
        except RuntimeError:
            # The loop is closed: nobody waits any more.
            self._closed = True


def _succeed(future: asyncio.Future[Any], result: Any) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
