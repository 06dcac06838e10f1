"""MIX_ENV where it holds for everything that Mix compiles."""

from __future__ import annotations

import re

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.images import COMPILING_TASKS, ElixirImage, MixTask, has_known_base
from otpwise_analyzers.rewrite.dockerfile_edits import before, change_of, moved_before, named
from otpwise_analyzers.rewrite.production_deps import fetching_for_production
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax.dockerfile import DockerFile, Instruction, Stage

_DEV_BUILD = re.compile(r"(?<![\w-])_build/dev(?![\w-])")


def late_setting(
    image: ElixirImage, stage: Stage, tasks: frozenset[str] = COMPILING_TASKS
) -> tuple[Instruction, MixTask] | None:
    """The instruction that sets MIX_ENV, and the first of such tasks that has run for `dev` above it."""
    setting = next(
        (
            one
            for one in stage.named("ENV", "ARG")
            if any(name == "MIX_ENV" and value for name, value, _ in one.variables)
        ),
        None,
    )
    if setting is None or stage.environment(before=setting).get("MIX_ENV", "") != "":
        return None
    for task in image.tasks_in(stage):
        is_above = task.instruction.span.end <= setting.span.start
        if is_above and task.mix_env == "" and task.name in tasks:
            return setting, task
    return None


def bare_task(image: ElixirImage, stage: Stage) -> MixTask | None:
    """The first task that compiles (or the server, where none does) in a stage that never sets MIX_ENV."""
    if stage.environment().get("MIX_ENV", "") != "" or not has_known_base(stage):
        return None
    compiling = [task for task in image.tasks_in(stage) if task.name in COMPILING_TASKS]
    server = image.server_task
    if not compiling and server is not None and server.instruction.stage is stage:
        compiling = [server]
    return next((task for task in compiling if task.mix_env == ""), None)


def moved_up(
    file: DockerFile, image: ElixirImage, stage: Stage, tasks: frozenset[str] = COMPILING_TASKS
) -> Change | None:
    """The late setting in front of the first task; None when there is none, or its value is known only there."""
    late = late_setting(image, stage, tasks)
    if late is None or stage.has_error:
        return None
    setting, _ = late
    own = image.tasks_in(stage)
    target = own[0].instruction
    written = next(word for name, _, word in setting.variables if name == "MIX_ENV")
    if "$" in written.text:
        return None
    edits = fetching_for_production(own)
    if len(setting.variables) == 1:
        return (change_of(file, [*moved_before(setting, target), *edits]),)
    start, end = written.span
    if written is setting.variables[-1][2]:
        # The last of them: the space before it goes, and a line of its own with its continuation.
        while file.data[start - 1 : start] in (b" ", b"\t", b"\n", b"\r", b"\\"):
            start -= 1
    else:
        while file.data[end : end + 1] in (b" ", b"\t"):
            end += 1
    text = file.data[written.span.start : written.span.end].decode()
    moved = before(target, f"{named(file, setting.name)} {text}\n")
    return (change_of(file, [moved, Edit(start, end, ""), *edits]),)


def set_for_production(file: DockerFile, image: ElixirImage, stage: Stage) -> Change | None:
    """`ENV MIX_ENV=prod` in front of the first task; None where it is set already."""
    bare = bare_task(image, stage)
    if bare is None or stage.has_error:
        return None
    tasks = image.tasks_in(stage)
    first = (tasks or [bare])[0].instruction
    edits = [before(first, f"{named(file, 'ENV')} MIX_ENV=prod\n"), *fetching_for_production(tasks)]
    text = file.data.decode("utf-8", "surrogateescape")
    for match in _DEV_BUILD.finditer(text):
        start = len(text[: match.start()].encode("utf-8", "surrogateescape"))
        edits.append(Edit(start, start + len(match[0]), "_build/prod"))
    return (change_of(file, edits),)
