"""A Dockerfile: instructions, the stages that they make, and the environment in force in each.

The grammar does not know all that Docker takes; `_masked` gives it an equivalent text of the same length,
so that every node's bytes are those of the real one.
"""

from __future__ import annotations

import re
import warnings
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

import tree_sitter_dockerfile
from tree_sitter import Language, Node, Parser, Tree

from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.lazy import lazy
from otpwise_analyzers.syntax.shell import Command, Word, commands_in, commands_of, exec_form, words_in
from otpwise_analyzers.syntax.source_file import SourceFile

Environment = dict[str, str | None]
"""Variables by name; None for one whose value only the build knows."""

_DIRECTIVE = re.compile(rb"[ \t]*#[ \t]*(\w+)[ \t]*=[ \t]*(.*?)[ \t\r]*(?:\n|\Z)")
_OLD_ENV = re.compile(rb"^[ \t]*ENV[ \t]+[A-Za-z_]\w*[ \t]+(?=\S)([^\n]*)", re.IGNORECASE | re.MULTILINE)
_TRAILING = re.compile(rb"(?<![\\` \t\r])[ \t\r]+\n")
_BOOLEAN_FLAG = re.compile(
    rb"^[ \t]*(?:COPY|ADD)[ \t][^\n]*?(--(?:link|parents|keep-git-dir|unpack)(?==|[ \t])(?:=\w+)?)",
    re.IGNORECASE | re.MULTILINE,
)
_PROTOCOL = re.compile(rb"(\$\{?\w+\}?)(/(?:tcp|udp|sctp))\b")
_VARIABLE = re.compile(r"\\(.)|\$(?:(\w+)|\{(\w+)(?:(:?[-+])([^{}]*))?\})", re.DOTALL)


@cache
def _parser() -> Parser:
    with warnings.catch_warnings():
        # The grammar still hands out an address where the library would rather have a capsule.
        warnings.simplefilter("ignore", DeprecationWarning)
        return Parser(Language(tree_sitter_dockerfile.language()))


def _directives(data: bytes) -> tuple[dict[str, str], int]:
    """The parser directives (`# escape=...`), lower-case, and the byte behind the last of them."""
    found: dict[str, str] = {}
    at = 0
    while (match := _DIRECTIVE.match(data, at)) is not None and match.end() > at:
        name = match[1].decode().lower()
        if name not in ("syntax", "escape", "check") or name in found:
            break
        found[name] = match[2].decode("utf-8", "replace")
        at = match.end()
    return found, at


def _masked(data: bytes) -> bytes:
    """A text of the same length (but for a missing end of the last line) that the grammar reads rightly."""
    text = data
    if b"\r" in text:
        text = text.replace(b"\\\r\n", b" \\\n").replace(b"\r\n", b" \n")
    # Blanks at the end of some lines (and the halves of CRLF) are an error in others: empty lines never are.
    text = _TRAILING.sub(lambda m: b"\n" * len(m[0]), text)
    if _directives(data)[0].get("escape") == "`":
        # The backslash is then a character as any other, as in Windows' paths.
        text = re.sub(rb"\\([ \t]*\n)", rb"/\1", text)
        text = re.sub(rb"`([ \t]*\n)", rb"\\\1", text)
    # `ENV KEY some words`, which Docker still takes.
    text = _OLD_ENV.sub(lambda m: m[0][: m.start(1) - m.start()] + _joined(m[1]), text)
    text = _PROTOCOL.sub(lambda m: m[1] + b" " * len(m[2]), text)
    while (flag := _BOOLEAN_FLAG.search(text)) is not None:
        text = text[: flag.start(1)] + b" " * len(flag[1]) + text[flag.end(1) :]
    return text if text.endswith(b"\n") else text + b"\n"


def _joined(value: bytes) -> bytes:
    """The value as one word; a continuation stays one."""
    body = value.rstrip(b" \t\\")
    if b'"' in body or b"'" in body:
        return value
    return body.replace(b" ", b"_").replace(b"\t", b"_") + value[len(body) :]


class Instruction:
    """One instruction. `name` is in upper case, `stage` the stage it belongs to, None before the first."""

    def __init__(self, file: DockerFile, node: Node, name: str, stage: Stage | None) -> None:
        self.file = file
        self.node = node
        self.name = name
        self.stage = stage

    def __repr__(self) -> str:
        return f"<{self.file.text(self.node)[:60]!r}>"

    @property
    def span(self) -> Span:
        return Span(self.node.start_byte, min(self.node.end_byte, len(self.file.data)))

    @property
    def has_error(self) -> bool:
        return self.node.has_error

    @lazy
    def plain(self) -> bytes:
        """The file's bytes with what is no argument in this instruction (comments, continuations) blank."""
        data = bytearray(self.file.plain)
        stack = list(self.node.children)
        while stack:
            node = stack.pop()
            if node.type in ("comment", "line_continuation", "heredoc_block"):
                data[node.start_byte : node.end_byte] = b" " * (node.end_byte - node.start_byte)
            else:
                stack.extend(node.children)
        # The grammar hides continuations that stand between two arguments.
        start, end = self.span
        data[start:end] = re.sub(rb"\\(?=[ \t]*\n)", b" ", bytes(data[start:end]))
        if self.name != "RUN" or self._heredoc is None:
            data[start:end] = data[start:end].replace(b"\n", b" ")
        return bytes(data)

    @lazy
    def words(self) -> list[Word]:
        """Flags and arguments, quotes taken off. A list in exec form is one word for each string."""
        flags, rest = self._split
        listed = exec_form(self.plain, rest)
        return [*flags, *(listed if listed is not None else words_in(self.plain, rest))]

    @lazy
    def _split(self) -> tuple[list[Word], Span]:
        """The flags, and the bytes of the arguments behind them."""
        start, end = self.span
        at = start + len(self.node.children[0].text or b"") if self.node.children else start
        flags: list[Word] = []
        for word in words_in(self.plain, Span(at, end)):
            if not word.text.startswith("--"):
                return flags, Span(word.span.start, end)
            flags.append(word)
        return flags, Span(end, end)

    @lazy
    def flags(self) -> dict[str, str]:
        """`{"from": "build"}` of `COPY --from=build`; a flag without a value has an empty one."""
        found = {}
        for flag in self._split[0]:
            name, _, value = flag.text[2:].partition("=")
            found[name] = value
        return found

    @lazy
    def arguments(self) -> list[Word]:
        """The words behind the flags."""
        return self.words[len(self._split[0]) :]

    @property
    def argument_span(self) -> Span:
        """The bytes of everything behind the name and the flags."""
        return self._split[1]

    @property
    def is_exec_form(self) -> bool:
        """`CMD ["a", "b"]`: no shell in between."""
        return exec_form(self.plain, self._split[1]) is not None

    @lazy
    def _heredoc(self) -> Node | None:
        return next((child for child in self.node.children if child.type == "heredoc_block"), None)

    @lazy
    def commands(self) -> list[Command]:
        """What RUN, CMD, ENTRYPOINT or HEALTHCHECK runs."""
        rest = self._split[1]
        if self.name == "HEALTHCHECK":
            words = self.arguments
            if not words or words[0].text.upper() != "CMD":
                return []
            rest = Span(words[0].span.end, rest.end)
        listed = exec_form(self.plain, rest)
        if listed is not None:
            return commands_of(listed) if listed else []
        found = commands_in(self.plain, rest)
        if self._heredoc is not None:
            found = [command for command in found if not command.words[0].text.startswith("<<")]
            body = [line for line in self._heredoc.children if line.type == "heredoc_line"]
            if body:
                data = self.file.data.replace(b"\\\n", b"  ")
                found.extend(commands_in(data, Span(body[0].start_byte, body[-1].end_byte)))
        return found

    @lazy
    def variables(self) -> list[tuple[str, str | None, Word]]:
        """(name, value as written, word) of ENV, ARG and LABEL; the value is None for `ARG NAME`."""
        words = self.arguments
        if not words:
            return []
        if self.name == "ENV" and "=" not in words[0].text:
            value = Span(words[1].span.start, words[-1].span.end) if len(words) > 1 else None
            text = " ".join(word.text for word in words[1:])
            whole = Word(text, Span(words[0].span.start, value.end if value else words[0].span.end))
            return [(words[0].text, text, whole)]
        found: list[tuple[str, str | None, Word]] = []
        for word in words:
            name, equals, text = word.text.partition("=")
            found.append((name, text if equals else None, word))
        return found

    @property
    def sources(self) -> list[str]:
        """What COPY or ADD takes."""
        return [word.text for word in self.arguments[:-1]]

    @property
    def target(self) -> str:
        """Where COPY or ADD puts it."""
        return self.arguments[-1].text if self.arguments else ""


class Stage:
    """What one FROM begins. `alias` is lower-case; `base` the stage that it continues, if it is one."""

    def __init__(self, file: DockerFile, index: int, start: Node) -> None:
        self.file = file
        self.index = index
        self.start = Instruction(file, start, "FROM", self)
        self.instructions: list[Instruction] = [self.start]

    def __repr__(self) -> str:
        return f"<Stage {self.name}>"

    @property
    def name(self) -> str:
        """The alias, or the number."""
        return self.alias or str(self.index)

    @lazy
    def alias(self) -> str:
        words = self.start.arguments
        named = len(words) >= 3 and words[1].text.lower() == "as"
        return words[2].text.lower() if named else ""

    @lazy
    def written_image(self) -> str:
        """The image as the file has it, variables and all."""
        return self.start.arguments[0].text if self.start.arguments else ""

    @lazy
    def image(self) -> str | None:
        """The image with variables resolved; None when only the build knows it."""
        return expanded(self.written_image, self.file.global_environment)

    @lazy
    def base(self) -> Stage | None:
        return self.file.stage_named(self.image or "", self.index)

    @property
    def bases(self) -> Iterator[Stage]:
        """The stage itself, and those that it continues."""
        stage: Stage | None = self
        while stage is not None:
            yield stage
            stage = stage.base

    @property
    def span(self) -> Span:
        return Span(self.start.span.start, self.instructions[-1].span.end)

    @property
    def has_error(self) -> bool:
        """Whether some of it could not be read."""
        start = self.span.start
        following = self.file.stages[self.index + 1 : self.index + 2]
        end = following[0].span.start if following else len(self.file.data)
        return any(
            start <= error.start < end or error.start <= start < error.end for error in self.file.error_spans
        )

    def named(self, *names: str) -> list[Instruction]:
        """The stage's own instructions of these names."""
        return [instruction for instruction in self.instructions if instruction.name in names]

    @lazy
    def lineage(self) -> list[Instruction]:
        """All instructions that make the image, those of its base stages first."""
        inherited = self.base.lineage if self.base is not None else []
        return [*inherited, *self.instructions]

    def environment(self, before: Instruction | None = None) -> Environment:
        """ENV and ARG in force before an instruction of this stage, or at its end."""
        values: Environment = {}
        if self.base is not None:
            inherited = self.base.environment()
            exported = {
                name for one in self.base.lineage if one.name == "ENV" for name, _, _ in one.variables
            }
            values = {name: value for name, value in inherited.items() if name in exported}
        for instruction in self.instructions:
            if before is not None and instruction.node == before.node:
                break
            if instruction.name == "ENV":
                known = dict(values)
                for name, written, _ in instruction.variables:
                    values[name] = expanded(written or "", known)
            elif instruction.name == "ARG":
                for name, written, _ in instruction.variables:
                    if written is not None:
                        values[name] = expanded(written, values)
                    else:
                        values[name] = self.file.global_environment.get(name)
        return values


class Image(NamedTuple):
    """An image's name taken apart: `hexpm/elixir`, `1.16.1-alpine-3.19.1`, `sha256:...`."""

    repository: str
    tag: str
    digest: str

    @classmethod
    def of(cls, reference: str) -> Image:
        name, _, digest = reference.partition("@")
        head, slash, last = name.rpartition("/")
        last, _, tag = last.partition(":")
        return cls(f"{head}{slash}{last}", tag, digest)


def expanded(written: str, values: Mapping[str, str | None]) -> str | None:
    """The text with its variables replaced; None when one of them is not known."""
    unknown = False

    def replaced(match: re.Match[str]) -> str:
        nonlocal unknown
        if match[1] is not None:
            return match[1] if match[1] == "$" else match[0]
        value = values.get(match[2] or match[3])
        operator, other = match[4], match[5] or ""
        if operator in ("-", ":-"):
            return value or other
        if operator in ("+", ":+"):
            return other if value else ""
        if value is None:
            unknown = True
        return value or ""

    text = _VARIABLE.sub(replaced, written)
    return None if unknown else text


class DockerFile(SourceFile):
    """A Dockerfile or Containerfile. `names` are its instructions, by their name in upper case."""

    language = "dockerfile"

    @staticmethod
    def parse(data: bytes, old_tree: Tree | None = None) -> Tree:
        """Always anew: such a file is short, and its text is masked before it is read."""
        return _parser().parse(_masked(data))

    @lazy
    def plain(self) -> bytes:
        """The text as the grammar saw it, with the real words."""
        data = self.data
        if b"\r" in data:
            data = data.replace(b"\\\r\n", b" \\\n").replace(b"\r\n", b" \n")
        if _directives(self.data)[0].get("escape") == "`":
            data = re.sub(rb"`([ \t]*\n)", rb"\\\1", data)
        return data if data.endswith(b"\n") else data + b"\n"

    @lazy
    def _read(self) -> tuple[list[Instruction], list[Stage]]:
        instructions: list[Instruction] = []
        stages: list[Stage] = []
        stack = list(reversed(self.root.children))
        while stack:
            node = stack.pop()
            if node.is_error:
                stack.extend(reversed(node.children))
            if not node.type.endswith("_instruction"):
                continue
            name = node.type.removesuffix("_instruction").upper()
            if name == "FROM":
                stages.append(Stage(self, len(stages), node))
                instructions.append(stages[-1].start)
            else:
                instruction = Instruction(self, node, name, stages[-1] if stages else None)
                instructions.append(instruction)
                if stages:
                    stages[-1].instructions.append(instruction)
        return instructions, stages

    @property
    def instructions(self) -> list[Instruction]:
        """All instructions in source order."""
        return self._read[0]

    @property
    def stages(self) -> list[Stage]:
        return self._read[1]

    @lazy
    def names(self) -> dict[bytes, list[Instruction]]:
        """The instructions by name."""
        found: dict[bytes, list[Instruction]] = {}
        for instruction in self.instructions:
            found.setdefault(instruction.name.encode(), []).append(instruction)
        return found

    @lazy
    def global_environment(self) -> Environment:
        """The ARGs before the first FROM, by name."""
        values: Environment = {}
        for instruction in self.instructions:
            if instruction.stage is not None:
                break
            if instruction.name == "ARG":
                for name, written, _ in instruction.variables:
                    values[name] = expanded(written, values) if written is not None else None
        return values

    def stage_named(self, name: str, before: int | None = None) -> Stage | None:
        """The stage that `--from=name` or `FROM name` means: by alias, or (in `--from`) by number."""
        stages = self.stages[:before] if before is not None else self.stages
        for stage in reversed(stages):
            if stage.alias and stage.alias == name.lower():
                return stage
        if before is None and name.isdigit() and int(name) < len(stages):
            return stages[int(name)]
        return None

    @lazy
    def comments(self) -> list[Node]:
        """All comments in source order; a parser directive is none."""
        found: list[Node] = []
        stack = [self.root]
        while stack:
            node = stack.pop()
            if node.type == "comment":
                found.append(node)
            else:
                stack.extend(node.children)
        directives = self.comments_start
        return sorted(
            (node for node in found if node.start_byte >= directives), key=lambda node: node.start_byte
        )

    def instruction_at(self, at: int) -> Instruction | None:
        """The instruction around byte `at`."""
        index = bisect_right([instruction.span.start for instruction in self.instructions], at) - 1
        if index < 0 or at >= self.instructions[index].span.end:
            return None
        return self.instructions[index]

    def definition_at(self, at: int) -> Stage | None:
        """The stage around byte `at`."""
        found = None
        for stage in self.stages:
            if stage.span.start <= at:
                found = stage
        return found

    def statement_start(self, at: int) -> int:
        """A comment above an instruction is for all of its lines."""
        instruction = self.instruction_at(at)
        return instruction.span.start if instruction is not None else at

    @property
    def comments_start(self) -> int:
        """Behind the parser directives, which a comment would end."""
        return _directives(self.data)[1]
