"""Escapes what is put into the pattern of `like` and `ilike`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.like_patterns import LikePattern
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.source.edits import Edit, Span, apply
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile

ESCAPED_BY_DEFAULT = frozenset({"Ecto.Adapters.Postgres", "Ecto.Adapters.MyXQL"})
"""The adapters of databases where a backslash escapes in LIKE without an ESCAPE clause."""

FUNCTION = 'defp escape_like(term), do: String.replace(to_string(term), ["\\\\", "%", "_"], &("\\\\" <> &1))'


def escaped(file: ElixirFile, patterns: Sequence[LikePattern]) -> Change | None:
    """Wraps each unescaped value into `escape_like/1`, which is added to the module when it has none."""
    values: dict[Span, Node] = {}
    for pattern in patterns:
        if pattern.in_variable and not _only_in_patterns(file, pattern):
            return None
        for value in pattern.unescaped:
            if "\n" in file.text(value):
                return None
            values[Span(value.start_byte, value.end_byte)] = value
    edits = _wrapped(file, list(values.values()))
    if edits is None:
        return None
    added = _function(file, patterns[0])
    if added is None:
        return None
    return (layout.change_of(file, [*edits, *added]),)


def compared(file: ElixirFile, pattern: LikePattern) -> Change | None:
    """An equality in the place of a `like` or `ilike` that has no wildcards."""
    node = pattern.call.node
    parent = node.parent
    if parent is None or not (
        parent.type in ("arguments", "pair") or nodes.operator_of(parent) in ("and", "or")
    ):
        return None
    field, value = file.text(pattern.call.args[0]), file.text(pattern.pinned)
    if pattern.call.name == "like":
        new = f"{field} == ^{value}"
    else:
        new = f'fragment("lower(?)", {field}) == ^String.downcase({value})'
    edit = Edit(node.start_byte, node.end_byte, new)
    if "\n" in file.text(node) or _overflows(file, [edit]):
        return None
    return (layout.change_of(file, [edit]),)


def _only_in_patterns(file: ElixirFile, pattern: LikePattern) -> bool:
    """Whether the variable that holds the pattern is used for nothing else than LIKE."""
    template, definition = pattern.template, pattern.call.definition
    assert template is not None
    scope = definition.node if definition is not None else file.root
    name = file.text(pattern.pinned)
    for node in nodes.descendants(scope, "identifier"):
        if file.text(node) != name or node.start_byte <= template.node.end_byte:
            continue
        if not any(_is_like(file, ancestor) for ancestor in nodes.ancestors(node)):
            return False
    return True


def _is_like(file: ElixirFile, node: Node) -> bool:
    target = node.child_by_field_name("target") if node.type == "call" else None
    if target is None:
        return False
    name = file.text(target)
    return name in ("like", "ilike") or (name == "fragment" and "like" in file.text(node).lower())


def _overflows(file: ElixirFile, edits: Sequence[Edit]) -> bool:
    """Whether a changed line becomes wider than the formatter allows."""
    by_line: dict[int, list[Edit]] = {}
    for edit in edits:
        by_line.setdefault(layout.line_start(file, edit.start), []).append(edit)
    for start, own in by_line.items():
        line = file.data[start : layout.line_end(file, start)]
        new = apply(line, [Edit(e.start - start, e.end - start, e.new) for e in own])
        if len(new.decode("utf-8", "replace")) > layout.WIDTH:
            return True
    return False


def _wrapped(file: ElixirFile, values: Sequence[Node]) -> list[Edit] | None:
    """Each value in a call of `escape_like/1`; where a line has no room for that, in a variable ahead."""
    edits = {value.start_byte: _wrap(file, value) for value in values}
    crowded: dict[tuple[int, str], _Scope] = {}
    for start, edit in edits.items():
        line = layout.line_start(file, start)
        on_line = [other for other in edits.values() if layout.line_start(file, other.start) == line]
        if not _overflows(file, on_line):
            continue
        value = next(value for value in values if value.start_byte == edit.start)
        scope = _scope_of(file, value)
        if scope is None:
            return None
        crowded[scope.node.start_byte, file.text(value)] = scope
    if len({scope for scope, _ in crowded}) != len(crowded):
        return None
    hoisted: list[Edit] = []
    for (_, name), scope in crowded.items():
        inner = [v for v in values if file.text(v) == name and nodes.encloses(scope.node, v)]
        new = {v.start_byte: Edit(v.start_byte, v.end_byte, "escaped") for v in inner}
        fresh = "escaped"
        if _overflows(file, list((edits | new).values())):
            if len(inner) != _uses(file, scope, name):
                return None
            # Nobody needs the value as it came: its own name serves, and no line grows.
            new, fresh = {}, name
        edits = {at: edit for at, edit in edits.items() if at not in {v.start_byte for v in inner}} | new
        at, indent = scope.first.start_byte, layout.indent_of(file, scope.first)
        gap = "\n" if layout.is_one_line(file, scope.first) else "\n\n"
        hoisted.append(Edit(at, at, f"{fresh} = escape_like({name}){gap}{indent}"))
    changed = list(edits.values())
    if _overflows(file, changed) or _joins(file, changed):
        return None
    return [*hoisted, *changed]


def _joins(file: ElixirFile, edits: Sequence[Edit]) -> bool:
    """Whether a line becomes so short that the formatter would put it behind the one before."""
    for edit in edits:
        start = layout.line_start(file, edit.start)
        before = file.data[layout.line_start(file, max(start - 1, 0)) : start].rstrip()
        if start == 0 or not before.endswith((b":", b"=", b"<-")):
            continue
        line = file.data[start : layout.line_end(file, start)]
        own = [e for e in edits if layout.line_start(file, e.start) == start]
        new = apply(line, [Edit(e.start - start, e.end - start, e.new) for e in own]).strip()
        if len((before + b" " + new).decode("utf-8", "replace")) <= layout.WIDTH:
            return True
    return False


def _uses(file: ElixirFile, scope: _Scope, name: str) -> int:
    """How often a variable stands in a scope from its first statement on."""
    return sum(
        1
        for node in nodes.descendants(scope.node, "identifier")
        if node.start_byte >= scope.first.start_byte and file.text(node) == name
    )


def _wrap(file: ElixirFile, value: Node) -> Edit:
    return Edit(value.start_byte, value.end_byte, f"escape_like({file.text(value)})")


class _Scope(NamedTuple):
    """Where a variable is bound by a head: the definition or the `->` clause, and its first statement."""

    node: Node
    first: Node


def _scope_of(file: ElixirFile, value: Node) -> _Scope | None:
    """The definition or clause whose head alone binds a variable, when a line can be put ahead of its body."""
    if value.type != "identifier":
        return None
    name = file.text(value)
    definition = file.definition_at(value.start_byte)
    for node in nodes.ancestors(value):
        statements: list[Node] = []
        heads: list[Node] = []
        if node.type == "stab_clause":
            left, body = node.child_by_field_name("left"), node.child_by_field_name("right")
            heads = [left] if left is not None else []
            statements = nodes.block_statements(body) if body is not None else []
        elif definition is not None and node == definition.node:
            heads = definition.params
            statements = definition.statements if definition.do_block is not None else []
        if any(name in _names(file, head) for head in heads):
            if not statements or not layout.starts_line(file, statements[0].start_byte):
                return None
            if any(_binds_again(file, statement, name) for statement in statements):
                return None
            return _Scope(node, statements[0])
        if definition is not None and node == definition.node:
            return None
    return None


def _binds_again(file: ElixirFile, statement: Node, name: str) -> bool:
    """Whether a pattern in a statement binds the name, or the name that is to be put ahead is taken."""
    for node in (statement, *nodes.descendants(statement)):
        if node.type == "identifier" and file.text(node) == "escaped":
            return True
        is_match = node.type == "stab_clause" or nodes.operator_of(node) in ("=", "<-")
        left = node.child_by_field_name("left") if is_match else None
        if left is not None and name in _names(file, left):
            return True
    return False


def _names(file: ElixirFile, node: Node) -> set[str]:
    return {file.text(one) for one in (node, *nodes.descendants(node, "identifier"))}


def _function(file: ElixirFile, pattern: LikePattern) -> list[Edit] | None:
    """Adds `escape_like/1` at the end of the module; nothing where it is already."""
    module = pattern.call.enclosing_module
    if module is None:
        definition = pattern.call.definition
        if definition is None or any(d.name == "escape_like" for d in file.definitions):
            return [] if definition is not None else None
        end = definition.node.end_byte
        return [Edit(end, end, f"\n\n{FUNCTION}")]
    if module.defines("escape_like", 1):
        return []
    if module.do_block is None or module.do_block.children[-1].type != "end":
        return None
    closing = module.do_block.children[-1]
    if not layout.starts_line(file, closing.start_byte):
        return None
    at = layout.line_start(file, closing.start_byte)
    indent = layout.indent_of(file, module.node) + "  "
    return [Edit(at, at, f"\n{indent}{FUNCTION}\n")]
