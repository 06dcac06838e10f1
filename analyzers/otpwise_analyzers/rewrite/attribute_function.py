"""Turns a module attribute into a private function, so that its value is worked out when it is needed."""

from __future__ import annotations

import re
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.rewrite.config_entries import CannotRewriteError, text_at_no_indent
from otpwise_analyzers.rewrite.config_taking import comments_above
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.variables import free_names

# Functions without arguments that every module has already.
_TAKEN = frozenset({"self", "node", "binding", "make_ref", "exit", "get_env", "dbg", "module_info"})
_NAME = re.compile(r"[a-z_][a-zA-Z0-9_]*")


class _Attribute(NamedTuple):
    name: str
    node: Node
    value: Node


def attribute_to_function(context: FixContext, module: Module, node: Node) -> Change | None:
    """`@name value` as `defp name, do: value` at the end of the module, each `@name` as `name()`.

    `node` is the `@name value`. None when the attribute is set twice or nowhere used, and when something
    needs it while the module compiles: another attribute, a pattern, a guard, a `use`, a quote.
    """
    file = module.file
    attribute = _attribute(file, node)
    if attribute is None or node.parent != module.do_block:
        return None
    uses = _uses(file, module, attribute)
    function = _function_name(module, attribute.name)
    if not uses or function is None or not all(_runs_later(file, module, use) for use in uses):
        return None
    if any(name != "__MODULE__" for name in free_names(attribute.value, file.data)):
        return None
    try:
        definition = _definition(file, function, attribute)
    except CannotRewriteError:
        return None
    edits = [Edit(use.start_byte, use.end_byte, f"{function}()") for use in uses]
    if not _fit(file, edits):
        return None
    comments = comments_above(file, node)
    start = comments[0].start_byte if comments else node.start_byte
    removal = Edit(*layout.lines_span(file, start, node.end_byte), "")
    lines = [*(file.text(comment) for comment in comments), *definition]
    return (layout.change_of(file, [removal, *edits, _appended(module, lines)]),)


def _attribute(file: ElixirFile, node: Node) -> _Attribute | None:
    operand = node.child_by_field_name("operand")
    if operand is None or operand.type != "call":
        return None
    target = operand.child_by_field_name("target")
    arguments = nodes.arguments_of(operand)
    name = nodes.identifier(target, file.data)
    if name is None or len(arguments) != 1 or not _NAME.fullmatch(name) or arguments[0].type == "keywords":
        return None
    return _Attribute(name, node, arguments[0])


def _uses(file: ElixirFile, module: Module, attribute: _Attribute) -> list[Node]:
    """Every other `@name` of the module, those that set it again too; a nested module has its own."""
    found = []
    for node in nodes.descendants(module.node, "unary_operator"):
        operand = node.child_by_field_name("operand")
        if node == attribute.node or operand is None or not nodes.is_operator(node, "@"):
            continue
        named = operand.child_by_field_name("target") if operand.type == "call" else operand
        if named is not None and file.text(named) == attribute.name:
            if file.module_at(node.start_byte) is module:
                found.append(node)
    return found


def _runs_later(file: ElixirFile, module: Module, use: Node) -> bool:
    """Whether a use stands in the body of a function, where any value may."""
    operand = use.child_by_field_name("operand")
    definition = file.definition_at(use.start_byte)
    if (
        operand is None
        or operand.type != "identifier"
        or definition is None
        or file.is_quoted(use.start_byte)
    ):
        return False
    if definition.kind not in ("def", "defp") or definition.module is not module:
        return False
    if _is_of_a_name(use):
        return False
    if not _in_body(definition, use) and not _is_default(definition, use):
        return False
    inner = use
    for ancestor in nodes.ancestors(use):
        if ancestor == definition.node:
            return True
        if nodes.is_operator(ancestor, "@") or _wants_a_constant(file, ancestor):
            return False
        if ancestor.type == "stab_clause" and not _is_right(ancestor, inner):
            return False
        if nodes.operator_of(ancestor) in ("=", "<-") and not _is_right(ancestor, inner):
            return False
        if nodes.operator_of(ancestor) in ("::", "when"):
            return False
        inner = ancestor
    return False


def _is_of_a_name(use: Node) -> bool:
    """`@storage.Url`: a module's name, which is put together while the module compiles."""
    right = use.parent.child_by_field_name("right") if use.parent and use.parent.type == "dot" else None
    return right is not None and right.type == "alias"


def _is_default(definition: Definition, use: Node) -> bool:
    """Whether a use is the default of a parameter, which is worked out with each call."""
    for param in definition.params:
        right = param.child_by_field_name("right") if nodes.is_operator(param, "\\\\") else None
        if right is not None and nodes.encloses(right, use):
            return True
    return False


def _wants_a_constant(file: ElixirFile, node: Node) -> bool:
    """Macros whose arguments are patterns, or are read while they are expanded."""
    name = nodes.identifier(node.child_by_field_name("target"), file.data) if node.type == "call" else None
    return name is not None and (name in ("match?", "destructure") or "gettext" in name)


def _is_right(parent: Node, inner: Node) -> bool:
    right = parent.child_by_field_name("right")
    return right is not None and nodes.encloses(right, inner)


def _in_body(definition: Definition, use: Node) -> bool:
    if definition.do_block is not None:
        return nodes.encloses(definition.do_block, use)
    body = definition.keyword_body
    return body is not None and nodes.encloses(body, use)


def _function_name(module: Module, attribute: str) -> str | None:
    """The attribute's name, or one that no function of the module has."""
    for name in (attribute, f"configured_{attribute}"):
        if name not in _TAKEN and not module.defines(name, 0):
            return name
    return None


def _definition(file: ElixirFile, name: str, attribute: _Attribute) -> list[str]:
    """The lines of the function, at no indentation. Raises CannotRewriteError."""
    text = text_at_no_indent(file, attribute.value)
    lines = _aligned(text.split("\n"), len(file.text(attribute.node)) - len(file.text(attribute.value)))
    one_line = f"defp {name}, do: {text}"
    if len(lines) == 1 and layout.fits(one_line, "  "):
        return [one_line]
    body = [f"  {line}" if line else "" for line in lines]
    if any(len(line) + 2 > layout.WIDTH for line in body):
        raise CannotRewriteError("a line that is too long")
    return [f"defp {name} do", *body, "end"]


def _aligned(lines: list[str], behind: int) -> list[str]:
    """The lines of a value that began `behind` its `@name`, where the next ones were set below its start."""
    first, *others = lines
    if others and all(line.startswith(" " * behind) for line in others if line):
        return [first, *(line[behind:] for line in others)]
    return lines


def _appended(module: Module, lines: list[str]) -> Edit:
    """Writes the function behind the module's last statement."""
    file = module.file
    last = module.statements[-1]
    at = layout.line_end(file, last.end_byte)
    indent = layout.indent_of(file, last)
    return Edit(at, at, "\n" + "".join(f"\n{indent}{line}" if line else "\n" for line in lines))


def _fit(file: ElixirFile, edits: list[Edit]) -> bool:
    """Whether every line that is changed stays within the formatter's width."""
    for edit in edits:
        start, end = layout.line_start(file, edit.start), layout.line_end(file, edit.end)
        line = len(file.data[start:end].decode("utf-8", "replace"))
        grown = sum(len(one.new) - (one.end - one.start) for one in edits if start <= one.start < end)
        if line + grown > layout.WIDTH:
            return False
    return True
