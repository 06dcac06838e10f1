"""What a condition of a query means: read from its syntax, as the filter that it is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tree_sitter import Node

from otpwise_analyzers.rewrite.ecto_names import QUERY_API
from otpwise_analyzers.rewrite.naming import plural
from otpwise_analyzers.rewrite.query_filters import (
    BINDING,
    RESERVED,
    STATES,
    WORD,
    Filter,
    flag,
    having,
    named_for,
    param_of,
    recent,
    said,
    without,
)
from otpwise_analyzers.rewrite.query_search import operands, search_of
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile

_COMPARED = {">=": "at least", ">": "more than", "<=": "at most", "<": "less than"}
_TIMED = {">=": "since", ">": "after", "<=": "until", "<": "before"}
_SAID_OF_TIME = {">=": "at or after", ">": "after", "<=": "at or before", "<": "before"}
_MIRRORED = {">=": "<=", ">": "<", "<=": ">=", "<": ">", "==": "==", "!=": "!="}


def parts_of(node: Node) -> list[Node]:
    """The operands of `a and b`, the pairs of a keyword list, or the condition alone."""
    inner = nodes.unwrap(node)
    if nodes.operator_of(inner) == "and":
        left, right = inner.child_by_field_name("left"), inner.child_by_field_name("right")
        if left is not None and right is not None:
            return [*parts_of(left), *parts_of(right)]
    if inner.type in ("keywords", "list"):
        found: list[Node] = []
        for child in nodes.named(inner):
            found.extend([child] if child.type == "pair" else parts_of(child) if inner.type == "list" else [])
        return found or [node]
    return [node]


def filter_of(file: ElixirFile, node: Node, base: str | None, *, escapes: bool = True) -> Filter | None:
    """The filter that a condition is; None when no name says it, or when it is about more than one binding.

    With `escapes` a term that LIKE looks for is put into its pattern by the filter, escaped.
    """
    if "#" in file.text(node) and any(True for _ in nodes.descendants(node, "comment")):
        return None
    return _Reader(file, base, escapes).read(node)


def nameless(file: ElixirFile, node: Node, base: str | None) -> Filter | None:
    """A condition on one binding whose name is left to a person."""
    if node.type == "pair" or base is None or node.start_point.row != node.end_point.row:
        return None
    return _Reader(file, base).whole(node)


class _Reader:
    """Reads conditions; `base` is the variable of the binding."""

    def __init__(self, file: ElixirFile, base: str | None, escapes: bool = True) -> None:
        self.file = file
        self.escapes = escapes
        self.data = file.data
        self.base = base

    def read(self, node: Node) -> Filter | None:
        if node.type == "pair":
            key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
            if key is None or value is None:
                return None
            return self._equal(nodes.keyword_name(key, self.data), value)
        node = nodes.unwrap(node)
        field = self._field(node)
        if field is not None:
            return flag(field, holds=True)
        operator = nodes.operator_of(node)
        if operator == "not":
            operand = node.child_by_field_name("operand")
            return self._denied(nodes.unwrap(operand)) if operand is not None else None
        if node.type == "call":
            absent = self._absent(node)
            if absent is not None:
                return without(absent)
            return self._search([node])
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if operator is None or left is None or right is None:
            return None
        if operator == "or":
            return self._search(operands(node))
        left, right = nodes.unwrap(left), nodes.unwrap(right)
        if operator in ("in", "not in"):
            field = self._field(left)
            return self._among(field, right, holds=operator == "in") if field is not None else None
        if operator not in _MIRRORED:
            return None
        field = self._field(left)
        if field is None:
            field, right, operator = self._field(right), left, _MIRRORED[operator]
        if field is None:
            return None
        if operator == "==":
            return self._equal(field, right)
        if operator == "!=":
            return self._unequal(field, right)
        return self._compared(field, operator, right)

    def whole(self, node: Node) -> Filter | None:
        """The condition as it stands, its values in order of use."""
        text = ""
        params: list[str] = []
        arguments: list[str] = []
        node = nodes.unwrap(node)
        at = node.start_byte
        pins = self._pins(node)
        for use in nodes.descendants(node, "identifier", "alias", "unary_operator"):
            if any(nodes.encloses(pin, use) for pin in pins):
                continue
            if use.type == "alias" or (use.type == "unary_operator" and nodes.operator_of(use) == "@"):
                return None
            if use.type == "identifier" and not self._is_own(use):
                return None
        bindings = [
            use
            for use in (node, *nodes.descendants(node, "identifier"))
            if use.type == "identifier"
            and self.file.text(use) == self.base
            and not any(nodes.encloses(pin, use) for pin in pins)
            and not _is_name_of_call(use)
        ]
        if not bindings:
            return None
        for piece in sorted([*pins, *bindings], key=lambda one: one.start_byte):
            text += self.data[at : piece.start_byte].decode("utf-8", "replace")
            at = piece.end_byte
            if piece.type == "identifier":
                text += BINDING
                continue
            argument = self._pinned(piece)
            if argument is None:
                return None
            if argument not in arguments:
                arguments.append(argument)
                params.append(_param_of(argument, params))
            text += f"^{arguments.index(argument)}"
        text += self.data[at : node.end_byte].decode("utf-8", "replace")
        return Filter(
            ("matching",), text, "Those that fit.", tuple(params), tuple(arguments), is_nameless=True
        )

    def _is_own(self, use: Node) -> bool:
        """Whether an identifier is the binding, a field's name or a word of the query language."""
        if _is_name_of_call(use):
            parent = use.parent
            dotted = parent is not None and parent.type == "dot"
            return dotted or self.file.text(use) in QUERY_API | {"is_nil"}
        return self.file.text(use) == self.base

    # -- parts of conditions -----------------------------------------------------------------------

    def _field(self, node: Node) -> str | None:
        """`name` of `u.name`."""
        target = node.child_by_field_name("target") if node.type == "call" else None
        if target is None or target.type != "dot" or nodes.arguments_node(node) is not None:
            return None
        left, right = target.child_by_field_name("left"), target.child_by_field_name("right")
        if self.base is None or nodes.identifier(left, self.data) != self.base:
            return None
        name = nodes.identifier(right, self.data)
        return name if name is not None and WORD.fullmatch(name) else None

    def _absent(self, call: Node) -> str | None:
        """`name` of `is_nil(u.name)`."""
        target = call.child_by_field_name("target")
        arguments = nodes.arguments_of(call)
        if nodes.identifier(target, self.data) != "is_nil" or len(arguments) != 1:
            return None
        return self._field(nodes.unwrap(arguments[0]))

    def _pinned(self, node: Node) -> str | None:
        """The text of `^value`, on one line."""
        if not nodes.is_operator(node, "^"):
            return None
        operand = node.child_by_field_name("operand")
        if operand is None or operand.start_point.row != operand.end_point.row:
            return None
        text = self.file.text(nodes.unwrap(operand))
        # A capture or a block of its own would need its parentheses.
        return None if " do" in text or text.startswith(("&", "fn ")) or "|>" in text else text

    def _pins(self, node: Node) -> list[Node]:
        found: list[Node] = []
        for one in (node, *nodes.descendants(node, "unary_operator")):
            if nodes.is_operator(one, "^") and not any(nodes.encloses(pin, one) for pin in found):
                found.append(one)
        return found

    # -- forms -------------------------------------------------------------------------------------

    def _equal(self, field: str, value: Node) -> Filter | None:
        value = nodes.unwrap(value)
        pinned = self._pinned(value)
        if pinned is not None:
            short = field.removesuffix("_id") or field
            return Filter(
                (f"by_{short}", f"by_{field}", f"with_{field}"),
                f"_.{field} == ^0",
                f"Those whose `{field}` is the given one.",
                (param_of(field),),
                (pinned,),
            )
        if value.type == "boolean":
            return flag(field, holds=self.file.text(value) == "true", equals=True)
        literal = self._literal(value)
        if literal is None:
            return None
        text, word = literal
        doc = f"Those whose `{field}` is {said(text)}."
        return Filter(named_for(field, word), f"_.{field} == {text}", doc)

    def _unequal(self, field: str, value: Node) -> Filter | None:
        pinned = self._pinned(value)
        if pinned is not None:
            short = field.removesuffix("_id") or field
            names = (f"excluding_{short}", f"excluding_{field}")
            doc = f"Those whose `{field}` is another than the given one."
            return Filter(names, f"_.{field} != ^0", doc, (param_of(field),), (pinned,))
        if value.type == "boolean":
            return None
        literal = self._literal(value)
        if literal is None:
            return None
        text, word = literal
        first, *_ = named = named_for(field, word)
        other = f"with_{field}_other_than_{word}"
        choice: tuple[str, ...] = (f"not_{first}", other) if len(named) > 1 else (other,)
        return Filter(choice, f"_.{field} != {text}", f"Those whose `{field}` is not {said(text)}.")

    def _denied(self, node: Node) -> Filter | None:
        field = self._field(node)
        if field is not None:
            return flag(field, holds=False)
        if node.type == "call":
            absent = self._absent(node)
            return having(absent) if absent is not None else None
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if nodes.operator_of(node) == "in" and left is not None and right is not None:
            field = self._field(nodes.unwrap(left))
            return self._among(field, nodes.unwrap(right), holds=False) if field is not None else None
        return None

    def _among(self, field: str, values: Node, *, holds: bool) -> Filter | None:
        many = plural(field)
        pinned = self._pinned(values)
        operator = "in" if holds else "not in"
        if pinned is not None:
            short = plural(field.removesuffix("_id") or field)
            start = "by" if holds else "excluding"
            doc = f"Those whose `{field}` is {'one' if holds else 'none'} of the given."
            names = (f"{start}_{short}", f"{start}_{many}", f"{start}_any_{field}")
            return Filter(names, f"_.{field} {operator} ^0", doc, (many,), (pinned,))
        if values.type != "list":
            return None
        literals = [self._literal(item) for item in nodes.named(values)]
        if not 0 < len(literals) <= 3 or any(literal is None for literal in literals):
            return None
        found = [literal for literal in literals if literal is not None]
        listed = ", ".join(text for text, _ in found)
        whole = "_or_".join(word for _, word in found)
        whole = f"with_{field}_{whole}" if holds else f"with_{field}_other_than_{whole}"
        choice: tuple[str, ...] = (whole,)
        if field in STATES:
            words = [named_for(field, word)[0] for _, word in found]
            start = "" if holds else "not_" if len(found) == 1 else "neither_"
            choice = (start + ("_or_" if holds else "_nor_").join(words), whole)
        if len(choice[0]) > 40:
            return None
        values_said = " or ".join(said(text) for text, _ in found)
        doc = f"Those whose `{field}` is {'' if holds else 'not '}{values_said}."
        return Filter(choice, f"_.{field} {operator} [{listed}]", doc)

    def _compared(self, field: str, operator: str, value: Node) -> Filter | None:
        stem = re.sub(r"_(at|on|date|time)$", "", field)
        timed = stem != field or field in ("date", "time", "timestamp") or field.endswith("_until")
        ago = self._ago(value)
        if ago is not None:
            return recent(field, stem, operator, *ago)
        pinned = self._pinned(value)
        if pinned is not None:
            if timed:
                names = (f"{stem}_{_TIMED[operator]}", f"{field}_{_TIMED[operator]}")
                param = "date" if field.endswith(("_on", "date")) else "time"
                doc = f"Those whose `{field}` is {_SAID_OF_TIME[operator]} the given {param}."
                return Filter(names, f"_.{field} {operator} ^0", doc, (param_of(param),), (pinned,))
            words = {">=": f"min_{field}", "<=": f"max_{field}", ">": f"{field}_above", "<": f"{field}_below"}
            name = words[operator]
            param = name if operator in (">=", "<=") else field
            doc = f"Those whose `{field}` is {_COMPARED[operator]} the given one."
            return Filter((f"with_{name}",), f"_.{field} {operator} ^0", doc, (param_of(param),), (pinned,))
        if value.type != "integer" or timed or "_" in self.file.text(value):
            return None
        text = self.file.text(value)
        words = {">=": f"min_{field}_", "<=": f"max_{field}_", ">": f"{field}_above_", "<": f"{field}_below_"}
        doc = f"Those whose `{field}` is {_COMPARED[operator]} {text}."
        return Filter((f"with_{words[operator]}{text}",), f"_.{field} {operator} {text}", doc)

    def _ago(self, node: Node) -> tuple[str, str, str] | None:
        """The written amount, its value when pinned, and the unit of `ago(3, "day")`."""
        target = node.child_by_field_name("target") if node.type == "call" else None
        arguments = nodes.arguments_of(node)
        if nodes.identifier(target, self.data) != "ago" or len(arguments) != 2:
            return None
        unit = nodes.string_literal(arguments[1], self.data)
        pinned = self._pinned(arguments[0])
        if unit is None or not unit.isalpha() or (pinned is None and arguments[0].type != "integer"):
            return None
        return self.file.text(arguments[0]), pinned or "", unit

    def _literal(self, node: Node) -> tuple[str, str] | None:
        """A literal as written, and as a part of a name."""
        node = nodes.unwrap(node)
        text = self.file.text(node)
        if node.type == "integer" and text.isdigit():
            return text, text
        value = nodes.atom_literal(node, self.data) or nodes.string_literal(node, self.data)
        if value is None or "\n" in text or "\\" in text:
            return None
        spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", value)
        word = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
        return (text, word) if word and len(word) <= 40 else None

    def _search(self, calls: Sequence[Node]) -> Filter | None:
        fields = [self._like(call) for call in map(nodes.unwrap, calls)]
        found = [field for field in fields if field is not None]
        if len(found) != len(fields):
            return None
        return search_of(self.file, found, escapes=self.escapes)

    def _like(self, call: Node) -> tuple[str, str, Node, str] | None:
        """`ilike`, the field, the pinned value and its text, of `ilike(u.name, ^pattern)`."""
        target = call.child_by_field_name("target") if call.type == "call" else None
        word = nodes.identifier(target, self.data)
        arguments = nodes.arguments_of(call)
        if word not in ("like", "ilike") or len(arguments) != 2:
            return None
        field, value = self._field(nodes.unwrap(arguments[0])), nodes.unwrap(arguments[1])
        pinned = self._pinned(value)
        operand = value.child_by_field_name("operand")
        if field is None or pinned is None or operand is None:
            return None
        return word, field, nodes.unwrap(operand), pinned


def _is_name_of_call(use: Node) -> bool:
    parent = use.parent
    if parent is None:
        return False
    if parent.type == "call":
        return parent.child_by_field_name("target") == use
    return parent.type == "dot" and parent.child_by_field_name("right") == use


def _param_of(argument: str, taken: Sequence[str]) -> str:
    words = re.findall(r"[a-z_]\w*", argument)
    name = (
        words[-1]
        if words and WORD.fullmatch(words[-1]) and words[-1] not in RESERVED | {"query"}
        else "value"
    )
    while name in taken:
        name += "_2"
    return name
