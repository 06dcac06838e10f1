"""A Dockerfile of one stage as two: one that builds a release, and one that holds nothing else.

What the old image did while it was built stays as it was written, in the order of its layers; what it did for
running goes to the second stage. What fits neither is left behind as comments, at a marked place.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from otpwise_analyzers.findings import Change, FileChange
from otpwise_analyzers.project.distributions import distribution_of
from otpwise_analyzers.project.images import COMPILING_TASKS, ElixirImage, workdir_at
from otpwise_analyzers.project.releases import builds_assets, release_name
from otpwise_analyzers.project.server_flags import listens_anyway, server_flag
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.deps_layer import (
    DEPENDENCY_TASKS,
    is_of_dependencies,
    separated,
    sources_above,
)
from otpwise_analyzers.rewrite.dockerfile_edits import lines_of, named, start_with_comments
from otpwise_analyzers.rewrite.health_check import INSTALLERS, checked, packages_in
from otpwise_analyzers.rewrite.mix_env import moved_up, set_for_production
from otpwise_analyzers.rewrite.production_deps import fetching_for_production
from otpwise_analyzers.rewrite.runtime_copy import copied, is_left_out
from otpwise_analyzers.rewrite.unprivileged import OWNER, USER
from otpwise_analyzers.rewrite.unprivileged import TODO as FOLDERS_TODO
from otpwise_analyzers.source.edits import Edit, apply
from otpwise_analyzers.syntax.dockerfile import DockerFile, Instruction, Stage, expanded
from otpwise_analyzers.syntax.shell import Command

# What a container needs, and a build does not.
_OF_RUNNING = frozenset({"EXPOSE", "VOLUME", "STOPSIGNAL", "HEALTHCHECK", "LABEL"})
_STARTING = frozenset({"CMD", "ENTRYPOINT"})
_BUILD_VARIABLES = re.compile(
    r"(MIX|HEX|NODE|NPM|YARN|REBAR|CARGO|RUST)(_|$)|^(PATH|DEBIAN_FRONTEND|GENERATE_SOURCEMAP)$"
)
# Packages that only a compiler or a JavaScript build asks for.
_BUILD_PACKAGE = re.compile(
    r"git|build-base|build-essential|alpine-sdk|gcc.*|g\+\+.*|clang.*|make|cmake|autoconf|automake|libtool|patch|pkg-?conf.*"
    r"|musl|libc6?-dev|.*-dev|linux-headers|nodejs.*|npm|yarn|python3?|py3-.*|rust|cargo|inotify-tools|gnupg2?|apt-utils"
    r"|apt-transport-https|lsb-release|software-properties-common|xz-utils|erlang.*|elixir|file"
)
_HEXPM = re.compile(r"^(?:\S*/)?hexpm/elixir:\S*?-(alpine|debian|ubuntu)-(\S+)$")
_NEEDED = {
    "alpine": ("libstdc++", "openssl", "ncurses-libs", "ca-certificates"),
    "debian": ("libstdc++6", "openssl", "libncurses6", "ca-certificates"),
}
_LEFT_TODO = "# TODO: the old image ran this as well; what the release needs of it belongs here\n"
_SERVER_TODO = "# TODO: `server: true` for the endpoint in config/prod.exs: a release starts it without its HTTP server\n"
_BASE_TODO = (
    "# TODO: the bare system that this image stands on (its /etc/os-release names it) is enough and smaller: a release\n"
    "# brings its own Erlang\n"
)


class _Parts(NamedTuple):
    """Lines, each with its end."""

    builder: list[str]
    runner: list[str]
    left: list[str]


def as_release_image(file: DockerFile, context: FixContext) -> Change | None:
    """The whole file as a multi-stage image of a release; None where its steps are not understood."""
    ordered, others = _ordered(file, context)
    image = ElixirImage(ordered)
    stage = image.final
    if stage.has_error or image.start is None or image.start.stage is not stage or not image.tasks_in(stage):
        return None
    if stage is not ordered.stages[-1] or any(one.name in ("ONBUILD", "SHELL") for one in stage.instructions):
        return None
    release = image.release
    if release is not None and any(command.name == "cd" for command in release.instruction.commands):
        # Where it is made is not known then.
        return None
    name = release_name(image, context)
    mix_env = release.mix_env if release is not None else stage.environment().get("MIX_ENV")
    if not name or not mix_env:
        return None
    text = _text(ordered, image, f"{mix_env}/rel/{name}", context)
    made = _step(ordered, (FileChange(file.path, (Edit(0, len(ordered.data), text),)),))
    made = _finished(made, context)
    if made.error_spans or not made.data:
        return None
    whole = Edit(0, len(file.data), made.data.decode("utf-8", "replace"))
    return (FileChange(file.path, (whole,)), *others)


# -- before: the steps of the build in their right order --------------------------------------------


def _ordered(file: DockerFile, context: FixContext) -> tuple[DockerFile, list[FileChange]]:
    """The file with MIX_ENV set in time and dependencies in layers of their own, as far as that can be done."""
    others: list[FileChange] = []
    file = DockerFile(file.path, file.data.replace(b"\r\n", b"\n"), project=file.project)
    image = ElixirImage(file)
    stage = image.final
    change = moved_up(file, image, stage, COMPILING_TASKS | DEPENDENCY_TASKS) or set_for_production(
        file, image, stage
    )
    if change is not None:
        file = _step(file, change)
        image = ElixirImage(file)
        stage = image.final
    copies = sources_above(image, stage)
    if copies:
        change = separated(file, image, stage, copies, context, umbrella=True)
        if change is not None:
            others = [part for part in change if part.path != file.path]
            file = _step(file, change)
            image = ElixirImage(file)
    fetching = fetching_for_production(image.tasks_in(image.final))
    if fetching:
        file = _step(file, (FileChange(file.path, tuple(fetching)),))
    return file, others


def _finished(file: DockerFile, context: FixContext) -> DockerFile:
    """The new file with what the rules of releases would still ask for."""
    image = ElixirImage(file)
    release = image.release
    if release is not None and release.instruction.stage is not None:
        runtime = context.project.configuration.runtime
        stage = release.instruction.stage
        if runtime is not None and is_left_out(image, runtime):
            change = copied(file, stage, release, runtime)
            if change is not None:
                file = _step(file, change)
                image = ElixirImage(file)
    paths = context.project.health_paths
    if paths and not any(one.name == "HEALTHCHECK" for one in image.final.lineage):
        change = checked(image, paths[0], context)
        if change is not None:
            file = _step(file, change)
    return file


def _step(file: DockerFile, change: Change) -> DockerFile:
    edits = [edit for part in change if part.path == file.path for edit in part.edits]
    return DockerFile(file.path, apply(file.data, edits), project=file.project)


# -- the two stages --------------------------------------------------------------------------------


def _text(file: DockerFile, image: ElixirImage, made: str, context: FixContext) -> str:
    """Both stages; `made` is where the release is made, below `_build`."""
    stage = image.final
    name = posixpath.basename(made)
    parts = _parts(image, stage)
    word = {
        keyword: named(file, keyword) for keyword in ("FROM", "RUN", "ENV", "COPY", "WORKDIR", "USER", "CMD")
    }
    builder = _alias(file, stage)
    head = file.data[: start_with_comments(stage.start)].decode("utf-8", "replace")
    start = _lines(file, stage.start)
    if not stage.alias:
        start = f"{start.rstrip()} {'as' if word['FROM'].islower() else 'AS'} {builder}\n"
    built_in = _folder_of_mix(image)
    release = image.release
    lines = [head, start, *parts.builder]
    if release is None:
        if image.start is not None and workdir_at(image.start) != built_in:
            lines.append(f"{word['WORKDIR']} {built_in}\n")
        if not _has_assets_step(image, stage) and builds_assets(context):
            lines.append(f"{word['RUN']} mix assets.deploy\n")
        lines.append(f"{word['RUN']} mix release\n")
    path = _path_option(image)
    made = posixpath.join(built_in, path if path is not None else f"_build/{made}")
    folder = workdir_at(image.start) if image.start is not None else built_in
    folder = folder if folder != "/" else "/app"
    runner, is_bare = _runner(stage)
    lines.append("\n")
    if not is_bare:
        lines.append(_BASE_TODO)
    lines.append(f"{word['FROM']} {runner}\n")
    lines.extend(f"{named(file, 'ARG')} {one}\n" for one in _arguments(stage, parts.runner))
    packages = _installation(stage, is_bare)
    if packages:
        lines.append(f"\n{word['RUN']} {packages}\n")
    lines.append("\n")
    kept = _variables(stage)
    if not any(one.startswith("LANG=") for one in kept):
        kept.insert(0, "LANG=C.UTF-8")
    lines.extend(f"{word['ENV']} {one}\n" for one in kept)
    lines.extend(_listening(word["ENV"], kept, context))
    lines.append(f"{word['WORKDIR']} {folder}\n")
    lines.append(FOLDERS_TODO)
    lines.append(f"{word['RUN']} chown {USER} {folder}\n")
    lines.append(f"{word['COPY']} --from={builder} --chown={OWNER} {made} ./\n")
    if parts.left:
        lines.extend([_LEFT_TODO, *parts.left])
    lines.append(f"{word['USER']} {USER}\n")
    if parts.runner:
        lines.extend(["\n", *parts.runner])
    lines.append(f'{word["CMD"]} ["bin/{name}", "start"]\n')
    return re.sub(r"\n{3,}", "\n\n", "".join(lines))


def _listening(env: str, kept: list[str], context: FixContext) -> list[str]:
    """What makes Phoenix's endpoint listen in a release."""
    configuration = context.project.whole_configuration
    if "phoenix" not in context.project.deps or listens_anyway(configuration):
        return []
    flag = server_flag(configuration)
    if flag is None and not any(facts.server_flags for facts in configuration.files.values()):
        return [_SERVER_TODO]
    flag = flag or "PHX_SERVER"
    return [] if any(one.startswith(f"{flag}=") for one in kept) else [f"{env} {flag}=true\n"]


def _parts(image: ElixirImage, stage: Stage) -> _Parts:
    """Where each instruction of the old stage goes, with the comments above it."""
    parts = _Parts([], [], [])
    built = _end_of_build(image, stage)
    for instruction in stage.instructions[1:]:
        lines = _lines(image.file, instruction)
        if instruction.name in _STARTING or instruction.name == "USER":
            comments, code = _split(lines)
            parts.runner.append(comments)
            if instruction.name != "USER" and not _is_understood(image, instruction):
                parts.left.append(_commented(code))
        elif instruction.name in _OF_RUNNING:
            parts.runner.append(lines)
        elif instruction.span.start <= built.span.start:
            parts.builder.append(_with_blank(image.file, instruction, lines))
        elif instruction.name in ("ENV", "ARG", "WORKDIR"):
            # Their values are written anew.
            parts.runner.append(_split(lines)[0])
        else:
            comments, code = _split(lines)
            parts.left.extend([comments, _commented(code)])
    trailing = image.file.data[lines_of(stage.instructions[-1]).end :].decode("utf-8", "replace")
    parts.runner.extend(line + "\n" for line in trailing.split("\n") if line.lstrip().startswith("#"))
    return parts


def _end_of_build(image: ElixirImage, stage: Stage) -> Instruction:
    """The last instruction that the release needs: the one that makes it, or all of an image that runs Mix."""
    if image.release is not None:
        return image.release.instruction
    return stage.instructions[-1]


def _lines(file: DockerFile, instruction: Instruction) -> str:
    start, end = start_with_comments(instruction), lines_of(instruction).end
    text = file.data[start:end].decode("utf-8", "replace")
    return text if text.endswith("\n") else text + "\n"


def _with_blank(file: DockerFile, instruction: Instruction, lines: str) -> str:
    """The lines, behind a blank one where there was one."""
    start = start_with_comments(instruction)
    return f"\n{lines}" if file.data[:start].endswith((b"\n\n", b"\n\r\n")) else lines


def _split(lines: str) -> tuple[str, str]:
    """The comments above an instruction, and the instruction."""
    at = 0
    for line in lines.splitlines(keepends=True):
        if line.strip() and not line.lstrip().startswith("#"):
            break
        at += len(line)
    return lines[:at], lines[at:]


def _commented(code: str) -> str:
    return "".join(
        line if line.lstrip().startswith("#") else f"# {line}"
        for line in code.splitlines(keepends=True)
        if line.strip()
    )


def _is_understood(image: ElixirImage, instruction: Instruction) -> bool:
    """Whether starting the release says all that the old command said."""
    commands = instruction.commands
    if image.server_task is not None:
        return instruction is image.server_task.instruction and len(commands) == 1
    return len(commands) == 1 and image.started_release is not None


def _alias(file: DockerFile, stage: Stage) -> str:
    if stage.alias:
        return stage.alias
    taken = {other.alias for other in file.stages}
    return next(name for name in ("builder", "build", "release", "elixir") if name not in taken)


def _folder_of_mix(image: ElixirImage) -> str:
    """Where the release is made: below `_build` of the folder that Mix runs in."""
    if image.release is not None:
        return workdir_at(image.release.instruction)
    tasks = image.tasks_in(image.final)
    compiling = [task for task in tasks if task.name in COMPILING_TASKS or is_of_dependencies(task)]
    return workdir_at((compiling or tasks)[0].instruction)


def _path_option(image: ElixirImage) -> str | None:
    """The folder of `mix release --path folder`."""
    if image.release is None:
        return None
    words = [word.text for word in image.release.arguments]
    for word, following in zip(words, [*words[1:], ""], strict=False):
        if word == "--path":
            return following or None
        if word.startswith("--path="):
            return word.removeprefix("--path=")
    return None


def _has_assets_step(image: ElixirImage, stage: Stage) -> bool:
    tasks = {task.name for task in image.tasks_in(stage)}
    return bool(tasks & {"assets.deploy", "phx.digest", "phoenix.digest", "assets.build"})


def _runner(stage: Stage) -> tuple[str, bool]:
    """The image to run in, and whether it is a bare system: that of hexpm's tags is known, of others not."""
    first = list(stage.bases)[-1]
    for reference in (first.written_image, first.image or ""):
        match = _HEXPM.match(reference)
        if match is not None:
            return f"{match[1]}:{match[2]}", True
    return first.written_image, False


def _installation(stage: Stage, is_bare: bool) -> str | None:
    """The command that installs what runs, by the system's own installer."""
    first = list(stage.bases)[-1]
    distribution = distribution_of(first.image) if first.image else None
    installers = {command.name for command in _installs(stage)}
    is_alpine = distribution.name == "alpine" if distribution is not None else "apk" in installers
    needed = list(_NEEDED["alpine" if is_alpine else "debian"]) if is_bare else []
    for command in _installs(stage):
        words = dict(zip(packages_in(command), _package_words(command), strict=True))
        needed.extend(
            word
            for package, word in words.items()
            if not _BUILD_PACKAGE.fullmatch(package) and "$" not in word
        )
    needed = list(dict.fromkeys(needed))
    if not needed:
        return None
    if is_alpine:
        return f"apk add --no-cache {' '.join(needed)}"
    return (
        "apt-get update \\\n"
        f"  && apt-get install -y --no-install-recommends {' '.join(needed)} \\\n"
        "  && rm -rf /var/lib/apt/lists/*"
    )


def _installs(stage: Stage) -> Iterator[Command]:
    for instruction in stage.lineage:
        if instruction.name == "RUN":
            for command in instruction.commands:
                if command.name in INSTALLERS and packages_in(command):
                    yield command


def _package_words(command: Command) -> list[str]:
    """The packages as they are written, versions and all."""
    return [word for word in command.arguments if not word.startswith(("-", ".", "$", "/"))][1:]


def _arguments(stage: Stage, lines: list[str]) -> list[str]:
    """The build arguments that the lines of the second stage name: what they were is forgotten at its FROM."""
    named_there = set(re.findall(r"\$\{?(\w+)", "".join(lines)))
    found: dict[str, str] = {}
    for instruction in stage.named("ARG"):
        for name, _, word in instruction.variables:
            if name in named_there:
                start, end = word.span
                found[name] = instruction.file.data[start:end].decode("utf-8", "replace")
    return list(found.values())


def _variables(stage: Stage) -> list[str]:
    """The ENV pairs that the application may read, as they are written."""
    found: dict[str, str] = {}
    for instruction in stage.lineage:
        if instruction.name != "ENV" or instruction.stage is None:
            continue
        values = instruction.stage.environment(before=instruction)
        for name, value, word in instruction.variables:
            if _BUILD_VARIABLES.match(name) or value is None:
                continue
            if all(variable in found for variable in re.findall(r"\$\{?(\w+)", value)):
                start, end = word.span
                raw = instruction.file.data[start:end].decode("utf-8", "replace")
                found[name] = raw if raw.startswith(f"{name}=") else f"{name}={_quoted(value)}"
            elif (known := expanded(value, values)) is not None:
                # A build argument is not there in the second stage.
                found[name] = f"{name}={_quoted(known)}"
    return list(found.values())


def _quoted(value: str) -> str:
    if not re.search(r"[\s\"']", value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
