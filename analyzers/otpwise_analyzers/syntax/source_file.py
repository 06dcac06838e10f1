"""What every file is, whatever its language: bytes, a tree, comments, errors, and what it has by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Protocol

from tree_sitter import Node, Tree

from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.lazy import lazy
from otpwise_analyzers.syntax.surroundings import NoSurroundings, Surroundings

_BOM = b"\xef\xbb\xbf"


class Region(Protocol):
    """A part of a file that stands by itself: a definition, a stage of an image."""

    @property
    def has_error(self) -> bool:
        """Whether something in it could not be read."""


class SourceFile(ABC):
    """A view of one version of a file. Cheap to make: everything is found when first asked for.

    `path` is relative to the project's root, with `/`. `project` answers what the file cannot know by
    itself; without one the file is read on its own.
    """

    language: ClassVar[str]
    # Whether it holds Elixir among other things; its tree is of that alone.
    is_template: ClassVar[bool] = False

    def __init__(
        self, path: str, data: bytes, tree: Tree | None = None, project: Surroundings | None = None
    ) -> None:
        self.path = path
        self.data = data
        self.tree = tree if tree is not None else self.parse(data)
        self.project: Any = project if project is not None else NoSurroundings()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}>"

    @staticmethod
    @abstractmethod
    def parse(data: bytes, old_tree: Tree | None = None) -> Tree:
        """The tree of a text in UTF-8. Never fails: what cannot be read becomes ERROR nodes.

        `old_tree` is the tree of the previous text after `Tree.edit` was told of every change.
        """

    @property
    def source(self) -> bytes:
        """The text as it is written. `data` is that too, but for a template, of which it is the code."""
        return self.data

    @property
    def root(self) -> Node:
        return self.tree.root_node

    def text(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    @lazy
    def names(self) -> dict[bytes, list[Any]]:
        """The inventory: what rules subscribe to by name, and where the file has it."""
        raise NotImplementedError

    @lazy
    def comments(self) -> list[Node]:
        """All comments in source order."""
        raise NotImplementedError

    @lazy
    def comment_spans(self) -> list[Span]:
        """The places of all comments in source order, those of a language within this one included."""
        return [Span(comment.start_byte, comment.end_byte) for comment in self.comments]

    @lazy
    def error_spans(self) -> list[Span]:
        """The outermost ERROR nodes and the missing tokens; empty for sound code."""
        if not self.root.has_error:
            return []
        found: list[Span] = []
        stack = [self.root]
        while stack:
            node = stack.pop()
            if node.is_error or node.is_missing:
                found.append(Span(node.start_byte, node.end_byte))
            elif node.has_error:
                stack.extend(node.children)
        return sorted(found)

    @abstractmethod
    def definition_at(self, at: int) -> Region | None:
        """The innermost region around byte `at`; broken code elsewhere does not concern what is in it."""

    def statement_start(self, at: int) -> int:
        """The byte whose line a suppression comment for byte `at` stands above."""
        return at

    def comment(self, text: str, at: int) -> str:
        """A comment with this text, written as it has to be at byte `at`."""
        return f"# {text}"

    @property
    def comments_start(self) -> int:
        """The first byte at which a comment can be put: behind what must come first."""
        data = self.source
        start = len(_BOM) if data.startswith(_BOM) else 0
        if not data.startswith(b"#!", start):
            return start
        return data.find(b"\n") + 1 or len(data)
