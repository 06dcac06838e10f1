"""Several writes of one function that can end half done."""

from __future__ import annotations

from collections.abc import Iterable

from otpwise_analyzers.findings import Applicability, Finding, Fix, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.project.repo_calls import WRITES, repo_calls
from otpwise_analyzers.project.roles import app_prefix, roles_of
from otpwise_analyzers.project.web_repo_calls import answers_requests, repo_calls_by_definition
from otpwise_analyzers.project.write_paths import longest_path
from otpwise_analyzers.project.write_risk import counts, depends, is_accounted_for, is_best_effort, matters
from otpwise_analyzers.rewrite.context import contexts_for
from otpwise_analyzers.rewrite.extract import Extraction
from otpwise_analyzers.rewrite.transaction import in_transaction
from otpwise_analyzers.rules.base import FixNote, Impact, Reference, Rule
from otpwise_analyzers.rules.phoenix.writes_without_transaction_examples import CORRECT, INCORRECT
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module


class WritesWithoutTransaction(Rule):
    name = "phoenix/writes-without-transaction"
    summary = "a function that writes twice without a transaction around both"
    impact = Impact.HIGH
    detects = (
        "Two or more `Repo` writes that one run through a function can make, with no transaction and no `Ecto.Multi` "
        "in it. Writes in branches that exclude each other do not add up. It is a warning when the later write uses "
        "what the earlier one made, or moves a counter."
    )
    why = (
        "Each write commits by itself. When the second one fails, the process is killed, or a deploy stops the node "
        "between the two, the first one stays: an order without its lines, a counter that is off by one for ever. "
        "No test shows it, and the rows that it leaves have to be found by hand."
    )
    fine_when = (
        "The writes have nothing to do with each other, or may be repeated without harm; the caller holds the "
        "transaction; an HTTP call or an upload lies between them, which no transaction should wait for."
    )
    trade_off = (
        "A transaction holds its connection and its row locks until the last step, and a failure undoes all of "
        "them, which is the point. What happens outside of the database must wait for the commit."
    )
    fix_note = FixNote(
        writes=(
            "A `case` or `with` on results becomes an `Ecto.Multi` (`Repo.transact` from Ecto 3.13 on), and a "
            "failure of any step the `{:error, changeset}` that the function already answers; writes that "
            "raise go into `Repo.transaction`. In the web layer, the writes move into a context as they do "
            "for `phoenix/repo-in-web`."
        ),
        because=(
            "Unsafe: all of it is undone when one step fails, and the rows are locked until the last one is "
            "done."
        ),
        leaves=(
            "Results that are answered in more forms than success and `{:error, changeset}`, bulk writes "
            "inside of a `case` or `with`, and comments that would lose their place."
        ),
    )
    references = (
        Reference("Ecto.Multi", "https://hexdocs.pm/ecto/Ecto.Multi.html"),
        Reference("Ecto.Repo: transactions", "https://hexdocs.pm/ecto/Ecto.Repo.html#c:transaction/2"),
    )

    calls = WRITES
    needles = (b"Repo",)

    incorrect = INCORRECT
    correct = CORRECT

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        by_definition: dict[int, tuple[Definition, list[Call]]] = {}
        for call in repo_calls(file, WRITES):
            definition = call.definition
            if definition is not None and call.capture_arity is None:
                by_definition.setdefault(definition.node.start_byte, (definition, []))[1].append(call)
        for definition, writes in by_definition.values():
            module = definition.module
            if len(writes) < 2 or module is None or is_accounted_for(module, definition):
                continue
            path = longest_path(file, definition.statements, writes)
            path = [call for call in path if call.module == path[0].module and not is_best_effort(file, call)]
            if len(path) < 2 or not matters(file, definition, path):
                continue
            yield self._finding(file, module, definition, path)

    def _finding(self, file: ElixirFile, module: Module, definition: Definition, path: list[Call]) -> Finding:
        first, second = path[0], path[1]
        dependent = next((call for call in path[1:] if depends(file, definition, path[0], call)), None)
        counter = next((call for call in path if counts(file, call)), None)
        where = dependent or counter or second
        if where is first:
            where = second
        who = f"`{module.name}.{definition.name}/{definition.arity}`"
        if dependent is not None:
            what = f"`{where.name}` builds on what `{first.name}` has already committed: if it fails, half of it stays"
        elif counter is not None:
            what = (
                "a counter and its rows are written apart: a failure between the two leaves it wrong for ever"
            )
        else:
            what = f"if `{where.name}` fails, what `{first.name}` wrote stays"
        related = [
            Related(Span(call.node.start_byte, call.node.end_byte), f"`{call.name}` commits by itself")
            for call in path
            if call is not where
        ]
        return self.finding(
            where.node,
            f"{who} writes {len(path)} times without a transaction, and {what}.",
            Level.WARNING if dependent is not None or counter is not None else Level.INFORMATION,
            related=related,
            fixes=_fixes(file, module, definition),
        )


def _fixes(file: ElixirFile, module: Module, definition: Definition) -> tuple[Fix, ...]:
    at = definition.node.start_byte
    if app_prefix(module.name) is None and not answers_requests(module, roles_of(module)):
        return (Fix("Write in one transaction", Applicability.UNSAFE, in_transaction(at)),)
    calls = next((calls for one, calls in repo_calls_by_definition(file) if one is definition), [])
    return tuple(
        Fix(f"Extract into {context}", Applicability.UNSAFE, Extraction(at, context))
        for context in contexts_for(file, definition, calls)
    )
