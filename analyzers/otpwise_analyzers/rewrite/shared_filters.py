"""The conditions that queries of a module repeat, each said once in the schema's query module."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.repeated_conditions import (
    RepeatedBase,
    condition_key,
    conditions_by_module,
    repeated_base,
)
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.composed_query import Choose, composed, every_filter, is_offered
from otpwise_analyzers.rewrite.query_chain import Chain, chains_in
from otpwise_analyzers.rewrite.query_conditions import nameless, parts_of
from otpwise_analyzers.rewrite.query_filters import Filter
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Module


def with_shared_filters(at: int, base: RepeatedBase, ctx: FixContext) -> Change | None:
    """Composes all queries of the module around byte `at` that repeat the conditions of `base`.

    None when so many of them cannot be that the module would still repeat itself.
    """
    file = ctx.file
    module = file.module_at(at)
    if module is None:
        return None
    keys = frozenset(condition.key for condition in base.shared)
    choose = _shared(file, keys)
    chains = [
        chain
        for chain in chains_in(file)
        if chain.schema == base.schema
        and chain.given is None
        and file.module_at(chain.whole.start_byte) is module
        and is_offered(chain)
        and keys <= _keys(chain)
        and composed(ctx, [chain], choose, whole=False) is not None
    ]
    if _repeats_still(file, module, chains, keys):
        return None
    return composed(ctx, chains, choose, whole=False)


def _shared(file: ElixirFile, keys: frozenset[str]) -> Choose:
    named = every_filter(file)

    def choose(node: Node, base: str | None) -> Filter | None:
        inner = nodes.unwrap(node)
        if condition_key(file, base, inner) not in keys:
            return None
        return named(node, base) or nameless(file, node, base)

    return choose


def _keys(chain: Chain) -> set[str]:
    found: set[str] = set()
    for stage in chain.stages[: chain.known]:
        if stage.word == "where" and stage.value is not None:
            for part in parts_of(stage.value):
                key = condition_key(chain.file, stage.base, nodes.unwrap(part))
                if key is not None:
                    found.add(key)
    return found


def _repeats_still(file: ElixirFile, module: Module, chains: Sequence[Chain], keys: frozenset[str]) -> bool:
    conditions = [
        condition
        for condition in conditions_by_module(file).get(module, [])
        if not any(nodes.encloses(chain.whole, condition.node) for chain in chains)
    ]
    again = repeated_base(conditions)
    return again is not None and not keys.isdisjoint(condition.key for condition in again.shared)
