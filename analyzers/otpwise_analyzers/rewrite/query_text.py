"""The clauses of a query as stages of a pipeline, laid out as the formatter would."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.rewrite.layout import WIDTH, indent_at
from otpwise_analyzers.rewrite.naming import schema_word, singular
from otpwise_analyzers.rewrite.query_chain import Chain, Join, Stage
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile

# The formatter does not count the `)` behind a last list or keywords.
_SPARE = 1


class Kind(StrEnum):
    """What an argument is, as far as the formatter treats it in a way of its own."""

    PLAIN = "plain"
    CONTAINER = "container"
    KEYWORDS = "keywords"


class Text(NamedTuple):
    """An argument: its lines, those behind the first relative to the start of its line.

    `items` are the elements of a list or map that stands on one line, or the pairs of keywords, each with its
    lines; a container that stands on several has none.
    """

    lines: tuple[str, ...]
    kind: Kind = Kind.PLAIN
    items: tuple[tuple[str, ...], ...] = ()
    opening: str = ""


class CannotLayOutError(Exception):
    """An expression that the formatter breaks in a way that is not known here."""


def plain(text: str) -> Text:
    return Text((text,))


def text_of(file: ElixirFile, node: Node) -> Text:
    """An argument as it is written; a last list of keywords loses its brackets, as the formatter has it.

    Raises CannotLayOutError for strings over several lines.
    """
    inner = nodes.named(node) if node.type == "list" else []
    if node.type == "keywords" or (len(inner) == 1 and inner[0].type == "keywords"):
        return keywords_of(file, nodes.named(node if node.type == "keywords" else inner[0]))
    lines = _lines_of(file, node)
    if len(lines) > 1:
        return Text(lines, Kind.CONTAINER if node.type in ("list", "map") else Kind.PLAIN)
    if node.type == "list":
        return Text(lines, Kind.CONTAINER, _items(file, node), "[")
    content = nodes.child_of_type(node, "map_content") if node.type == "map" else None
    if content is not None:
        return Text(lines, Kind.CONTAINER, _items(file, content), lines[0][: lines[0].index("{") + 1])
    return Text(lines)


def keywords_of(file: ElixirFile, pairs: Sequence[Node]) -> Text:
    """Pairs of a keyword list without brackets."""
    items = tuple(_lines_of(file, pair) for pair in pairs)
    if any(pair.type != "pair" for pair in pairs):
        raise CannotLayOutError
    return Text((", ".join("\n".join(item) for item in items),), Kind.KEYWORDS, items)


def _lines_of(file: ElixirFile, node: Node) -> tuple[str, ...]:
    lines = file.text(node).replace("\r\n", "\n").split("\n")
    if len(lines) == 1:
        return tuple(lines)
    for string in (node, *nodes.descendants(node, "string", "sigil", "charlist")):
        if string.type in ("string", "sigil", "charlist") and string.start_point.row != string.end_point.row:
            quote = string.child_by_field_name("quoted_start")
            if quote is None or len(file.text(quote)) != 3:
                raise CannotLayOutError
    indent = indent_at(file, node.start_byte)
    moved = [lines[0]]
    for line in lines[1:]:
        if line.strip() and not line.startswith(indent):
            raise CannotLayOutError
        moved.append(line.removeprefix(indent) if line.strip() else "")
    return tuple(moved)


def _items(file: ElixirFile, node: Node) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (file.text(item),)
        for child in nodes.named(node)
        for item in (nodes.named(child) if child.type == "keywords" else [child])
    )


def condition_of(file: ElixirFile, node: Node) -> Text:
    """A condition that stood in parentheses: its operands on lines of their own, where it has several lines."""
    inner = nodes.unwrap(node)
    if inner == node or inner.start_point.row == inner.end_point.row:
        return text_of(file, inner)
    operator = nodes.operator_of(inner)
    if operator not in ("and", "or"):
        raise CannotLayOutError
    operands = _operands(inner, operator)
    texts = [file.text(operand) for operand in operands]
    if any("\n" in text for text in texts):
        raise CannotLayOutError
    return Text((f"{texts[0]} {operator}", *(f"  {t} {operator}" for t in texts[1:-1]), f"  {texts[-1]}"))


def _operands(node: Node, operator: str) -> list[Node]:
    if nodes.operator_of(node) != operator:
        return [node]
    return [operand for child in nodes.named(node) for operand in _operands(child, operator)]


def call_of(head: str, arguments: Sequence[Text], indent: str) -> list[str]:
    """`head(arguments)` behind `indent`, the first line with it. Raises CannotLayOutError when a line is too long."""
    found = _call_of(head, arguments, indent)
    if any(len(line) > WIDTH for line in found[1:]) or len(found[0]) > WIDTH + _SPARE:
        raise CannotLayOutError
    return found


def _call_of(head: str, arguments: Sequence[Text], indent: str) -> list[str]:
    *firsts, last = arguments or [plain("")]
    one_line = f"{indent}{head}({', '.join(one.lines[0] for one in arguments)})"
    if all(len(one.lines) == 1 for one in arguments) and "\n" not in one_line:
        if len(one_line) <= WIDTH + (_SPARE if last.kind is not Kind.PLAIN else 0):
            return [one_line]
    before = ", ".join(one.lines[0] for one in firsts)
    opened = f"{indent}{head}({before}{', ' if firsts else ''}"
    if all(len(one.lines) == 1 for one in firsts):
        if last.kind is Kind.KEYWORDS and len(opened.rstrip()) <= WIDTH:
            return [opened.rstrip(), *_listed(last.items, indent), f"{indent})"]
        if last.kind is Kind.CONTAINER and len(last.lines) > 1 and len(opened + last.lines[0]) <= WIDTH:
            behind = _behind(last.lines[1:], indent)
            return [opened + last.lines[0], *behind[:-1], behind[-1] + ")"]
        if last.kind is Kind.CONTAINER and last.items and len(opened + last.opening) <= WIDTH:
            closing = "]" if last.opening == "[" else "}"
            return [opened + last.opening, *_listed(last.items, indent), f"{indent}{closing})"]
    items: list[tuple[str, ...]] = []
    for one in arguments:
        items.extend(one.items if one.kind is Kind.KEYWORDS else [one.lines])
    return [f"{indent}{head}(", *_listed(items, indent), f"{indent})"]


def _listed(items: Sequence[tuple[str, ...]], indent: str) -> list[str]:
    lines: list[str] = []
    for item in items:
        lines.extend(_behind(item, indent + "  "))
        lines[-1] += ","
    lines[-1] = lines[-1][:-1]
    return lines


def _behind(lines: Sequence[str], indent: str) -> list[str]:
    return [indent + line if line else "" for line in lines]


class Bindings:
    """How a query's bindings are written: by name, or by position where its base has no name."""

    def __init__(self, chain: Chain, name: str, taken: set[str]) -> None:
        self.file = chain.file
        self.name = name
        self._order: list[str] = []
        self._names: dict[str, str] = {}
        joins = [stage.join for stage in chain.stages if stage.join is not None]
        self._wanted = {
            variable
            for stage in chain.stages
            if stage.in_from
            for variable in self._used(stage, chain)
            if not (stage.join is not None and stage.join.variable == variable)
        }
        taken = {*taken, name, *(join.name for join in joins if join.name is not None)}
        for join in joins:
            variable = join.variable or "_"
            self._order.append(variable)
            if join.name is not None:
                self._names[variable] = join.name
            elif name and variable in self._wanted:
                chosen = _join_name(self.file, join, taken)
                taken.add(chosen)
                self._names[variable] = chosen

    def _used(self, stage: Stage, chain: Chain) -> list[str]:
        variables = {*stage.others} | ({stage.base} if stage.base else set())
        looked_at = [stage.value] if stage.value is not None else []
        if stage.join is not None:
            looked_at = [stage.join.source, *stage.join.options]
        return [v for v in sorted(variables) if any(_uses(self.file, node, v) for node in looked_at)]

    def name_of(self, join: Join) -> str | None:
        """The `as:` that a join is to have; None for none."""
        return self._names.get(join.variable or "_") or join.name

    def written(self, stage: Stage, looked_at: Sequence[Node]) -> str:
        """The list of bindings that a clause needs; `""` when it needs none."""
        own = stage.join.variable if stage.join is not None else None
        used = [
            variable
            for variable in ([stage.base] if stage.base else []) + self._order
            if variable != own
            and (variable == stage.base or variable in stage.others)
            and any(_uses(self.file, node, variable) for node in looked_at)
        ]
        if not used:
            return ""
        if self.name:
            pairs = [f"{self.name if v == stage.base else self._names[v]}: {v}" for v in used]
            return f"[{', '.join(pairs)}]"
        order = [stage.base or "_", *self._order]
        reach = max(order.index(variable) for variable in used)
        return f"[{', '.join(v if v in used else '_' for v in order[: reach + 1])}]"


def _uses(file: ElixirFile, node: Node, variable: str) -> bool:
    """Whether a binding is used in an expression, outside of what is pinned."""
    stack = [node]
    while stack:
        one = stack.pop()
        if nodes.is_operator(one, "^"):
            continue
        if one.type == "identifier" and file.text(one) == variable:
            parent = one.parent
            is_name = parent is not None and (
                (parent.type == "call" and parent.child_by_field_name("target") == one)
                or (parent.type == "dot" and parent.child_by_field_name("right") == one)
            )
            if not is_name:
                return True
        stack.extend(one.named_children)
    return False


def _join_name(file: ElixirFile, join: Join, taken: set[str]) -> str:
    source = join.source.child_by_field_name("right")
    candidates: list[str] = []
    if source is not None:
        source = nodes.unwrap(source)
        arguments = nodes.arguments_of(source) if source.type == "call" else []
        association = nodes.atom_literal(arguments[1], file.data) if len(arguments) == 2 else None
        if association is not None:
            candidates.append(singular(association))
        if source.type == "alias":
            candidates.append(schema_word(file.text(source)))
    variable = join.variable or "joined"
    candidates.extend([variable, f"joined_{variable}"])
    for name in candidates:
        if name not in taken and re.fullmatch(r"[a-z][a-z0-9_]*", name):
            return name
    raise CannotLayOutError


def kept_stage(
    file: ElixirFile, stage: Stage, bindings: Bindings, indent: str, left: Sequence[Node] = ()
) -> list[str]:
    """A clause as a stage of the pipeline. `left` are those of its conditions that are left, when not all are.

    Raises CannotLayOutError.
    """
    if stage.join is not None:
        return _joined(file, stage, stage.join, bindings, indent)
    if left:
        return _conditions(file, stage, bindings, indent, left)
    if stage.in_from and stage.value is not None:
        given = _given(bindings.written(stage, [stage.value]))
        return call_of(f"|> {stage.word}", [*given, text_of(file, stage.value)], indent)
    if stage.is_piped:
        return _behind(piped(file, stage.node), indent)
    head = file.text(stage.node.named_children[0])
    return call_of(f"|> {head}", [text_of(file, argument) for argument in stage.arguments], indent)


def piped(file: ElixirFile, call: Node) -> tuple[str, ...]:
    """A stage as it stands, its pipe in front."""
    first, *others = _lines_of(file, call)
    return (f"|> {first}", *others)


def _given(bindings: str) -> list[Text]:
    return [plain(bindings)] if bindings else []


def _conditions(
    file: ElixirFile, stage: Stage, bindings: Bindings, indent: str, left: Sequence[Node]
) -> list[str]:
    if stage.in_from:
        listed = bindings.written(stage, left)
    else:
        listed = file.text(stage.bindings) if stage.bindings is not None else ""
    head, given = f"|> {stage.word}", _given(listed)
    if left[0].type == "pair":
        return call_of(head, [*given, keywords_of(file, left)], indent)
    texts = [file.text(one) for one in left]
    joined = " and ".join(texts)
    if len(left) > 1 and "\n" not in joined and len(f"{indent}{head}({listed}, {joined})") <= WIDTH:
        return call_of(head, [*given, plain(joined)], indent)
    return [line for one in left for line in call_of(head, [*given, condition_of(file, one)], indent)]


def _joined(file: ElixirFile, stage: Stage, join: Join, bindings: Bindings, indent: str) -> list[str]:
    looked_at = [join.source, *join.options]
    listed = bindings.written(stage, looked_at)
    name = bindings.name_of(join)
    options: list[str] = []
    for option in join.options:
        if option.start_point.row != option.end_point.row:
            raise CannotLayOutError
        options.append(file.text(option))
    if name is not None:
        options.append(f"as: :{name}")
    arguments = [plain(join.kind), plain(listed or "[]"), text_of(file, join.source)]
    if options:
        items = tuple((option,) for option in options)
        arguments.append(Text((", ".join(options),), Kind.KEYWORDS, items))
    return call_of("|> join", arguments, indent)


def filter_stage(module: str, name: str, arguments: Sequence[str], indent: str) -> list[str]:
    """The call of a function of the query module."""
    return call_of(f"|> {module}.{name}", [plain(argument) for argument in arguments], indent)
