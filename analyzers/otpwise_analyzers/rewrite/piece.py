"""The parts of an action that move into a context: one expression each, with what leads up to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tree_sitter import Node

from otpwise_analyzers.project.repo_calls import ROW_WRITES, TRANSACTIONS
from otpwise_analyzers.rewrite.ecto_names import QUERY_MACROS
from otpwise_analyzers.rewrite.layout import above_comments, line_end, span_to_remove, starts_line
from otpwise_analyzers.rewrite.moving import CannotMove, Mover
from otpwise_analyzers.rewrite.subject import known_module
from otpwise_analyzers.rewrite.write_chain import Chain, chain_at, with_chain_at
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition
from otpwise_analyzers.syntax.variables import bound_in_statement, uses_of

_BLANK_LINE = re.compile(rb"[ \t]*\r?\n")
# Modules of others whose functions only work values out.
_WITHOUT_EFFECT = frozenset(
    [
        "Ecto",
        "Map",
        "Keyword",
        "Enum",
        "Stream",
        "List",
        "MapSet",
        "String",
        "Regex",
        "Integer",
        "Float",
        "Decimal",
        "Atom",
        "Tuple",
        "Range",
        "Access",
        "Date",
        "Time",
        "DateTime",
        "NaiveDateTime",
        "Calendar",
        "Timex",
        "URI",
        "Base",
        "Bitwise",
        "Kernel",
        "Jason",
        "Poison",
    ]
)
_BLOCKS = frozenset({"do_block", "body", *nodes.CLAUSE_BLOCKS})


@dataclass(slots=True)
class Piece:
    """`node` moves, after the statements in `folded`; `chain` are further writes that belong to it."""

    file: ElixirFile
    definition: Definition
    node: Node
    call: Call
    calls: list[Call]
    mover: Mover
    folded: list[Node] = field(default_factory=list)
    chain: Chain | None = None

    @property
    def deleted(self) -> list[Node]:
        """The statements that leave the action."""
        if self.chain is None:
            return self.folded
        return [*self.folded, *(self.chain.clauses or self.chain.statements)]

    def lines_of(self, statement: Node) -> Span:
        """The bytes of a statement that leaves, with the comments directly above it and behind it."""
        return moving_lines(self.file, statement)

    def comments_of(self, statement: Node) -> list[str]:
        """The comments above a statement that leaves and behind it, each without its indentation."""
        span = self.lines_of(statement)
        return [
            self.file.text(comment)
            for comment in self.file.comments
            if span.start <= comment.start_byte < span.end and not nodes.encloses(statement, comment)
        ]

    @property
    def deletions(self) -> list[Edit]:
        """The edits that remove `deleted`: neighbours together, so that no blank lines are left."""
        spans: list[Span] = []
        clauses = self.chain.clauses if self.chain is not None else []
        leaving = [node for node in self.deleted if node not in clauses]
        for node in sorted(leaving, key=lambda node: node.start_byte):
            lines = self.lines_of(node)
            span = span_to_remove(self.file, lines.start, lines.end)
            if spans and not self.file.data[spans[-1].end : span.start].strip():
                spans[-1] = Span(spans[-1].start, max(span.end, spans[-1].end))
            else:
                spans.append(span)
        edits = [Edit(span.start, self._without_blank(span), "") for span in spans]
        if self.chain is not None:
            edits.extend(Edit(span.start, span.end, "") for span in self.chain.deletions)
        return edits

    def _without_blank(self, span: Span) -> int:
        """The end of a removed span, behind the blank line that would open its block."""
        data = self.file.data
        opens = data[: span.start].rstrip().endswith((b" do", b"->"))
        after = _BLANK_LINE.match(data, span.end)
        return after.end() if opens and after is not None else span.end

    def holds(self, writes: Sequence[Call]) -> bool:
        """Whether all these writes become one transaction with this piece."""
        chained = {call.node.start_byte for call in self.chain.writes} if self.chain is not None else set()
        return all(call.node == self.call.node or call.node.start_byte in chained for call in writes)

    @property
    def has_comment(self) -> bool:
        return any(
            nodes.encloses(node, comment)
            for node in [*self.folded, self.node]
            for comment in self.file.comments
        )


def moving_lines(file: ElixirFile, statement: Node) -> Span:
    """The bytes of a statement with the comments directly above it and behind it."""
    if not starts_line(file, statement.start_byte):
        return Span(statement.start_byte, statement.end_byte)
    start = above_comments(file, statement.start_byte)
    end = line_end(file, statement.end_byte)
    behind = file.data[statement.end_byte : end].strip()
    return Span(start, end if behind.startswith(b"#") else statement.end_byte)


def pieces_of(file: ElixirFile, definition: Definition, calls: Sequence[Call]) -> list[Piece]:
    """The pieces of an action that hold all of `calls`. Raises CannotMove when one cannot move."""
    regions: list[tuple[Node, list[Call]]] = []
    for node in sorted({_whole(call, calls) for call in calls}, key=lambda n: (n.start_byte, -n.end_byte)):
        if regions and nodes.encloses(regions[-1][0], node):
            continue
        regions.append((node, [call for call in calls if nodes.encloses(node, call.node)]))
    pieces: list[Piece] = []
    covered: list[Node] = []
    for node, inside in regions:
        if any(nodes.encloses(statement, node) for statement in covered):
            continue
        base = _base(inside)
        _check_one(node, inside, base)
        piece = Piece(file, definition, node, base, inside, Mover(file, definition))
        chain = chain_at(file, definition, node, base, calls) if base.name in ROW_WRITES else None
        if chain is None and base.name in ROW_WRITES:
            chain = with_chain_at(file, definition, node, base, calls)
        uses = [node, *(chain.statements if chain is not None else ())]
        piece.folded = foldable(file, definition, node, uses)
        for statement in piece.folded:
            piece.mover.read(_value(statement))
            piece.mover.given.update(bound_in_statement(statement, file.data))
        piece.mover.read(node)
        if chain is not None:
            piece.chain = chain
            piece.mover.given.update(chain.given)
            for statement in chain.statements:
                piece.mover.read(statement)
                piece.mover.given.update(bound_in_statement(statement, file.data))
            covered.extend(chain.statements)
        piece.mover.settle()
        pieces.append(piece)
    return pieces


def _base(calls: Sequence[Call]) -> Call:
    """The call that says what the expression is for: a transaction, what is written, else what is read first."""
    for names in (TRANSACTIONS, ROW_WRITES):
        found = next((call for call in calls if call.name in names), None)
        if found is not None:
            return found
    return next((call for call in calls if call.name != "preload"), calls[0])


def _check_one(node: Node, calls: Sequence[Call], base: Call) -> None:
    """Raises CannotMove for calls in an expression that are neither stages of one pipeline nor one transaction."""
    if base.name in TRANSACTIONS:
        return
    if base.name in ROW_WRITES and all(
        nodes.encloses(base.expression, call.node) for call in calls if call.name != "preload"
    ):
        # What is written is asked for on the way: `Repo.delete!(Repo.get!(Post, id))`, or in a pipeline.
        return
    if len([call for call in calls if call.name != "preload"]) > 1:
        raise CannotMove("a query in a query")


def _whole(call: Call, calls: Sequence[Call]) -> Node:
    """The pipeline up to the last repo call in it."""
    known = {other.node.start_byte for other in calls}
    node = call.expression
    best = node
    while (parent := node.parent) is not None and nodes.is_operator(parent, "|>"):
        right = parent.child_by_field_name("right")
        if right is None or parent.child_by_field_name("left") != node:
            break
        node = parent
        if right.start_byte in known:
            best = node
    return best


def _value(statement: Node) -> Node:
    right = statement.child_by_field_name("right")
    return right if right is not None else statement


def foldable(file: ElixirFile, definition: Definition, node: Node, uses: Sequence[Node]) -> list[Node]:
    """The assignments before `node` that serve nothing but it: a changeset, a query."""
    statement = node
    for ancestor in nodes.ancestors(node):
        if ancestor.type in _BLOCKS:
            break
        statement = ancestor
    else:
        return []
    block = statement.parent
    if block is None:
        return []
    found: list[Node] = []
    before = [s for s in nodes.block_statements(block) if s.end_byte <= statement.start_byte]
    for candidate in reversed(before):
        if not _serves_only(file, definition, candidate, [*uses, *found]):
            continue
        trial = Mover(file, definition)
        try:
            trial.read(_value(candidate))
        except CannotMove:
            continue
        value = _value(candidate)
        if any(edit.start <= value.start_byte and value.end_byte <= edit.end for edit in trial.moved.edits):
            # All of it would be handed over: it stays where it is.
            continue
        later = {
            name
            for other in before
            if other.start_byte > candidate.start_byte and other not in found
            for name in bound_in_statement(other, file.data)
        }
        if later & set(trial.moved.params):
            continue
        found.insert(0, candidate)
    return found


def _serves_only(file: ElixirFile, definition: Definition, statement: Node, uses: Sequence[Node]) -> bool:
    left = statement.child_by_field_name("left") if nodes.is_operator(statement, "=") else None
    if left is None or left.type != "identifier":
        return False
    value = _value(statement)
    if not _is_preparation(file, value):
        return False
    name = file.text(left)
    everywhere = [use for use in uses_of(name, definition.node, file.data) if use != left]
    return bool(everywhere) and all(any(nodes.encloses(place, use) for place in uses) for use in everywhere)


def _is_preparation(file: ElixirFile, value: Node) -> bool:
    """Whether a value is made of a schema or of a query, without asking the database."""
    names = {file.text(node) for node in nodes.descendants(value, "identifier")}
    names |= {file.text(node) for node in [value] if node.type == "identifier"}
    mentions = value.type == "alias" or any(True for _ in nodes.descendants(value, "alias"))
    if not mentions and not names & QUERY_MACROS:
        return False
    aliases = (
        [value, *nodes.descendants(value, "alias")]
        if value.type == "alias"
        else nodes.descendants(value, "alias")
    )
    return all(_only_prepares(file, alias) for alias in aliases)


def _only_prepares(file: ElixirFile, alias: Node) -> bool:
    """Whether a module is named as a schema, or asked for something that has no effect."""
    full = file.resolve(file.text(alias), alias.start_byte)
    if _asks_database(file, alias):
        return False
    dot = alias.parent
    right = dot.child_by_field_name("right") if dot is not None and dot.type == "dot" else None
    if right is None or right.type != "identifier" or file.project.module(known_module(file, full) or full):
        return True
    return full.partition(".")[0] in _WITHOUT_EFFECT or "changeset" in file.text(right)


def _asks_database(file: ElixirFile, alias: Node) -> bool:
    """Whether a module is a repo, or one of the project's that calls a repo: a context."""
    full = file.resolve(file.text(alias), alias.start_byte)
    located = file.project.module(known_module(file, full) or full)
    return bool(file.project.is_repo(full)) or (
        located is not None and located.facts.schema is None and located.facts.repo_calls > 0
    )
