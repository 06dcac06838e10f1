"""Edits of Dockerfiles: whole instructions in, out, and in front of each other."""

from __future__ import annotations

from collections.abc import Iterable

from otpwise_analyzers.findings import FileChange
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax.dockerfile import DockerFile, Instruction


def change_of(file: DockerFile, edits: Iterable[Edit]) -> FileChange:
    """The change of the checked file."""
    return FileChange(file.path, tuple(edits))


def named(file: DockerFile, instruction: str) -> str:
    """The name of an instruction as the file writes them: in upper case, or in lower."""
    first = file.instructions[0] if file.instructions else None
    written = file.data[first.span.start : first.span.start + 1] if first is not None else b""
    return instruction.lower() if written.islower() else instruction


def lines_of(instruction: Instruction) -> Span:
    """The bytes of an instruction's lines, their last end included."""
    data = instruction.file.data
    start, end = instruction.span
    start = data.rfind(b"\n", 0, start) + 1
    end = data.find(b"\n", end)
    return Span(start, end + 1 if end >= 0 else len(data))


def start_with_comments(instruction: Instruction) -> int:
    """The first byte of an instruction's lines, the comments right above it included."""
    data = instruction.file.data
    start = lines_of(instruction).start
    while start > instruction.file.comments_start:
        above = data.rfind(b"\n", 0, start - 1) + 1
        if not data[above:start].lstrip().startswith(b"#") or above < instruction.file.comments_start:
            break
        start = above
    return start


def before(instruction: Instruction, text: str, *, above_comments: bool = True) -> Edit:
    """Lines (each with its end) put in front of an instruction, and of the comments that speak of it."""
    start = start_with_comments(instruction) if above_comments else lines_of(instruction).start
    return Edit(start, start, text)


def behind(instruction: Instruction, text: str) -> Edit:
    """Lines (each with its end) put behind an instruction."""
    end = lines_of(instruction).end
    if instruction.file.data[:end].endswith(b"\n"):
        return Edit(end, end, text)
    return Edit(end, end, "\n" + text.removesuffix("\n"))


def removed(instruction: Instruction) -> Edit:
    """An instruction taken out with its lines; the comments above it stay, for they may say more."""
    start, end = lines_of(instruction)
    data = instruction.file.data
    if end == len(data) and not data.endswith(b"\n") and start:
        start -= 1
    elif data[:start].endswith((b"\n\n", b"\n\r\n")) and data[end:].startswith((b"\n", b"\r\n")):
        # Two blank lines would be left where one was enough.
        end = data.index(b"\n", end) + 1
    return Edit(start, end, "")


def moved_before(instruction: Instruction, target: Instruction) -> list[Edit]:
    """An instruction with the comments above it, put in front of an earlier one."""
    data = instruction.file.data
    start, end = start_with_comments(instruction), lines_of(instruction).end
    text = data[start:end].decode("utf-8", "replace").replace("\r\n", "\n")
    taken = removed(instruction)
    return [
        before(target, text if text.endswith("\n") else text + "\n"),
        Edit(min(start, taken.start), taken.end, ""),
    ]
