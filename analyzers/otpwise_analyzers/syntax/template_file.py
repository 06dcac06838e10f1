"""Templates read as Elixir files: those with a file of their own, and those in the sigils of a module."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from tree_sitter import Node, Tree

from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.lazy import lazy
from otpwise_analyzers.syntax.parser import parse
from otpwise_analyzers.syntax.source_file import SourceFile
from otpwise_analyzers.syntax.surroundings import NoSurroundings, Surroundings, TemplateScope
from otpwise_analyzers.syntax.templates import Engine, Masked, mask

_SIGIL = re.compile(rb"~([HLE])(?=[\"'|/(\[{<])")
_ENGINES = {b"H": Engine.HEEX, b"L": Engine.EEX, b"E": Engine.EEX}


class TemplateFile(ElixirFile):
    """A template. `data` is its code (see `mask`), `source` what is written; both are as long.

    Nothing is worked out before it is asked for: most templates are let go by a look at their source.
    """

    is_template = True
    engine: ClassVar[Engine]

    def __init__(
        self, path: str, data: bytes, tree: Tree | None = None, project: Surroundings | None = None
    ) -> None:
        # A tree of the whole text would be none of its code.
        self.path = path
        self.project: Any = project if project is not None else NoSurroundings()
        self._source = data
        self._parsed: tuple[bytes, Tree | None] = (b"", None)

    def __getattr__(self, name: str) -> Any:
        if name == "data":
            self.data = self.masked.code
            return self.data
        if name == "tree":
            data = self.data
            # Mostly the copy was parsed to see whether it is sound.
            code, tree = self._parsed
            self.tree = tree if tree is not None and code == data else parse(data)
            return self.tree
        raise AttributeError(name)

    @property
    def source(self) -> bytes:
        return self._source

    @lazy
    def masked(self) -> Masked:
        return mask(self._source, self.engine, self._is_sound)

    def _is_sound(self, code: bytes) -> bool:
        tree = parse(code)
        if len(code) == len(self._source):
            self._parsed = (code, tree)
        return not tree.root_node.has_error

    # -- templates in it ---------------------------------------------------------------------------

    @lazy
    def regions(self) -> tuple[Span, ...]:
        """The templates: the whole file, or the contents of a module's sigils."""
        return (Span(0, len(self._source)),)

    def region_at(self, at: int) -> Span | None:
        """The template around byte `at`."""
        return next((region for region in self.regions if region.start <= at < region.end), None)

    def engine_at(self, at: int) -> Engine | None:
        """The engine of the template around byte `at`; None outside of any."""
        return self.engine

    @lazy
    def templates(self) -> TemplateFile | None:
        return None

    # -- names -------------------------------------------------------------------------------------

    @lazy
    def scope(self) -> TemplateScope | None:
        """The module that the template is compiled into; None when that is not known."""
        found: TemplateScope | None = self.project.template_scope(self.path)
        return found

    @property
    def is_adrift(self) -> bool:
        """Whether nothing is known of the module that the template is compiled into."""
        return self.scope is None

    def _expanded_alias(self, short: str, at: int) -> str | None:
        return self.scope.aliases.get(short) if self.scope is not None else None

    # -- comments ----------------------------------------------------------------------------------

    @lazy
    def comment_spans(self) -> list[Span]:
        return list(self.masked.comments)

    def statement_start(self, at: int) -> int:
        """The start of the tag or the expression that takes several lines: no comment stands within it."""
        for span in reversed(self.masked.wide):
            line = self._source.rfind(b"\n", 0, at) + 1
            if span.start < line < span.end and span.start < at:
                at = span.start
        return at

    def comment(self, text: str, at: int) -> str:
        # EEx knows the longer form since 1.14 only, and takes the other for code before that.
        return f"<%!-- {text} --%>" if self.engine_at(at) is Engine.HEEX else f"<%# {text} %>"


class HeexFile(TemplateFile):
    """A template of LiveView."""

    language = "heex"
    engine = Engine.HEEX

    @staticmethod
    def parse(data: bytes, old_tree: Tree | None = None) -> Tree:
        return parse(mask(data, Engine.HEEX).code)


class EexFile(TemplateFile):
    """A template of EEx, or of LiveView before it had an engine of its own."""

    language = "eex"
    engine = Engine.EEX

    @staticmethod
    def parse(data: bytes, old_tree: Tree | None = None) -> Tree:
        return parse(mask(data, Engine.EEX).code)


class ModuleTemplates(TemplateFile):
    """A module's file with its `~H` and the like as code, in parentheses, where they stand."""

    def __init__(self, file: ElixirFile, sigils: list[tuple[Node, Span, Engine]]) -> None:
        super().__init__(file.path, file.data, None, file.project)
        self._sigils = sigils

    @lazy
    def masked(self) -> Masked:
        code = bytearray(self._source)
        comments: list[Span] = []
        wide: list[Span] = []
        for sigil, content, engine in self._sigils:
            inside = mask(self._source[content.start : content.end], engine, self._is_sound)
            comments.extend(_moved(inside.comments, content.start))
            wide.extend(_moved(inside.wide, content.start))
            code[sigil.start_byte : content.start] = b"(".ljust(content.start - sigil.start_byte)
            code[content.start : content.end] = inside.code
            code[content.end : sigil.end_byte] = b")".ljust(sigil.end_byte - content.end)
        return Masked(bytes(code), tuple(comments), tuple(wide))

    @lazy
    def regions(self) -> tuple[Span, ...]:
        return tuple(content for _, content, _ in self._sigils)

    def engine_at(self, at: int) -> Engine | None:
        return next((e for _, content, e in self._sigils if content.start <= at < content.end), None)

    @property
    def is_adrift(self) -> bool:
        return False

    def _expanded_alias(self, short: str, at: int) -> str | None:
        return ElixirFile._expanded_alias(self, short, at)

    def statement_start(self, at: int) -> int:
        return super().statement_start(at) if self.region_at(at) is not None else at

    def comment(self, text: str, at: int) -> str:
        return super().comment(text, at) if self.region_at(at) is not None else f"# {text}"


def templates_of(file: ElixirFile) -> TemplateFile | None:
    """The templates in the sigils of a module's file; None when there are none."""
    found = list(_sigils(file))
    return ModuleTemplates(file, found) if found else None


def templates_in(file: SourceFile) -> TemplateFile | None:
    """The file itself when it is a template, else those that its sigils hold."""
    if isinstance(file, TemplateFile):
        return file
    return file.templates if isinstance(file, ElixirFile) else None


def _sigils(file: ElixirFile) -> Iterator[tuple[Node, Span, Engine]]:
    root = file.root
    for match in _SIGIL.finditer(file.data):
        sigil: Node | None = root.descendant_for_byte_range(match.start(), match.start() + 1)
        while sigil is not None and sigil.type != "sigil":
            sigil = sigil.parent
        if sigil is None or sigil.start_byte != match.start() or sigil.has_error:
            continue
        content = nodes.child_of_type(sigil, "quoted_content")
        if content is not None:
            yield sigil, Span(content.start_byte, content.end_byte), _ENGINES[match.group(1)]


def _moved(spans: tuple[Span, ...], offset: int) -> Iterator[Span]:
    return (Span(span.start + offset, span.end + offset) for span in spans)
