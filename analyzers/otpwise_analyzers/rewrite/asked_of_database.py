"""Asks the database for the number, the presence or the first of some rows in place of all of them."""

from __future__ import annotations

import re

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.loaded_lists import LoadedList, Want
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.rewrite.call_layout import joined_assignment
from otpwise_analyzers.source.edits import Edit, apply
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile

_COUNTABLE = ("where", "or_where", "order_by")
_LIMITABLE = ("where", "or_where", "order_by", "select")


def is_countable(loaded: LoadedList) -> bool:
    """Whether the rows are those of one schema under conditions, so that their number is `count(*)`."""
    return loaded.shape is not None and loaded.shape.has_only(*_COUNTABLE)


def is_limitable(loaded: LoadedList) -> bool:
    """Whether a `limit` behind the query cuts its rows and nothing else: no join, no preload, no limit."""
    call = loaded.call
    module = call.enclosing_module
    if loaded.assignment is not None or module is None or "Ecto.Query" not in module.imports:
        return False
    return loaded.shape is not None and loaded.shape.has_only(*_LIMITABLE)


def is_ordered(loaded: LoadedList) -> bool:
    return loaded.shape is not None and "order_by" in loaded.shape.clauses


def asked(file: ElixirFile, loaded: LoadedList) -> Change | None:
    """The question to the database itself. None where the code is laid out in a way that is not known."""
    if any(nodes.encloses(loaded.outer, comment) for comment in file.comments):
        return None
    if loaded.want in (Want.EXISTS, Want.NONE):
        edits = _exists(file, loaded)
    elif loaded.want is Want.COUNT:
        edits = _counted(file, loaded)
    elif loaded.want is Want.FIRST:
        edits = _limited(file, loaded, 1, "one")
    elif loaded.want is Want.SOME and loaded.number:
        edits = _limited(file, loaded, loaded.number, "all")
    else:
        return None
    if edits:
        edits = [*edits, *_joined(file, loaded.outer, edits)]
    if not edits or layout.widens(file, edits):
        return None
    return (layout.change_of(file, edits),)


def _joined(file: ElixirFile, outer: Node, edits: list[Edit]) -> list[Edit]:
    """`name =` and its value on one line, where the value takes only one now."""
    start, end = outer.start_byte, outer.end_byte
    if not nodes.is_operator(outer.parent, "=") or any(e.start < start or e.end > end for e in edits):
        return []
    local = [Edit(edit.start - start, edit.end - start, edit.new) for edit in edits]
    new = apply(file.data[start:end], local).decode()
    rest = file.data[end : layout.line_end(file, end)].decode()
    return [] if "\n" in new else joined_assignment(file, start, new + rest)


# -- exists? and count ---------------------------------------------------------------------------------


def _exists(file: ElixirFile, loaded: LoadedList) -> list[Edit]:
    call, outer, negated = loaded.call, loaded.outer, loaded.want is Want.NONE
    if loaded.assignment is not None:
        return _through_variable(file, loaded, _renamed(file, call, "exists?", ""))
    if not negated:
        return _unwrapped(file, loaded, _renamed(file, call, "exists?", ""))
    if call.piped is None:
        whole = _unwrapped(file, loaded, _renamed(file, call, "exists?", ""))
        return [Edit(outer.start_byte, outer.start_byte, "not "), *whole] if whole else []
    if "\n" not in file.text(call.expression):
        given = [file.text(call.piped), *(file.text(argument) for argument in call.args)]
        return [
            Edit(outer.start_byte, outer.end_byte, f"not {_repo(file, call)}.exists?({', '.join(given)})")
        ]
    parent = call.expression.parent
    if parent != outer or not nodes.is_operator(parent, "|>"):
        return []
    stage = parent.child_by_field_name("right")
    if stage is None or (not layout.is_statement(outer) and not nodes.is_operator(outer.parent, "=")):
        return []
    return [
        *_renamed(file, call, "exists?", ""),
        Edit(stage.start_byte, stage.end_byte, "Kernel.not()"),
    ]


def _counted(file: ElixirFile, loaded: LoadedList) -> list[Edit]:
    call = loaded.call
    if len(call.all_args) != 1:
        return []
    renamed = _renamed(file, call, "aggregate", ":count")
    if loaded.assignment is None:
        return _unwrapped(file, loaded, renamed)
    return _through_variable(file, loaded, renamed)


def _through_variable(file: ElixirFile, loaded: LoadedList, renamed: list[Edit]) -> list[Edit]:
    """The answer in a variable that is called for what it holds."""
    assignment, outer, definition = loaded.assignment, loaded.outer, loaded.call.definition
    left = assignment.child_by_field_name("left") if assignment is not None else None
    if left is None or definition is None or not renamed:
        return []
    name = file.text(left)
    new = f"{name}_count" if loaded.want is Want.COUNT else f"any_{name}?"
    if any(file.text(one) == new for one in nodes.descendants(definition.node, "identifier")):
        return []
    return [
        Edit(left.start_byte, left.end_byte, new),
        *renamed,
        Edit(outer.start_byte, outer.end_byte, f"not {new}" if loaded.want is Want.NONE else new),
    ]


def _repo(file: ElixirFile, call: Call) -> str:
    return file.text(call.receiver) if call.receiver is not None else "Repo"


def _renamed(file: ElixirFile, call: Call, name: str, argument: str) -> list[Edit]:
    """`Repo.all(query)` with another name, and one more argument behind."""
    target = call.node.child_by_field_name("target")
    right = target.child_by_field_name("right") if target is not None else None
    if right is None:
        return []
    arguments = call.arguments
    if arguments is None:
        return [Edit(right.start_byte, right.end_byte, f"{name}({argument})")]
    edits = [Edit(right.start_byte, right.end_byte, name)]
    if argument:
        if not file.text(arguments).endswith(")"):
            return []
        at = arguments.end_byte - 1
        edits.append(Edit(at, at, f", {argument}" if call.args else argument))
        if call.args and call.args[0].end_point.row != arguments.end_point.row:
            return []
        first = call.args[0] if call.args else None
        if first is not None and first.type == "call" and not _has_parentheses(file, first):
            # `from u in User, ...` would take the argument for its own.
            edits[-1:] = [
                *_parenthesized(file, first),
                Edit(at, at, f", {argument}"),
            ]
    return edits


def _has_parentheses(file: ElixirFile, call: Node) -> bool:
    arguments = nodes.arguments_node(call)
    return arguments is None or file.text(arguments).startswith("(")


def _parenthesized(file: ElixirFile, call: Node) -> list[Edit]:
    arguments, target = nodes.arguments_node(call), call.child_by_field_name("target")
    if arguments is None or target is None:
        return []
    return [
        Edit(target.end_byte, arguments.start_byte, "("),
        Edit(arguments.end_byte, arguments.end_byte, ")"),
    ]


def _unwrapped(file: ElixirFile, loaded: LoadedList, inside: list[Edit]) -> list[Edit]:
    """The rows' expression, changed, in place of all that is around it."""
    rows, outer = loaded.call.expression, loaded.outer
    if not inside or rows.start_byte < outer.start_byte:
        return []
    edits = list(inside)
    if rows.start_byte > outer.start_byte:
        edits.append(Edit(outer.start_byte, rows.start_byte, ""))
    edits.append(Edit(rows.end_byte, outer.end_byte, ""))
    return edits


# -- limit ---------------------------------------------------------------------------------------------


def _limited(file: ElixirFile, loaded: LoadedList, number: int, name: str) -> list[Edit]:
    call, outer = loaded.call, loaded.outer
    if outer.parent is not None and outer.parent.type == "dot":
        return []
    repo = _repo(file, call)
    options = [file.text(argument) for argument in (call.args if call.piped is not None else call.args[1:])]
    run = f"{repo}.{name}({', '.join(options)})"
    parent = call.expression.parent
    is_stage = parent == outer and nodes.is_operator(outer, "|>")
    stage = outer.child_by_field_name("right") if is_stage else None
    if call.piped is not None and stage is not None:
        return [
            Edit(call.node.start_byte, call.node.end_byte, f"limit({number})"),
            Edit(stage.start_byte, stage.end_byte, run),
        ]
    query = file.text(loaded.query)
    if "\n" in file.text(outer):
        return []
    if loaded.query.type == "call" and not _has_parentheses(file, loaded.query):
        query = re.sub(r"^([\w.]+) (.*)$", r"\1(\2)", query)
    return [Edit(outer.start_byte, outer.end_byte, f"{query} |> limit({number}) |> {run}")]
