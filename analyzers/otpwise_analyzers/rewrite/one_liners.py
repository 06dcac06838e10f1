"""Definitions of the form `def name(...), do: expression` whose line becomes too long, or short enough."""

from __future__ import annotations

from collections.abc import Iterable

from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.source.edits import Edit, apply
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition


def refitted(clauses: Iterable[Definition], edits: list[Edit]) -> list[Edit]:
    """`edits`, and those that break or join the lines of `do:` in these clauses as the formatter would."""
    return [*edits, *(extra for clause in clauses for extra in _refit(clause, edits))]


def all_fit(file: ElixirFile, edits: Iterable[Edit]) -> bool:
    """Whether the edits make no line too long for the formatter."""
    before = set(file.data.decode("utf-8", "replace").splitlines())
    after = apply(file.data, edits).decode("utf-8", "replace").splitlines()
    return all(len(line) <= layout.WIDTH or line in before for line in after)


def _refit(clause: Definition, edits: list[Edit]) -> list[Edit]:
    file, body = clause.file, clause.keyword_body
    head = clause.guard or clause.head
    if body is None or head is None or not layout.is_one_line(file, body):
        return []
    start, end = clause.node.start_byte, clause.node.end_byte
    between = file.data[head.end_byte : body.start_byte]
    if between.split() != [b",", b"do:"] or any(
        e.start < body.start_byte and e.end > head.end_byte for e in edits
    ):
        return []
    inside = [edit for edit in edits if start <= edit.start and edit.end <= end]
    if not inside:
        return []
    separator = Edit(head.end_byte, body.start_byte, ", do: ")
    # What is put behind the clause begins with its last byte, and is no part of its line.
    local = [
        Edit(edit.start - start, edit.end - start, edit.new.partition("\n")[0])
        for edit in (*inside, separator)
    ]
    line = apply(file.data[start:end], local).decode("utf-8", "replace")
    indent = layout.indent_of(file, clause.node)
    fits, is_broken = layout.fits(line, indent), b"\n" in between
    if fits == (not is_broken):
        return []
    if fits:
        return [separator]
    top = layout.above_comments(file, clause.start_with_attributes)
    return [
        *layout.blank_line_above(file, top),
        Edit(head.end_byte, body.start_byte, f",\n{indent}  do: "),
        *layout.blank_line_below(file, end),
    ]
