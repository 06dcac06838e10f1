"""Writes options into a config file: into the call that is there, or into a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tree_sitter import Node

from otpwise_analyzers.project.config_files import ConfigCall, Path, config_calls, environments_at
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.rewrite.config_entries import (
    CannotRewriteError,
    Entry,
    config_lines,
    entries_of,
    indented,
)
from otpwise_analyzers.rewrite.config_taking import (
    Taken,
    comments_above,
    end_with_comment,
    is_broken,
    is_plain,
    written_head,
)
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile


def place(target: ElixirFile, call: ConfigCall, taken: Taken, environment: str | None) -> list[Edit]:
    """The edits that add what was taken out of `call`: at the top level of the file, or under
    `if config_env() == :environment do`, which is added where there is none. Raises CannotRewriteError.
    """
    block = _block_of(target, environment) if environment is not None else target.root
    if block is None:
        lines = [f"if config_env() == :{environment} do", *indented(_new_call(taken, "  ")), "end"]
        return _appended(target, target.root, lines, "")
    known = _same_call(target, block, call)
    if known is not None and taken.entries:
        return _merged_into(known, taken)
    indent = "  " if block.type == "do_block" else ""
    return _appended(target, block, _new_call(taken, indent), indent)


def append(target: ElixirFile, lines: Sequence[str], environment: str | None) -> list[Edit]:
    """The edits that write a statement, given at no indentation, behind all others: at the top level of the
    file, or under `if config_env() == :environment do`. Raises CannotRewriteError."""
    block = _block_of(target, environment) if environment is not None else target.root
    if block is None:
        return _appended(
            target, target.root, [f"if config_env() == :{environment} do", *indented(lines, "  "), "end"], ""
        )
    return _appended(target, block, lines, "  " if block.type == "do_block" else "")


def place_before(
    target: ElixirFile, paths: set[Path], statements: Sequence[str], environment: str | None
) -> list[Edit]:
    """The edits that write statements above the first of these calls. Raises CannotRewriteError."""
    block = _block_of(target, environment) if environment is not None else target.root
    calls = [call for call in config_calls(target) if call.path in paths and call.node.parent == block]
    if block is None or not calls:
        raise CannotRewriteError("no place for a variable")
    node = calls[0].node
    comments = comments_above(target, node)
    at = layout.line_start(target, comments[0].start_byte if comments else node.start_byte)
    indent = layout.indent_of(target, node)
    lines: list[str] = []
    for statement in statements:
        written = statement.split("\n")
        if any(len(indent) + len(line) > layout.WIDTH for line in written):
            raise CannotRewriteError("a line that is too long")
        if lines and (len(written) > 1 or lines[-1] == "end" or lines[-1][:1] in (" ", ")", "]", "}")):
            lines.append("")
        lines.extend(written)
    edits = [Edit(at, at, "".join(f"{line}\n" for line in [*indented(lines, indent), ""]))]
    before = target.data[: at - 1]
    previous = before[before.rfind(b"\n") + 1 :].strip()
    if previous and not previous.endswith(b" do"):
        edits.insert(0, Edit(at, at, "\n"))
    return edits


def _block_of(file: ElixirFile, environment: str) -> Node | None:
    """The body of a top-level `if` that holds for exactly this environment."""
    for call in file.calls("if"):
        block = call.do_block
        parent = call.node.parent
        statements = nodes.block_statements(block) if block is not None else []
        if block is None or not statements or parent is None or parent.type != "source":
            continue
        environments, maybe = environments_at(file, statements[0])
        if not maybe and not environments.all_but and environments.names == (environment,):
            return block
    return None


def _same_call(file: ElixirFile, block: Node, call: ConfigCall) -> ConfigCall | None:
    """The last call for the same app and key that is a statement of the block itself."""
    found = None
    for known in config_calls(file):
        if known.path == call.path and known.node.parent == block and known.pairs:
            found = known
    return found


def _new_call(taken: Taken, indent: str) -> list[str]:
    """A whole call with the comments above it, at no indentation."""
    if not taken.entries:
        lines = taken.statement.split("\n")
        if any(len(indent) + len(line) > layout.WIDTH for line in lines):
            raise CannotRewriteError("a line that is too long")
    else:
        lines = config_lines(taken.head, taken.entries, indent, broken=len(taken.entries) > 1)
    return [*taken.comments, *lines]


def _merged_into(known: ConfigCall, taken: Taken) -> list[Edit]:
    file, node = known.call.file, known.node
    if not is_plain(known):
        raise CannotRewriteError("a call that is not as the formatter writes it")
    indent = layout.indent_of(file, node)
    entries = entries_of(file, known.pairs, layout.line_end(file, node.end_byte))
    merged = merge(entries, taken.entries)
    broken = is_broken(known) or len(merged) > 1
    lines = config_lines(written_head(known), merged, indent, broken=broken)
    text = "\n".join([lines[0], *indented(lines[1:], indent)])
    edits = [Edit(node.start_byte, end_with_comment(known), text)]
    if taken.comments:
        at = layout.line_start(file, node.start_byte)
        edits.insert(0, Edit(at, at, "".join(f"{indent}{comment}\n" for comment in taken.comments)))
    return [*_apart_where_broken(file, node, lines), *edits]


def _apart_where_broken(file: ElixirFile, node: Node, lines: Sequence[str]) -> list[Edit]:
    """The blank lines around a call that takes several lines now."""
    if len(lines) == 1 or not layout.is_one_line(file, node):
        return []
    return layout.blank_lines_around(file, node)


def merge(known: Sequence[Entry], new: Sequence[Entry]) -> list[Entry]:
    """The options of both, the new ones last. Raises CannotRewriteError where both set the same."""
    merged = list(known)
    for entry in new:
        at = next((index for index, one in enumerate(merged) if one.name == entry.name), None)
        if at is None:
            merged.append(entry)
        elif merged[at].inner and entry.inner:
            merged[at] = replace(merged[at], inner=merge(merged[at].inner, entry.inner))
        else:
            raise CannotRewriteError("it is set there already")
    return merged


def _appended(file: ElixirFile, block: Node, lines: Sequence[str], indent: str) -> list[Edit]:
    """The edit that writes lines behind the last statement of a block, or of the file."""
    statements = nodes.block_statements(block)
    if not statements:
        raise CannotRewriteError("an empty block")
    last = statements[-1]
    at = layout.line_end(file, last.end_byte)
    together = (
        len(lines) == 1
        and layout.is_one_line(file, last)
        and file.text(last).startswith(lines[0].partition(",")[0])
    )
    written = indented(lines if together else ["", *lines], indent)
    following = [line.strip() for line in file.data[at:].splitlines()[1:2]]
    if following and following[0].startswith(b"#"):
        written.append("")
    return [Edit(at, at, "".join(f"\n{line}" for line in written))]
