"""Escapes what is put into the pattern of `like` and `ilike`."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.like_patterns import LikePattern
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.source.edits import Edit, Span, apply
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition

ESCAPED_BY_DEFAULT = frozenset({"Ecto.Adapters.Postgres", "Ecto.Adapters.MyXQL"})
"""The adapters of databases where a backslash escapes in LIKE without an ESCAPE clause."""

_FUNCTION = 'defp escape_like(term), do: String.replace(to_string(term), ["\\\\", "%", "_"], &("\\\\" <> &1))'


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
    edits = [Edit(*span, f"escape_like({file.text(node)})") for span, node in values.items()]
    if _overflows(file, edits):
        hoisted = _hoisted(file, patterns, list(values.values()))
        if hoisted is None:
            return None
        edits = hoisted
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
        if len(new.decode("utf-8", "replace")) > max(layout.WIDTH, 0):
            return True
    return False


def _hoisted(file: ElixirFile, patterns: Sequence[LikePattern], values: list[Node]) -> list[Edit] | None:
    """`escaped = escape_like(term)` ahead of everything, for lines that have no room for the call."""
    definition = patterns[0].call.definition
    names = {file.text(value) for value in values}
    if definition is None or definition.do_block is None or len(names) != 1:
        return None
    if any(pattern.call.definition is not definition for pattern in patterns):
        return None
    name = names.pop()
    if not _is_bound_by_head_alone(file, definition, name) or not definition.statements:
        return None
    if any(file.text(node) == "escaped" for node in nodes.descendants(definition.node, "identifier")):
        return None
    first = definition.statements[0]
    if not layout.starts_line(file, first.start_byte):
        return None
    edits = [Edit(value.start_byte, value.end_byte, "escaped") for value in values]
    if _overflows(file, edits):
        return None
    indent = layout.indent_of(file, first)
    gap = "\n\n" if layout.is_one_line(file, first) is False else "\n"
    return [
        Edit(first.start_byte, first.start_byte, f"escaped = escape_like({name}){gap}{indent}"),
        *edits,
    ]


def _is_bound_by_head_alone(file: ElixirFile, definition: Definition, name: str) -> bool:
    """Whether the name is a parameter of the definition that no pattern in its body binds again."""
    head = {
        file.text(node)
        for param in definition.params
        for node in (param, *nodes.descendants(param, "identifier"))
    }
    if name not in head:
        return False
    for node in nodes.descendants(definition.node, "binary_operator", "stab_clause"):
        if definition.head is not None and nodes.encloses(definition.head, node):
            continue
        if node.type == "binary_operator" and nodes.operator_of(node) not in ("=", "<-"):
            continue
        left = node.child_by_field_name("left")
        if left is not None and name in {
            file.text(one) for one in (left, *nodes.descendants(left, "identifier"))
        }:
            return False
    return True


def _function(file: ElixirFile, pattern: LikePattern) -> list[Edit] | None:
    """Adds `escape_like/1` at the end of the module; nothing where it is already."""
    module = pattern.call.enclosing_module
    if module is None:
        definition = pattern.call.definition
        if definition is None or any(d.name == "escape_like" for d in file.definitions):
            return [] if definition is not None else None
        end = definition.node.end_byte
        return [Edit(end, end, f"\n\n{_FUNCTION}")]
    if module.defines("escape_like", 1):
        return []
    if module.do_block is None or module.do_block.children[-1].type != "end":
        return None
    closing = module.do_block.children[-1]
    if not layout.starts_line(file, closing.start_byte):
        return None
    at = layout.line_start(file, closing.start_byte)
    indent = layout.indent_of(file, module.node) + "  "
    return [Edit(at, at, f"\n{indent}{_FUNCTION}\n")]
