"""What becomes of a clause that never runs: it goes, or it moves above the one that hides it."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.patterns import always_matched_before


def is_repeated(earlier: Definition, later: Definition) -> bool:
    """Whether a clause has the head and the body of an earlier one, however they are laid out."""
    if earlier.clause_blocks or later.clause_blocks or later.guard is not None:
        return False
    one, other = ([*clause.params, *clause.statements] for clause in (earlier, later))
    return [_tokens(earlier, node) for node in one] == [_tokens(later, node) for node in other]


def says_nothing(clause: Definition) -> bool:
    """Whether a clause only hands back what it was given last: `{:noreply, socket}`, `{:ok, state}`."""
    if len(clause.statements) != 1 or clause.clause_blocks or not clause.params:
        return False
    items = nodes.named(clause.statements[0]) if clause.statements[0].type == "tuple" else []
    last = nodes.identifier(clause.params[-1], clause.file.data)
    return (
        len(items) == 2
        and items[0].type == "atom"
        and last is not None
        and nodes.identifier(items[1], clause.file.data) == last
    )


def _tokens(clause: Definition, node: Node) -> list[str]:
    """What is written in a node, without the blanks, line endings and comments in it."""
    found: list[str] = []
    stack = [node]
    while stack:
        current = stack.pop()
        if current.child_count:
            stack.extend(reversed(current.children))
        elif current.type != "comment":
            found.append(clause.file.text(current).strip())
    return found


def removed(context: FixContext, later: Definition) -> Change | None:
    """Removes a clause with its `@impl`. None when a comment in it, or another attribute, would go too."""
    if not _stands_free(later) or _has_comments(later):
        return None
    file = later.file
    span = layout.span_to_remove(file, later.start_with_attributes, later.node.end_byte)
    return (layout.change_of(file, [Edit(span.start, span.end, "")]),)


def moved_above(context: FixContext, module: Module, earlier: Definition, later: Definition) -> Change | None:
    """Moves a clause, with its comments, before the one that hides it.

    None when it would then hide another: that one or one between them.
    """
    file = later.file
    clauses = module.clauses(later.name)
    between = clauses[clauses.index(earlier) : clauses.index(later)]
    if not _stands_free(later) or any(always_matched_before(later, clause) for clause in between):
        return None
    start = layout.above_comments(file, later.start_with_attributes)
    before = layout.above_comments(file, earlier.start_with_attributes)
    if not layout.starts_line(file, earlier.node.start_byte) or not layout.ends_line(
        file, later.node.end_byte
    ):
        return None
    text = file.data[start : later.node.end_byte].decode()
    if earlier.attributes and not (earlier.attributes.keys() == {"impl"} == later.attributes.keys()):
        # What stands above the first clause is said of all: it stays there.
        if before != layout.line_start(file, earlier.start_with_attributes) or later.attributes:
            return None
        before = layout.line_start(file, earlier.node.start_byte)
        if layout.above_comments(file, before) != before:
            return None
    close = layout.is_one_line(file, earlier.node) and layout.is_one_line(file, later.node)
    gap = "\n" if close and text.count("\n") == 0 else "\n\n"
    span = layout.span_to_remove(file, start + len(layout.indent_at(file, start)), later.node.end_byte)
    return (layout.change_of(file, [Edit(before, before, text + gap), Edit(span.start, span.end, "")]),)


def _stands_free(clause: Definition) -> bool:
    file = clause.file
    return (
        clause.attributes.keys() <= {"impl"}
        and layout.starts_line(file, clause.start_with_attributes)
        and layout.ends_line(file, clause.node.end_byte)
    )


def _has_comments(clause: Definition) -> bool:
    start = clause.start_with_attributes
    return any(start <= comment.start_byte < clause.node.end_byte for comment in clause.file.comments)
