"""What is known about a value that is put into a SQL text: constant, checked, or from a request."""

from __future__ import annotations

import re
from enum import Enum

from tree_sitter import Node

from otpwise_analyzers.project.sql_calls import assignments_of
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition
from otpwise_analyzers.syntax.strings import template_of


class Origin(Enum):
    """Where a value comes from, as far as its definition tells."""

    REQUEST = "a request's parameters or a search term"
    UNKNOWN = "somewhere else"
    HARMLESS = "the code itself, or checked to hold nothing but harmless text"


_SEARCH_NAMES = frozenset(
    {"term", "terms", "search", "search_term", "search_query", "search_string", "q", "query", "needle"}
    | {"params", "keyword", "keywords", "query_string", "user_input", "input"}
)
_SEARCHING = re.compile(r"(^|_)(search|lookup|autocomplete|suggest)(_|$|[?!])")
_REQUEST = re.compile(r"\b(params|query_params|body_params|path_params|req_cookies|req_headers)\b")
_MADE_FOR_SQL = re.compile(
    r"placeholder|quote|ident|sanitize|\bbindings?\b|_sql$|^sql_|params_str", re.IGNORECASE
)
_PLACEHOLDERS = re.compile(r'"[(\s]*\$#\{|"[(\s]*\$" <>|"[(\s]*\?[,)?\s]*"|@p#\{')
_CHECKS = re.compile(r"\bis_(integer|float|number|boolean|atom)$")
_TO_NUMBER = re.compile(
    r"^(String\.to_integer|String\.to_float|Enum\.count|length|map_size|byte_size|round|trunc|div|rem|"
    r"abs|Decimal\.\w+|System\.(os_time|system_time|monotonic_time)|Integer\.\w+)\b"
)
_LITERALS = frozenset({"integer", "float", "boolean", "nil", "char", "atom"})
_ARITHMETIC = frozenset({"+", "-", "*", "/"})


def origin_of(expression: Node, file: ElixirFile) -> Origin:
    """Where the value of an interpolated expression comes from."""
    definition = file.definition_at(expression.start_byte)
    expression = nodes.unwrap(expression)
    if is_harmless(expression, file, definition):
        return Origin.HARMLESS
    if _is_from_request(expression, file, definition):
        return Origin.REQUEST
    return Origin.UNKNOWN


def is_harmless(expression: Node, file: ElixirFile, definition: Definition | None, depth: int = 0) -> bool:
    """Whether no outsider's text can be in it: constants, numbers, placeholders, values held to a list."""
    text = file.text(expression)
    if expression.type in _LITERALS or nodes.is_operator(expression, "@"):
        return True
    if expression.type in ("string", "sigil"):
        template = template_of(expression, file.data)
        return template is not None and (not template.holes or _PLACEHOLDERS.search(text) is not None)
    if nodes.operator_of(expression) in _ARITHMETIC:
        return True
    if _PLACEHOLDERS.search(text) is not None:
        return True
    if expression.type == "call":
        target = expression.child_by_field_name("target")
        name = file.text(target) if target is not None else ""
        if target is not None and target.type == "identifier" and name in ("if", "case", "cond"):
            return _all_branches_harmless(expression, file, definition, depth)
        if name == "to_string" or name.endswith(("Atom.to_string", "Integer.to_string", "Float.to_string")):
            if name != "to_string":
                return True
            inner = nodes.arguments_of(expression)
            return len(inner) == 1 and is_harmless(inner[0], file, definition, depth)
        return _TO_NUMBER.match(name) is not None or _MADE_FOR_SQL.search(name.rpartition(".")[2]) is not None
    if expression.type == "identifier":
        if _MADE_FOR_SQL.search(text) is not None:
            return True
        if definition is not None and _is_checked(text, definition):
            return True
        return depth < 2 and _is_assigned_harmless(expression, text, file, definition, depth)
    if nodes.is_operator(expression, "|>"):
        last = nodes.pipeline(expression)[-1]
        return is_harmless(last, file, definition, depth + 1)
    return False


def _is_assigned_harmless(
    use: Node, name: str, file: ElixirFile, definition: Definition | None, depth: int
) -> bool:
    if definition is None:
        return False
    given = assignments_of(file, name, use)
    return bool(given) and all(
        is_harmless(nodes.unwrap(value), file, definition, depth + 1) for value in given
    )


def _all_branches_harmless(call: Node, file: ElixirFile, definition: Definition | None, depth: int) -> bool:
    """`if`, `case`, `cond` whose every branch is one harmless expression."""
    ends: list[Node] = []
    keywords = nodes.last_keywords(call, file.data)
    ends.extend(keywords[key] for key in ("do", "else") if key in keywords)
    for block in nodes.named(call):
        if block.type != "do_block":
            continue
        statements = nodes.block_statements(block)
        blocks = [child for child in nodes.named(block) if child.type == "else_block"]
        clauses = [child for child in statements if child.type == "stab_clause"]
        if clauses:
            for clause in clauses:
                body = clause.child_by_field_name("right")
                inner = nodes.block_statements(body) if body is not None else []
                if not inner:
                    return False
                ends.append(inner[-1])
        elif statements:
            ends.append(statements[-1])
        for other in blocks:
            inner = nodes.block_statements(other)
            if not inner:
                return False
            ends.append(inner[-1])
    return bool(ends) and all(is_harmless(nodes.unwrap(end), file, definition, depth + 1) for end in ends)


def _is_checked(name: str, definition: Definition) -> bool:
    """Whether a guard holds the variable to a list of values, or to a type that has no quotes."""
    guard = definition.guard
    if guard is None:
        return False
    file = definition.file
    for node in (guard, *nodes.descendants(guard, "binary_operator", "call")):
        if nodes.is_operator(node, "in"):
            left = node.child_by_field_name("left")
            if left is not None and nodes.identifier(left, file.data) == name:
                return True
        if node.type == "call":
            target = node.child_by_field_name("target")
            arguments = nodes.arguments_of(node)
            if (
                target is not None
                and _CHECKS.search(file.text(target)) is not None
                and any(nodes.identifier(argument, file.data) == name for argument in arguments)
            ):
                return True
    return False


def _is_from_request(expression: Node, file: ElixirFile, definition: Definition | None) -> bool:
    text = file.text(expression)
    if _REQUEST.search(text) is not None:
        return True
    if definition is None:
        return False
    names = {file.text(node) for node in (expression, *nodes.descendants(expression, "identifier"))}
    searching = _SEARCHING.search(definition.name) is not None
    for param in definition.params:
        bound = {file.text(node) for node in (param, *nodes.descendants(param, "identifier"))} & names
        if not bound:
            continue
        if searching or bound & _SEARCH_NAMES:
            return True
        # `%{"name" => name}`: string keys come from outside.
        for key in nodes.descendants(param, "binary_operator"):
            left, right = key.child_by_field_name("left"), key.child_by_field_name("right")
            if (
                nodes.is_operator(key, "=>")
                and left is not None
                and left.type == "string"
                and right is not None
                and bound & {file.text(node) for node in (right, *nodes.descendants(right, "identifier"))}
            ):
                return True
    return False
