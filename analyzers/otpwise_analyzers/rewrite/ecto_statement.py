"""A whole SQL statement as an Ecto query: SELECT, and the three that write.

Imports sqlglot: only what builds a query imports this module.
"""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from otpwise_analyzers.project.view import ProjectView
from otpwise_analyzers.rewrite.ecto_clause import Clause, Named, Query
from otpwise_analyzers.rewrite.ecto_joins import joined_on
from otpwise_analyzers.rewrite.ecto_query import PLAIN_TYPES, Writer
from otpwise_analyzers.rewrite.ecto_source import Source
from otpwise_analyzers.rewrite.ecto_terms import only, parts_of
from otpwise_analyzers.rewrite.sql_statement import NotTranslatedError, Statement


def query_of(statement: Statement, project: ProjectView, named: Named) -> Query:
    """The query; raises NotTranslatedError."""
    tree = statement.tree
    writer = Writer(statement, project, named)
    if isinstance(tree, exp.Select):
        return writer.select(tree)
    if isinstance(tree, exp.Delete):
        return _delete(writer, tree)
    if isinstance(tree, exp.Update):
        return _update(writer, tree)
    if isinstance(tree, exp.Insert):
        return _insert(writer, tree)
    raise NotTranslatedError("UNION and the like" if isinstance(tree, exp.SetOperation) else "this statement")


def _delete(writer: Writer, tree: exp.Delete) -> Query:
    only(tree, "this", "where", "using", "returning")
    using = tree.args.get("using") or []
    source, clauses = _changed(writer, tree, list(using))
    return _returning(writer, tree, Query("DELETE", (source, *_others(writer, source)), tuple(clauses)))


def _update(writer: Writer, tree: exp.Update) -> Query:
    only(tree, "this", "where", "expressions", "from_", "returning")
    start = tree.args.get("from_")
    others = []
    if start is not None:
        only(start, "this")
        others.append(start.this)
    source, clauses = _changed(writer, tree, others)

    def write() -> str:
        changes = []
        for one in tree.expressions:
            if not isinstance(one, exp.EQ) or not isinstance(one.this, exp.Column):
                raise NotTranslatedError("this SET")
            name = _set_name(writer, source, one.this)
            if isinstance(one.expression, exp.Null):
                changes.append(f"{name}: nil")
                continue
            if isinstance(one.expression, exp.Placeholder) and source.types is None:
                _is_of_the_columns_type(writer, one.expression, ":any")
            changes.append(f"{name}: {writer.terms.of_type(one.expression, source, name)}")
        return f"[set: [{', '.join(changes)}]]"

    clauses.append(writer.clause("update", write))
    return _returning(writer, tree, Query("UPDATE", (source, *_others(writer, source)), tuple(clauses)))


def _returning(writer: Writer, tree: exp.Expression, query: Query) -> Query:
    """The query with what the statement returns of the rows that it changed."""
    returning = tree.args.get("returning")
    if returning is None:
        return replace(query, inner=tuple(writer.inner))
    only(returning, "expressions")
    if writer.statement.dialect == "mysql" or any(isinstance(one, exp.Star) for one in returning.expressions):
        raise NotTranslatedError("RETURNING")
    selected, outputs, uses = writer.outputs(returning.expressions)
    return replace(
        query,
        selected=selected,
        outputs=outputs,
        uses=uses,
        read=tuple(writer.read(returning.expressions)),
        inner=tuple(writer.inner),
    )


def _others(writer: Writer, source: Source) -> list[Source]:
    return [one for one in writer.scope.sources.values() if one is not source]


def _set_name(writer: Writer, source: Source, column: exp.Column) -> str:
    only(column, "this", "table")
    name = writer.scope.name(column.this)
    table = column.args.get("table")
    if table is not None and writer.scope.sources.get(writer.scope.name(table)) is not source:
        raise NotTranslatedError("this SET")
    if source.types is not None and name not in source.types:
        raise NotTranslatedError(f"the column `{name}`, which is no field of {source.full}")
    return name


def _changed(
    writer: Writer, tree: exp.Expression, others: list[exp.Expression]
) -> tuple[Source, list[Clause]]:
    """The table that is changed and the conditions; of `FROM` and `USING` the other table as a join."""
    source = writer.source(tree.this)
    clauses = [writer.table_clause("from", source)]
    where = tree.args.get("where")
    if not others:
        if where is not None:
            only(where, "this")
            clauses.extend(writer.wheres(parts_of(where.this)))
        return source, clauses
    if (
        len(others) != 1
        or writer.statement.dialect != "postgres"
        or others[0].args.get("joins")
        or where is None
    ):
        raise NotTranslatedError("a change by way of several tables")
    other = writer.source(others[0])
    only(where, "this")
    linking: list[exp.Expression] = []
    rest: list[exp.Expression] = []
    for part in parts_of(where.this):
        columns = list(part.find_all(exp.Column))
        owners = {id(writer.scope.column(one)[0]) for one in columns} if not part.find(exp.Select) else set()
        (linking if id(other) in owners and id(source) in owners else rest).append(part)
    if not linking:
        raise NotTranslatedError("a change by way of a table that nothing joins")
    clauses.extend(joined_on(writer, "join", other, linking))
    clauses.extend(writer.wheres(rest))
    return source, clauses


def _insert(writer: Writer, tree: exp.Insert) -> Query:
    only(tree, "this", "expression", "conflict", "returning")
    target, values = tree.this, tree.expression
    if not isinstance(target, exp.Schema) or not isinstance(values, exp.Values):
        raise NotTranslatedError("an INSERT without columns and values")
    only(target, "this", "expressions")
    only(values, "expressions")
    source = writer.source(target.this)
    names = [writer.scope.name(one) for one in target.expressions]
    if source.types is not None:
        unknown = [name for name in names if name not in source.types]
        if unknown:
            raise NotTranslatedError(f"the column `{unknown[0]}`, which is no field of {source.full}")
    types = source.types or {}
    if source.types is not None and not all(
        _is_plain(types[name], values, at) for at, name in enumerate(names)
    ):
        # The schema's types would be dumped without a cast: the table takes what it took.
        source.full, source.types = None, None
    rows = []
    for row in values.expressions:
        items = row.expressions if isinstance(row, exp.Tuple) else []
        if len(items) != len(names):
            raise NotTranslatedError("rows of another length")
        pairs = [
            f"{name}: {_inserted(writer, item, types.get(name, ':any'), is_typed=source.full is not None)}"
            for name, item in zip(names, items, strict=True)
        ]
        rows.append(f"%{{{', '.join(pairs)}}}")
    options = [f'prefix: "{source.prefix}"'] if source.prefix else []
    options.extend(_on_conflict(writer, tree.args.get("conflict")))
    query = Query("INSERT", (source,), (), rows=tuple(rows))
    if tree.args.get("returning") is not None:
        query = _returning(writer, tree, query)
        if len(writer.plain) != len(query.selected):
            raise NotTranslatedError("RETURNING of an expression")
        options.append(f"returning: [{', '.join(f':{name}' for name in query.outputs)}]")
    return replace(query, options=tuple(options))


def _is_plain(written: str, values: exp.Values, at: int) -> bool:
    """Whether the values of a column are of its field's type, for all that is seen of them."""
    wanted = {":string": True, ":integer": False, ":id": False}
    if written not in PLAIN_TYPES:
        return False
    given = [row.expressions[at] for row in values.expressions if len(row.expressions) > at]
    return not any(isinstance(one, exp.Literal) and wanted.get(written) != one.is_string for one in given)


def _inserted(writer: Writer, item: exp.Expression, written: str, *, is_typed: bool) -> str:
    _is_of_the_columns_type(writer, item, written)
    if isinstance(item, exp.Null):
        return "nil"
    if isinstance(item, exp.Placeholder):
        value = writer.terms.value(item)
        if value.is_list:
            raise NotTranslatedError("a list in the place of a value")
        return value.text
    if not isinstance(item, (exp.Literal, exp.Boolean, exp.Neg)):
        raise NotTranslatedError("a computed value in VALUES")
    if isinstance(item, exp.Boolean) and writer.statement.dialect == "sqlite" and not is_typed:
        # Its driver would bind `true` as a text.
        return "1" if item.this else "0"
    return writer.terms.written(item)


def _is_of_the_columns_type(writer: Writer, item: exp.Expression, written: str) -> None:
    """Refuses what PostgreSQL converts where it is written out, and as a parameter takes for nothing else."""
    if writer.statement.dialect != "postgres":
        return
    if isinstance(item, exp.Placeholder):
        is_other = writer.terms.value(item).is_quoted and written != ":string"
    elif isinstance(item, exp.Literal) and item.is_string:
        is_other = written != ":string"
    else:
        is_other = not isinstance(item, exp.Null) and written in (":string", ":any")
    if is_other:
        raise NotTranslatedError("a value for a column of another or of no known type")


def _on_conflict(writer: Writer, conflict: exp.Expression | None) -> list[str]:
    """`on_conflict: :nothing`, and the columns it is about."""
    if conflict is None:
        return []
    only(conflict, "action", "conflict_keys")
    if str(conflict.args.get("action")).upper() != "DO NOTHING" or writer.statement.dialect == "mysql":
        raise NotTranslatedError("ON CONFLICT with a change")
    found = ["on_conflict: :nothing"]
    keys = conflict.args.get("conflict_keys") or []
    if keys:
        names = []
        for key in keys:
            inner = key.this if isinstance(key, exp.Ordered) else key
            inner = inner.this if isinstance(inner, exp.Column) else inner
            names.append(f":{writer.scope.name(inner)}")
        found.append(f"conflict_target: [{', '.join(names)}]")
    return found
