"""What a Dockerfile builds: whether it is the image of an Elixir application that serves users."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from otpwise_analyzers.syntax.shell import Command

if TYPE_CHECKING:
    from otpwise_analyzers.syntax.dockerfile import DockerFile

# Half of the Dockerfiles in Elixir projects are for developers, tests or measurements.
_NO_PRODUCTION = re.compile(
    r"(?:^|[/._-])(?:dev|devel|development|devcontainer|tests?|ci|gitpod|perf|bench|benchmarks?|local|e2e|script)"
    r"(?:[/._-]|$)",
    re.IGNORECASE,
)
_DEVELOPMENT_TOOLS = (b"inotify-tools", b"dev.secret.exs", b"sleep infinity")
RELEASE_TASKS = frozenset({"release", "distillery.release"})


class ImageFacts(msgspec.Struct, frozen=True, array_like=True):
    """What a Dockerfile says that other files may need."""

    # an image for users, and not for developers or tests
    is_production: bool = False
    builds_release: bool = False


def image_facts(file: DockerFile) -> ImageFacts:
    """The facts of a Dockerfile, from its text alone."""
    if b"mix" not in file.data:
        return ImageFacts()
    tasks = {task for command in all_commands(file) for task in mix_tasks(command)}
    return ImageFacts(not is_for_development(file), bool(tasks & RELEASE_TASKS))


def all_commands(file: DockerFile) -> list[Command]:
    """Everything that is run while the image is built, or in it."""
    return [
        command
        for instruction in file.instructions
        if instruction.name in ("RUN", "CMD", "ENTRYPOINT")
        for command in instruction.commands
    ]


def is_for_development(file: DockerFile) -> bool:
    """Whether path or content say that developers or tests use the image."""
    return _NO_PRODUCTION.search(file.path) is not None or any(
        tool in file.data for tool in _DEVELOPMENT_TOOLS
    )


def mix_tasks(command: Command) -> dict[str, tuple[str, ...]]:
    """The Mix tasks that a command runs with the arguments of each: `mix do deps.get, compile` runs two."""
    words = [word.text for word in command.words]
    if command.name in ("elixir", "iex"):
        # elixir --name a -S mix phx.server
        if "-S" not in words or words[words.index("-S") + 1 : words.index("-S") + 2] != ["mix"]:
            return {}
        words = words[words.index("-S") + 1 :]
    elif command.name != "mix":
        return {}
    words = words[1:]
    if words[:1] != ["do"]:
        return {words[0]: tuple(words[1:])} if words else {}
    found: dict[str, tuple[str, ...]] = {}
    task: list[str] = []
    for word in [*words[1:], ","]:
        if word.rstrip(",") and word != "+":
            task.append(word.rstrip(","))
        if (word == "+" or word.endswith(",")) and task:
            found[task[0]] = tuple(task[1:])
            task = []
    return found
