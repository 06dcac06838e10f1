"""A private function that moves as it is: it needs nothing of the request, and its callers can be told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tree_sitter import Node

from otpwise_analyzers.project.roles import is_web_name
from otpwise_analyzers.rewrite.ecto_names import KERNEL, QUERY_API, QUERY_MACROS
from otpwise_analyzers.rewrite.excerpt import Excerpts
from otpwise_analyzers.rewrite.layout import (
    WIDTH,
    above_comments,
    column,
    line_end,
    line_start,
    lines_span,
    starts_line,
)
from otpwise_analyzers.rewrite.moving import IMPORTED_FROM_ECTO, REQUEST, WEB_SIGILS, CannotMove, Moved
from otpwise_analyzers.rewrite.multi import TooWide
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

_OF_THE_PROCESS = frozenset({"self", "send", "exit", "receive"})


@dataclass(slots=True)
class Whole:
    """All clauses of a function, the private ones that only it calls, and the attributes that they read."""

    file: ElixirFile
    module: Module
    clauses: list[Definition]
    helpers: list[list[Definition]] = field(default_factory=list)
    attributes: list[Node] = field(default_factory=list)
    moved: Moved = field(default_factory=Moved)
    callers: list[Call] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.clauses[0].name

    @property
    def arity(self) -> int:
        return self.clauses[0].arity

    @property
    def spans(self) -> list[Span]:
        """The whole lines that leave the module: each function with the comments and attributes above it."""
        return [_span(self.file, clauses) for clauses in [self.clauses, *self.helpers]]

    @property
    def deletions(self) -> list[Edit]:
        """The edits that take them out, neighbours together, so that no blank lines are left."""
        merged: list[Span] = []
        for span in sorted(self.spans):
            if merged and not self.file.data[merged[-1].end : span.start].strip():
                merged[-1] = Span(merged[-1].start, span.end)
            else:
                merged.append(span)
        return [Edit(*lines_span(self.file, span.start, span.end), "") for span in merged]

    def attributes_in(self, module: Module) -> bool:
        """Whether the other module has an attribute called like one that would move there."""
        names = {self.file.text(node).split()[0] for node in self.attributes}
        return any(
            nodes.is_operator(statement, "@") and module.file.text(statement).split()[0] in names
            for statement in module.statements
        )

    @property
    def idle_attributes(self) -> list[Node]:
        """The attributes that nothing else in the module reads."""
        spans = self.spans
        idle: list[Node] = []
        for node in self.attributes:
            name = self.file.text(node).split()[0].encode()
            uses = [m.start() for m in re.finditer(re.escape(name) + rb"(?![\w?!])", self.file.data)]
            if all(at == node.start_byte or any(s.start <= at < s.end for s in spans) for at in uses):
                idle.append(node)
        return idle

    @property
    def names(self) -> list[tuple[str, int]]:
        return [(clauses[0].name, clauses[0].arity) for clauses in [self.clauses, *self.helpers]]


def whole_of(file: ElixirFile, definition: Definition) -> Whole:
    """The function that `definition` is a clause of. Raises CannotMove when it has to stay."""
    module = definition.module
    if module is None or not definition.is_private:
        raise CannotMove("others may call the function")
    whole = Whole(file, module, _clauses(module, definition.name, definition.arity))
    reader = _Reader(whole)
    reader.read(whole.clauses)
    whole.callers = [
        call
        for call in file.calls(whole.name)
        if call.is_local
        and not any(_within(call.node, clauses) for clauses in [whole.clauses, *whole.helpers])
    ]
    known = len(whole.clauses) + len(_local_calls(file, whole.name)) + _specs(whole.clauses)
    if _mentions(file, whole.name) != known:
        raise CannotMove("something else names the function")
    if any(call.arity != whole.arity for call in whole.callers) or not whole.callers:
        raise CannotMove("its callers are not known")
    return whole


class _Reader:
    """Reads what some functions need, and takes in the private ones that nobody else calls."""

    def __init__(self, whole: Whole) -> None:
        self.whole = whole
        self.file = whole.file
        self.module = whole.module
        self.taken = [whole.clauses]

    def read(self, clauses: Sequence[Definition]) -> None:
        for clause in clauses:
            if clause.min_arity != clause.arity or clause.quoted or clause.has_error:
                raise CannotMove("a function with defaults")
            for node in [*clause.params, *([clause.guard] if clause.guard is not None else [])]:
                self._walk(node, in_query=False)
            for node in [*clause.statements, *clause.clause_blocks]:
                self._walk(node, in_query=False)
            for attribute in clause.attributes.values():
                for alias in nodes.descendants(attribute, "alias"):
                    self._alias(alias)

    def _walk(self, node: Node, *, in_query: bool) -> None:
        kind = node.type
        if kind == "comment":
            return
        if kind == "alias":
            self._alias(node)
            return
        if kind == "identifier":
            name = self.file.text(node)
            if name in REQUEST or name.startswith("__"):
                raise CannotMove(f"{name} cannot be handed over")
            return
        if kind in ("string", "charlist", "sigil"):
            self._string(node)
        if kind == "unary_operator":
            operand = node.child_by_field_name("operand")
            if nodes.is_operator(node, "@") and operand is not None:
                self._attribute(operand)
                return
            if nodes.is_operator(node, "^"):
                in_query = False
        if kind == "call":
            in_query = self._call(node, in_query=in_query)
        if kind == "dot":
            right = node.child_by_field_name("right")
            for child in node.named_children:
                if child != right or child.type in ("alias", "tuple"):
                    self._walk(child, in_query=in_query)
            return
        for child in node.named_children:
            if child.type == "identifier" and child == node.child_by_field_name("target"):
                continue
            self._walk(child, in_query=in_query)

    def _alias(self, node: Node) -> None:
        full = self.file.resolve(self.file.text(node), node.start_byte)
        if is_web_name(full) and "." in full:
            raise CannotMove(f"{full} belongs to the web layer")
        if full == "Logger":
            raise CannotMove("`Logger` has to be required")
        self.whole.moved.modules.append((node, full))

    def _string(self, node: Node) -> None:
        opening = node.child_by_field_name("quoted_start")
        heredoc = opening is not None and len(self.file.text(opening)) == 3
        if node.start_point.row != node.end_point.row and not heredoc:
            raise CannotMove("a string over several lines")
        name = nodes.child_of_type(node, "sigil_name") if node.type == "sigil" else None
        if name is not None and self.file.text(name) in WEB_SIGILS:
            raise CannotMove("a sigil of the web layer")

    def _attribute(self, operand: Node) -> None:
        name = self.file.text(operand)
        written = [
            statement
            for statement in self.module.statements
            if nodes.is_operator(statement, "@")
            and (value := statement.child_by_field_name("operand")) is not None
            and (target := value.child_by_field_name("target")) is not None
            and self.file.text(target) == name
        ]
        if operand.type != "identifier" or len(written) != 1 or not _is_literal(self.file, written[0]):
            raise CannotMove("an attribute of the module")
        if written[0] not in self.whole.attributes:
            self.whole.attributes.append(written[0])

    def _call(self, node: Node, *, in_query: bool) -> bool:
        target = node.child_by_field_name("target")
        if target is None or target.type not in ("dot", "identifier"):
            raise CannotMove("a call of a value")
        if target.type == "dot":
            return in_query
        name = self.file.text(target)
        arity = Call(self.file, node, name, None).arity
        imports = self.module.imports
        if self.module.defines(name):
            self._own(name, arity)
            return in_query
        if name in QUERY_MACROS and "Ecto.Query" in imports:
            self.whole.moved.imports.add("Ecto.Query")
            return True
        if in_query and name in QUERY_API:
            return True
        if name in IMPORTED_FROM_ECTO and "Ecto" in imports:
            self.whole.moved.edits.append(Edit(target.start_byte, target.start_byte, "Ecto."))
            return in_query
        if name not in KERNEL or name in _OF_THE_PROCESS:
            raise CannotMove(f"`{name}` is a function of the module")
        return in_query

    def _own(self, name: str, arity: int) -> None:
        clauses = _clauses(self.module, name, arity)
        if clauses in self.taken:
            return
        calls = _local_calls(self.file, name)
        alone = all(
            any(_within(call.node, taken) for taken in [*self.taken, clauses]) for call in calls
        ) and _mentions(self.file, name) == len(clauses) + len(calls) + _specs(clauses)
        if not alone or not clauses[0].is_private:
            raise CannotMove(f"`{name}` is a function of the module")
        self.taken.append(clauses)
        self.whole.helpers.append(clauses)
        self.read(clauses)


def _clauses(module: Module, name: str, arity: int) -> list[Definition]:
    clauses = module.clauses(name)
    if not clauses or any(clause.arity != arity for clause in clauses):
        raise CannotMove(f"`{name}` has several arities")
    return clauses


def _local_calls(file: ElixirFile, name: str) -> list[Call]:
    return [call for call in file.calls(name) if call.is_local]


def _within(node: Node, clauses: Iterable[Definition]) -> bool:
    return any(nodes.encloses(clause.node, node) for clause in clauses)


def _specs(clauses: Sequence[Definition]) -> int:
    return sum(1 for clause in clauses if "spec" in clause.attributes)


def _mentions(file: ElixirFile, name: str) -> int:
    """How often a name stands in the code, `:name` and `.name` left out."""
    pattern = rb"(?<![\w.:@&])&?(?<![\w.:@])" + re.escape(name.encode()) + rb"(?![\w?!:])"
    return sum(
        1
        for match in re.finditer(pattern, file.data)
        if not any(span.start <= match.start() < span.end for span in file.comment_spans)
    )


def _is_literal(file: ElixirFile, attribute: Node) -> bool:
    operand = attribute.child_by_field_name("operand")
    values = nodes.arguments_of(operand) if operand is not None else []
    return len(values) == 1 and not any(
        True
        for _ in nodes.descendants(
            attribute, "alias", "identifier", "anonymous_function", "interpolation", "binary_operator"
        )
        if not (_.type == "identifier" and operand is not None and _ == operand.child_by_field_name("target"))
    )


def _span(file: ElixirFile, clauses: Sequence[Definition]) -> Span:
    """The lines of neighbouring clauses. Raises CannotMove when something else stands between them."""
    first, last = clauses[0], clauses[-1]
    start = above_comments(file, first.start_with_attributes)
    end = line_end(file, last.node.end_byte)
    if not starts_line(file, first.start_with_attributes) or file.data[last.node.end_byte : end].strip():
        raise CannotMove("the function shares its lines")
    node = first.node
    while node != last.node:
        following = node.next_named_sibling
        if following is None:
            raise CannotMove("its clauses stand apart")
        is_clause = any(clause.node == following for clause in clauses)
        if not is_clause and following.type != "comment" and not nodes.is_operator(following, "@"):
            raise CannotMove("its clauses stand apart")
        node = following
    return Span(line_start(file, start), end)


def text_of(whole: Whole, excerpts: Excerpts, name: str, doc: str) -> str:
    """The function as it stands in the context, under its new name, with its documentation."""
    file = whole.file
    renamed: list[Edit] = []
    for clause in whole.clauses:
        head = clause.head
        target = head if head is None or head.type == "identifier" else head.named_child(0)
        if target is None or head is None:
            raise CannotMove("a function without a name")
        if head.start_point.row != head.end_point.row:
            # The formatter lines the parameters up with the name.
            raise TooWide
        renamed.append(Edit(clause.node.start_byte, clause.node.start_byte + len("defp"), "def"))
        renamed.append(Edit(target.start_byte, target.end_byte, name))
        spec = clause.attributes.get("spec")
        for node in nodes.descendants(spec, "identifier") if spec is not None else ():
            if file.text(node) == whole.name:
                renamed.append(Edit(node.start_byte, node.end_byte, name))
    for call in file.calls(whole.name):
        target = call.node.child_by_field_name("target")
        inside = any(_within(call.node, clauses) for clauses in [whole.clauses, *whole.helpers])
        if inside and call.is_local and target is not None and name != whole.name:
            if call.capture_arity is not None:
                raise CannotMove("the function captures itself")
            renamed.append(Edit(target.start_byte, target.end_byte, name))
    whole.moved.edits.extend(renamed)
    parts: list[str] = []
    for statement in whole.attributes:
        parts.append(excerpts.lines(Span(statement.start_byte, statement.end_byte), whole.moved))
    main, *helpers = whole.spans
    at = whole.clauses[0].start_with_attributes
    code = excerpts.lines(main, whole.moved)
    lead = excerpts.lines(Span(main.start, line_start(file, at)), whole.moved) if at > main.start else ""
    rest = code[len(lead) :] if lead else code
    lead = lead.rstrip("\n") + "\n" if lead.strip() else ""
    parts.append(f'{lead}@doc "{doc}"\n{rest.lstrip(chr(10))}')
    parts.extend(excerpts.lines(span, whole.moved) for span in helpers)
    text = "\n\n".join(part.strip("\n") for part in parts)
    limit = max((len(line) for span in whole.spans for line in _lines(file, span)), default=0)
    if any(len(line) + 2 > max(WIDTH, limit) for line in text.split("\n")):
        raise TooWide
    return text


def _lines(file: ElixirFile, span: Span) -> list[str]:
    return file.data[span.start : span.end].decode("utf-8", "replace").split("\n")


def redirected(whole: Whole, module: str, name: str) -> list[Edit]:
    """The edits that make each caller call `module.name`. Raises TooWide."""
    file = whole.file
    edits: list[Edit] = []
    for call in whole.callers:
        target = call.node.child_by_field_name("target") if call.capture_arity is None else call.node
        if target is None:
            raise CannotMove("its callers are not known")
        start, end = target.start_byte, target.end_byte
        written = f"{module}.{name}"
        node = call.node
        if node.start_point.row != node.end_point.row:
            arguments = call.args
            if not arguments or arguments[0].start_point.row == node.start_point.row:
                raise TooWide
        behind = line_end(file, start) - start
        width = column(file, start) + behind
        if width - (end - start) + len(written) > max(WIDTH, width):
            raise TooWide
        edits.append(Edit(start, end, written))
    return edits
