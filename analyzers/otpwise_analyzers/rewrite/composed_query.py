"""Queries of a module, put together from functions of their schema's query module."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.sql_calls import adapter_of
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import aliases, layout
from otpwise_analyzers.rewrite.ecto_names import QUERY_MACROS
from otpwise_analyzers.rewrite.like_escape import ESCAPED_BY_DEFAULT
from otpwise_analyzers.rewrite.query_chain import (
    CLAUSES,
    Chain,
    Stage,
    comments_have_owners,
    names_in,
)
from otpwise_analyzers.rewrite.query_conditions import filter_of, parts_of
from otpwise_analyzers.rewrite.query_filters import Filter
from otpwise_analyzers.rewrite.query_imports import importing
from otpwise_analyzers.rewrite.query_module import QueryModule, query_module
from otpwise_analyzers.rewrite.query_steps import ordering_of, page_of, paginate, preload_of
from otpwise_analyzers.rewrite.query_text import (
    Bindings,
    CannotLayOutError,
    Text,
    call_of,
    filter_stage,
    kept_stage,
    piped,
    text_of,
)
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Module

_PLAIN = re.compile(r"_\.\w+ == \^0")

Choose = Callable[[Node, str | None], Filter | None]
"""Says of a condition (and the variable of its binding) which filter it becomes."""


class _Kept(NamedTuple):
    stage: Stage
    left: tuple[Node, ...] = ()


class _Called(NamedTuple):
    stage: Stage
    filter: Filter


def every_filter(file: ElixirFile) -> Choose:
    """Takes each condition that a name says."""
    escapes = adapter_of(file, None) in ESCAPED_BY_DEFAULT

    def choose(node: Node, base: str | None) -> Filter | None:
        return filter_of(file, node, base, escapes=escapes)

    return choose


def plan_of(chain: Chain, choose: Choose, *, whole: bool) -> list[_Kept | _Called]:
    """What becomes of each clause of a chain, in order. With `whole` its order, preloads and page as well."""
    file = chain.file
    page = page_of(chain) if whole else None
    planned: list[_Kept | _Called] = []
    for index, stage in enumerate(chain.stages):
        if page is not None and stage in (page.limit, page.offset):
            if stage is page.limit:
                planned.append(_Called(stage, paginate(page.number, page.rows)))
            continue
        value = stage.value
        if index >= chain.known or value is None:
            planned.append(_Kept(stage))
        elif stage.word == "where":
            planned.extend(_conditions(stage, value, choose))
        else:
            found = None
            if whole and stage.word == "order_by":
                found = ordering_of(file, value, stage.base)
            elif whole and stage.word == "preload" and stage.bindings is None:
                found = preload_of(file, value)
            planned.append(_Kept(stage) if found is None else _Called(stage, found))
    return planned


def _conditions(stage: Stage, value: Node, choose: Choose) -> list[_Kept | _Called]:
    planned: list[_Kept | _Called] = []
    rest: list[Node] = []
    for part in parts_of(value):
        found = choose(part, stage.base)
        if found is None:
            rest.append(part)
            continue
        if rest:
            planned.append(_Kept(stage, tuple(rest)))
            rest = []
        planned.append(_Called(stage, found))
    if not planned:
        return [_Kept(stage)]
    if rest:
        planned.append(_Kept(stage, tuple(rest)))
    return planned


def is_worth_it(planned: Sequence[_Kept | _Called]) -> bool:
    """Whether enough of a query has a name for functions to say more than the query did."""
    called = [one.filter for one in planned if isinstance(one, _Called)]
    if len(called) != 1:
        return bool(called)
    # To call a function for one plain equality is not shorter.
    return called[0].word in ("where", "paginate") and _PLAIN.fullmatch(called[0].condition) is None


def is_offered(chain: Chain) -> bool:
    """Whether the chain stands where it can be taken apart, as far as its own file shows."""
    definition = chain.definition
    module = definition.module if definition is not None else None
    if definition is None or module is None or definition.quoted or definition.has_error:
        return False
    if definition.kind not in ("def", "defp") or chain.whole.has_error:
        return False
    if chain.given is not None and not is_offered(chain.given):
        return False
    if any(
        _is_alias_for(chain, alias.short)
        for alias in chain.file.aliases.declarations()
        if nodes.encloses(definition.node, alias.node)
    ):
        # One of the function's own, which nobody would need any more.
        return False
    return "Ecto.Query" in module.imports and not _are_local(module, chain) and chain.schema != module.name


def _is_alias_for(chain: Chain, short: str) -> bool:
    return chain.file.text(chain.schema_node).partition(".")[0] == short


def _are_local(module: Module, chain: Chain) -> bool:
    """Whether a clause is a function of the module's own under the name of one of Ecto's."""
    return any(
        stage.word and not stage.in_from and module.defines(stage.word, len(stage.arguments) + 1)
        for stage in chain.stages
    )


def composed(ctx: FixContext, chains: Sequence[Chain], choose: Choose, *, whole: bool) -> Change | None:
    """Puts chains of one schema, all of one module of the checked file, together from functions.

    None when one of them cannot be.
    """
    file = ctx.file
    definition = chains[0].definition if chains else None
    caller = definition.module if definition is not None else None
    if caller is None or _is_old_ecto(ctx):
        return None
    names = {chain.name for chain in chains if chain.name is not None}
    if len(names) > 1:
        return None
    module = query_module(ctx, chains[0].schema, next(iter(names), None), caller)
    if module is None:
        return None
    written, is_new = _written(caller, module.name)
    if not is_new and any(file.resolve(written, chain.whole.start_byte) != module.name for chain in chains):
        written = module.name
    if not is_new and any(file.resolve(written, chain.whole.start_byte) != module.name for chain in chains):
        # `MyApp` is an alias here, of something else.
        return None
    edits: list[Edit] = []
    removed: list[Span] = []
    texts: list[str] = []
    macros: set[tuple[str, int]] = set()
    try:
        for chain in chains:
            new = _Composition(chain, module, written).edits(plan_of(chain, choose, whole=whole), macros)
            if new is None:
                return None
            edits.extend(new)
            page = page_of(chain) if whole else None
            if page is not None and page.statement is not None:
                edits.append(layout.delete_statement(file, page.statement))
                removed.append(Span(page.statement.start_byte, page.statement.end_byte))
            removed.append(Span(chain.whole.start_byte, chain.whole.end_byte))
            texts.extend(edit.new for edit in new)
    except CannotLayOutError:
        return None
    change = module.change()
    head = aliases.added(caller, [module.name] if is_new and "." in module.name else [])
    imported = importing(file, caller, macros, removed)
    if change is None or head is None or imported is None:
        return None
    removals = aliases.unused(file, caller, removed, " ".join(texts))
    if not macros:
        removals.extend(aliases.unused_import(file, caller, "Ecto.Query", QUERY_MACROS, removed))
    edits.extend(aliases.settled(file, head, removals))
    edits.extend(imported)
    own = layout.change_of(file, edits)
    return (own, change) if change.edits else (own,)


def _written(caller: Module, name: str) -> tuple[str, bool]:
    """A query module as the caller writes it, and whether that takes a new alias."""
    parent, _, last = name.rpartition(".")
    if last not in ("Query", "Queries"):
        return aliases.short_name(caller, name) or (name, False)
    # By itself that name says nothing; `User.Query` does.
    short = aliases.short_name(caller, parent)
    return (f"{short[0]}.{last}" if short is not None and not short[1] else name), False


def _is_old_ecto(ctx: FixContext) -> bool:
    """Named bindings came with Ecto 3."""
    version = ctx.project.version("ecto") or ctx.project.version("ecto_sql")
    return version is not None and version < (3,)


class _Composition:
    def __init__(self, chain: Chain, module: QueryModule, written: str) -> None:
        self.chain = chain
        self.file = chain.file
        self.module = module
        self.written = written

    def edits(self, planned: Sequence[_Kept | _Called], macros: set[tuple[str, int]]) -> list[Edit] | None:
        chain, file = self.chain, self.file
        if not comments_have_owners(chain) or not self._is_apart():
            return None
        indent = _indent_for(file, chain.whole)
        lines = self._lines(planned, indent or "", macros)
        if lines is None:
            return None
        place = _Place(file, chain.whole)
        if layout.is_one_line(file, chain.whole) and not any("#" in line for line in lines):
            one_line = " ".join(line.strip() for line in lines)
            found = place.one_line(one_line)
            if found is not None:
                return found
        if indent is None:
            return None
        return place.several_lines(lines, indent)

    def _is_apart(self) -> bool:
        """Whether nobody else may give the query's bindings the names that it gets now."""
        chain, definition = self.chain, self.chain.definition
        name = self.module.binding
        if definition is None or not name:
            return definition is not None
        around = self.file.data[definition.node.start_byte : definition.node.end_byte]
        start = chain.whole.start_byte - definition.node.start_byte
        outside = around[:start] + around[start + len(self.file.text(chain.whole).encode()) :]
        if f"as: :{name}".encode() in outside:
            return False
        is_loose = chain.runner is None and not self._is_run()
        has_others = any(stage.word == "" for stage in chain.stages)
        return not ((is_loose or has_others) and name in names_in(self.file, chain.whole))

    def _is_run(self) -> bool:
        first = self.chain.tail[0] if self.chain.tail else None
        target = first.child_by_field_name("target") if first is not None and first.type == "call" else None
        left = target.child_by_field_name("left") if target is not None and target.type == "dot" else None
        return left is not None and bool(self.file.project.is_repo(self.file.module_name(left)))

    def _lines(
        self, planned: Sequence[_Kept | _Called], indent: str, macros: set[tuple[str, int]]
    ) -> list[str] | None:
        chain, file = self.chain, self.file
        taken = names_in(file, chain.whole) if self.chain.runner is None else set()
        bindings = Bindings(chain, self.module.binding, taken)
        if chain.given is not None and not self.module.binding and any(s.join for s in chain.given.stages):
            # By position, the joins of the other query would have to be counted as well.
            return None
        first = f"{self.written}.base()" if chain.given is None else file.text(chain.schema_node)
        lines = [f"{indent}{first}"]
        commented: set[int] = set()
        for one in planned:
            if one.stage.node.start_byte not in commented:
                commented.add(one.stage.node.start_byte)
                lines.extend(f"{indent}{file.text(comment).strip()}" for comment in one.stage.comments)
            if isinstance(one, _Called):
                step = self.module.step(one.filter)
                if step is None:
                    return None
                # The last may have a default: how many rows a page has.
                count = len(one.filter.arguments)
                given = [one.filter.arguments[index] for index in step.order if index < count]
                lines.extend(filter_stage(self.written, step.name, given, indent))
                continue
            lines.extend(kept_stage(file, one.stage, bindings, indent, one.left))
            if one.stage.word in CLAUSES | {"join"}:
                macros.add((one.stage.word, _arity(one, bindings)))
            elif one.stage.word:
                macros.add((one.stage.word, len(one.stage.arguments) + 1))
        if chain.runner is not None:
            lines.extend(self._runner(chain.runner, indent))
        for stage in chain.tail:
            lines.extend(indent + line if line else "" for line in piped(file, stage))
        return lines

    def _runner(self, runner: Node, indent: str) -> list[str]:
        target = runner.child_by_field_name("target")
        head = self.file.text(target) if target is not None else ""
        arguments: list[Text] = []
        for argument in nodes.arguments_of(runner)[1:]:
            arguments.append(text_of(self.file, argument))
        return call_of(f"|> {head}", arguments, indent)


def _arity(one: _Kept, bindings: Bindings) -> int:
    """The arguments of the macro with the query, as it is written now."""
    join, value = one.stage.join, one.stage.value
    if join is not None:
        return 5 if join.options or bindings.name_of(join) is not None else 4
    if one.stage.in_from and value is not None:
        return 3 if bindings.written(one.stage, one.left or [value]) else 2
    return len(one.stage.arguments) + 1


def _indent_for(file: ElixirFile, whole: Node) -> str | None:
    """Where the stages of a pipeline over several lines would stand; None where none can."""
    return _Place(file, whole).indent()


class _Place:
    """What is around a query, and how it has to change when the query becomes longer or shorter."""

    def __init__(self, file: ElixirFile, whole: Node) -> None:
        self.file = file
        self.whole = whole
        self.start = whole.start_byte
        self.definition = file.definition_at(whole.start_byte)

    def _is_body(self) -> bool:
        """Whether it is the whole of `def f, do: query`."""
        return self.definition is not None and self.definition.keyword_body == self.whole

    def _assignment(self) -> Node | None:
        parent = self.whole.parent
        if (
            parent is None
            or not nodes.is_operator(parent, "=")
            or parent.child_by_field_name("right") != self.whole
        ):
            return None
        is_alone = layout.starts_line(self.file, parent.start_byte) and layout.is_statement(parent)
        return parent if is_alone else None

    def indent(self) -> str | None:
        file = self.file
        if self._is_body() and self.definition is not None:
            if not layout.starts_line(file, self.definition.node.start_byte):
                return None
            return layout.indent_of(file, self.definition.node) + "  "
        assignment = self._assignment()
        if assignment is not None:
            return layout.indent_of(file, assignment) + "  "
        if layout.starts_line(file, self.start) and self._ends_line():
            return layout.indent_at(file, self.start)
        before = file.data[layout.line_start(file, self.start) : self.start].decode("utf-8", "replace")
        return " " * len(before) if before.strip() == "case" and self._rest() == b"do" else None

    def _rest(self) -> bytes:
        end = self.whole.end_byte
        return self.file.data[end : layout.line_end(self.file, end)].strip()

    def _ends_line(self) -> bool:
        parent = self.whole.parent
        in_tuple = parent is not None and parent.type == "tuple"
        return self._rest() in (b"", b",") or (in_tuple and self._rest() == b"}")

    def one_line(self, text: str) -> list[Edit] | None:
        """The query on one line; None when the line has no room for it."""
        file = self.file
        end = self.whole.end_byte
        before = layout.column(file, self.start)
        behind = len(file.data[end : layout.line_end(file, end)].decode("utf-8", "replace"))
        if before + len(text) + behind > layout.WIDTH:
            return None
        if self._needs_parentheses():
            return None
        edit = Edit(self.start, end, text)
        previous = file.data[: layout.line_start(file, self.start)].rstrip()
        if layout.starts_line(file, self.start) and previous.endswith((b"=", b"do:", b"<-")):
            # The formatter would join what fits on the line above.
            above = layout.column(file, len(previous))
            if above + 1 + len(text) + behind <= layout.WIDTH:
                return [Edit(len(previous), end, f" {text}")]
        return [edit]

    def _needs_parentheses(self) -> bool:
        """Whether a pipe would be read with what is around it, which a call was not."""
        parent = self.whole.parent
        if parent is None or nodes.is_operator(self.whole, "|>"):
            return False
        if nodes.operator_of(parent) in ("=", "<-", "when", "\\\\"):
            return False
        return parent.type in ("binary_operator", "unary_operator", "dot", "access_call")

    def several_lines(self, lines: Sequence[str], indent: str) -> list[Edit] | None:
        file, definition = self.file, self.definition
        if any(len(line) > layout.WIDTH + 1 for line in lines) or self._needs_parentheses():
            return None
        body = "\n".join(lines)
        if self._is_body() and definition is not None:
            head = definition.guard or definition.head
            if head is None:
                return None
            between = file.data[head.end_byte : self.start]
            if between.split() != [b",", b"do:"] or definition.node.end_byte != self.whole.end_byte:
                return None
            outer = indent[:-2]
            top = layout.above_comments(file, definition.start_with_attributes)
            return [
                *layout.blank_line_above(file, top),
                Edit(head.end_byte, self.whole.end_byte, f" do\n{body}\n{outer}end"),
                *layout.blank_line_below(file, definition.node.end_byte),
            ]
        assignment = self._assignment()
        if assignment is not None:
            operator = assignment.child_by_field_name("operator")
            if operator is None:
                return None
            edit = Edit(operator.end_byte, self.whole.end_byte, f"\n{body}")
            return [*self._apart(assignment), edit]
        return [*self._apart(self.whole), Edit(self.start, self.whole.end_byte, body.lstrip(" "))]

    def _apart(self, statement: Node) -> list[Edit]:
        if not layout.is_statement(statement):
            return []
        return layout.blank_lines_around(self.file, statement)
