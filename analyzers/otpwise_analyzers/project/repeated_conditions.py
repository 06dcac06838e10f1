"""The conditions that several functions of a module write into queries of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.project.effects import repo_candidates
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

AT_LEAST = 3
"""How many functions repeat a condition before it deserves one of its own."""


class Condition(NamedTuple):
    """One condition of a query on a schema: `node` as it stands, `key` without the names of variables.

    `is_telling` says that it is more than `field == ^value`.
    """

    schema: str
    key: str
    node: Node
    definition: Definition
    is_telling: bool


class RepeatedBase(NamedTuple):
    """Conditions on one schema that several functions of a module repeat; `places` has one of them for each
    function, in source order, and `shared` the conditions of the first as they stand."""

    schema: str
    shared: tuple[Condition, ...]
    places: tuple[Condition, ...]


def repeated_base(conditions: list[Condition]) -> RepeatedBase | None:
    """The base that most functions of a module repeat, at least `AT_LEAST` of them.

    One plain `field == ^value` is no base: to call a function for it is not shorter. Two of them are, and so is
    what no value from outside decides (`is_nil(u.deleted_at)`).
    """
    by_schema: dict[str, dict[tuple[str, int], dict[str, Condition]]] = {}
    for one in conditions:
        function = (one.definition.name, one.definition.arity)
        by_schema.setdefault(one.schema, {}).setdefault(function, {}).setdefault(one.key, one)
    best: tuple[int, int, RepeatedBase] | None = None
    for schema, functions in by_schema.items():
        for keys in _candidates(functions):
            holders = [own for own in functions.values() if keys <= own.keys()]
            if len(holders) < AT_LEAST:
                continue
            common = set.intersection(*(set(own) for own in holders))
            leading = min(common, key=lambda key: (not holders[0][key].is_telling, key))
            places = tuple(sorted((own[leading] for own in holders), key=lambda one: one.node.start_byte))
            first = functions[places[0].definition.name, places[0].definition.arity]
            shared = tuple(sorted((first[key] for key in common), key=lambda one: one.node.start_byte))
            found = (len(holders), len(common), RepeatedBase(schema, shared, places))
            if best is None or found[:2] > best[:2]:
                best = found
    return best[2] if best is not None else None


def _candidates(functions: dict[tuple[str, int], dict[str, Condition]]) -> Iterator[frozenset[str]]:
    """The sets of conditions that would make a base: one that tells something, or any two."""
    seen: set[frozenset[str]] = set()
    for own in functions.values():
        singles = (frozenset({key}) for key, one in own.items() if one.is_telling)
        pairs = (frozenset(pair) for pair in combinations(sorted(own), 2))
        for keys in (*singles, *pairs):
            if keys not in seen:
                seen.add(keys)
                yield keys


def conditions_by_module(file: ElixirFile) -> dict[Module, list[Condition]]:
    """The conditions of the queries that public functions both build and run, by their module."""
    running = {
        call.definition.node.start_byte
        for call in repo_candidates(file)
        if call.definition is not None and file.project.is_repo(call.module)
    }
    found: dict[Module, list[Condition]] = {}
    for call in file.calls("from", "where"):
        definition = call.definition
        module = call.enclosing_module
        if definition is None or module is None or definition.is_private or call.quoted:
            continue
        if definition.node.start_byte not in running or call.receiver is not None:
            continue
        conditions = _of_from(call) if call.name == "from" else _of_where(call)
        for schema, binding, node in conditions:
            for part in _parts(node):
                condition = _condition(file, schema, binding, part, definition)
                if condition is not None:
                    found.setdefault(module, []).append(condition)
    return found


def _of_from(call: Call) -> Iterator[tuple[str, str | None, Node]]:
    """The conditions of `from x in Schema, where: ...`, with the schema's name and the binding's."""
    file = call.file
    if call.piped is not None or not call.args:
        return
    source = nodes.unwrap(call.args[0])
    binding: str | None = None
    if nodes.operator_of(source) == "in":
        left, right = source.child_by_field_name("left"), source.child_by_field_name("right")
        binding = nodes.identifier(left, file.data)
        if right is None:
            return
        source = right
    if source.type != "alias":
        return
    schema = file.resolve(file.text(source), source.start_byte)
    for pair in _pairs(call.args[1:]):
        key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        if key is not None and value is not None and nodes.keyword_name(key, file.data) == "where":
            yield schema, binding, value


def _pairs(arguments: list[Node]) -> Iterator[Node]:
    for argument in arguments:
        if argument.type == "keywords":
            yield from (child for child in nodes.named(argument) if child.type == "pair")


def _of_where(call: Call) -> Iterator[tuple[str, str | None, Node]]:
    """The condition of `Schema |> ... |> where([x], ...)`."""
    file = call.file
    arguments = call.all_args
    if len(arguments) < 2:
        return
    root = nodes.pipeline(nodes.unwrap(arguments[0]))[0]
    binding: str | None = None
    while root.type == "call":
        # `where(Schema, ...)`, `from(x in Schema)`.
        first = nodes.first_argument(root)
        if first is None or first.type == "keywords":
            return
        root = nodes.pipeline(nodes.unwrap(first))[0]
        if nodes.operator_of(root) == "in":
            right = root.child_by_field_name("right")
            if right is None:
                return
            root = right
    if root.type != "alias":
        return
    schema = file.resolve(file.text(root), root.start_byte)
    bindings = arguments[1]
    if len(arguments) == 2:
        yield schema, None, bindings
    elif bindings.type == "list":
        names = nodes.named(bindings)
        binding = nodes.identifier(names[0], file.data) if names else None
        if binding is not None:
            yield schema, binding, arguments[2]


def _parts(node: Node) -> Iterator[Node]:
    """The operands of `a and b`, or the pairs of a keyword list."""
    node = nodes.unwrap(node)
    if nodes.operator_of(node) == "and":
        for operand in nodes.named(node):
            yield from _parts(operand)
    elif node.type == "keywords":
        yield from (child for child in nodes.named(node) if child.type == "pair")
    elif node.type == "list":
        for child in nodes.named(node):
            yield from _parts(child)
    else:
        yield node


_PLAIN = re.compile(r"_\.\w+ == \^|\^ == _\.\w+")
# Who asks for one row by its key has nothing to share.
_KEYS = frozenset({"_.id == ^", "_.uuid == ^"})
_BLANKS = re.compile(r"\s+")
_IDENTIFIERS = re.compile(r"(?<![\w.:@\"'])([a-z_]\w*)(?![\w?!]*[(:])(?=\.)")


def _condition(
    file: ElixirFile, schema: str, binding: str | None, node: Node, definition: Definition
) -> Condition | None:
    key = condition_key(file, binding, node)
    if key is None:
        return None
    return Condition(schema, key, node, definition, _PLAIN.fullmatch(key) is None)


def condition_key(file: ElixirFile, binding: str | None, node: Node) -> str | None:
    """A condition on one binding without the names of variables; None for others, and for a row's own key."""
    pins = [
        one for one in (node, *nodes.descendants(node, "unary_operator")) if nodes.operator_of(one) == "^"
    ]
    text = file.text(node)
    if "#" in text or (binding is None and node.type != "pair"):
        return None
    for pin in sorted(pins, key=lambda one: -one.start_byte):
        start, end = pin.start_byte - node.start_byte, pin.end_byte - node.start_byte
        raw = text.encode()
        text = (raw[:start] + b"^" + raw[end:]).decode("utf-8", "replace")
    if node.type == "pair":
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
        if key is None or value is None:
            return None
        field = nodes.keyword_name(key, file.data)
        text = f"_.{field} == {text[value.start_byte - node.start_byte :].strip() if not pins else '^'}"
    else:
        others = {name for name in _IDENTIFIERS.findall(text) if name != binding}
        if others:
            return None
        text = re.sub(rf"(?<![\w.:@])\b{re.escape(binding or '')}\.", "_.", text)
    key_text = _BLANKS.sub(" ", text).strip()
    if key_text in _KEYS:
        return None
    return key_text
