"""How far a long check has come, on standard error when that is a terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

_PATIENCE = 0.7
"""Seconds before anything is shown: a short check leaves the terminal alone."""
_EVERY = 0.1


class Progress:
    """A context in which files are counted. The bar is gone afterwards."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted and sys.stderr.isatty()
        self._next = time.monotonic() + _PATIENCE
        self._done = 0
        self._expected = 0
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def expect(self, files: int) -> None:
        """More files are to come."""
        self._expected += files

    def file(self, path: str) -> None:
        """One file more is being looked at."""
        self._done += 1
        if self._wanted:
            now = time.monotonic()
            if now >= self._next:
                self._next = now + _EVERY
                self._show(path)

    def _show(self, path: str) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
            from rich.progress import Progress as Bar

            console = Console(stderr=True, highlight=False)
            self._bar = Bar(
                TextColumn("Checking"),
                BarColumn(bar_width=30),
                MofNCompleteColumn(),
                TextColumn("{task.fields[path]}", style="dim", markup=False),
                console=console,
                auto_refresh=False,
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("", path="")
        assert self._task is not None
        self._bar.update(self._task, completed=self._done, total=self._expected, path=path[-50:])
        self._bar.refresh()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
