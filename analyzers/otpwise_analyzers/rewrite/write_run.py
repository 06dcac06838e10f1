"""Writes that raise, one below the other: they move into one function, and one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tree_sitter import Node

from otpwise_analyzers.project.repo_calls import is_bang
from otpwise_analyzers.rewrite.excerpt import Excerpts, block_of
from otpwise_analyzers.rewrite.layout import WIDTH, indent_of, reindent, starts_line
from otpwise_analyzers.rewrite.moving import CannotMove, Mover
from otpwise_analyzers.rewrite.multi import TooWide
from otpwise_analyzers.rewrite.piece import foldable, moving_lines
from otpwise_analyzers.rewrite.write_chain import statement_of
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition
from otpwise_analyzers.syntax.variables import bound_in_statement, uses_of


@dataclass(slots=True)
class Run:
    """Neighbouring statements that write; `used` are the variables of theirs that are read after them."""

    file: ElixirFile
    first: Call
    statements: list[Node]
    used: list[str]
    mover: Mover
    folded: list[Node] = field(default_factory=list)

    @property
    def span(self) -> Span:
        """The bytes that the call of the new function replaces, from the first line's indentation on."""
        start = moving_lines(self.file, self.statements[0]).start
        return Span(start, moving_lines(self.file, self.statements[-1]).end)

    def holds(self, call: Call) -> bool:
        return any(nodes.encloses(statement, call.node) for statement in self.statements)

    def body(self, excerpts: Excerpts) -> str:
        """The statements in a transaction, which answers with what the caller goes on with."""
        moved = self.mover.moved
        repo = excerpts.text(self.first.receiver, moved) if self.first.receiver is not None else "Repo"
        before = block_of([excerpts.lines(moving_lines(self.file, s), moved) for s in self.folded])
        inside = block_of([excerpts.lines(moving_lines(self.file, s), moved) for s in self.statements])
        lead = f"{before}\n\n" if before else ""
        if not self.used:
            return f"{lead}{repo}.transaction(fn ->\n{reindent(inside, '  ')}\nend)"
        inner = reindent(f"{inside}\n\n{self.value}", "    ")
        return f"{lead}{{:ok, {self.value}}} =\n  {repo}.transaction(fn ->\n{inner}\n  end)\n\n{self.value}"

    @property
    def value(self) -> str:
        return self.used[0] if len(self.used) == 1 else "{" + ", ".join(self.used) + "}"

    def replaced(self, call: str) -> Edit:
        indent = indent_of(self.file, self.statements[0])
        text = f"{indent}{f'{self.value} = ' if self.used else ''}{call}"
        if len(text) > WIDTH:
            raise TooWide
        return Edit(self.span.start, self.span.end, text)


def run_of(file: ElixirFile, definition: Definition, path: Sequence[Call]) -> Run:
    """The run of these writes, which follow one another. Raises CannotMove when they are none."""
    tops = [statement_of(call) for call in path]
    block = tops[0].parent
    if block is None or any(top.parent != block for top in tops) or not all(is_bang(call) for call in path):
        raise CannotMove("writes that belong together")
    statements = nodes.block_statements(block)
    first, last = statements.index(tops[0]), statements.index(tops[-1])
    inside, after = statements[first : last + 1], statements[last + 1 :]
    if not after or not all(starts_line(file, statement.start_byte) for statement in inside):
        raise CannotMove("writes that are the answer")
    mover = Mover(file, definition)
    folded = foldable(file, definition, inside[0], inside)
    for statement in [*folded, *inside]:
        left = statement.child_by_field_name("left") if nodes.is_operator(statement, "=") else None
        if left is not None and left.type != "identifier":
            raise CannotMove("a pattern among the writes")
        value = statement.child_by_field_name("right") if left is not None else None
        mover.read(value if value is not None else statement)
        mover.given.update(bound_in_statement(statement, file.data))
    mover.settle()
    bound = dict.fromkeys(name for s in inside for name in bound_in_statement(s, file.data))
    used = [name for name in bound if any(uses_of(name, s, file.data) for s in after)]
    return Run(file, path[0], inside, used, mover, folded)
