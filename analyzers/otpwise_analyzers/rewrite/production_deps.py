"""`mix deps.get` that fetches what production needs, and no more."""

from __future__ import annotations

from collections.abc import Iterable

from otpwise_analyzers.project.images import MixTask
from otpwise_analyzers.source.edits import Edit


def has_only(task: MixTask) -> bool:
    """Whether the task says itself for which environment it fetches."""
    return any(word.text.startswith("--only") for word in task.arguments)


def only_edit(task: MixTask, environment: str = "prod") -> Edit | None:
    """The edit that adds `--only`; None where the task stands inside of quotes."""
    if not task.is_written_out or task.instruction.is_exec_form:
        return None
    at = task.word.span.end
    return Edit(at, at, f" --only {environment}")


def fetching_for_production(tasks: Iterable[MixTask]) -> list[Edit]:
    """The edits for a stage that from now on builds for production; none where its tests run, too."""
    tasks = list(tasks)
    if any(task.mix_env == "test" or task.name == "test" for task in tasks):
        return []
    edits = [only_edit(task) for task in tasks if task.name == "deps.get" and not has_only(task)]
    return [edit for edit in edits if edit is not None]
