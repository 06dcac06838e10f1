"""Dependencies in layers of their own: sources are copied below `mix deps.get` and `mix deps.compile`."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Sequence

from otpwise_analyzers.findings import Change, FileChange
from otpwise_analyzers.project.images import (
    ElixirImage,
    MixTask,
    copied_from_context,
    mix_calls,
    takes_everything,
    workdir_at,
)
from otpwise_analyzers.project.mix_layout import copied_config, mix_layout
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.dockerfile_edits import behind, change_of, lines_of, named, start_with_comments
from otpwise_analyzers.rewrite.production_deps import fetching_for_production
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax.dockerfile import DockerFile, Instruction, Stage
from otpwise_analyzers.syntax.shell import Command

DEPENDENCY_TASKS = frozenset({"deps.get", "deps.compile"})
# Folders of the application's own code; in an umbrella they lie below `apps`.
_SOURCES = frozenset({"lib", "web", "apps"})
_IGNORED = ".dockerignore"
_SETUP_TASKS = frozenset({"local.hex", "local.rebar", "archive.install", "hex.info", "hex.repo"})
# What does not look at the project's files.
_HARMLESS = frozenset(
    {"apk", "apt", "apt-get", "rm", "mkdir", "echo", "ls", "set", "true", "update-ca-certificates", "export"}
)
_AND = re.compile(rb"[ \t\r\n\\]*&&[ \t\r\n\\]*")


def sources_above(image: ElixirImage, stage: Stage) -> list[Instruction]:
    """The COPYs of the application's own code that stand above a task of its dependencies."""
    tasks = [task for task in image.tasks_in(stage) if is_of_dependencies(task)]
    if not tasks:
        return []
    last = tasks[-1].instruction.span.start
    return [
        copy
        for copy in copied_from_context(stage)
        if copy.span.start < last and (takes_everything(copy) or _names_sources(copy))
    ]


def _names_sources(copy: Instruction) -> bool:
    return any(posixpath.basename(posixpath.normpath(source)) in _SOURCES for source in copy.sources)


def separated(
    file: DockerFile,
    image: ElixirImage,
    stage: Stage,
    copies: Sequence[Instruction],
    context: FixContext,
    *,
    umbrella: bool = False,
) -> Change | None:
    """The change that puts `copies` below the tasks that fetch and compile dependencies.

    None for an umbrella (but with `umbrella`), for dependencies by path, and where something in between may
    need the sources.
    """
    layout = mix_layout(context, umbrella=umbrella)
    if stage.has_error or layout is None:
        return None
    tasks = [task for task in image.tasks_in(stage) if is_of_dependencies(task)]
    first = copies[0]
    later = [task for task in tasks if task.instruction.span.start > first.span.start]
    if not later or not all(_stays_in(copy) for copy in copies):
        return None
    last = _last(stage, first, image.tasks_in(stage))
    if last is None:
        return None
    run = last.instruction
    copy = named(file, "COPY")
    earlier = _earlier(stage, first)
    in_place = [
        f"{copy} {one}\n"
        for one in layout.copies
        if not any(_takes(known, one.split()[0]) for known in earlier)
    ]
    below: list[str] = []
    config = _config(stage, first, context)
    compiles = [task for task in tasks if task.name == "deps.compile"]
    edits: list[Edit] = []
    if compiles and config is not None:
        compiling = compiles[0].instruction
        fetching = [task for task in later if task.name == "deps.get"]
        if fetching and fetching[0].instruction is not compiling:
            start = start_with_comments(compiling)
            edits.append(Edit(start, start, f"{copy} {config}\n"))
        else:
            in_place.append(f"{copy} {config}\n")
    elif not compiles and last.mix_env != "":
        # Compiled for `dev` they would be compiled once more.
        if config is not None:
            below.append(f"{copy} {config}\n")
        below.append(f"{named(file, 'RUN')} {_environment(stage, last)}mix deps.compile\n")
    for one in copies:
        start, end = start_with_comments(one), lines_of(one).end
        below.append(_text(file, start, end))
        edits.append(Edit(start, end, "".join(in_place)))
        in_place = []
    placed = _put_behind(file, last, run, "".join(below))
    if placed is None:
        return None
    edits.append(placed)
    if all(task.mix_env == "prod" for task in later):
        edits.extend(fetching_for_production(image.tasks_in(stage)))
    change = change_of(file, edits)
    if any(map(takes_everything, copies)) and not context.exists(_IGNORED):
        # What was built on the developer's machine must not be copied over what was built here.
        return (change, FileChange(_IGNORED, (Edit(0, 0, "_build/\ndeps/\n"),), create=True))
    return (change,)


def _earlier(stage: Stage, first: Instruction) -> list[Instruction]:
    """What is there already when `first` copies, that of the stages that this one continues included."""
    return [
        copy
        for base in stage.bases
        for copy in copied_from_context(base)
        if base is not stage or copy.span.end <= first.span.start
    ]


def _environment(stage: Stage, task: MixTask) -> str:
    """`MIX_ENV=prod `, where a command says it for itself and the next one would not have it."""
    around = stage.environment(before=task.instruction).get("MIX_ENV", "")
    return f"MIX_ENV={task.mix_env} " if task.mix_env and task.mix_env != around else ""


def is_of_dependencies(task: MixTask) -> bool:
    """`mix deps.get` and `mix deps.compile` as a whole; `mix deps.compile sentry --force` is about one."""
    if task.name not in DEPENDENCY_TASKS:
        return False
    return all(
        word.text.startswith("-") or word.text in ("prod", "$MIX_ENV", "${MIX_ENV}")
        for word in task.arguments
    )


def _stays_in(copy: Instruction) -> bool:
    """Whether it copies into the folder that Mix then runs in."""
    target = posixpath.normpath(posixpath.join(workdir_at(copy), copy.target))
    if takes_everything(copy):
        return target == workdir_at(copy) and not copy.flags.get("from")
    return True


def _last(stage: Stage, first: Instruction, tasks: list[MixTask]) -> MixTask | None:
    """The last task of dependencies that the sources can wait for: nothing before it may need them."""
    found: MixTask | None = None
    for instruction in stage.instructions:
        if instruction.span.start <= first.span.start:
            continue
        if instruction.name == "WORKDIR" or (instruction.name == "RUN" and instruction.is_exec_form):
            break
        if instruction.name != "RUN":
            continue
        for command in instruction.commands:
            own = [task for task in tasks if task.command == command and task.name not in _SETUP_TASKS]
            if not (own or _is_harmless(command)) or not all(map(is_of_dependencies, own)):
                return found
            found = own[-1] if own else found
    return found


def _is_harmless(command: Command) -> bool:
    """Whether a command looks at none of the project's files."""
    if command.name == "mix":
        return all(words[0].text in _SETUP_TASKS for words in mix_calls(command))
    return command.name in _HARMLESS


def _takes(copy: Instruction, path: str) -> bool:
    return takes_everything(copy) or any(
        fnmatch.fnmatchcase(path, posixpath.normpath(source)) for source in copy.sources
    )


def _config(stage: Stage, first: Instruction, context: FixContext) -> str | None:
    if any("config" in source for copy in _earlier(stage, first) for source in copy.sources):
        return None
    return copied_config(context)


def _text(file: DockerFile, start: int, end: int) -> str:
    text = file.data[start:end].decode("utf-8", "replace").replace("\r\n", "\n")
    return text if text.endswith("\n") else text + "\n"


def _put_behind(file: DockerFile, task: MixTask, run: Instruction, text: str) -> Edit | None:
    """Lines behind a task: behind its RUN, which is cut in two where more follows in it."""
    commands = run.commands
    index = max(i for i, command in enumerate(commands) if command == task.command)
    if index == len(commands) - 1:
        return behind(run, text)
    start, end = commands[index].span.end, commands[index + 1].span.start
    environment = commands[index + 1].environment
    gap = file.data[start:end]
    match = _AND.match(gap)
    if match is None or (match.end() != len(gap) and not environment):
        return None
    # What follows `&&` begins with the assignments of the next command, if it has any.
    return Edit(start, start + match.end(), f"\n{text}{named(file, 'RUN')} ")
