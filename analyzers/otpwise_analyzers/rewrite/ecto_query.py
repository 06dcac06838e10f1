"""A SQL statement as an Ecto query in keywords.

Imports sqlglot: only what builds a query imports this module.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from sqlglot import exp

from otpwise_analyzers.project.view import ProjectView
from otpwise_analyzers.rewrite.ecto_terms import RESERVED, Source, Term, Terms, only, pin
from otpwise_analyzers.rewrite.sql_statement import NotTranslatedError, Statement

PLAIN_TYPES = frozenset({":string", ":integer", ":boolean", ":id"})
# The types whose values a driver and a schema load alike; a UUID, an enum or a DateTime they do not.
LOADED_TYPES = PLAIN_TYPES | {
    ":float",
    ":decimal",
    ":date",
    ":naive_datetime",
    ":naive_datetime_usec",
    ":time",
}
# How a source is written: a schema by its short name, or the table in quotes.
Named = Callable[[str], str]
# A word of the `from` and its term; for `where` and `having` the conditions that hold together.
Clause = tuple[str, str | list[Term]]


class Query(NamedTuple):
    """`verb` is SELECT, DELETE, UPDATE or INSERT. `clauses` are the lines of the `from`: a word and its term.

    `selected` are the terms of a SELECT, empty for `SELECT *`. `sources` are the tables in order, `rows` what
    an INSERT inserts, `read` the columns whose values a SELECT loads.
    """

    verb: str
    sources: tuple[Source, ...]
    clauses: tuple[Clause, ...]
    selected: tuple[str, ...] = ()
    is_one_row: bool = False
    rows: tuple[str, ...] = ()
    read: tuple[tuple[Source, str], ...] = ()

    @property
    def schemas(self) -> list[str]:
        return list(dict.fromkeys(one.full for one in self.sources if one.full is not None))


def query_of(statement: Statement, project: ProjectView, named: Named) -> Query:
    """The query; raises NotTranslatedError."""
    tree = statement.tree
    writer = _Writer(statement, project, named)
    if isinstance(tree, exp.Select):
        return writer.select(tree)
    if isinstance(tree, exp.Delete):
        return writer.delete(tree)
    if isinstance(tree, exp.Update):
        return writer.update(tree)
    if isinstance(tree, exp.Insert):
        return writer.insert(tree)
    raise NotTranslatedError("UNION and the like" if isinstance(tree, exp.SetOperation) else "this statement")


def source_text(source: Source, named: Named) -> str:
    return named(source.full) if source.full is not None else f'"{source.table}"'


class _Writer:
    def __init__(self, statement: Statement, project: ProjectView, named: Named) -> None:
        self._terms = Terms(statement)
        self._statement = statement
        self._project = project
        self._named = named
        self._aliases: dict[str, exp.Expression] = {}
        self._nulls = statement.nulls

    # -- statements --------------------------------------------------------------------------------

    def select(self, tree: exp.Select) -> Query:
        only(
            tree,
            *("expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset"),
            "distinct",
        )
        start = tree.args.get("from_")
        if start is None:
            raise NotTranslatedError("a SELECT without a table")
        only(start, "this")
        first = self._source(start.this)
        joined = [(join, self._joined(join)) for join in tree.args.get("joins") or []]
        clauses: list[Clause] = [("from", f"{first.binding} in {source_text(first, self._named)}")]
        for join, (word, source) in joined:
            clauses.append((word, f"{source.binding} in {source_text(source, self._named)}"))
            on = join.args.get("on")
            if word != "cross_join":
                clauses.append(("on", self._terms.written(on)))
        outputs = self._outputs(tree)
        self._conditions(clauses, tree.args.get("where"), "where")
        self._grouped(clauses, tree)
        self._conditions(clauses, tree.args.get("having"), "having", is_output_known=True)
        self._ordered(clauses, tree.args.get("order"))
        self._limited(clauses, tree)
        distinct = tree.args.get("distinct")
        if distinct is not None:
            only(distinct)
            clauses.append(("distinct", "true"))
        group = tree.args.get("group")
        is_one_row = group is None and not distinct and any(o.find(exp.AggFunc) for o in tree.expressions)
        is_one_row = is_one_row and not tree.args.get("limit") and not tree.args.get("offset")
        return Query(
            "SELECT",
            tuple(self._terms.sources.values()),
            tuple(clauses),
            tuple(outputs),
            is_one_row,
            read=tuple(self._read(tree.expressions)),
        )

    def delete(self, tree: exp.Delete) -> Query:
        only(tree, "this", "where")
        source = self._source(tree.this)
        clauses: list[Clause] = [("from", f"{source.binding} in {source_text(source, self._named)}")]
        self._conditions(clauses, tree.args.get("where"), "where")
        return Query("DELETE", (source,), tuple(clauses))

    def update(self, tree: exp.Update) -> Query:
        only(tree, "this", "where", "expressions")
        source = self._source(tree.this)
        clauses: list[Clause] = [("from", f"{source.binding} in {source_text(source, self._named)}")]
        self._conditions(clauses, tree.args.get("where"), "where")
        changes = []
        for one in tree.expressions:
            if not isinstance(one, exp.EQ) or not isinstance(one.this, exp.Column):
                raise NotTranslatedError("this SET")
            _, name = self._terms.column(one.this)
            if isinstance(one.expression, exp.Null):
                changes.append(f"{name}: nil")
                continue
            self._fits(source, name)
            changes.append(f"{name}: {self._terms.written(one.expression)}")
        clauses.append(("update", f"[set: [{', '.join(changes)}]]"))
        return Query("UPDATE", (source,), tuple(clauses))

    def insert(self, tree: exp.Insert) -> Query:
        only(tree, "this", "expression")
        target, values = tree.this, tree.expression
        if not isinstance(target, exp.Schema) or not isinstance(values, exp.Values):
            raise NotTranslatedError("an INSERT without columns and values")
        only(target, "this", "expressions")
        only(values, "expressions")
        source = self._source(target.this)
        names = [self._terms.name(one) for one in target.expressions]
        if source.types is not None:
            unknown = [name for name in names if name not in source.types]
            if unknown:
                raise NotTranslatedError(f"the column `{unknown[0]}`, which is no field of {source.full}")
            if any(source.types[name] not in PLAIN_TYPES for name in names):
                # The schema's types would be dumped without a cast: the table takes what it took.
                source = source.__class__(source.binding, source.table, None, None)
        rows = []
        for row in values.expressions:
            items = row.expressions if isinstance(row, exp.Tuple) else []
            if len(items) != len(names):
                raise NotTranslatedError("rows of another length")
            pairs = [f"{name}: {self._inserted(item)}" for name, item in zip(names, items, strict=True)]
            rows.append(f"%{{{', '.join(pairs)}}}")
        return Query("INSERT", (source,), (), rows=tuple(rows))

    def _inserted(self, item: exp.Expression) -> str:
        if isinstance(item, exp.Null):
            return "nil"
        if isinstance(item, exp.Placeholder):
            value = self._terms.value(item)
            if value.is_list:
                raise NotTranslatedError("a list in the place of a value")
            return value.text
        if not isinstance(item, (exp.Literal, exp.Boolean, exp.Neg)):
            raise NotTranslatedError("a computed value in VALUES")
        return self._terms.written(item)

    def _fits(self, source: Source, name: str) -> None:
        self._terms.takes_values(source, name)

    # -- tables ------------------------------------------------------------------------------------

    def _source(self, node: object) -> Source:
        if not isinstance(node, exp.Table):
            raise NotTranslatedError("a subselect")
        only(node, "this", "alias")
        terms = self._terms
        table = terms.name(node.this)
        alias = node.args.get("alias")
        if alias is not None:
            only(alias, "this")
        known = terms.name(alias.this) if alias is not None else table
        if known in terms.sources:
            raise NotTranslatedError(f"`{known}` twice")
        taken = {one.binding for one in terms.sources.values()}
        wanted = known if alias is not None else table[:1]
        if wanted in RESERVED or not re.fullmatch(r"[a-z][a-z0-9_]*", wanted):
            wanted = "t"
        binding, number = wanted, 1
        while binding in taken:
            number += 1
            binding = f"{wanted}{number}"
        full = self._project.schema_of_table(table)
        schema = self._project.schema(full) if full is not None else None
        # The primary key is not written among the fields.
        types = {"id": ":id", **schema.fields} if schema is not None else None
        source = Source(binding, table, full if schema is not None else None, types)
        terms.sources[known] = source
        return source

    def _joined(self, join: exp.Expression) -> tuple[str, Source]:
        only(join, "this", "side", "kind", "on")
        side, kind = str(join.args.get("side") or ""), str(join.args.get("kind") or "")
        word = {
            ("", ""): "join",
            ("", "INNER"): "join",
            ("LEFT", ""): "left_join",
            ("RIGHT", ""): "right_join",
            ("FULL", ""): "full_join",
            ("LEFT", "OUTER"): "left_join",
            ("RIGHT", "OUTER"): "right_join",
            ("FULL", "OUTER"): "full_join",
            ("", "CROSS"): "cross_join",
        }.get((side, kind))
        if word is None or (join.args.get("on") is None) != (word == "cross_join"):
            raise NotTranslatedError("this kind of join")
        return word, self._source(join.this)

    # -- clauses -----------------------------------------------------------------------------------

    def _outputs(self, tree: exp.Select) -> list[str]:
        if len(tree.expressions) == 1 and isinstance(tree.expressions[0], exp.Star):
            only(tree.expressions[0])
            if len(self._terms.sources) != 1 or next(iter(self._terms.sources.values())).types is None:
                raise NotTranslatedError("`SELECT *` of a table without a schema, or of several")
            if tree.args.get("group") is not None or tree.args.get("distinct") is not None:
                raise NotTranslatedError("`SELECT *` in groups")
            return []
        found = []
        for output in tree.expressions:
            if isinstance(output, exp.Alias):
                only(output, "this", "alias")
                name = self._terms.name(output.args["alias"])
                output = output.this
                if name in self._aliases:
                    raise NotTranslatedError(f"`{name}` twice")
                self._aliases[name] = output
            if isinstance(output, (exp.Placeholder, exp.Null)):
                raise NotTranslatedError("a value that is selected")
            found.append(self._terms.written(output))
        return found

    def _read(self, outputs: list[exp.Expression]) -> Iterator[tuple[Source, str]]:
        for output in outputs:
            for column in output.find_all(exp.Column):
                if not isinstance(column.this, exp.Star) and column.find_ancestor(exp.Count) is None:
                    source, name = self._terms.column(column)
                    written = (source.types or {}).get(name, ":string")
                    if written not in LOADED_TYPES:
                        raise NotTranslatedError(f"reading a value of the type `{written}`")
                    yield source, name

    def _conditions(
        self,
        clauses: list[Clause],
        node: exp.Expression | None,
        word: str,
        *,
        is_output_known: bool = False,
    ) -> None:
        if node is None:
            return
        only(node, "this")
        if is_output_known:
            self._names_no_output(node.this)
        clauses.append((word, self._terms.conjuncts(node.this)))

    def _grouped(self, clauses: list[Clause], tree: exp.Select) -> None:
        group = tree.args.get("group")
        if group is None:
            return
        only(group, "expressions")
        terms = []
        for one in group.expressions:
            if not isinstance(one, exp.Column):
                raise NotTranslatedError("grouping by an expression or a number")
            self._names_no_output(one)
            terms.append(self._terms.written(one))
        clauses.append(("group_by", terms[0] if len(terms) == 1 else f"[{', '.join(terms)}]"))

    def _names_no_output(self, node: exp.Expression) -> None:
        """Refuses a bare name that may mean an output column."""
        for column in node.find_all(exp.Column):
            if column.args.get("table") is None and column.name in self._aliases:
                raise NotTranslatedError(f"`{column.name}`, which is also the name of an output")

    def _ordered(self, clauses: list[Clause], order: exp.Expression | None) -> None:
        if order is None:
            return
        only(order, "expressions")
        explicit = self._nulls == len(order.expressions)
        terms = []
        for one in order.expressions:
            only(one, "this", "desc", "nulls_first", idle=())
            is_descending = bool(one.args.get("desc"))
            term = self._order_term(one.this)
            first = bool(one.args.get("nulls_first"))
            usual = is_descending if self._statement.dialect == "postgres" else not is_descending
            word = "desc" if is_descending else "asc"
            if self._nulls and (explicit or first != usual):
                word += "_nulls_first" if first else "_nulls_last"
            terms.append((word, term))
        if all(word == "asc" for word, _ in terms):
            texts = [term for _, term in terms]
            clauses.append(("order_by", texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"))
            return
        clauses.append(("order_by", f"[{', '.join(f'{word}: {term}' for word, term in terms)}]"))

    def _order_term(self, node: exp.Expression) -> str:
        if isinstance(node, exp.Column) and node.args.get("table") is None and node.name in self._aliases:
            meant = self._aliases[node.name]
            if isinstance(meant, exp.Literal) or meant.find(exp.Placeholder) is not None:
                raise NotTranslatedError("ordering by a value")
            return self._terms.written(meant)
        if isinstance(node, (exp.Literal, exp.Placeholder, exp.Boolean, exp.Neg)):
            raise NotTranslatedError("ordering by a number")
        self._names_no_output(node)
        return self._terms.written(node)

    def _limited(self, clauses: list[Clause], tree: exp.Select) -> None:
        for word in ("limit", "offset"):
            node = tree.args.get(word)
            if node is None:
                continue
            only(node, "expression")
            amount = node.args.get("expression")
            if isinstance(amount, exp.Placeholder):
                clauses.append((word, pin(self._terms.value(amount).text)))
            elif isinstance(amount, exp.Literal) and not amount.is_string:
                clauses.append((word, self._terms.written(amount)))
            else:
                raise NotTranslatedError("a computed limit")
