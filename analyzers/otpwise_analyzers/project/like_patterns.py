"""The patterns of Ecto's `like` and `ilike`, and what of them nobody has escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from otpwise_analyzers.project.sql_calls import assignments_of
from otpwise_analyzers.project.sql_values import is_harmless
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.strings import Hole, Template, template_of

LIKES = ("ilike", "like")

_ESCAPES = re.compile(r"escape|sanitize|(^|[._])like|replace|slug", re.IGNORECASE)
_IDENTITIES = re.compile(r"(^|[._])(uuid|guid|id)$")
_UNIQUE = re.compile(r"(^|[._])(email|code|token|username|slug|name|login|handle|nickname)$")
_FROM_OUTSIDE = re.compile(r"param|arg|attr|filter|opt|input|form|query|search|conn|socket|assigns|request")
_ONE_ROW = frozenset({"one", "one!", "get", "get_by", "get_by!", "first", "exists?"})


@dataclass(frozen=True)
class LikePattern:
    """One `like` or `ilike` whose pattern holds unescaped text from outside.

    `pinned` is the expression behind `^`. With a `template` (written there, or in the variable that is
    pinned) the text stands in `holes`; without one the variable itself is the pattern, so that the call
    only means equality without case.
    """

    call: Call
    pinned: Node
    template: Template | None
    holes: tuple[Hole, ...]

    @property
    def is_equality(self) -> bool:
        return self.template is None

    @property
    def in_variable(self) -> bool:
        """Whether the pattern is built ahead of the query."""
        return self.template is not None and self.template.node != self.pinned

    @property
    def unescaped(self) -> list[Node]:
        """The expressions that should be escaped."""
        return [hole.expression for hole in self.holes] if self.holes else [self.pinned]


def like_patterns(file: ElixirFile) -> Iterator[LikePattern]:
    """All such calls of a file, those inside of `quote` left out."""
    for call in file.calls(*(name for name in LIKES if name.encode() in file.names)):
        if not call.is_local or call.quoted or len(call.args) != 2 or call.piped is not None:
            continue
        module = call.enclosing_module
        if module is not None and module.defines(call.name, 2):
            continue
        found = _pattern(file, call)
        if found is not None:
            yield found


def _pattern(file: ElixirFile, call: Call) -> LikePattern | None:
    field, pin = call.args
    if not nodes.is_operator(pin, "^"):
        return None
    operand = pin.child_by_field_name("operand")
    if operand is None or _IDENTITIES.search(file.text(field)) is not None:
        return None
    operand = nodes.unwrap(operand)
    template = template_of(operand, file.data)
    if template is None and operand.type == "identifier":
        given = assignments_of(file, file.text(operand), call.node)
        if len(given) == 1:
            template = template_of(nodes.unwrap(given[0]), file.data)
        if template is None:
            return _equality(file, call, operand, given)
    if template is None or _is_uniqueness_probe(file, call, template):
        return None
    holes = tuple(hole for hole in template.holes if not _is_escaped(hole.expression, file))
    return LikePattern(call, operand, template, holes) if holes else None


def _is_escaped(expression: Node, file: ElixirFile, depth: int = 0) -> bool:
    """Whether the value is escaped, or comes from nowhere outside of the code."""
    expression = nodes.unwrap(expression)
    definition = file.definition_at(expression.start_byte)
    if is_harmless(expression, file, definition):
        return True
    for call in (expression, *nodes.descendants(expression, "call")):
        target = call.child_by_field_name("target") if call.type == "call" else None
        if target is not None and _ESCAPES.search(file.text(target)) is not None:
            return True
    variables = [
        node
        for node in (expression, *nodes.descendants(expression, "identifier"))
        if node.type == "identifier" and not _is_function_name(node) and not _is_record(file, node)
    ]
    if not variables:
        return True
    if depth >= 3:
        return False
    for variable in variables:
        given = assignments_of(file, file.text(variable), variable)
        # A variable without an assignment is bound by a head, a clause or a generator.
        if not given or not all(_is_escaped(value, file, depth + 1) for value in given):
            return False
    return True


def _is_function_name(node: Node) -> bool:
    """Whether an identifier is the name in a call, such as the `trim` of `String.trim(x)`."""
    parent = node.parent
    if parent is None:
        return False
    if parent.type == "dot":
        return parent.child_by_field_name("right") == node
    return parent.type == "call" and parent.child_by_field_name("target") == node


def _is_record(file: ElixirFile, node: Node) -> bool:
    """Whether a variable stands for a stored record, as in `item.url`: nobody types that into a search."""
    parent = node.parent
    if parent is None or parent.type != "dot" or parent.child_by_field_name("left") != node:
        return False
    call = parent.parent
    is_field = call is not None and call.type == "call" and nodes.child_of_type(call, "arguments") is None
    return is_field and _FROM_OUTSIDE.search(file.text(node)) is None


def _equality(file: ElixirFile, call: Call, variable: Node, given: list[Node]) -> LikePattern | None:
    """A variable alone as the pattern, in a query for one row by a field that says which."""
    definition = call.definition
    if definition is None or _UNIQUE.search(file.text(call.args[0])) is None:
        return None
    if any(
        _is_escaped(value, file) or b"%" in file.data[value.start_byte : value.end_byte] for value in given
    ):
        return None
    if _is_escaped(variable, file) or not (_asks_for_one_row(file, call)):
        return None
    return LikePattern(call, variable, None, ())


def _asks_for_one_row(file: ElixirFile, call: Call) -> bool:
    definition = call.definition
    assert definition is not None
    if any(one.receiver is not None for one in definition.calls(*_ONE_ROW)):
        return True
    for limit in definition.calls("limit"):
        if limit.args and file.text(limit.args[-1]) == "1":
            return True
    for pair in nodes.descendants(definition.node, "pair"):
        key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        if key is not None and value is not None and file.text(value) == "1":
            if nodes.keyword_name(key, file.data) == "limit":
                return True
    return False


def _is_uniqueness_probe(file: ElixirFile, call: Call, template: Template) -> bool:
    """`x.name == ^name or like(x.name, ^(name <> "-%"))`: what else the pattern finds does no harm."""
    parent = call.node.parent
    if not nodes.is_operator(parent, "or") or parent is None or not template.text.startswith(b"\x00"):
        return False
    field = file.text(call.args[0])
    values = {file.text(hole.expression) for hole in template.holes}
    for side in ("left", "right"):
        other = parent.child_by_field_name(side)
        if nodes.is_operator(other, "==") and other is not None:
            written = "".join(file.text(other).split())
            if any(written == f"{field}==^{value}" for value in values):
                return True
    return False
