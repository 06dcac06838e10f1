"""Takes options out of a `config` call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tree_sitter import Node

from otpwise_analyzers.project.config_files import ConfigCall, Path
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.rewrite.config_entries import (
    CannotRewriteError,
    Entry,
    config_lines,
    entries_of,
    indented,
    text_at_no_indent,
)
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile


@dataclass(slots=True)
class Taken:
    """What leaves a file: the edits that remove it, and what is to be written elsewhere.

    `entries` are options; of `config :app, :key, value` there are none, and `statement` is the whole.
    `comments` stood above the statement, when all of it leaves.
    """

    head: str
    edits: list[Edit]
    entries: list[Entry]
    statement: str = ""
    comments: list[str] = field(default_factory=list)


def take(call: ConfigCall, paths: Sequence[Path]) -> Taken:
    """Takes these options, or whole inner ones, out of a call. Raises CannotRewriteError."""
    file, node = call.call.file, call.node
    if not is_plain(call):
        raise CannotRewriteError("a call that is not as the formatter writes it")
    head = head_of(call)
    if call.value is not None:
        if " ".join(written_head(call).split()) != head:
            raise CannotRewriteError("a module's short name")
        comments, edits = without_statement(file, node)
        behind = file.data[node.end_byte : layout.line_end(file, node.end_byte)].decode().strip()
        text = text_at_no_indent(file, node)
        return Taken(head, edits, [], text, [*comments, *([behind] if behind else [])])
    left: list[Entry] = []
    entries: list[Entry] = []
    for entry in entries_of(file, call.pairs, layout.line_end(file, node.end_byte)):
        path = (*call.path, entry.name)
        inside = [one for one in paths if one[: len(path)] == path]
        if not inside:
            left.append(entry)
        elif inside == [path]:
            entries.append(entry)
        else:
            names = {one[-1] for one in inside}
            out = [one for one in entry.inner if one.name in names]
            rest = [one for one in entry.inner if one.name not in names]
            if not out or not rest:
                raise CannotRewriteError("a list that cannot be taken apart")
            together = len(out) == 1 and out[0].is_plain
            entries.append(replace(entry, inner=out, comments=[], broken=entry.broken and not together))
            left.append(replace(entry, inner=rest))
    if not left:
        comments, edits = without_statement(file, node)
        return Taken(head, edits, entries, "", comments)
    indent = layout.indent_of(file, node)
    lines = config_lines(written_head(call), left, indent, broken=is_broken(call))
    new = "\n".join([lines[0], *indented(lines[1:], indent)])
    return Taken(head, [Edit(node.start_byte, end_with_comment(call), new)], entries)


def laid_out(call: ConfigCall) -> Edit | None:
    """Writes a call as the formatter would, after something in it became shorter; None when it cannot."""
    file, node = call.call.file, call.node
    if call.value is not None or not is_plain(call):
        return None
    indent = layout.indent_of(file, node)
    try:
        entries = entries_of(file, call.pairs, layout.line_end(file, node.end_byte))
        lines = config_lines(written_head(call), entries, indent, broken=is_broken(call))
    except CannotRewriteError:
        return None
    return Edit(node.start_byte, end_with_comment(call), "\n".join([lines[0], *indented(lines[1:], indent)]))


def is_plain(call: ConfigCall) -> bool:
    """Whether a call is written without parentheses and brackets, and alone on its lines."""
    file, node = call.call.file, call.node
    if call.value is None and call.call.args[-1].type != "keywords":
        return False
    after = file.data[node.end_byte : layout.line_end(file, node.end_byte)].strip()
    return (
        layout.starts_line(file, node.start_byte)
        and not file.text(node).startswith("config(")
        and (not after or after.startswith(b"#"))
    )


def is_broken(call: ConfigCall) -> bool:
    """Whether the options stand below `config :app, Key`."""
    return call.pairs[0].start_point.row > call.node.start_point.row


def end_with_comment(call: ConfigCall) -> int:
    """The end of a call, with the comment behind it."""
    file = call.call.file
    end = layout.line_end(file, call.node.end_byte)
    return end if file.data[call.node.end_byte : end].strip() else call.node.end_byte


def head_of(call: ConfigCall) -> str:
    """`config :app, Key`, the module's name in full."""
    file, args = call.call.file, call.call.args
    if call.key is None:
        return f"config {file.text(args[0])}"
    key = file.text(args[1]) if args[1].type == "atom" else call.key
    return f"config {file.text(args[0])}, {key}"


def written_head(call: ConfigCall) -> str:
    """The same as it stands there."""
    args = call.call.args
    last = args[0] if call.key is None else args[1]
    return call.call.file.data[call.node.start_byte : last.end_byte].decode()


def without_statement(file: ElixirFile, node: Node) -> tuple[list[str], list[Edit]]:
    """The comments directly above a statement, and the edits that remove it with them.

    An `if` around it that would be left empty goes too.
    """
    comments = comments_above(file, node)
    block = node.parent
    if layout.only_statement(node) and block is not None:
        outer = block.parent
        if outer is None or outer.type != "call" or nodes.child_of_type(block, "else_block") is not None:
            raise CannotRewriteError("the only statement of a block")
        if sum(nodes.encloses(outer, comment) for comment in file.comments) > len(comments):
            raise CannotRewriteError("a comment in a block that would be empty")
        above, edits = without_statement(file, outer)
        return [*above, *(file.text(comment) for comment in comments)], edits
    start = comments[0].start_byte if comments else node.start_byte
    span = layout.lines_span(file, start, node.end_byte)
    return [file.text(comment) for comment in comments], [Edit(span.start, span.end, "")]


def comments_above(file: ElixirFile, node: Node) -> list[Node]:
    """The comments on the lines directly above a statement."""
    found: list[Node] = []
    row = node.start_point.row
    for comment in reversed(file.comments):
        if comment.start_byte > node.start_byte:
            continue
        if comment.start_point.row != row - 1 or not layout.starts_line(file, comment.start_byte):
            break
        found.insert(0, comment)
        row -= 1
    return found
