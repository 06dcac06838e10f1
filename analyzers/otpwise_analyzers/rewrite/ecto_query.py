"""A SQL statement as the clauses of an Ecto query.

Imports sqlglot: only what builds a query imports this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlglot import exp

from otpwise_analyzers.project.view import ProjectView
from otpwise_analyzers.rewrite.ecto_clause import Clause, Named, Query, inline, source_text
from otpwise_analyzers.rewrite.ecto_functions import function
from otpwise_analyzers.rewrite.ecto_order import distinct_and_ordered, limited, locked
from otpwise_analyzers.rewrite.ecto_source import Scope, Source
from otpwise_analyzers.rewrite.ecto_terms import Term, Terms, conjunction, only, parts_of
from otpwise_analyzers.rewrite.sql_statement import NotTranslatedError, Statement

PLAIN_TYPES = frozenset({":string", ":integer", ":boolean", ":id"})
# The types whose values a driver and a schema load alike; a UUID, an enum or a DateTime they do not.
_LOADED = {
    "postgres": PLAIN_TYPES
    | {":float", ":decimal", ":date", ":naive_datetime", ":naive_datetime_usec", ":time", ":any"},
    # A boolean is read as 1 or 0, and loaded as true or false.
    "mysql": (PLAIN_TYPES - {":boolean"})
    | {":float", ":decimal", ":date", ":naive_datetime", ":time", ":any"},
    # Whose driver knows numbers and texts alone.
    "sqlite": (PLAIN_TYPES - {":boolean"}) | {":float", ":any"},
}
# The first version with `exists/1`, and with fields of a subquery that is no map.
_WITH_SUBQUERIES = (3, 6)


class Writer:
    """Writes one query of a statement; the queries within it have writers of their own."""

    def __init__(
        self, statement: Statement, project: ProjectView, named: Named, outer: Scope | None = None
    ) -> None:
        self.statement = statement
        self.project = project
        self.named = named
        self.scope = Scope(statement.dialect, outer)
        self.terms = Terms(statement, self.scope, function, self._within)
        self.inner: list[Source] = []
        # The outputs that are a column and nothing else.
        self.plain: dict[str, tuple[Source, str]] = {}
        self.aliases: dict[str, exp.Expression] = {}
        self._in_order: list[exp.Expression] = []

    # -- clauses that all statements have ------------------------------------------------------------

    def clause(self, word: str, write: Callable[[], str | list[Term]]) -> Clause:
        """A clause with the bindings that its term uses."""
        self.scope.used.clear()
        made = write()
        uses = frozenset(self.scope.used)
        if isinstance(made, str):
            return Clause(word, made, uses=uses)
        return Clause(word, conjunction(made), tuple(made), uses)

    def wheres(self, parts: list[exp.Expression]) -> Iterator[Clause]:
        """The conditions, which may hold subselects."""
        if not parts:
            return
        self.terms.takes_subselects = True
        yield self.clause("where", lambda: [self.terms.term(part) for part in parts])
        self.terms.takes_subselects = False

    def having(self, node: exp.Expression | None) -> Iterator[Clause]:
        if node is None:
            return
        only(node, "this")
        self.names_no_output(node.this)
        yield self.clause("having", lambda: self.terms.conjuncts(node.this))

    # -- tables --------------------------------------------------------------------------------------

    def source(self, node: object) -> Source:
        """A table of the statement, put into the scope."""
        if isinstance(node, exp.Subquery):
            return self._subselect(node)
        if not isinstance(node, exp.Table):
            raise NotTranslatedError("a table that is computed")
        only(node, "this", "alias", "db")
        table = self.scope.name(node.this)
        prefix = self.scope.name(node.args["db"]) if node.args.get("db") is not None else ""
        alias = node.args.get("alias")
        if alias is not None:
            only(alias, "this")
        known = self.scope.name(alias.this) if alias is not None else table
        full = self.project.schema_of_table(table) if prefix in ("", "public") else None
        schema = self.project.schema(full) if full is not None else None
        # The primary key is not written among the fields.
        types = {"id": ":id", **schema.fields} if schema is not None else None
        source = Source("", table, full if schema is not None else None, types, prefix)
        return self.scope.add(known, known if alias is not None else table[:1], source)

    def table_clause(self, word: str, source: Source, table: str = "") -> Clause:
        return Clause(word, source=source, table=table or source_text(source, self.named))

    def _subselect(self, node: exp.Subquery) -> Source:
        only(node, "this", "alias")
        alias = node.args.get("alias")
        if alias is None or not isinstance(node.this, exp.Select):
            raise NotTranslatedError(
                "UNION and the like" if isinstance(node.this, exp.SetOperation) else "a subselect"
            )
        only(alias, "this")
        known = self.scope.name(alias.this)
        writer = Writer(self.statement, self.project, self.named)
        query = writer.select(node.this)
        self.inner.extend((*query.sources, *query.inner))
        if not query.selected or len(query.outputs) != len(query.selected) or "" in query.outputs:
            raise NotTranslatedError("a subselect whose columns have no names")
        if len(set(query.outputs)) != len(query.outputs):
            raise NotTranslatedError("a subselect with two columns of a name")
        pairs = ", ".join(f"{name}: {text}" for name, text in zip(query.outputs, query.selected, strict=True))
        types = dict.fromkeys(query.outputs, ":any")
        for name, (source, column) in writer.plain.items():
            types[name] = (source.types or {}).get(column, ":any")
        text = f"subquery({inline(query, f'%{{{pairs}}}')})"
        return self.scope.add(known, known, Source("", known, None, types, inner=text, origins=writer.plain))

    def _within(self, node: exp.Expression, outer: Scope, how: str) -> str:
        assert isinstance(node, exp.Select)
        version = self.project.version("ecto")
        if version is not None and version < _WITH_SUBQUERIES:
            raise NotTranslatedError("a subselect, for this version of Ecto")
        writer = Writer(self.statement, self.project, self.named, outer)
        query = writer.select(node, is_exists=how == "exists")
        self.inner.extend((*query.sources, *query.inner))
        if how == "exists":
            return f"exists({inline(query, ', '.join(query.selected[:1]))})"
        if len(query.selected) != 1:
            raise NotTranslatedError("IN with a subselect of several columns")
        return f"subquery({inline(query, query.selected[0])})"

    # -- SELECT --------------------------------------------------------------------------------------

    def select(self, tree: exp.Select, *, is_exists: bool = False) -> Query:
        from otpwise_analyzers.rewrite.ecto_joins import joins_of

        only(
            tree,
            *("expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset"),
            *("distinct", "locks"),
        )
        start = tree.args.get("from_")
        if start is None:
            raise NotTranslatedError("a SELECT without a table")
        only(start, "this")
        clauses = [self.table_clause("from", self.source(start.this))]
        where = tree.args.get("where")
        wheres = parts_of(where.this) if where is not None else []
        if where is not None:
            only(where, "this")
        clauses.extend(joins_of(self, tree, wheres))
        selected, outputs, uses = self._selected(tree, is_exists=is_exists)
        clauses.extend(self.wheres(wheres))
        clauses.extend(self._grouped(tree))
        clauses.extend(self.having(tree.args.get("having")))
        clauses.extend(distinct_and_ordered(self, tree))
        clauses.extend(limited(self, tree))
        clauses.extend(locked(self, tree))
        is_one_row = not any(tree.args.get(word) for word in ("group", "distinct", "limit", "offset"))
        return Query(
            "SELECT",
            tuple(self.scope.sources.values()),
            tuple(clauses),
            selected,
            outputs,
            uses,
            is_one_row and any(_is_aggregate(output) for output in tree.expressions),
            read=() if is_exists or self.scope.outer is not None else tuple(self.read(tree.expressions)),
            inner=tuple(self.inner),
        )

    def _selected(
        self, tree: exp.Select, *, is_exists: bool
    ) -> tuple[tuple[str, ...], tuple[str, ...], frozenset[str]]:
        star = tree.expressions[0]
        is_table = isinstance(star, exp.Column) and isinstance(star.this, exp.Star)
        if len(tree.expressions) != 1 or not (is_table or isinstance(star, exp.Star)):
            return self.outputs(tree.expressions)
        if is_exists:
            return ("1",), ("",), frozenset()
        only(star.this if is_table else star)
        first = next(iter(self.scope.sources.values()))
        if is_table:
            if self.scope.sources.get(self.scope.name(star.args.get("table"))) is not first or not first.full:
                raise NotTranslatedError("`SELECT *` of a table without a schema, or of several")
        elif len(self.scope.sources) != 1 or first.full is None:
            raise NotTranslatedError("`SELECT *` of a table without a schema, or of several")
        if tree.args.get("group") is not None or tree.args.get("distinct") is not None:
            raise NotTranslatedError("`SELECT *` in groups")
        return (), (), frozenset()

    def outputs(
        self, expressions: list[exp.Expression]
    ) -> tuple[tuple[str, ...], tuple[str, ...], frozenset[str]]:
        """The terms of the outputs, their names, and the bindings in them."""
        self.scope.used.clear()
        found: list[str] = []
        names: list[str] = []
        for output in expressions:
            name = output.name if isinstance(output, exp.Column) else ""
            if isinstance(output, exp.Alias):
                only(output, "this", "alias")
                name = self.scope.name(output.args["alias"])
                output = output.this
                if name in self.aliases:
                    raise NotTranslatedError(f"`{name}` twice")
                self.aliases[name] = output
            if isinstance(output, (exp.Placeholder, exp.Null, exp.Boolean)):
                raise NotTranslatedError("a value that is selected")
            found.append(self.terms.written(output))
            names.append(name)
            self._in_order.append(output)
            if isinstance(output, exp.Column):
                self.plain[name] = self.scope.column(output)
        return tuple(found), tuple(names), frozenset(self.scope.used)

    def read(self, outputs: list[exp.Expression]) -> Iterator[tuple[Source, str]]:
        """The columns whose values the outputs load; raises for a type that loads them otherwise."""
        for output in outputs:
            meant = output.unalias()
            if self.statement.dialect != "postgres" and isinstance(
                meant, (exp.Predicate, exp.Connector, exp.Not)
            ):
                # The driver has 1 and 0.
                raise NotTranslatedError("reading a condition")
            for column in output.find_all(exp.Column):
                if isinstance(column.this, exp.Star) or _is_computed(column, output):
                    continue
                source, name = self.scope.column(column)
                source, name = source.origin(name)
                written = (source.types or {}).get(name, ":any")
                if written == ":naive_datetime" and column is not meant:
                    # Ecto drops the fraction of a second, which an aggregate has though the column has none.
                    raise NotTranslatedError("a computed moment that is read")
                if written not in _LOADED[self.statement.dialect]:
                    raise NotTranslatedError(f"reading a value of the type `{written}`")
                yield source, name

    def _grouped(self, tree: exp.Select) -> Iterator[Clause]:
        group = tree.args.get("group")
        if group is None:
            return
        only(group, "expressions")

        def write() -> str:
            terms = []
            for one in group.expressions:
                meant = self.numbered(one) if isinstance(one, exp.Literal) else one
                if meant.find(exp.Placeholder) is not None:
                    raise NotTranslatedError("grouping by an expression with a value")
                if meant is one:
                    self.names_no_output(one)
                terms.append(self.terms.written(meant))
            return terms[0] if len(terms) == 1 else f"[{', '.join(terms)}]"

        yield self.clause("group_by", write)

    def numbered(self, node: exp.Literal) -> exp.Expression:
        """The output that `ORDER BY 2` means."""
        text = str(node.this)
        if node.is_string or not text.isdigit() or not 0 < int(text) <= len(self._in_order):
            raise NotTranslatedError("ordering by a value")
        return self._in_order[int(text) - 1]

    def names_no_output(self, node: exp.Expression) -> None:
        """Refuses a bare name that may mean an output column."""
        for column in node.find_all(exp.Column):
            if column.args.get("table") is None and column.name in self.aliases:
                if self.aliases[column.name] != column:
                    raise NotTranslatedError(f"`{column.name}`, which is also the name of an output")


def _is_aggregate(output: exp.Expression) -> bool:
    return output.find(exp.AggFunc) is not None


def _is_computed(column: exp.Expression, output: exp.Expression) -> bool:
    """Whether the column's own type has no say in how the output is loaded."""
    node: exp.Expr = column
    while node is not output:
        parent = node.parent
        if parent is None:
            return False
        if isinstance(parent, (exp.Count, exp.Cast, exp.Case, exp.Predicate)) or (
            isinstance(parent, exp.Func)
            and not isinstance(parent, (exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Coalesce, exp.Filter))
        ):
            return True
        node = parent
    return False
