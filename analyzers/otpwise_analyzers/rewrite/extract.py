"""Moves what an action does with the database into functions of a context."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from otpwise_analyzers.findings import Change, FileChange
from otpwise_analyzers.project.repo_calls import READS, TRANSACTIONS, WRITES
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.project.web_repo_calls import repo_calls_by_definition
from otpwise_analyzers.project.write_paths import longest_path
from otpwise_analyzers.rewrite import aliases
from otpwise_analyzers.rewrite.call_site import placed
from otpwise_analyzers.rewrite.context import (
    NewFunction,
    Target,
    added,
    choices,
    is_taken,
    is_within_reach,
    target_of,
)
from otpwise_analyzers.rewrite.ecto_names import QUERY_MACROS
from otpwise_analyzers.rewrite.excerpt import Excerpts, block_of
from otpwise_analyzers.rewrite.layout import (
    WIDTH,
    change_of,
    delete_statement,
    fits,
    reindent,
    span_to_remove,
)
from otpwise_analyzers.rewrite.moving import REQUEST, CannotMove
from otpwise_analyzers.rewrite.multi import TooWide
from otpwise_analyzers.rewrite.naming import Purpose, listed, plural, schema_word
from otpwise_analyzers.rewrite.new_spec import spec_for
from otpwise_analyzers.rewrite.piece import Piece, moving_lines, pieces_of
from otpwise_analyzers.rewrite.purpose import doc_of_name, purpose_for, says_enough
from otpwise_analyzers.rewrite.reuse import same_function
from otpwise_analyzers.rewrite.subject import Subject, subject_of
from otpwise_analyzers.rewrite.whole_function import redirected, text_of, whole_of
from otpwise_analyzers.rewrite.write_chain import chain_body, error_answer
from otpwise_analyzers.rewrite.write_run import Run, run_of
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.variables import bound_by

_ROLE = re.compile(r"(Live|Controller|Channel|Component)$")
# What a write is called where the usual name is another function's.
_ANOTHER_WORD = {"insert": "insert", "update": "save", "delete": "remove"}
_IMMOVABLE = frozenset({"query", "query!", "query_many", "stream"})


@dataclass(frozen=True, slots=True)
class Extraction:
    """Builds the extraction of all repo calls of the clause that begins at byte `at`.

    `context` takes the calls whose schema stands in no context of its own. Called, it answers None when
    one of the calls needs something that cannot be handed over; `obstacle` says what.
    """

    at: int
    context: str

    def __call__(self, ctx: FixContext) -> Change | None:
        try:
            return self._built(ctx)
        except (CannotMove, TooWide):
            return None

    def obstacle(self, ctx: FixContext) -> str | None:
        """Why the calls cannot move; None when they can."""
        try:
            self._built(ctx)
        except CannotMove as reason:
            return str(reason)
        except TooWide:
            return "a line would be too long"
        return None

    def _built(self, ctx: FixContext) -> Change:
        for definition, calls in repo_calls_by_definition(ctx.file):
            if definition.node.start_byte == self.at and definition.module is not None:
                try:
                    return _Extraction(ctx, definition, definition.module, self.context).of_whole(calls)
                except (CannotMove, TooWide):
                    return _Extraction(ctx, definition, definition.module, self.context).of(calls)
        raise CannotMove("the code has changed")


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

    def of(self, calls: Sequence[Call]) -> Change:
        for call in calls:
            if call.name in _IMMOVABLE:
                raise CannotMove(f"`{call.name}` stays where it is")
            if call.capture_arity is not None:
                raise CannotMove("a captured repo function")
        if any(call.is_local for call in self.definition.calls("alias", "import", "require")):
            raise CannotMove("the function has aliases of its own")
        pieces = pieces_of(self.file, self.definition, calls)
        writes = [call for call in calls if call.name in WRITES]
        path = longest_path(self.file, self.definition.statements, writes)
        if len(path) > 1 and not any(piece.holds(path) for piece in pieces):
            # Apart they would still be two transactions, only harder to see.
            run = run_of(self.file, self.definition, path)
            self._move_run(run)
            pieces = pieces_of(self.file, self.definition, [call for call in calls if not run.holds(call)])
        for piece in pieces:
            self._move(piece)
        return self._change()

    def _change(self) -> Change:
        """All edits, once everything has moved: the contexts', and those of the module that is left."""
        changes: list[FileChange] = []
        for name, addition in self.additions.items():
            if addition.functions:
                about = f"What the application does with {listed(list(dict.fromkeys(addition.words)))}."
                change = added(addition.target, addition.functions, about)
                if change is None or name == self.module.name:
                    raise CannotMove("the context has no place for it")
                changes.append(change)
        head = aliases.added(self.module, [n for n in self.new_aliases if "." in n])
        if head is None:
            raise CannotMove("the module has no lines of its own")
        removals = aliases.unused(self.file, self.module, self.removed, " ".join(self.replaced))
        if "Ecto.Query" in self.imports:
            removals.extend(
                aliases.unused_import(self.file, self.module, "Ecto.Query", QUERY_MACROS, self.removed)
            )
        edits = [*self.edits, *aliases.settled(self.file, head, removals)]
        return (change_of(self.file, edits), *changes)

    # -- a whole function --------------------------------------------------------------------------

    def of_whole(self, calls: Sequence[Call]) -> Change:
        """Moves the private function that makes the calls, all its clauses, and calls it where it is now."""
        whole = whole_of(self.file, self.definition)
        found = [(call, s) for call in calls if (s := subject_of(self.file, self.definition, call))]
        if not found:
            raise CannotMove("the rows are of no known schema")
        call, subject = next((pair for pair in found if pair[1].context is not None), found[0])
        addition = self._addition(subject)
        purpose = purpose_for(self.file, call, calls, self.definition.statements, subject)
        module = addition.target.module
        says_all = len(whole.clauses) == 1 and all(
            (other.name, s.word) == (call.name, subject.word) for other, s in found
        )
        one = says_all and len(self.definition.statements) == 1
        names = [whole.name] if says_enough(whole.name, subject) else []
        names.extend([purpose.name] if purpose is not None and one else [])
        names = [
            n
            for n in names
            if module is None
            or not (module.defines(n) or is_taken(self.file.project, module, n, whole.arity))
        ]
        if not names or (module is not None and any(module.defines(n) for n, _ in whole.names[1:])):
            raise CannotMove("all names are taken")
        doc = purpose.doc if purpose is not None and one and len(found) == 1 else doc_of_name(names[0])
        if module is not None and whole.attributes_in(module):
            raise CannotMove("the context has an attribute of that name")
        excerpts = Excerpts(self.file, addition.target)
        text = text_of(whole, excerpts, names[0], doc)
        imports = tuple(sorted(whole.moved.imports))
        addition.functions.append(NewFunction(text, tuple(excerpts.aliases), imports))
        addition.words.append(plural(subject.word))
        self.imports |= whole.moved.imports
        redirections = redirected(whole, self._written(addition.target), names[0])
        self.edits.extend(redirections)
        self.replaced.extend(edit.new for edit in redirections)
        self.edits.extend(whole.deletions)
        self.removed.extend(whole.spans)
        self.edits.extend(delete_statement(self.file, node) for node in whole.idle_attributes)
        return self._change()

    # -- one piece ---------------------------------------------------------------------------------

    def _move(self, piece: Piece) -> None:
        subject = subject_of(self.file, self.definition, piece.call)
        if subject is None:
            raise CannotMove("the rows are of no known schema")
        addition = self._addition(subject)
        excerpts = Excerpts(self.file, addition.target)
        purpose = purpose_for(self.file, piece.call, piece.calls, [*piece.folded, piece.node], subject)
        if purpose is None and self._is_named_by_author(piece) and says_enough(self.definition.name, subject):
            purpose = Purpose(self.definition.name, doc_of_name(self.definition.name))
        if purpose is None:
            raise CannotMove("no name says what it is for")
        moved = piece.mover.moved
        self.imports |= moved.imports
        params = list(moved.params)
        if piece.call.name in TRANSACTIONS and self.file.text(piece.call.all_args[0]) in params:
            raise CannotMove("the steps of the transaction are made elsewhere")
        self._refuse_foreign_query(piece)
        reused = same_function(piece, addition.target)
        if reused is not None:
            name, order = reused
            arguments = [moved.params[params[index]] for index in order]
        else:
            name = self._free_name(piece, addition, subject, purpose, params, reads=piece.call.name in READS)
            arguments = list(moved.params.values())
            addition.names.add((name, len(params)))
            addition.functions.append(self._function(piece, subject, excerpts, purpose, name, params))
            addition.words.append(plural(subject.word))
        self._call(piece, addition.target, name, arguments)

    def _refuse_foreign_query(self, piece: Piece) -> None:
        """Raises CannotMove when a function of this module makes the query: its tables would stay behind."""
        values = {edit.start: edit.end for edit in piece.mover.moved.edits}
        root = nodes.pipeline(nodes.unwrap(piece.call.all_args[0]))[0] if piece.call.all_args else None
        end = values.get(root.start_byte) if root is not None else None
        if root is None or end is None:
            return
        queries = [
            clause
            for call in self.file.calls(*{d.name for d in self.module.definitions})
            if call.is_local and root.start_byte <= call.node.start_byte < end
            for clause in self.module.clauses(call.name)
        ]
        if any(call.is_local for clause in queries for call in clause.calls(*QUERY_MACROS)):
            raise CannotMove("a function of the module makes the query")

    def _move_run(self, run: Run) -> None:
        subject = subject_of(self.file, self.definition, run.first)
        if subject is None:
            raise CannotMove("the rows are of no known schema")
        addition = self._addition(subject)
        excerpts = Excerpts(self.file, addition.target)
        within = [*run.folded, *run.statements]
        purpose = purpose_for(self.file, run.first, [run.first], within, subject)
        moved, module = run.mover.moved, addition.target.module
        if purpose is None or (
            module is not None and is_taken(self.file.project, module, purpose.name, len(moved.params))
        ):
            raise CannotMove("all names are taken")
        head = f"{purpose.name}({', '.join(moved.params)})" if moved.params else purpose.name
        body = reindent(run.body(excerpts), "  ")
        text = f'@doc "{purpose.doc[:-1]}, all or nothing."\ndef {head} do\n{body}\nend'
        if any(len(line) + 2 > WIDTH for line in text.split("\n")):
            raise TooWide
        addition.names.add((purpose.name, len(moved.params)))
        addition.functions.append(NewFunction(text, tuple(excerpts.aliases), tuple(sorted(moved.imports))))
        addition.words.append(plural(subject.word))
        self.imports |= moved.imports
        call = f"{self._written(addition.target)}.{purpose.name}({', '.join(moved.params.values())})"
        edit = run.replaced(call)
        self.edits.append(edit)
        self.replaced.append(edit.new)
        self.removed.append(run.span)
        for node in run.folded:
            lines = moving_lines(self.file, node)
            self.removed.append(lines)
            self.edits.append(Edit(*span_to_remove(self.file, lines.start, lines.end), ""))

    def _addition(self, subject: Subject) -> _Addition:
        name = subject.context or self._choice(subject)
        if name not in self.additions:
            near = [subject.schema] if subject.schema is not None else []
            target = target_of(self.ctx, name, near)
            if target is None:
                raise CannotMove("the context's file holds something else")
            if not is_within_reach(self.ctx, target, self.definition.node):
                raise CannotMove("the context is in an app that this one does not depend on")
            self.additions[name] = _Addition(target)
        return self.additions[name]

    def _choice(self, subject: Subject) -> str:
        """The context of rows that no name space says one for: the one of the action, if it fits."""
        own = choices(self.file, self.definition, subject)
        if not own:
            raise CannotMove("nothing says which context the rows belong to")
        return self.context if self.context in own else own[0]

    def _function(
        self,
        piece: Piece,
        subject: Subject,
        excerpts: Excerpts,
        purpose: Purpose,
        name: str,
        params: list[str],
    ) -> NewFunction:
        moved = piece.mover.moved
        head = f"{name}({', '.join(params)})" if params else name
        if piece.chain is not None:
            body = chain_body(piece, excerpts)
        else:
            before = [excerpts.lines(piece.lines_of(node), moved) for node in piece.folded]
            body = block_of([*before, excerpts.text(piece.node, moved)])
        short = f"def {head}, do: {body}"
        if piece.chain is None and not piece.folded and fits(short, "  ") and "#" not in body:
            code = short
        else:
            code = f"def {head} do\n{reindent(body, '  ')}\nend"
        spec = spec_for(self.ctx, piece, subject, excerpts.target, excerpts, (name, params))
        text = f'@doc "{purpose.doc}"\n{spec + chr(10) if spec is not None else ""}{code}'
        if any(len(line) + 2 > WIDTH for line in text.split("\n")):
            raise TooWide
        return NewFunction(text, tuple(excerpts.aliases), tuple(sorted(moved.imports)))

    def _free_name(
        self,
        piece: Piece,
        addition: _Addition,
        subject: Subject,
        purpose: Purpose,
        params: list[str],
        *,
        reads: bool,
    ) -> str:
        stem = purpose.name.rstrip("!?")
        mark = purpose.name[len(stem) :]
        names = [self.definition.name] if self._is_named_by_author(piece) else []
        names = [name for name in names if says_enough(name, subject) and not self._knows(addition, name)]
        names.append(purpose.name)
        if reads and 0 < len(params) < 3 and "_by_" not in stem:
            keys = [param.removeprefix(f"{subject.word}_") for param in params]
            names.append(f"{stem}_by_{'_and_'.join(keys)}{mark}")
        verb = _ANOTHER_WORD.get(piece.call.name.rstrip("!"))
        if verb is not None:
            names.append(f"{verb}_{subject.word}{mark}")
        last = self.module.name.rpartition(".")[2]
        place = _ROLE.sub("", last) if self.definition.name.startswith("handle_") else self.definition.name
        names.append(f"{stem}_for_{schema_word(place.rstrip('?!'))}{mark}")
        module = addition.target.module
        for name in names:
            taken = module is not None and is_taken(self.file.project, module, name, len(params))
            if not taken and (name, len(params)) not in addition.names:
                return name
        raise CannotMove("all names are taken")

    def _knows(self, addition: _Addition, name: str) -> bool:
        module = addition.target.module
        return module is not None and module.defines(name)

    def _is_named_by_author(self, piece: Piece) -> bool:
        """Whether the whole function is what moves, so that its name says what that is for."""
        whole = [*piece.folded, piece.node] == self.definition.statements
        takes_request = any(
            name in REQUEST for param in self.definition.params for name in bound_by(param, self.file.data)
        )
        return whole and (self.definition.is_private or not takes_request)

    def _written(self, target: Target) -> str:
        """How this module writes the context's name; notes the alias that this takes."""
        short = aliases.short_name(self.module, target.name, self.new_aliases)
        if short is None:
            return target.name
        if short[1] and target.name not in self.new_aliases:
            self.new_aliases.append(target.name)
        return short[0]

    def _call(self, piece: Piece, target: Target, name: str, arguments: list[str]) -> None:
        edit = placed(self.file, piece.node, f"{self._written(target)}.{name}", arguments)
        self.edits.append(edit)
        self.replaced.append(edit.new)
        self.removed.append(Span(piece.node.start_byte, piece.node.end_byte))
        for node in piece.deleted:
            self.removed.append(Span(node.start_byte, node.end_byte))
        self.edits.extend(piece.deletions)
        self.edits.extend(error_answer(self.ctx, piece))
