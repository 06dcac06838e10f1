"""What a Dockerfile builds: the Mix tasks that it runs, and whether users are served from it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.lazy import lazy
from otpwise_analyzers.syntax.shell import Command, Word

if TYPE_CHECKING:
    from otpwise_analyzers.syntax.dockerfile import DockerFile, Instruction, Stage

# Half of the Dockerfiles in Elixir projects are for developers, tests or measurements.
_NO_PRODUCTION = re.compile(
    r"(?:^|[/._-])(?:dev|devel|development|devcontainer|tests?|ci|gitpod|perf|bench|benchmarks?|local|e2e|script)"
    r"(?:[/._-]|$)",
    re.IGNORECASE,
)
_RELEASE_TASKS = frozenset({"release", "distillery.release"})
_SERVER_TASKS = frozenset({"phx.server", "phoenix.server"})
_PRODUCTION_TASKS = frozenset({"phx.digest", "phoenix.digest", "assets.deploy"})
# Tasks whose result is another for each MIX_ENV.
COMPILING_TASKS = frozenset({"compile", "deps.compile", *_RELEASE_TASKS, *_PRODUCTION_TASKS})
_STARTING = frozenset({"start", "start_iex", "foreground", "console", "daemon"})
# What hands over to the rest of its arguments.
_INITS = frozenset({"tini", "dumb-init", "catatonit", "docker-init", "env", "exec", "nice"})


class ImageFacts(msgspec.Struct, frozen=True, array_like=True):
    """What a Dockerfile says that other files may need."""

    builds_release: bool = False


def image_facts(file: DockerFile) -> ImageFacts:
    """The facts of a Dockerfile, from its text alone."""
    if b"mix" not in file.data:
        return ImageFacts()
    return ImageFacts(ElixirImage(file).release is not None)


class MixTask(NamedTuple):
    """A Mix task that is run. `word` is its name where it is written.

    `mix_env` is the MIX_ENV that it runs in: `""` when it is not set, None when only the build knows.
    """

    name: str
    arguments: tuple[Word, ...]
    word: Word
    command: Command
    instruction: Instruction
    mix_env: str | None

    @property
    def is_written_out(self) -> bool:
        """Whether it stands in the file word for word, and not inside of quotes (`sh -c "mix ..."`)."""
        start, end = self.word.span
        return self.instruction.file.data[start:end].decode("utf-8", "replace") == self.word.text


def is_for_development(path: str) -> bool:
    """Whether the path of a Dockerfile says that developers or tests use its image."""
    return _NO_PRODUCTION.search(path) is not None


class ElixirImage:
    """The image that a Dockerfile makes of an Elixir application. `final` is the stage that runs."""

    def __init__(self, file: DockerFile) -> None:
        self.file = file
        self.stages = file.stages

    @lazy
    def final(self) -> Stage:
        named = [stage for stage in self.stages if not is_for_development(stage.alias)]
        return (named or self.stages)[-1]

    @lazy
    def shipped(self) -> list[Stage]:
        """The final stage and those that it continues or copies from, in source order: what others do (a stage
        for developers, for tests) is not in the image."""
        wanted: set[int] = set()
        waiting = [self.final] if self.stages else []
        while waiting:
            stage = waiting.pop()
            if stage.index in wanted:
                continue
            wanted.add(stage.index)
            names = [one.flags["from"] for one in stage.named("COPY", "ADD") if "from" in one.flags]
            names += [
                part.removeprefix("from=")
                for one in stage.named("RUN")
                for part in one.flags.get("mount", "").split(",")
                if part.startswith("from=")
            ]
            waiting.extend(found for name in names if (found := self.file.stage_named(name)) is not None)
            if stage.base is not None:
                waiting.append(stage.base)
        return [stage for stage in self.stages if stage.index in wanted]

    @lazy
    def tasks(self) -> list[MixTask]:
        """All Mix tasks in source order."""
        return [
            task
            for instruction in self.file.instructions
            if instruction.name in ("RUN", "CMD", "ENTRYPOINT") and instruction.stage is not None
            for task in tasks_of(instruction)
        ]

    def tasks_in(self, stage: Stage) -> list[MixTask]:
        """The tasks that build a stage, without those of the stages that it continues."""
        return [
            task for task in self.tasks if task.instruction.stage is stage and task.instruction.name == "RUN"
        ]

    @lazy
    def release(self) -> MixTask | None:
        """What builds the release."""
        tasks = [task for task in self.tasks if task.name in _RELEASE_TASKS]
        shipped = (task for task in tasks if task.instruction.stage in self.shipped)
        return next(shipped, tasks[0] if tasks else None)

    # -- what runs ---------------------------------------------------------------------------------

    @lazy
    def start(self) -> Instruction | None:
        """The instruction that says what a container runs: CMD, or the ENTRYPOINT when that is all."""
        lineage = self.final.lineage
        commands = [one for one in lineage if one.name == "CMD"]
        entries = [one for one in lineage if one.name == "ENTRYPOINT"]
        return commands[-1] if commands else entries[-1] if entries else None

    @lazy
    def started(self) -> list[Command]:
        """The commands that a container runs; of `["tini", "--", "bin/app", "start"]` the app's own."""
        lineage = self.final.lineage
        entry = next((one for one in reversed(lineage) if one.name == "ENTRYPOINT"), None)
        command = next((one for one in reversed(lineage) if one.name == "CMD"), None)
        if entry is None:
            return [_handed_over(one) for one in command.commands] if command is not None else []
        if entry.is_exec_form and command is not None and command.is_exec_form:
            words = [*entry.arguments, *command.arguments]
            return [_handed_over(Command(tuple(words), {}))] if words else []
        if entry.is_exec_form and command is not None:
            return [_handed_over(one) for one in command.commands]
        return [_handed_over(one) for one in entry.commands]

    @lazy
    def server_task(self) -> MixTask | None:
        """`mix phx.server` as what the container runs."""
        return next(
            (
                task
                for task in self.tasks
                if task.instruction.name in ("CMD", "ENTRYPOINT")
                and task.instruction in self.final.lineage
                and (task.name in _SERVER_TASKS or (task.name == "run" and "--no-halt" in _texts(task)))
            ),
            None,
        )

    @lazy
    def started_release(self) -> Command | None:
        """`bin/my_app start` as what the container runs."""
        return next((command for command in self.started if is_release_start(command)), None)

    @property
    def starts_server_script(self) -> bool:
        """Whether the container runs `bin/server`, which Phoenix generates and which sets PHX_SERVER."""
        return any(command.words[0].text.endswith("bin/server") for command in self.started)

    # -- what it is for ----------------------------------------------------------------------------

    @lazy
    def is_production(self) -> bool:
        """Whether the image serves users. Sure of it, or silent: an image for developers is fine as it is."""
        if not self.stages or is_for_development(self.file.path):
            return False
        data = self.file.data
        if b"dev.secret" in data or b"sleep infinity" in data:
            return False
        environments = {task.mix_env for task in self.tasks}
        running = self.final.environment().get("MIX_ENV", "")
        if running in ("dev", "test") or any(task.mix_env == "test" for task in self._release_or_server):
            return False
        if b"inotify-tools" in data and "prod" not in environments:
            return False
        if self.release is not None or self.starts_server_script:
            return self.release is None or self.release.mix_env != "dev" or "prod" in environments
        if self.server_task is None:
            return False
        # Without any sign of production `mix phx.server` is what a developer's image runs, too.
        return (
            "prod" in (*environments, running)
            or self.server_task.command.environment.get("MIX_ENV") == "prod"
            or any(task.name in _PRODUCTION_TASKS or "prod" in _texts(task) for task in self.tasks)
        )

    @property
    def _release_or_server(self) -> Iterator[MixTask]:
        for task in (self.release, self.server_task):
            if task is not None:
                yield task


@lru_cache(maxsize=2)
def production_image(file: DockerFile) -> ElixirImage | None:
    """The image, when it is one of an Elixir application that serves users.

    Every rule asks this of the same file in turn; the last answers are kept.
    """
    if b"mix" not in file.data and b"bin/server" not in file.data:
        return None
    image = ElixirImage(file)
    return image if image.is_production else None


def tasks_of(instruction: Instruction) -> Iterator[MixTask]:
    """The Mix tasks that an instruction runs."""
    from otpwise_analyzers.syntax.dockerfile import expanded

    exported: dict[str, str] = {}
    stage = instruction.stage
    values = stage.environment(before=instruction) if stage is not None else {}
    for command in instruction.commands:
        if command.name == "export":
            for name, _, value in (argument.partition("=") for argument in command.arguments):
                exported[name] = value
            continue
        own = {**exported, **command.environment}
        mix_env = expanded(own["MIX_ENV"], values) if "MIX_ENV" in own else values.get("MIX_ENV", "")
        for words in mix_calls(command):
            word = words[0]
            yield MixTask(word.text, tuple(words[1:]), word, command, instruction, mix_env)


def mix_calls(command: Command) -> list[list[Word]]:
    """The tasks of a `mix` command, each with its arguments: `mix do deps.get, compile` has two."""
    words = list(command.words)
    if command.name in ("elixir", "iex"):
        # elixir --name a -S mix phx.server
        at = next((i for i, word in enumerate(words) if word.text == "-S"), len(words))
        words = words[at + 1 :]
        if not words or words[0].text != "mix":
            return []
    elif command.name != "mix":
        return []
    words = words[1:]
    if not words:
        return []
    if words[0].text != "do":
        return [words]
    found: list[list[Word]] = []
    task: list[Word] = []
    for word in words[1:]:
        if word.text == "+":
            found.append(task)
            task = []
        elif word.text.endswith(","):
            task.append(Word(word.text[:-1], Span(word.span.start, word.span.end - 1)))
            found.append(task)
            task = []
        else:
            task.append(word)
    found.append(task)
    return [task for task in found if task and task[0].text]


def _texts(task: MixTask) -> list[str]:
    return [word.text for word in task.arguments]


def is_release_start(command: Command) -> bool:
    """`bin/my_app start`, in whatever folder."""
    path = command.words[0].text
    return (
        posixpath.basename(posixpath.dirname(path)) == "bin"
        and bool(command.arguments)
        and command.arguments[0] in _STARTING
    )


def _handed_over(command: Command) -> Command:
    words = command.words
    while len(words) > 1 and words[0].text.rpartition("/")[2] in _INITS:
        words = words[1:]
        while len(words) > 1 and (words[0].text.startswith("-") or "=" in words[0].text):
            words = words[1:]
    return Command(words, command.environment)


_KNOWN = re.compile(r"(?:docker\.io/)?(?:library/|hexpm/)?(?:elixir|erlang|alpine|debian|ubuntu)(?:[:@].*)?")


def has_known_base(stage: Stage) -> bool:
    """Whether the image that a stage begins with sets no variables that matter here; of others nobody knows."""
    first = list(stage.bases)[-1].image
    return first is not None and _KNOWN.fullmatch(first) is not None


# -- places ----------------------------------------------------------------------------------------


def workdir_at(instruction: Instruction) -> str:
    """The absolute folder that an instruction runs in; `/` where no WORKDIR was said."""
    from otpwise_analyzers.syntax.dockerfile import expanded

    stage = instruction.stage
    folder = "/"
    if stage is None:
        return folder
    for one in stage.lineage:
        if one.stage is stage and one.node == instruction.node:
            break
        if one.name == "WORKDIR" and one.arguments and one.stage is not None:
            written = one.arguments[0].text
            values = one.stage.environment(before=one)
            folder = posixpath.normpath(posixpath.join(folder, expanded(written, values) or written))
    return folder


def copied_from_context(stage: Stage) -> list[Instruction]:
    """The COPYs and ADDs of a stage that take files of the project."""
    return [
        one
        for one in stage.named("COPY", "ADD")
        if "from" not in one.flags and not all("://" in source for source in one.sources)
    ]


def takes_everything(copy: Instruction) -> bool:
    """`COPY . .` in any spelling."""
    return any(posixpath.normpath(source) in (".", "/") for source in copy.sources)
