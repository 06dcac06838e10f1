"""The text of expressions as it stands in another module: dedented, names of modules as written there."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from otpwise_analyzers.rewrite import aliases
from otpwise_analyzers.rewrite.context import Target
from otpwise_analyzers.rewrite.ecto_names import KERNEL, QUERY_MACROS
from otpwise_analyzers.rewrite.layout import WIDTH, indent_at, indent_of
from otpwise_analyzers.rewrite.moving import Moved
from otpwise_analyzers.rewrite.subject import known_module
from otpwise_analyzers.source.edits import Edit, Span, apply
from otpwise_analyzers.syntax.file import ElixirFile


class Excerpts:
    """Writes moved expressions for one target, and remembers which aliases they need there."""

    def __init__(self, file: ElixirFile, target: Target) -> None:
        self.file = file
        self.target = target
        self.aliases: list[str] = []

    def text(self, node: Node, moved: Moved) -> str:
        """The expression for the target: holes filled with their parameters, modules renamed."""
        span = Span(node.start_byte, node.end_byte)
        return joined(dedented(self._rewritten(span, moved), indent_of(self.file, node)))

    def lines(self, span: Span, moved: Moved) -> str:
        """The same for all that stands in a span, which begins a line."""
        indent = indent_at(self.file, span.start)
        return _rejoined(dedented(self._rewritten(span, moved).removeprefix(indent), indent))

    def _rewritten(self, span: Span, moved: Moved) -> str:
        edits = [edit for edit in moved.edits if span.start <= edit.start and edit.end <= span.end]
        for alias, full in moved.modules:
            inside = span.start <= alias.start_byte and alias.end_byte <= span.end
            if inside and not any(e.start <= alias.start_byte < e.end for e in edits):
                own = self._within(alias, full)
                if own is not None:
                    edits.append(own)
                    continue
                written = self.file.text(alias)
                here = self.module(full, written)
                if here != written:
                    edits.append(Edit(alias.start_byte, alias.end_byte, here))
        local = [Edit(edit.start - span.start, edit.end - span.start, edit.new) for edit in edits]
        return apply(self.file.data[span.start : span.end], local).decode().replace("\r\n", "\n")

    def _within(self, alias: Node, full: str) -> Edit | None:
        """What becomes of the target's own name in it: `Blog.get_post!(id)` is `get_post!(id)` there."""
        module = self.target.module
        if (known_module(self.file, full) or full) != self.target.name or module is None:
            return None
        dot = alias.parent
        right = dot.child_by_field_name("right") if dot is not None and dot.type == "dot" else None
        name = self.file.text(right) if right is not None else ""
        if right is not None and right.type == "identifier" and name not in QUERY_MACROS | KERNEL:
            if any(clause.kind == "def" for clause in module.clauses(name)):
                return Edit(alias.start_byte, right.start_byte, "")
        return Edit(alias.start_byte, alias.end_byte, "__MODULE__")

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


def _rejoined(text: str) -> str:
    """Each `name =` whose value fits behind it, now that names are shorter, on one line."""
    lines = text.split("\n")
    found: list[str] = []
    index = 0
    while index < len(lines):
        line = lines[index]
        below = lines[index + 1 : index + 3]
        if line.endswith(" =") and "#" not in line and below and below[0].startswith(_indent(line) + "  "):
            ends = len(below) < 2 or len(_indent(below[1])) <= len(_indent(line)) or not below[1].strip()
            whole = f"{line} {below[0].strip()}"
            if ends and len(whole) + 2 <= WIDTH and "#" not in below[0]:
                found.append(whole)
                index += 2
                continue
        found.append(line)
        index += 1
    return "\n".join(found)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def joined(text: str) -> str:
    """`name =` and its one-line value on one line, as the formatter has it where it fits."""
    lines = text.split("\n")
    if len(lines) == 2 and lines[0].endswith(" =") and "#" not in text:
        line = f"{lines[0]} {lines[1].strip()}"
        if len(line) <= 90:
            return line
    return text
