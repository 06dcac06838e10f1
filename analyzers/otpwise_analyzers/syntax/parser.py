"""Bytes in, syntax trees out. Parsing never fails: what is not Elixir becomes ERROR nodes."""

from __future__ import annotations

import re

import tree_sitter_elixir
from tree_sitter import Language, Parser, Query, Tree

LANGUAGE = Language(tree_sitter_elixir.language())

_PARSER = Parser(LANGUAGE)

# py-tree-sitter accepts a misspelt predicate and then matches everything.
_PREDICATES = frozenset(
    f"{negation}{any_}{name}?"
    for name in ("eq", "match", "any-of")
    for negation in ("", "not-")
    for any_ in ("", "any-")
    if not (name == "any-of" and any_)
)


def parse(data: bytes, old_tree: Tree | None = None) -> Tree:
    """The tree of an Elixir source text in UTF-8.

    `old_tree` is the tree of the previous text after `Tree.edit` was told of every change.
    """
    if old_tree is None:
        return _PARSER.parse(data)
    return _PARSER.parse(data, old_tree)


def compile_query(source: str) -> Query:
    """A query, checked further than the library does. Raises ValueError for an unknown predicate."""
    for predicate in re.findall(r"#([\w-]+[?!])", source):
        if predicate not in _PREDICATES:
            raise ValueError(f"unknown predicate #{predicate} in query: {source}")
    return Query(LANGUAGE, source)
