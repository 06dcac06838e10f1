"""The text of expressions as it stands in another module: dedented, names of modules as written there."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from otpwise_analyzers.rewrite import aliases
from otpwise_analyzers.rewrite.context import Target, known_module
from otpwise_analyzers.rewrite.layout import indent_of
from otpwise_analyzers.rewrite.moving import Moved
from otpwise_analyzers.source.edits import Edit, apply
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile


class Excerpts:
    """Writes moved expressions for one target, and remembers which aliases they need there."""

    def __init__(self, file: ElixirFile, target: Target) -> None:
        self.file = file
        self.target = target
        self.aliases: list[str] = []

    def text(self, node: Node, moved: Moved) -> str:
        """The expression for the target: holes filled with their parameters, modules renamed."""
        edits = [edit for edit in moved.edits if node.start_byte <= edit.start and edit.end <= node.end_byte]
        for alias, full in moved.modules:
            if nodes.encloses(node, alias) and not any(e.start <= alias.start_byte < e.end for e in edits):
                written = self.file.text(alias)
                here = self.module(full, written)
                if here != written:
                    edits.append(Edit(alias.start_byte, alias.end_byte, here))
        base = node.start_byte
        local = [Edit(edit.start - base, edit.end - base, edit.new) for edit in edits]
        text = apply(self.file.data[base : node.end_byte], local).decode()
        return joined(dedented(text.replace("\r\n", "\n"), indent_of(self.file, node)))

    def module(self, full: str, written: str) -> str:
        """How the target writes a module's name; notes the alias that this takes."""
        real = known_module(self.file, full) or full
        root = self.target.name.partition(".")[0]
        if "." not in real:
            return written
        is_ours = self.file.project.module(real) is not None or real.partition(".")[0] == root
        if not is_ours and real == written:
            return written
        if not is_ours and real != "Ecto.Multi":
            short = self._short(real)
            return short if short is not None and real not in self.aliases else real
        return self.aliased(real)

    def aliased(self, real: str) -> str:
        """The short name of a module of ours, its alias noted; the full one where that is taken."""
        if self.target.module is not None:
            found = aliases.short_name(self.target.module, real, self.aliases)
            if found is None:
                return real
            short, needed = found
            if needed and real not in self.aliases:
                self.aliases.append(real)
            return short
        short = real.rpartition(".")[2]
        if any(other != real and other.rpartition(".")[2] == short for other in self.aliases):
            return real
        if real not in self.aliases:
            self.aliases.append(real)
        return short

    def _short(self, real: str) -> str | None:
        if self.target.module is None:
            return None
        found = aliases.short_name(self.target.module, real)
        return found[0] if found is not None and not found[1] else None


def dedented(text: str, indent: str) -> str:
    """`text` whose first line has lost its indentation already, the other lines without `indent`."""
    first, *others = text.split("\n")
    return "\n".join([first, *(line.removeprefix(indent) if line.strip() else "" for line in others)])


def block_of(statements: Sequence[str]) -> str:
    """Statements below one another, those of several lines with an empty line around them."""
    text = ""
    for index, statement in enumerate(statements):
        if index:
            text += "\n\n" if "\n" in statement or "\n" in statements[index - 1] else "\n"
        text += statement
    return text


def joined(text: str) -> str:
    """`name =` and its one-line value on one line, as the formatter has it where it fits."""
    lines = text.split("\n")
    if len(lines) == 2 and lines[0].endswith(" =") and "#" not in text:
        line = f"{lines[0]} {lines[1].strip()}"
        if len(line) <= 90:
            return line
    return text
