"""Whether an expression means the same in another module, and its text there."""

from __future__ import annotations

import re

from tree_sitter import Node

from otpwise_analyzers.findings import FileChange
from otpwise_analyzers.rewrite import aliases, layout
from otpwise_analyzers.source.edits import Edit, Span, apply
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile

_PLAIN = frozenset(
    {
        *("integer", "float", "string", "charlist", "atom", "boolean", "nil", "char", "quoted_atom"),
        *("list", "tuple", "map", "map_content", "keywords", "pair", "keyword", "arguments", "dot", "alias"),
        *("struct", "quoted_content", "escape_sequence", "comment", "quoted_keyword"),
    }
)


def portable_text(file: ElixirFile, node: Node) -> str | None:
    """The expression on one line with full module names, to be written into another module.

    None when it needs something of the place where it stands: a variable, an attribute, a local
    function, an import.
    """
    if "\n" in file.text(node) and any(nodes.descendants(node, "string", "charlist", "comment")):
        return None
    edits: list[Edit] = []
    for inner in (node, *nodes.descendants(node)):
        if inner.type == "alias":
            name = file.module_name(inner)
            if name is None:
                return None
            edits.append(Edit(inner.start_byte - node.start_byte, inner.end_byte - node.start_byte, name))
        elif inner.type == "identifier":
            parent = inner.parent
            if file.text(inner) == "__MODULE__":
                name = file.module_name(inner)
                if name is None:
                    return None
                edits.append(Edit(inner.start_byte - node.start_byte, inner.end_byte - node.start_byte, name))
            elif parent is None or parent.type != "dot" or parent.child_by_field_name("right") != inner:
                return None
        elif inner.type == "call":
            target = inner.child_by_field_name("target")
            if target is None or target.type != "dot" or nodes.arguments_node(inner) is None:
                return None
        elif inner.type in ("binary_operator", "unary_operator"):
            if nodes.operator_of(inner) not in ("+", "-", "*", "||", "<>", "++"):
                return None
        elif inner.type not in _PLAIN:
            return None
    data = file.data[node.start_byte : node.end_byte]
    text = apply(data, edits).decode("utf-8", "replace")
    text = re.sub(r"\s*\n\s*", " ", text)
    return re.sub(r"(?<=[\[({]) | (?=[\])}])", "", text) if "\n" in file.text(node) else text


def without_unused_alias(file: ElixirFile, change: FileChange, reference: Node | None) -> FileChange:
    """The change, with the `alias` deleted that nothing but the removed `reference` used.

    Kept when its short name stands anywhere else in the code, be it in a template.
    """
    if reference is None or reference.type != "alias":
        return change
    short = file.text(reference).partition(".")[0]
    removed = [Span(edit.start, edit.end) for edit in change.edits]
    declared = [
        alias
        for alias in file.aliases.declarations()
        if alias.short == short and alias.start <= reference.start_byte < alias.end
    ]
    if len(declared) != 1:
        return change
    statement = declared[0].node
    if any(nodes.descendants(statement, "dot", "tuple", "keywords")) or layout.only_statement(statement):
        return change
    removed.append(Span(statement.start_byte, statement.end_byte))
    if aliases.is_written(file, short, removed):
        return change
    return FileChange(change.path, (*change.edits, layout.delete_statement(file, statement)), change.create)
