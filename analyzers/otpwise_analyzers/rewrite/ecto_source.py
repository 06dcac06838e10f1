"""The tables of a statement, and which of them a column belongs to.

Imports sqlglot: only what builds a query imports this module.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sqlglot import exp

from otpwise_analyzers.rewrite.sql_statement import NotTranslatedError

RESERVED = frozenset(
    {
        *("do", "end", "in", "or", "and", "not", "when", "fn", "after", "else", "true", "false", "nil"),
        *("rescue", "catch"),
    }
)
_NAME = re.compile(r"[a-z_][a-zA-Z0-9_]*")
_BINDING = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(eq=False)
class Source:
    """A table of the statement, called `binding` in the query.

    `types` are the fields that are known and their types as written; None for a table without a schema. `full`
    is the schema. `prefix` is the database's schema where it is written. `inner` is the query in the place of
    a table, `origins` the columns that its fields are. `called` is the name by which queries within this one
    know it, empty while none does.
    """

    binding: str
    table: str
    full: str | None
    types: dict[str, str] | None
    prefix: str = ""
    inner: str = ""
    called: str = ""
    origins: dict[str, tuple[Source, str]] = field(default_factory=dict)

    def origin(self, name: str) -> tuple[Source, str]:
        """The table and the column that a field is in the end."""
        if name not in self.origins:
            return self, name
        source, column = self.origins[name]
        return source.origin(column)


@dataclass
class Scope:
    """The tables that a query reads, by the names the statement gives them. `outer` is the query around it.

    `used` collects the bindings that were written since it was last emptied. `merged` are the columns that
    `USING` made one of.
    """

    dialect: str
    outer: Scope | None = None
    sources: dict[str, Source] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    merged: dict[str, Source] = field(default_factory=dict)

    def name(self, node: object) -> str:
        """An identifier as the database reads it."""
        if not isinstance(node, exp.Identifier):
            raise NotTranslatedError("a name that is computed")
        text = str(node.this)
        if not node.args.get("quoted") and text != text.lower():
            if self.dialect != "postgres":
                raise NotTranslatedError(f"the case of `{text}`")
            text = text.lower()
        if not _NAME.fullmatch(text) or text in RESERVED:
            raise NotTranslatedError(f"the name `{text}`")
        return text

    def add(self, known: str, wanted: str, source: Source) -> Source:
        """Puts in a table under the name by which the statement knows it; its binding is `wanted`, or near it."""
        if known in self.sources:
            raise NotTranslatedError(f"`{known}` twice")
        taken = {one.binding for scope in self._all() for one in scope.sources.values()}
        if wanted in RESERVED or not _BINDING.fullmatch(wanted):
            wanted = "t"
        binding, number = wanted, 1
        while binding in taken:
            number += 1
            binding = f"{wanted}{number}"
        source.binding = binding
        self.sources[known] = source
        return source

    def column(self, node: exp.Column) -> tuple[Source, str]:
        """The table and the field of a column."""
        for part, value in node.args.items():
            if part not in ("this", "table") and value:
                raise NotTranslatedError("a column of another schema")
        if isinstance(node.this, exp.Star):
            raise NotTranslatedError("`*`")
        name = self.name(node.this)
        table = node.args.get("table")
        source = self._qualified(self.name(table), name) if table is not None else self._bare(name)
        if source.types is not None and name not in source.types:
            raise NotTranslatedError(
                f"the column `{name}`, which is no field of {source.full or 'the subselect'}"
            )
        return source, name

    def written(self, node: exp.Column) -> str:
        """`u.name`, or `parent_as(:u).name` for a column of a query around this one."""
        source, name = self.column(node)
        if any(source is one for one in self.sources.values()):
            self.used.add(source.binding)
            return f"{source.binding}.{name}"
        source.called = source.called or self._fresh_name(source)
        return f"parent_as(:{source.called}).{name}"

    def _fresh_name(self, source: Source) -> str:
        last = source.full.rpartition(".")[2] if source.full is not None else source.table
        wanted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", last).lower()
        taken = {one.called for scope in self._all() for one in scope.sources.values()}
        name, number = wanted, 1
        while name in taken:
            number += 1
            name = f"{wanted}{number}"
        return name

    def _all(self) -> list[Scope]:
        found: list[Scope] = []
        scope: Scope | None = self
        while scope is not None:
            found.append(scope)
            scope = scope.outer
        return found

    def _qualified(self, table: str, name: str) -> Source:
        for scope in self._all():
            source = scope.sources.get(table)
            if source is not None:
                return source
        raise NotTranslatedError(f"the table of `{name}`")

    def _bare(self, name: str) -> Source:
        if name in self.merged:
            return self.merged[name]
        own = list(self.sources.values())
        owners = [one for one in own if one.types is None or name in one.types]
        known = [one for one in owners if one.types is not None]
        if len(owners) == 1 and (known or len(own) == 1):
            if not known and self.outer is not None and self.outer.holds(name):
                raise NotTranslatedError(f"the column `{name}`, which may be of the query around it")
            return owners[0]
        if not owners and self.outer is not None:
            return self.outer._bare(name)
        raise NotTranslatedError(f"the column `{name}`, which is no field of the schema or of several")

    def holds(self, name: str) -> bool:
        """Whether a table of this query or of one around it surely has the column."""
        return any(
            one.types is not None and name in one.types
            for scope in self._all()
            for one in scope.sources.values()
        )
