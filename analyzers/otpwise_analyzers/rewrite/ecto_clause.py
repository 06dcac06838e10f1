"""An Ecto query as data: its clauses, and how a table and an inner query are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from otpwise_analyzers.rewrite.ecto_source import Source
from otpwise_analyzers.rewrite.ecto_terms import Term

# How a schema is written: by its short name.
Named = Callable[[str], str]


@dataclass(frozen=True)
class Clause:
    """One word of the query and its term; of `where` and `having` also the `terms` that hold together.

    `uses` are the bindings in it. A table's clause has its `source`, and in `table` how that is written.
    """

    word: str
    term: str = ""
    terms: tuple[Term, ...] = ()
    uses: frozenset[str] = frozenset()
    source: Source | None = None
    table: str = ""


@dataclass(frozen=True)
class Query:
    """`verb` is SELECT, DELETE, UPDATE or INSERT. `clauses` are in the order of a `from`, the tables first.

    `selected` are the terms of a SELECT (or of RETURNING), empty for `SELECT *`; `outputs` their names.
    `sources` are the tables in order, `rows` what an INSERT inserts, `read` the columns whose values a SELECT
    loads, `options` what the repo's function is told besides.
    """

    verb: str
    sources: tuple[Source, ...]
    clauses: tuple[Clause, ...]
    selected: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    uses: frozenset[str] = frozenset()
    is_one_row: bool = False
    rows: tuple[str, ...] = ()
    read: tuple[tuple[Source, str], ...] = ()
    options: tuple[str, ...] = ()
    inner: tuple[Source, ...] = field(default=())

    @property
    def schemas(self) -> list[str]:
        every = (*self.sources, *self.inner)
        return list(dict.fromkeys(one.full for one in every if one.full is not None))


def source_text(source: Source, named: Named) -> str:
    if source.inner:
        return source.inner
    return named(source.full) if source.full is not None else f'"{source.table}"'


def inline(query: Query, select: str) -> str:
    """A query within another, on one line."""
    pieces: list[str] = []
    for clause in query.clauses:
        if clause.source is not None:
            pieces.extend(f"{word}: {text}" if word else text for word, text in table_words(clause))
        else:
            pieces.append(f"{clause.word}: {clause.term}")
    if select:
        pieces.append(f"select: {select}")
    return f"from({', '.join(pieces)})"


def table_words(clause: Clause) -> Iterator[tuple[str, str]]:
    """`u in User` (without a word for the first table), then `as:` and `prefix:` where they are needed."""
    source = clause.source
    assert source is not None
    yield ("" if clause.word == "from" else clause.word), f"{source.binding} in {clause.table}"
    if source.called:
        yield "as", f":{source.called}"
    if source.prefix:
        yield "prefix", f'"{source.prefix}"'
