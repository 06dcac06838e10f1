"""A query of a context, taken apart into functions of its schema's query module."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from otpwise_analyzers.findings import Applicability, Change, Fix
from otpwise_analyzers.project import places
from otpwise_analyzers.project.roles import is_web_name
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.refactorings.base import Refactoring
from otpwise_analyzers.refactorings.ecto import (
    extract_query_clauses,
    extract_query_forms,
    extract_query_modules,
    extract_query_names,
    extract_query_places,
    extract_query_silent,
)
from otpwise_analyzers.rewrite.composed_query import composed, every_filter, is_offered, is_worth_it, plan_of
from otpwise_analyzers.rewrite.query_chain import Chain, chain_at
from otpwise_analyzers.rules.base import Reference
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.file import ElixirFile

_TITLE = "Extract this query into composable functions"


class ExtractQuery(Refactoring):
    name = "ecto/extract-query"
    summary = "takes a query of a context apart into functions that each take a query and return one"
    does = (
        "The schema becomes `base/0` of its query module (`MyApp.Accounts.UserQuery` for `MyApp.Accounts.User`, or "
        "whatever the project calls such modules), with a named binding; each condition with a meaning becomes a "
        "function named for it, and so do an order, a preload by name and a page made of `limit` and `offset`. The "
        "query itself becomes a pipeline of these, in the same order as before; what has no name of its own "
        "(a `select`, a join, a condition on two tables) stays a stage of it. Functions that are there already and "
        "mean the same are called instead of written again. A term that LIKE looks for is escaped on the way."
    )
    not_offered = (
        "In the web layer, migrations, tests and the schema's own module; for unions, windows, CTEs, lateral joins, "
        "subqueries as a source, and queries that begin with a function or with a variable that is not given once, by a "
        "query; where nothing of the query has a name, or only one equality has; in code that is quoted."
    )
    trade_off = (
        "The whole query is no longer to be read in one place. It is worth that where its parts are needed again, or "
        "are easier to name than to read."
    )
    references = (
        Reference("Ecto.Query: composition", "https://hexdocs.pm/ecto/Ecto.Query.html#module-composition"),
        Reference(
            "Ecto.Query: named bindings", "https://hexdocs.pm/ecto/Ecto.Query.html#module-named-bindings"
        ),
    )
    calls = frozenset({"from", "where", "limit", "order_by", "preload"})
    examples = (
        *extract_query_forms.EXAMPLES,
        *extract_query_modules.EXAMPLES,
        *extract_query_clauses.EXAMPLES,
        *extract_query_names.EXAMPLES,
        *extract_query_places.EXAMPLES,
    )
    silent = extract_query_silent.SILENT

    def offers(self, file: ElixirFile, span: Span) -> Iterable[Fix]:
        path = file.path
        if "lib/" not in path or not places.is_production_code(path):
            return
        definition = file.definition_at(span.start)
        module = definition.module if definition is not None else None
        if module is None or is_web_name(module.name) or "Ecto.Query" not in module.imports:
            return
        chain = chain_at(file, span.start, span.end)
        if chain is None or not is_offered(chain):
            return
        choose = every_filter(file)
        planned = [step for one in _with_its_base(chain) for step in plan_of(one, choose, whole=True)]
        if is_worth_it(planned):
            yield Fix(_TITLE, Applicability.SCAFFOLD, partial(_build, span))


def _build(span: Span, ctx: FixContext) -> Change | None:
    chain = chain_at(ctx.file, span.start, span.end)
    if chain is None:
        return None
    return composed(ctx, _with_its_base(chain), every_filter(ctx.file), whole=True)


def _with_its_base(chain: Chain) -> list[Chain]:
    """The chain, after the one that the variable holds which it begins with."""
    return [chain] if chain.given is None else [chain.given, chain]
