"""Which patterns match everything that another one matches."""

from __future__ import annotations

from collections import Counter

from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition

# Equal when they are written the same: their text is their value.
_LITERALS = frozenset(
    {"atom", "integer", "float", "boolean", "nil", "char", "alias", "charlist", "quoted_atom"}
)
_MAGIC = frozenset({"__MODULE__", "__ENV__", "__CALLER__", "__DIR__", "__STACKTRACE__"})


def always_matched_before(earlier: Definition, later: Definition) -> bool:
    """Whether every call that the head of `later` takes is taken by `earlier`, a clause above it.

    Said only where it is certain: an earlier clause with a guard, with a variable that stands in it
    twice, or with a pattern of a macro covers nothing.
    """
    if earlier.guard is not None or len(earlier.params) != len(later.params):
        return False
    file = earlier.file
    return all(
        covers(file, first, second) for first, second in zip(earlier.params, later.params, strict=True)
    ) and not _has_repeated_variable(file, earlier.params)


def is_variable(file: ElixirFile, node: Node) -> bool:
    """Whether a pattern is a plain variable, `_` and its like included."""
    return node.type == "identifier" and file.text(node) not in _MAGIC


def covers(file: ElixirFile, general: Node, special: Node) -> bool:
    """Whether the pattern `general` matches whatever `special` matches; False when that is not certain.

    Variables of `general` are taken to stand in it once.
    """
    pending = [(general, special)]
    while pending:
        one, other = pending.pop()
        parts = _parts_to_cover(file, _without_default(one), _without_default(other))
        if parts is None:
            return False
        pending.extend(parts)
    return True


def _parts_to_cover(file: ElixirFile, general: Node, special: Node) -> list[tuple[Node, Node]] | None:
    """The parts that must cover each other for the whole to; None when the whole does not."""
    if is_variable(file, general):
        return []
    if nodes.is_operator(general, "="):
        return [(side, special) for side in nodes.named(general)]
    if nodes.is_operator(special, "="):
        # What is matched fits both sides: it is enough when one of them is covered.
        side = next((side for side in nodes.named(special) if covers(file, general, side)), None)
        return [] if side is not None else None
    if general.type != special.type:
        return _prefix_parts(file, general, special)
    if general.type in _LITERALS or general.type == "identifier":
        return [] if _same_value(file, general, special) else None
    if general.type == "string":
        value = nodes.string_literal(general, file.data)
        return [] if value is not None and value == nodes.string_literal(special, file.data) else None
    if general.type == "map":
        return _map_parts(file, general, special)
    if general.type == "tuple":
        return _pairwise(nodes.named(general), nodes.named(special))
    if general.type == "list":
        first, second = nodes.named(general), nodes.named(special)
        # `[x]` is a list of one, `[x | rest]` of one or more.
        return _pairwise(first, second) if _has_tail(first) == _has_tail(second) else None
    if general.type == "keywords":
        return _keyword_parts(file, general, special)
    if general.type == "binary_operator":
        return _operator_parts(file, general, special)
    if general.type == "unary_operator" and nodes.operator_of(general) == "-":
        return [] if file.text(general) == file.text(special) else None
    return None


def _same_value(file: ElixirFile, one: Node, other: Node) -> bool:
    if nodes.child_of_type(one, "interpolation") is not None:
        return False
    if one.type in ("alias", "identifier"):
        return file.module_name(one) == file.module_name(other)
    return file.text(one) == file.text(other)


def _pairwise(general: list[Node], special: list[Node]) -> list[tuple[Node, Node]] | None:
    return list(zip(general, special, strict=True)) if len(general) == len(special) else None


def _has_tail(items: list[Node]) -> bool:
    return bool(items) and nodes.is_operator(items[-1], "|")


def _operator_parts(file: ElixirFile, general: Node, special: Node) -> list[tuple[Node, Node]] | None:
    operator = nodes.operator_of(general)
    if operator != nodes.operator_of(special):
        return None
    if operator == "|":
        return _pairwise(nodes.named(general), nodes.named(special))
    return _prefix_parts(file, general, special)


def _prefix_parts(file: ElixirFile, general: Node, special: Node) -> list[tuple[Node, Node]] | None:
    """`"room:" <> rest` covers `"room:" <> id`, `"room:lobby:" <> id` and `"room:lobby"`."""
    if not nodes.is_operator(general, "<>"):
        return None
    prefix, rest = _sides(general)
    if prefix is None or rest is None or not is_variable(file, rest):
        return None
    start = nodes.string_literal(prefix, file.data)
    left = _sides(special)[0] if nodes.is_operator(special, "<>") else special
    other = nodes.string_literal(left, file.data) if left is not None else None
    if start is None or other is None or b"\\" in file.data[prefix.start_byte : prefix.end_byte]:
        return None
    return [] if other.startswith(start) else None


def _sides(operator: Node) -> tuple[Node | None, Node | None]:
    return operator.child_by_field_name("left"), operator.child_by_field_name("right")


def _keyword_parts(file: ElixirFile, general: Node, special: Node) -> list[tuple[Node, Node]] | None:
    first, second = nodes.keyword_pairs(general, file.data), nodes.keyword_pairs(special, file.data)
    if list(first) != list(second) or len(first) != len(nodes.named(general)):
        return None
    return _pairwise(list(first.values()), list(second.values()))


def _map_parts(file: ElixirFile, general: Node, special: Node) -> list[tuple[Node, Node]] | None:
    """A map pattern covers another that asks for the same keys, and perhaps for more."""
    struct = nodes.child_of_type(general, "struct")
    if struct is not None:
        other = nodes.child_of_type(special, "struct")
        names = [nodes.named(one) for one in (struct, other) if one is not None]
        if len(names) != 2 or any(len(name) != 1 or name[0].type != "alias" for name in names):
            return None
        if not _same_value(file, names[0][0], names[1][0]):
            return None
    asked, given = _entries(file, general), _entries(file, special)
    if asked is None or given is None or not asked.keys() <= given.keys():
        return None
    return [(pattern, given[key]) for key, pattern in asked.items()]


def _entries(file: ElixirFile, map_node: Node) -> dict[str, Node] | None:
    """The patterns of a map by key as written; None when a key is no literal."""
    content = nodes.child_of_type(map_node, "map_content")
    found: dict[str, Node] = {}
    for child in nodes.named(content) if content is not None else []:
        if child.type == "keywords":
            for key, value in nodes.keyword_pairs(child, file.data).items():
                found[f":{key}"] = value
        elif nodes.is_operator(child, "=>"):
            key_node, value_node = _sides(child)
            if key_node is None or value_node is None:
                return None
            if key_node.type not in _LITERALS and nodes.string_literal(key_node, file.data) is None:
                return None
            found[file.text(key_node)] = value_node
        else:
            return None
    return found


def _without_default(param: Node) -> Node:
    """The pattern of `pattern \\\\ default`."""
    if nodes.is_operator(param, "\\\\"):
        return param.child_by_field_name("left") or param
    return param


def _has_repeated_variable(file: ElixirFile, params: list[Node]) -> bool:
    names = Counter(
        file.text(node)
        for param in params
        for node in (param, *nodes.descendants(param, "identifier"))
        if node.type == "identifier" and file.text(node) != "_"
    )
    return any(count > 1 for name, count in names.items() if name not in _MAGIC)
