"""The ways in which a construct is found in a Dockerfile of an Elixir application."""

from __future__ import annotations

from dataclasses import dataclass

from otpwise_analyzers.project.images import mix_calls
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.dockerfile import DockerFile, Instruction
from otpwise_analyzers.syntax.shell import Command


@dataclass(frozen=True, slots=True)
class Pointed:
    """Byte `at` in an instruction."""

    file: DockerFile
    instruction: Instruction
    at: int

    @property
    def name_span(self) -> Span:
        start = self.instruction.span.start
        return Span(start, start + len(self.instruction.name))

    @property
    def is_on_name(self) -> bool:
        return self.at < self.name_span.end


def pointed_at(file: DockerFile, at: int) -> Pointed | None:
    """What byte `at` is part of; None between instructions, in comments, and where nothing is Elixir's."""
    if b"mix" not in file.data and b"elixir" not in file.data:
        return None
    instruction = file.instruction_at(at)
    if instruction is None or any(node.start_byte <= at < node.end_byte for node in file.comments):
        return None
    return Pointed(file, instruction, at)


@dataclass(frozen=True)
class Named:
    """An instruction, by its name."""

    name: str

    def match(self, pointed: Pointed) -> Span | None:
        return pointed.name_span if pointed.instruction.name == self.name and pointed.is_on_name else None


@dataclass(frozen=True)
class Variable:
    """A variable that ENV or ARG sets: by its own name, or by the instruction's when it is the only one."""

    variable: str

    def match(self, pointed: Pointed) -> Span | None:
        if pointed.instruction.name not in ("ENV", "ARG"):
            return None
        for name, _, word in pointed.instruction.variables:
            if name != self.variable:
                continue
            span = Span(word.span.start, word.span.start + len(name.encode()))
            if span.start <= pointed.at < span.end:
                return span
            if pointed.is_on_name and len(pointed.instruction.variables) == 1:
                return pointed.name_span
        return None


@dataclass(frozen=True)
class Runs:
    """`mix task` in RUN or CMD: by the words themselves, or by the instruction's name."""

    tasks: frozenset[str]

    def match(self, pointed: Pointed) -> Span | None:
        if pointed.instruction.name not in ("RUN", "CMD", "ENTRYPOINT"):
            return None
        for command in pointed.instruction.commands:
            if self.tasks.isdisjoint(words[0].text for words in mix_calls(command)):
                continue
            span = self._span(command)
            if span.start <= pointed.at < span.end:
                return span
            if pointed.is_on_name:
                return pointed.name_span
        return None

    def _span(self, command: Command) -> Span:
        """From `mix` to the task."""
        start = next((word for word in command.words if word.text == "mix"), command.words[0])
        task = next(
            (word for word in command.words if word.text.rstrip(",") in self.tasks), command.words[-1]
        )
        return Span(start.span.start, task.span.end - task.text.endswith(","))
