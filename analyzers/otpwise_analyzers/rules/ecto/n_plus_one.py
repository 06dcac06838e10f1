"""Queries in loops: one for the list, and one more for each of its elements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial

from otpwise_analyzers.findings import Applicability, Confidence, Finding, Fix, Level, Related
from otpwise_analyzers.project import places
from otpwise_analyzers.project.effects import Effect
from otpwise_analyzers.project.repo_calls import WRITES, repo_calls
from otpwise_analyzers.project.roles import WEB, roles_of
from otpwise_analyzers.project.row_loops import LOOPING, RowCall, RowLoop, only_writes, row_loops
from otpwise_analyzers.rewrite.loop_transaction import in_one_transaction
from otpwise_analyzers.rewrite.preload_hoist import hoist_of, hoisted
from otpwise_analyzers.rewrite.rows_by_key import is_whole, keyed_read_of, looked_up, queried
from otpwise_analyzers.rules.base import FixNote, Impact, Reference, Rule
from otpwise_analyzers.rules.ecto.n_plus_one_examples import CORRECT, INCORRECT
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Module

# Code that runs once, or for whoever maintains the data.
_ONE_TIME = re.compile(r"restart|backfill|migrat|seed|import|initiali[sz]e|debug|demo", re.IGNORECASE)
_WRITE_INSTEAD = {
    "insert": "`{repo}.insert_all` writes them all at once",
    "update": "`{repo}.update_all` changes all rows that a query finds",
    "delete": "`{repo}.delete_all` removes all rows that a query finds",
}


class NPlusOne(Rule):
    name = "ecto/n-plus-one"
    summary = "a query for each element of a list"
    impact = Impact.MEDIUM
    detects = (
        "A repo's `get`, `get_by`, `one`, `all`, `exists?`, `aggregate`, `reload` or `preload` in what a loop runs for "
        "each element: the function given to `Enum`, `Stream`, `Task.async_stream` and their like, the body of a `for`, "
        "its filters and its further generators. Also a call, in a loop, of a function of the project that reads in "
        "its own body, and a loop that does nothing but write row by row outside of a transaction (hints)."
    )
    why = (
        "The list takes one query, and each of its elements one more. A round trip to a database in the same data "
        "centre takes half a millisecond to one; with 200 rows that is 0.1 to 0.2 s in which the page waits and holds "
        "a connection of the pool, and it grows with the data: fast in tests, slow in the third year. A preload of the "
        "whole list, or one `where: x.id in ^ids`, takes one query whatever the length."
    )
    fine_when = (
        "The list is short and stays so (a literal list, a range, tenants, chunks of a batch: none of them is reported), "
        "the value was already loaded (`Ecto.assoc_loaded?`), or each element takes a slow call anyway. Functions and "
        "modules named for what runs once (import, migrate, backfill, seed, restart) are left alone."
    )
    trade_off = (
        "All rows are in memory at once; for a very long list take `Repo.stream` or chunks of some hundreds, and one "
        "query for each chunk."
    )
    fix_note = FixNote(
        writes=(
            "A preload whose spec does not depend on the element goes ahead of the loop, to the whole list. "
            "`Repo.get` and `get_by` by a key become one query for all keys, either as the list itself or, in "
            "the elements' order, as a map in which the loop looks them up. Single writes go into one "
            "transaction."
        ),
        because=(
            "The preload is safe: Ecto loads it for a list as it does for one, and the list must be one of "
            "one schema; it is unsafe where the loop also writes. The query for all keys is a scaffold: what "
            "differs (types of keys, missing rows, order) stands in a comment. The transaction is unsafe: all "
            "of it is undone when one write fails."
        ),
        leaves=(
            "Loops over streams and maps, reads that ask for more than a key, and what is read through "
            "another function of the project: for these the finding stands alone."
        ),
    )
    references = (
        Reference("Ecto.Repo.preload/3", "https://hexdocs.pm/ecto/Ecto.Repo.html#c:preload/3"),
        Reference("Ecto.Query.preload/3", "https://hexdocs.pm/ecto/Ecto.Query.html#preload/3"),
        Reference("Ecto.Repo.insert_all/3", "https://hexdocs.pm/ecto/Ecto.Repo.html#c:insert_all/3"),
    )
    calls = LOOPING

    incorrect = INCORRECT
    correct = CORRECT

    def check(self, file: ElixirFile) -> Iterable[Finding]:
        if not places.is_production_code(file.path):
            return
        for row_loop in row_loops(file):
            module = file.module_at(row_loop.loop.node.start_byte)
            if _runs_once(row_loop, module):
                continue
            finding = self._judge(file, row_loop, module)
            if finding is not None:
                yield finding

    def _judge(self, file: ElixirFile, row_loop: RowLoop, module: Module | None) -> Finding | None:
        if (read := row_loop.first(Effect.READ, direct=True)) is not None:
            is_web = module is not None and _is_web(module)
            return self.finding(
                read.node,
                f"`{_called(file, read)}` runs once for {_each(file, row_loop)}: {_instead(read)}",
                Level.WARNING if is_web else Level.INFORMATION,
                related=_related(file, row_loop, read),
                fixes=_read_fixes(file, row_loop, read, is_web=is_web),
            )
        if (read := row_loop.first(Effect.READ, direct=False)) is not None:
            return self.finding(
                read.node,
                f"`{read.name}` queries the database, here once for {_each(file, row_loop)}. "
                "Load what they all need with one query ahead of the loop.",
                Level.HINT,
                confidence=Confidence.LIKELY,
                related=_related(file, row_loop, read),
            )
        if only_writes(file, row_loop):
            write = row_loop.calls[0]
            instead = _WRITE_INSTEAD.get(
                write.name.rstrip("!"), "`{repo}.insert_all` writes them all at once"
            )
            repo = _repo(file, write)
            return self.finding(
                write.node,
                f"`{_called(file, write)}` runs once for {_each(file, row_loop)}, and each commits by itself. "
                f"{instead.format(repo=repo)}; a transaction around the loop makes it one commit.",
                Level.HINT,
                confidence=Confidence.LIKELY,
                fixes=(
                    Fix(
                        "Write all of them in one transaction",
                        Applicability.UNSAFE,
                        lambda ctx: in_one_transaction(file, row_loop),
                    ),
                ),
            )
        return None


def _runs_once(row_loop: RowLoop, module: Module | None) -> bool:
    definition = row_loop.definition
    if definition is not None and _ONE_TIME.search(definition.name):
        return True
    return module is not None and _ONE_TIME.search(module.name) is not None


def _is_web(module: Module) -> bool:
    return bool(roles_of(module) & WEB) or "Resolver" in module.name


def _repo(file: ElixirFile, row_call: RowCall) -> str:
    call = row_call.call
    return file.text(call.receiver) if call is not None and call.receiver is not None else "Repo"


def _called(file: ElixirFile, row_call: RowCall) -> str:
    return f"{_repo(file, row_call)}.{row_call.name}"


def _each(file: ElixirFile, row_loop: RowLoop) -> str:
    subject = file.text(row_loop.loop.subject)
    if len(subject) <= 40 and "\n" not in subject:
        return f"each element of `{subject}`"
    return "each element of the list"


def _instead(read: RowCall) -> str:
    if read.name == "preload":
        return (
            "100 elements, 100 queries. Preload the whole list ahead of the loop, or with the query that loads it; "
            "that is one query for each association."
        )
    if read.name in ("get", "get!", "get_by", "get_by!", "reload", "reload!"):
        return "100 elements, 100 queries. One query with `in ^keys` ahead of the loop loads all of the rows."
    return (
        "100 elements, 100 queries. One query ahead of the loop, with `in` (and `group_by` where it counts), or a "
        "preload, answers for all of them."
    )


def _related(file: ElixirFile, row_loop: RowLoop, first: RowCall) -> Iterator[Related]:
    if first.through is not None:
        path = first.through.path if first.through.path != file.path else None
        yield Related(first.through.span, f"the query that `{first.name}` makes", path)
    for other in row_loop.calls:
        if other is not first and other.node != first.node:
            node = other.node
            name = other.name if other.through is not None else _called(file, other)
            yield Related(Span(node.start_byte, node.end_byte), f"`{name}` runs once for each, too")


def _read_fixes(file: ElixirFile, row_loop: RowLoop, read: RowCall, *, is_web: bool) -> Iterator[Fix]:
    hoist = hoist_of(file, row_loop, read)
    if hoist is not None:
        writes = sum(nodes.encloses(row_loop.loop.body, call.node) for call in repo_calls(file, WRITES))
        if writes == 1:
            return
        yield Fix(
            "Preload the whole list ahead of the loop",
            Applicability.UNSAFE if writes else Applicability.SAFE,
            lambda ctx: hoisted(file, hoist),
        )
        return
    keyed = keyed_read_of(file, row_loop, read)
    # In the web layer the query belongs into a context first.
    if keyed is None or is_web:
        return
    if is_whole(file, keyed):
        yield Fix("Load all of them with one query", Applicability.SCAFFOLD, partial(queried, read=keyed))
    yield Fix(
        "Load all of them with one query, looked up by key",
        Applicability.SCAFFOLD,
        partial(looked_up, read=keyed),
    )
