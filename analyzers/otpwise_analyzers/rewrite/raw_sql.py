"""Raw SQL as an Ecto query: the call, its result, and the imports that the query needs.

Imports sqlglot: only what builds a query imports this module.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.roles import is_web_name
from otpwise_analyzers.project.sql_calls import SqlCall
from otpwise_analyzers.project.view import FixContext, ProjectView
from otpwise_analyzers.rewrite import aliases, layout, pipe_layout, query_layout
from otpwise_analyzers.rewrite.ecto_clause import Query
from otpwise_analyzers.rewrite.ecto_names import QUERY_MACROS
from otpwise_analyzers.rewrite.ecto_statement import query_of
from otpwise_analyzers.rewrite.sql_parameters import holds_until_call
from otpwise_analyzers.rewrite.sql_results import Use, only_name, use_of
from otpwise_analyzers.rewrite.sql_statement import NotTranslatedError, statement_of
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Module

_OPTIONS = frozenset({"timeout", "log", "telemetry_event", "telemetry_options"})
_FROM = re.compile(rb"\bfrom(?:\(| )\w+ in ")
_BARE_FROM = re.compile(rb"\bfrom \w+ in ")
_OTHER_NAMES = re.compile(rb"\bsource:|@schema_prefix|@field_source_mapper|@primary_key (?!\{:id,)")
_OTHER_KEYS = re.compile(rb"@primary_key (?!\{:id, :id\b)|@foreign_key_type|belongs_to[^\n]*\n?[^\n]*\btype:")

_ONE_ROW = re.compile(r"\[\[([a-z_]\w*(?:, [a-z_]\w*)*)\]\]")


def untranslated(file: ElixirFile, sql_call: SqlCall, project: ProjectView) -> str | None:
    """What of a statement has no translation, in a few words; None when all of it has."""
    try:
        query_of(statement_of(file, sql_call), project, str)
    except NotTranslatedError as error:
        return str(error)
    return None


def as_query(
    file: ElixirFile, sql_call: SqlCall, context: FixContext, *, piped: bool = False
) -> Change | None:
    """The call as a query of Ecto's, in keywords or in pipe form; None for a statement, a result or a layout
    that is not known."""
    call = sql_call.call
    module = call.enclosing_module
    if not sql_call.through_repo or call.name not in ("query", "query!") or module is None:
        return None
    if is_web_name(module.name):
        # A query belongs into a context.
        return None
    repo, options = _repo(file, sql_call, context), _options(file, sql_call)
    use = use_of(file, call, context)
    if repo is None or options is None or use is None:
        return None
    replaced = _replaced(file, sql_call, use)
    if replaced is None:
        return None
    try:
        statement = statement_of(file, sql_call)
        plain = query_of(statement, context.project, str)
        names = _names(module, plain.schemas)
        query = query_of(statement, context.project, lambda full: names[full][0])
    except NotTranslatedError:
        return None
    if any(_has_other_names(context, full) for full in query.schemas) or _loads_otherwise(context, query):
        return None
    if query.schemas and statement.values and b"UUID" in file.data:
        # Values in the database's own form, which a schema's type would not take.
        return None
    shaped = _shaped(query, use)
    if shaped is None:
        return None
    made = query_layout.written(
        query,
        lambda full: names[full][0],
        repo,
        options,
        bare=_is_bare(file, context),
        select=shaped.select,
        is_single=shaped.is_single,
        run=shaped.run,
    )
    text = _text(file, use, replaced, shaped.left, made, piped=piped)
    if text is None:
        return None
    macros = pipe_layout.macros_of(made) if piped else frozenset({"from"})
    return _change(
        file, module, query, names, use, replaced, text, macros=macros if made.lines else frozenset()
    )


def _repo(file: ElixirFile, sql_call: SqlCall, context: FixContext) -> str | None:
    node = sql_call.call.receiver if sql_call.sql_index == 0 else sql_call.call.all_args[0]
    name = file.module_name(node) if node is not None and node.type == "alias" else None
    if node is None or name is None:
        return None
    # What the repo does to its queries it does not do to SQL.
    for function, arity in (("prepare_query", 3), ("default_options", 1)):
        if context.project.function(name, function, arity) is not None:
            return None
    return file.text(node)


def _options(file: ElixirFile, sql_call: SqlCall) -> str | None:
    rest = sql_call.call.all_args[sql_call.sql_index + 2 :]
    if not rest:
        return ""
    if len(rest) != 1 or rest[0].type != "keywords" or "\n" in file.text(rest[0]):
        return None
    return file.text(rest[0]) if set(sql_call.call.keywords) <= _OPTIONS else None


def _names(module: Module, schemas: list[str]) -> dict[str, tuple[str, bool]]:
    """How each schema is written, and whether an alias must be added for that."""
    found: dict[str, tuple[str, bool]] = {}
    for full in schemas:
        found[full] = aliases.short_name(module, full, schemas) or (full, False)
    return found


def _has_other_names(context: FixContext, schema: str) -> bool:
    """Whether the columns of a schema may be called other than its fields."""
    located = context.project.module(schema)
    data = context.read(located.path) if located is not None else None
    return data is None or _OTHER_NAMES.search(data) is not None


def _loads_otherwise(context: FixContext, query: Query) -> bool:
    """Whether a key or a timestamp that is read may have another type than the usual one, which is not
    written beside it."""
    for source, name in query.read:
        located = context.project.module(source.full) if source.full is not None else None
        if located is None or source.types is None:
            continue
        data = context.read(located.path) or b""
        if source.types[name] == ":id" and (b"use Ecto.Schema" not in data or _OTHER_KEYS.search(data)):
            return True
        if name in ("inserted_at", "updated_at") and (
            b"use Ecto.Schema" not in data or b"utc_datetime" in data
        ):
            return True
    return False


class _Shape(NamedTuple):
    """What takes the place of the call: its left side, what the query selects, and the repo's function."""

    left: str = ""
    select: tuple[str, ...] = ()
    is_single: bool = False
    run: str = ""


def _shaped(query: Query, use: Use) -> _Shape | None:
    """How the query's result fits what the code does with it."""
    selected = query.selected
    if use.wants == "structs":
        is_loaded = query.verb == "SELECT" and not selected and query.sources[0].full == use.loads
        return _Shape(use.left, run="all") if is_loaded else None
    if use.wants == "maps":
        if (
            query.verb != "SELECT"
            or not selected
            or len(set(query.outputs)) != len(selected)
            or "" in query.outputs
        ):
            return None
        pairs = ", ".join(f'"{name}" => {text}' for name, text in zip(query.outputs, selected, strict=True))
        return _Shape(use.left, (f"%{{{pairs}}}",), True, "all")
    if query.verb == "SELECT":
        if use.wants == "one" and selected:
            name = only_name(use.left)
            if query.is_one_row and len(selected) == 1 and name is not None:
                return _Shape(name, selected, True, "one!")
            return _Shape(use.left, selected, run="all")
        if use.wants == "rows" and selected:
            return _Shape(use.left, selected, run="all")
        return _Shape(run="all") if use.wants == "result" and not selected else None
    if query.verb == "INSERT" and selected:
        names = _ONE_ROW.fullmatch(use.left) if use.wants in ("rows", "one") else None
        given = names[1].split(", ") if names is not None else []
        if len(given) != len(selected) or len(query.rows) != 1:
            return None
        pairs = ", ".join(f"{name}: {one}" for name, one in zip(query.outputs, given, strict=True))
        return _Shape(f"{{_, [%{{{pairs}}}]}}")
    if use.wants in ("rows", "one") and selected and use.left:
        return _Shape(f"{{_, {use.left}}}", selected)
    if use.wants == "count" and use.left:
        return _Shape(f"{{{use.left}, _}}")
    if use.wants == "pair":
        return _Shape()
    return _Shape() if use.wants in ("dropped", "result") else None


def _is_bare(file: ElixirFile, context: FixContext) -> bool:
    """Whether `from` stands without parentheses here."""
    if _FROM.search(file.data):
        return _BARE_FROM.search(file.data) is not None
    app = context.project.app
    for path in (f"{app}/.formatter.exs" if app else ".formatter.exs", ".formatter.exs"):
        data = context.read(path)
        if data is not None:
            return b"from: 2" in data or re.search(rb"import_deps:[^\]]*:ecto\b", data) is not None
    return False


def _replaced(file: ElixirFile, sql_call: SqlCall, use: Use) -> Span | None:
    """The bytes that go: the call with what takes its result, and the variable that holds the SQL."""
    start = use.start if use.start is not None else use.node.start_byte
    span = Span(start, use.node.end_byte)
    if sql_call.source != sql_call.argument:
        template, sql = sql_call.template, sql_call.sql
        assignment = sql_call.source.parent
        if template is None or sql is None or assignment is None:
            return None
        if not holds_until_call(file, sql_call, template, list(sql.positions)):
            return None
        following = assignment.next_named_sibling
        if following is None or not layout.is_statement(assignment):
            return None
        is_ahead = use.start is not None or nodes.encloses(following, use.node)
        if following.start_byte != start or not is_ahead:
            return None
        span = Span(assignment.start_byte, span.end)
    if any(span.start <= comment.start_byte < span.end for comment in file.comments):
        return None
    return span


def _text(
    file: ElixirFile, use: Use, replaced: Span, left: str, made: query_layout.Written, *, piped: bool
) -> str | None:
    node = use.node
    indent = layout.indent_at(file, replaced.start)
    before = file.data[layout.line_start(file, replaced.start) : replaced.start].decode()
    rest = file.data[replaced.end : layout.line_end(file, replaced.end)].decode()
    prefix = f"{left} = " if left else ""
    line = pipe_layout.piped_line(made) if piped else query_layout.one_line(made)
    if line is None:
        return None
    whole = prefix + line
    goes_on = nodes.is_operator(node.parent, "|>")
    if layout.is_statement(node) and not goes_on:
        if not layout.starts_line(file, replaced.start) or rest.strip():
            return None
        if not piped and query_layout.is_short(made) and layout.fits(whole, indent):
            return whole
        inner = indent + "  " if left else indent
        broken = pipe_layout.piped(made, inner) if piped else query_layout.lines(made, inner)
        if broken is None:
            return None
        return (f"{left} =\n{inner}" if left else "") + "\n".join(broken)
    if goes_on:
        outer = nodes.whole_pipeline(node)
        assigned = nodes.is_operator(outer.parent, "=") or layout.is_statement(outer)
        if left or not assigned or rest.strip() or not layout.starts_line(file, replaced.start):
            return None
        stages = pipe_layout.piped(made, indent) if piped else query_layout.before_pipe(made, indent)
        return "\n".join(stages) if stages is not None else None
    if "\n" in file.text(node) or not layout.fits(before + whole + rest):
        return None
    return whole


def _change(
    file: ElixirFile,
    module: Module,
    query: Query,
    names: dict[str, tuple[str, bool]],
    use: Use,
    replaced: Span,
    text: str,
    *,
    macros: frozenset[str],
) -> Change | None:
    if macros and not _may_import(file, module, macros):
        return None
    wanted = [
        full for full, (_, is_new) in names.items() if is_new and re.search(rf"\b{names[full][0]}\b", text)
    ]
    imports = ["Ecto.Query"] if macros else []
    added = aliases.added(module, wanted, imports)
    if added is None:
        return None
    edits = aliases.settled(file, added, aliases.unused(file, module, [replaced], text))
    edits.extend(use.edits)
    edits.append(Edit(replaced.start, replaced.end, text))
    if "\n" in text and layout.is_statement(use.node):
        edits.extend(_blank_lines(file, use.node, replaced))
    return (layout.change_of(file, edits),)


def _blank_lines(file: ElixirFile, node: Node, replaced: Span) -> list[Edit]:
    above = layout.blank_line_above(file, layout.above_comments(file, replaced.start))
    return [*above, *layout.blank_line_below(file, node.end_byte)]


def _may_import(file: ElixirFile, module: Module, macros: frozenset[str]) -> bool:
    """Whether these macros are Ecto's in the module, or can become it."""
    if any(module.defines(name) for name in macros):
        return False
    if "Ecto.Query" not in module.imports:
        # A function of its own of the same name could not be called any more.
        own = [name for name in sorted(QUERY_MACROS) if module.defines(name)]
        return not any(call.is_local and call.enclosing_module is module for call in file.calls(*own))
    limited = re.findall(rb"import Ecto\.Query,\s*only:\s*\[([^\]]*)\]", file.data)
    wanted = [f"{name}:".encode() for name in macros]
    return all(name in names for names in limited for name in wanted) and (
        b"import Ecto.Query, except" not in file.data
    )
