"""Moves what an action does with the database into functions of a context."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from otpwise_analyzers.findings import Change, FileChange
from otpwise_analyzers.project.repo_calls import READS, TRANSACTIONS, WRITES
from otpwise_analyzers.project.roles import app_prefix, is_web_name
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.project.web_repo_calls import repo_calls_by_definition
from otpwise_analyzers.project.write_paths import longest_path
from otpwise_analyzers.rewrite import aliases
from otpwise_analyzers.rewrite.canonical import canonical
from otpwise_analyzers.rewrite.context import (
    NewFunction,
    Target,
    added,
    gathers_modules,
    schema_of_call,
    target_of,
)
from otpwise_analyzers.rewrite.ecto_names import QUERY_MACROS
from otpwise_analyzers.rewrite.excerpt import Excerpts, block_of
from otpwise_analyzers.rewrite.layout import WIDTH, change_of, column, fits, line_end, reindent
from otpwise_analyzers.rewrite.moving import CannotMove
from otpwise_analyzers.rewrite.multi import TooWide
from otpwise_analyzers.rewrite.naming import Purpose, plural, schema_word, spoken
from otpwise_analyzers.rewrite.piece import Piece, pieces_of
from otpwise_analyzers.rewrite.write_chain import chain_body, error_answer
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

_ROLE = re.compile(r"(Live|Controller|Channel|Component)$")
_IMMOVABLE = TRANSACTIONS | {"query", "query!", "query_many", "stream", "paginate"}


def extraction(at: int, context: str) -> Callable[[FixContext], Change | None]:
    """Builds the extraction of all repo calls of the clause that begins at byte `at`.

    `context` takes the calls whose schema stands in no context of its own. The built change is None when
    one of the calls needs something that cannot be handed over.
    """
    return partial(_build, at, context)


def _build(at: int, context: str, ctx: FixContext) -> Change | None:
    file = ctx.file
    for definition, calls in repo_calls_by_definition(file):
        if definition.node.start_byte == at and definition.module is not None:
            if any(call.name in _IMMOVABLE or call.capture_arity is not None for call in calls):
                return None
            try:
                return _Extraction(ctx, definition, definition.module, context).of(calls)
            except (CannotMove, TooWide):
                return None
    return None


@dataclass(slots=True)
class _Addition:
    target: Target
    functions: list[NewFunction] = field(default_factory=list)
    names: set[tuple[str, int]] = field(default_factory=set)
    words: list[str] = field(default_factory=list)


class _Extraction:
    def __init__(self, ctx: FixContext, definition: Definition, module: Module, context: str) -> None:
        self.ctx = ctx
        self.file: ElixirFile = ctx.file
        self.definition = definition
        self.module = module
        self.context = context
        self.additions: dict[str, _Addition] = {}
        self.edits: list[Edit] = []
        self.removed: list[Span] = []
        self.replaced: list[str] = []
        self.new_aliases: list[str] = []
        self.imports: set[str] = set()

    def of(self, calls: Sequence[Call]) -> Change | None:
        pieces = pieces_of(self.file, self.definition, calls)
        writes = [call for call in calls if call.name in WRITES]
        path = longest_path(self.file, self.definition.statements, writes)
        if len(path) > 1 and not any(piece.holds(path) for piece in pieces):
            # Apart they would still be two transactions, only harder to see.
            return None
        for piece in pieces:
            self._move(piece)
        changes: list[FileChange] = []
        for name, addition in self.additions.items():
            if addition.functions:
                about = f"What the application does with {_listed(addition.words)}."
                change = added(addition.target, addition.functions, about)
                if change is None or name == self.module.name:
                    return None
                changes.append(change)
        head = aliases.added(self.module, [n for n in self.new_aliases if "." in n])
        if head is None:
            return None
        removals = aliases.unused(self.file, self.module, self.removed, " ".join(self.replaced))
        if "Ecto.Query" in self.imports:
            removals.extend(
                aliases.unused_import(self.file, self.module, "Ecto.Query", QUERY_MACROS, self.removed)
            )
        edits = [*self.edits, *aliases.settled(self.file, head, removals)]
        return (change_of(self.file, edits), *changes)

    # -- one piece ---------------------------------------------------------------------------------

    def _move(self, piece: Piece) -> None:
        schema = schema_of_call(self.file, self.definition, piece.call)
        if schema is None:
            raise CannotMove("the rows are of no known schema")
        addition = self._addition(schema)
        excerpts = Excerpts(self.file, addition.target)
        purpose = piece.purpose(schema)
        if purpose is None:
            raise CannotMove("no name says what it is for")
        moved = piece.mover.moved
        self.imports |= moved.imports
        params = list(moved.params)
        reused = self._same(piece, addition.target)
        if reused is not None:
            name, order = reused
            arguments = [moved.params[params[index]] for index in order]
        else:
            name = self._free_name(addition, purpose, params, reads=piece.call.name in READS)
            arguments = list(moved.params.values())
            addition.names.add((name, len(params)))
            addition.functions.append(self._function(piece, excerpts, purpose, name, params))
            addition.words.append(schema)
        self._call(piece, addition.target, f"{name}({', '.join(arguments)})")

    def _addition(self, schema: str) -> _Addition:
        parent = schema.rpartition(".")[0]
        prefix = app_prefix(self.module.name) or parent.partition(".")[0]
        own = bool(parent) and parent != prefix and not is_web_name(parent)
        name = parent if own and not gathers_modules(parent) else self.context
        if name not in self.additions:
            target = target_of(self.ctx, name, [schema])
            if target is None:
                raise CannotMove("the context's file holds something else")
            self.additions[name] = _Addition(target)
        return self.additions[name]

    def _function(
        self, piece: Piece, excerpts: Excerpts, purpose: Purpose, name: str, params: list[str]
    ) -> NewFunction:
        moved = piece.mover.moved
        head = f"{name}({', '.join(params)})" if params else name
        if piece.chain is not None:
            body = chain_body(piece, excerpts)
        else:
            body = block_of([excerpts.text(node, moved) for node in [*piece.folded, piece.node]])
        short = f"def {head}, do: {body}"
        if piece.chain is None and not piece.folded and fits(short, "  ") and "#" not in body:
            code = short
        else:
            code = f"def {head} do\n{reindent(body, '  ')}\nend"
        text = f'@doc "{purpose.doc}"\n{code}'
        if any(len(line) + 2 > WIDTH for line in text.split("\n")):
            raise TooWide
        return NewFunction(text, tuple(excerpts.aliases), tuple(sorted(moved.imports)))

    def _free_name(self, addition: _Addition, purpose: Purpose, params: list[str], *, reads: bool) -> str:
        stem = purpose.name.rstrip("!?")
        mark = purpose.name[len(stem) :]
        names = [purpose.name]
        if reads and 0 < len(params) < 3 and "_by_" not in stem:
            names.append(f"{stem}_by_{'_and_'.join(params)}{mark}")
        last = self.module.name.rpartition(".")[2]
        place = _ROLE.sub("", last) if self.definition.name.startswith("handle_") else self.definition.name
        names.append(f"{stem}_for_{schema_word(place.rstrip('?!'))}{mark}")
        module = addition.target.module
        for name in names:
            taken = module is not None and (
                module.defines(name, len(params)) or any(c.min_arity != c.arity for c in module.clauses(name))
            )
            if not taken and (name, len(params)) not in addition.names:
                return name
        raise CannotMove("all names are taken")

    def _same(self, piece: Piece, target: Target) -> tuple[str, list[int]] | None:
        """A function of the context that does just this, and which of our parameters it takes where."""
        if target.module is None or target.file is None or piece.chain is not None or piece.has_comment:
            return None
        moved = piece.mover.moved
        ours, our_order = _numbered(
            canonical(self.file, [*piece.folded, piece.node], _holes(piece)), set(moved.params)
        )
        for clause in target.module.definitions:
            if clause.kind != "def" or clause.guard is not None or clause.arity != len(moved.params):
                continue
            if len(target.module.clauses(clause.name, clause.arity)) != 1 or not clause.statements:
                continue
            named = [nodes.identifier(param, target.file.data) for param in clause.params]
            if None in named:
                continue
            theirs, order = _numbered(canonical(target.file, clause.statements, {}), {n for n in named if n})
            if theirs == ours and len(order) == len(our_order) == len(named):
                by_their_name = dict(zip(order, our_order, strict=True))
                params = list(moved.params)
                return clause.name, [params.index(by_their_name[name]) for name in named if name]
        return None

    def _call(self, piece: Piece, target: Target, call: str) -> None:
        short = aliases.short_name(self.module, target.name, self.new_aliases)
        written = short[0] if short is not None else target.name
        if short is not None and short[1] and target.name not in self.new_aliases:
            self.new_aliases.append(target.name)
        text = f"{written}.{call}"
        span = piece.replaced
        lead = " " if span.start < piece.node.start_byte else ""
        outer = piece.node.parent.parent if piece.node.parent is not None else None
        if nodes.is_operator(outer, "=") and outer is not None:
            left = outer.child_by_field_name("left")
            if left is None or left.end_point.row != piece.node.start_point.row:
                raise TooWide
        behind = line_end(self.file, span.end) - span.end
        if column(self.file, span.start) + len(lead) + len(text) + behind > WIDTH:
            raise TooWide
        self.edits.append(Edit(span.start, span.end, lead + text))
        self.removed.append(Span(piece.node.start_byte, piece.node.end_byte))
        self.replaced.append(text)
        for node in piece.deleted:
            self.removed.append(Span(node.start_byte, node.end_byte))
        self.edits.extend(piece.deletions)
        self.edits.extend(error_answer(self.ctx, piece))


def _holes(piece: Piece) -> dict[tuple[int, int], str]:
    return {(edit.start, edit.end): edit.new for edit in piece.mover.moved.edits if edit.end > edit.start}


def _numbered(tokens: list[str], params: set[str]) -> tuple[list[str], list[str]]:
    """The tokens with each parameter as its number by first use, and the parameters in that order."""
    order: list[str] = []
    found: list[str] = []
    for index, token in enumerate(tokens):
        if token in params and (index == 0 or tokens[index - 1] != "."):
            if token not in order:
                order.append(token)
            found.append(f"${order.index(token)}")
        else:
            found.append(token)
    return found, order


def _listed(schemas: Sequence[str]) -> str:

    words = [spoken(plural(schema_word(schema))) for schema in dict.fromkeys(schemas)]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
