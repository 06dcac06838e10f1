"""The options of a `config` call as a tree: taken apart, changed, and written again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tree_sitter import Node

from otpwise_analyzers.project.config_files import keyword_pairs_of
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile


class CannotRewriteError(Exception):
    """The code is written in a way that would not come out right."""


@dataclass(slots=True)
class Entry:
    """One option. `text` is `key: value`, its lines without the indentation of the first.

    `comments` stand above it. `inner` are the options of a value that is a
    keyword list in brackets, each on its own line when `broken`; `text` is not kept up to date with them.
    """

    name: str
    text: str
    comments: list[str] = field(default_factory=list)
    inner: list[Entry] = field(default_factory=list)
    broken: bool = False

    def lines(self, *, comma: bool) -> list[str]:
        """The entry as the formatter writes it, at no indentation, on one line where it was."""
        end = "," if comma else ""
        if not self.inner:
            text = self.text
        elif not self.broken and not any("\n" in one.text or one.comments for one in self.inner):
            text = f"{self._key}[{', '.join(one.rendered() for one in self.inner)}]"
        else:
            inner = indented(entry_lines(self.inner))
            text = "\n".join([f"{self._key}[", *inner, "]"])
        return [*self.comments, *f"{text}{end}".split("\n")]

    def rendered(self) -> str:
        """The entry alone, on one line; only for one without comments."""
        return "\n".join(self.lines(comma=False))

    @property
    def _key(self) -> str:
        return self.text[: self.text.index("[")]

    @property
    def is_plain(self) -> bool:
        """Whether it can stand on a line with others."""
        return not self.comments and "\n" not in self.rendered()

    def child(self, name: str) -> Entry | None:
        return next((one for one in self.inner if one.name == name), None)


def entry_lines(entries: Sequence[Entry]) -> list[str]:
    """Entries below one another, at no indentation."""
    last = len(entries) - 1
    return [line for at, entry in enumerate(entries) for line in entry.lines(comma=at < last)]


def indented(lines: Sequence[str], indent: str = "  ") -> list[str]:
    return [indent + line if line else line for line in lines]


def entries_of(file: ElixirFile, pairs: Sequence[Node], end: int) -> list[Entry]:
    """The entries that these pairs of one keyword list make; `end` is the byte where the list ends.

    A comment behind an option comes to stand above it, as the formatter has it. Raises CannotRewriteError where a comment or a line would get lost.
    """
    found: list[Entry] = []
    for at, pair in enumerate(pairs):
        until = pairs[at + 1].start_byte if at + 1 < len(pairs) else end
        if at == 0:
            above, opening = _before_first(file, pair)
            if opening:
                raise CannotRewriteError("a comment behind the opening bracket")
        else:
            above = _between(file, pairs[at - 1], pair)
        behind = [
            comment
            for comment in file.comments
            if pair.end_byte <= comment.start_byte < until and comment.start_point.row == pair.end_point.row
        ]
        if at + 1 == len(pairs) and any(
            pair.end_byte <= comment.start_byte < end and comment.start_point.row > pair.end_point.row
            for comment in file.comments
        ):
            raise CannotRewriteError("a comment below the last option")
        key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        if key is None or value is None:
            raise CannotRewriteError("an option without a value")
        found.append(
            Entry(
                nodes.keyword_name(key, file.data),
                text_at_no_indent(file, pair),
                [*above, *(file.text(comment) for comment in behind)],
                *_inner(file, value),
            )
        )
    return found


def _inner(file: ElixirFile, value: Node) -> tuple[list[Entry], bool]:
    pairs = keyword_pairs_of(value)
    if value.type != "list" or not pairs:
        return [], False
    broken = pairs[0].start_point.row > value.start_point.row
    if not broken and value.start_point.row != value.end_point.row and len(pairs) > 1:
        raise CannotRewriteError("a list that is not as the formatter writes it")
    try:
        return entries_of(file, pairs, value.end_byte), broken
    except CannotRewriteError:
        return [], False


def _before_first(file: ElixirFile, pair: Node) -> tuple[list[str], list[str]]:
    """The comments above the first pair, and those on the line of what opens the list."""
    above: list[str] = []
    opening: list[str] = []
    for comment in reversed(file.comments):
        if comment.end_byte > pair.start_byte:
            continue
        if comment.end_point.row != pair.start_point.row - len(above) - 1:
            break
        if not layout.starts_line(file, comment.start_byte):
            opening = [file.text(comment)]
            break
        above.insert(0, file.text(comment))
    if layout.starts_line(file, pair.start_byte):
        return above, opening
    return [], []


def _between(file: ElixirFile, before: Node, pair: Node) -> list[str]:
    return [
        file.text(comment)
        for comment in file.comments
        if before.end_byte <= comment.start_byte < pair.start_byte
        and comment.start_point.row > before.end_point.row
    ]


def text_at_no_indent(file: ElixirFile, node: Node) -> str:
    """A node's text, its further lines without the indentation of the line that it begins on.

    Raises CannotRewriteError when a line stands further left, or within a string that would be changed.
    """
    text = file.text(node).replace("\r\n", "\n")
    if "\n" not in text:
        return text
    for string in nodes.descendants(node, "string", "charlist", "sigil"):
        opening = string.child_by_field_name("quoted_start")
        heredoc = opening is not None and opening.end_byte - opening.start_byte == 3
        if string.start_point.row != string.end_point.row and not heredoc:
            raise CannotRewriteError("a string over several lines")
    indent = layout.indent_of(file, node)
    first, *others = text.split("\n")
    if any(line.strip() and not line.startswith(indent) for line in others):
        raise CannotRewriteError("a line that stands further left")
    return "\n".join([first, *(line.removeprefix(indent) if line.strip() else "" for line in others)])


def config_lines(head: str, entries: Sequence[Entry], indent: str, *, broken: bool) -> list[str]:
    """A whole `config` call at no indentation, as the formatter writes it behind `indent`.

    `head` is `config :app, Key`; `broken` says that its options stand, or stood, below it.
    """
    entries = [joined(entry, len(indent) + 2) for entry in entries]
    if all(entry.is_plain for entry in entries) and (len(entries) == 1 or not broken):
        line = f"{head}, {', '.join(entry.rendered() for entry in entries)}"
        if layout.fits(line, indent):
            return [line]
    lines = [f"{head},", *indented(entry_lines([fitted(entry, len(indent) + 2) for entry in entries]))]
    if any(len(indent) + len(line) > layout.WIDTH for line in lines if not line.lstrip().startswith("#")):
        raise CannotRewriteError("a line that is too long")
    return lines


_APART = re.compile(r"(\S+:)\n\s+([^\n#]+)")


def joined(entry: Entry, indent: int) -> Entry:
    """The entry with its value beside its key, where it stood below and fits there now."""
    apart = _APART.fullmatch(entry.text)
    if apart is None or indent + len(apart[1]) + len(apart[2]) + 2 > layout.WIDTH:
        return entry
    return replace(entry, text=f"{apart[1]} {apart[2]}")


def fitted(entry: Entry, indent: int) -> Entry:
    """The entry with its value on a line of its own where it is too long for one with its key."""
    if entry.inner:
        inner = [fitted(one, indent + 2) for one in entry.inner]
        too_long = not entry.broken and indent + len(entry.rendered()) + 1 > layout.WIDTH
        return Entry(entry.name, entry.text, entry.comments, inner, entry.broken or too_long)
    if "\n" in entry.text or indent + len(entry.text) + 1 <= layout.WIDTH:
        return entry
    key, _, value = entry.text.partition(": ")
    return Entry(entry.name, f"{key}:\n  {value}", entry.comments)
