"""Values in a SQL text become bound parameters of the call that sends it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.sql_calls import SqlCall
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.rewrite.call_layout import joined_assignment, with_arguments
from otpwise_analyzers.source.edits import Edit, Span, apply
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.sql_positions import Kind, Place, Position, Sql, Token
from otpwise_analyzers.syntax.strings import Hole, Literal, Template

_TYPED_LITERALS = frozenset({"INTERVAL", "DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ"})
_NUMBERED = re.compile(rb"[$@](\d+)")


@dataclass(frozen=True, slots=True)
class _Binding:
    """`span` of the file becomes a placeholder for the Elixir expression `value`.

    `opening` stands before it; `cast` and `closing` (a quote that the span took along) follow it. `at` is
    its place in the SQL.
    """

    span: Span
    value: str
    cast: str
    closing: str
    at: int
    opening: str = ""


def bound(file: ElixirFile, sql_call: SqlCall, positions: list[Position]) -> Change | None:
    """The change that binds the values at these positions; None when one of them cannot be bound.

    All values that share a SQL string literal become one parameter, with the text around them.
    """
    template, sql = sql_call.template, sql_call.sql
    if template is None or sql is None or not sql_call.placeholder or not sql.is_readable:
        return None
    bindings: list[_Binding] = []
    for index in dict.fromkeys(position.index for position in positions):
        holes = [template.holes[position.hole] for position in positions if position.index == index]
        is_list = any(_is_list(file, hole.expression) for hole in holes) or any(
            position.place is Place.LIST for position in positions if position.index == index
        )
        if is_list:
            binding = _list_binding(file, sql_call, sql, template, holes, index)
        else:
            binding = _binding(file, sql_call, sql, template, sql.code[index], index)
        if binding is None:
            return None
        bindings.append(binding)
    if not bindings or not holds_until_call(file, sql_call, template, positions):
        return None
    return _change(file, sql_call, sql, template, bindings)


# -- each value ------------------------------------------------------------------------------------


def _binding(
    file: ElixirFile, sql_call: SqlCall, sql: Sql, template: Template, token: Token, index: int
) -> _Binding | None:
    is_string = token.kind is Kind.STRING
    start, end = token.start, token.end
    if is_string and sql.text[start : start + 1] not in (b"'", b'"'):
        return None
    before = sql.code[index - 1] if index else None
    after = sql.code[index + 1] if index + 1 < len(sql.code) else None
    cast = ""
    if is_string and before is not None and before.kind is Kind.WORD and before.word in _TYPED_LITERALS:
        if sql_call.placeholder != "$":
            return None
        start, cast = before.start, f"::text::{before.word.lower()}"
    elif is_string and before is not None and before.word in ("ZONE", "PRECISION", "ROW"):
        return None
    elif is_string and after is not None and after.word == "::":
        cast = "::text"
    replaced = _span(file, template, start, end)
    value = value_of(file, sql, template, token, as_text=bool(cast))
    if replaced is None or value is None:
        return None
    return _Binding(replaced[0], value, cast, replaced[1], start)


def _is_list(file: ElixirFile, expression: Node) -> bool:
    """Whether an expression makes one text of many values."""
    text = file.text(expression)
    return "Enum.join" in text or "map_join" in text


def _list_binding(
    file: ElixirFile, sql_call: SqlCall, sql: Sql, template: Template, holes: list[Hole], index: int
) -> _Binding | None:
    """`IN (#{Enum.join(ids, ",")})` as `= ANY($1)`, quoted or not. PostgreSQL alone takes lists."""
    code, token = sql.code, sql.code[index]
    if sql_call.placeholder != "$" or len(holes) != 1 or index < 2 or index + 1 >= len(code):
        return None
    if (code[index - 2].word, code[index - 1].word, code[index + 1].word) != ("IN", "(", ")"):
        return None
    joined = joined_values(file, holes[0].expression)
    quotes = {Kind.HOLE: "", Kind.STRING: "'"}.get(token.kind)
    if joined is None or quotes is None or token.end - token.start != 1 + 2 * len(quotes):
        return None
    values, separator = joined
    if "".join(separator.split()) != f"{quotes},{quotes}" or "\n" in values:
        return None
    negated = index > 2 and code[index - 3].word == "NOT"
    start = code[index - 3 if negated else index - 2].start
    replaced = _span(file, template, start, code[index + 1].end)
    if replaced is None:
        return None
    return _Binding(replaced[0], values, ")", replaced[1], start, "<> ALL(" if negated else "= ANY(")


def joined_values(file: ElixirFile, expression: Node) -> tuple[str, str] | None:
    """The list and the separator of `Enum.join(list, separator)`, piped or not."""
    node = nodes.unwrap(expression)
    values: Node | None = None
    call = node
    if nodes.is_operator(node, "|>"):
        values, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if right is None:
            return None
        call = right
    target = call.child_by_field_name("target") if call.type == "call" else None
    if target is None or file.text(target) != "Enum.join":
        return None
    arguments = nodes.arguments_of(call)
    if values is None and arguments:
        values = arguments.pop(0)
    separator = nodes.string_literal(arguments[0], file.data) if len(arguments) == 1 else None
    if values is None or separator is None:
        return None
    return file.text(values), separator


def value_of(file: ElixirFile, sql: Sql, template: Template, token: Token, *, as_text: bool) -> str | None:
    """The Elixir expression of a bare hole, or of a SQL string literal with its holes."""
    holes = dict(zip(template.hole_positions, template.holes, strict=True))
    if token.kind is Kind.HOLE:
        return expression_of(file, holes[token.start].expression)
    quote = sql.text[token.start : token.start + 1]
    inside = sql.text[token.start + 1 : token.end - 1]
    if inside[:1] == b"{" and sql.text[token.end : token.end + 2] != b"::":
        return None
    if len(inside) == 1 and inside == b"\x00":
        value = expression_of(file, holes[token.start + 1].expression)
        return f"to_string({value})" if value is not None and as_text else value
    pieces: list[str] = []
    position = token.start + 1
    for part in re.split(rb"(\x00)", inside):
        if part == b"\x00":
            expression = expression_of(file, holes[position].expression)
            if expression is None:
                return None
            pieces.append("#{" + expression + "}")
        else:
            pieces.append(_quoted(part.replace(quote * 2, quote).decode("utf-8", "replace")))
        position += len(part)
    return f'"{"".join(pieces)}"'


def expression_of(file: ElixirFile, node: Node) -> str | None:
    """The expression as it can stand in a list; None for one that cannot without a second look."""
    text = file.text(node)
    if "\n" in text or node.has_error:
        return None
    for call in (node, *nodes.descendants(node, "call")):
        if call.type == "call" and call.start_byte == node.start_byte:
            arguments = nodes.child_of_type(call, "arguments")
            opens = arguments is None or file.data[arguments.start_byte : arguments.start_byte + 1] == b"("
            if not opens or nodes.child_of_type(call, "do_block") is not None:
                return None
    return text


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("#{", "\\#{")
    return escaped.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


def _span(file: ElixirFile, template: Template, start: int, end: int) -> tuple[Span, str] | None:
    """What of the source a placeholder replaces, the `<>` and quotes around an operand included, and what
    must follow the placeholder to close the string."""
    first, last = template.place(start), template.place(end - 1)
    left, right = template.literal_at(first.start), template.literal_at(last.end)
    begin, finish = first.start, last.end
    if left is None:
        left = _neighbour(template, first.start, before=True)
        if left is None:
            return None
        begin = left.content.end
    if right is None:
        right = _neighbour(template, last.end, before=False)
        if right is not None:
            finish = right.content.start
    if left is right:
        return Span(begin, finish), ""
    if left.is_heredoc or any(begin <= comment.start_byte < finish for comment in file.comments):
        return None
    if right is None:
        closing = file.data[left.content.end : left.node.end_byte].decode()
        return Span(begin, finish), closing
    return (Span(begin, finish), "") if left.delimiter == right.delimiter else None


def _neighbour(template: Template, at: int, *, before: bool) -> Literal | None:
    """The literal that is the operand next to a hole which is one."""
    literals = sorted(template.literals, key=lambda literal: literal.content.start)
    other_holes = [hole.span.start for hole in template.holes if hole.is_operand]
    if before:
        earlier = [literal for literal in literals if literal.node.end_byte <= at]
        if not earlier or any(earlier[-1].node.end_byte <= hole < at for hole in other_holes):
            return None
        return earlier[-1]
    later = [literal for literal in literals if literal.node.start_byte >= at]
    if not later or any(at <= hole < later[0].node.start_byte for hole in other_holes):
        return None
    return later[0]


# -- the whole -------------------------------------------------------------------------------------


def holds_until_call(
    file: ElixirFile, sql_call: SqlCall, template: Template, positions: list[Position]
) -> bool:
    """Whether the values mean the same at the call as where the SQL is written, and nobody else uses it."""
    if sql_call.source == sql_call.argument:
        return True
    data, call = file.data, sql_call.call.node
    definition = file.definition_at(call.start_byte)
    scope = definition.node if definition is not None else file.root
    name = file.text(sql_call.argument)
    uses = [node for node in nodes.descendants(scope, "identifier") if file.text(node) == name]
    if len([node for node in uses if node.start_byte > template.node.start_byte]) != 1:
        return False
    wanted = set()
    for position in positions:
        expression = template.holes[position.hole].expression
        wanted |= {file.text(node) for node in (expression, *nodes.descendants(expression, "identifier"))}
    for node in nodes.descendants(scope, "binary_operator", "stab_clause"):
        if not template.node.end_byte <= node.start_byte < call.end_byte:
            if not (node.type == "stab_clause" and nodes.encloses(node, call)) or nodes.encloses(
                node, template.node
            ):
                continue
        left = node.child_by_field_name("left")
        if left is None or not (node.type == "stab_clause" or nodes.operator_of(node) in ("=", "<-")):
            continue
        if wanted & {nodes.text_of(one, data) for one in (left, *nodes.descendants(left, "identifier"))}:
            return False
    return True


def _change(
    file: ElixirFile, sql_call: SqlCall, sql: Sql, template: Template, bindings: list[_Binding]
) -> Change | None:
    given = sql_call.parameters
    if given is not None and given.type != "list":
        return None
    items = [file.text(item) for item in nodes.named(given)] if given is not None else []
    if given is not None and (
        "\n" in file.text(given) or any(i.type == "keywords" for i in nodes.named(given))
    ):
        return None
    placed = _placed(sql_call, sql, bindings, items)
    if placed is None:
        return None
    edits, values = placed
    parameters = f"[{', '.join(values)}]"
    call = sql_call.call
    if call.arguments is None:
        return None
    at_call = sql_call.source == sql_call.argument and call.piped != sql_call.argument
    texts = []
    for argument in call.args:
        if given is not None and argument == given:
            texts.append(parameters)
        elif at_call and argument == sql_call.argument:
            texts.append(_edited(file, argument, edits))
        else:
            texts.append(file.text(argument))
    if given is None:
        texts.append(parameters)
    made = with_arguments(file, call, texts)
    if made is None:
        return None
    if not at_call:
        made = [*made, *_collapsed(file, template, edits)]
    return (layout.change_of(file, made),)


def _placed(
    sql_call: SqlCall, sql: Sql, bindings: list[_Binding], items: list[str]
) -> tuple[list[Edit], list[str]] | None:
    """The edits of the SQL, and all parameters in their order."""
    style = sql_call.placeholder
    if style in ("$", "@"):
        numbers = [
            int(match[1])
            for token in sql.parameters
            if (match := _NUMBERED.fullmatch(sql.text[token.start : token.end])) is not None
        ]
        if max(numbers, default=0) != len(items):
            return None
        edits = [
            Edit(*binding.span, f"{binding.opening}{style}{number}{binding.cast}{binding.closing}")
            for number, binding in enumerate(bindings, len(items) + 1)
        ]
        return edits, [*items, *(binding.value for binding in bindings)]
    marks = [token for token in sql.parameters if sql.text[token.start : token.end] == b"?"]
    if len(marks) != len(items) or len(marks) != len(sql.parameters):
        return None
    if any(binding.cast for binding in bindings):
        return None
    slots = [(mark.start, item) for mark, item in zip(marks, items, strict=True)]
    slots.extend((binding.at, binding.value) for binding in bindings)
    return [Edit(*b.span, f"?{b.closing}") for b in bindings], [
        value for _, value in sorted(slots, key=lambda s: s[0])
    ]


def _edited(file: ElixirFile, node: Node, edits: list[Edit]) -> str:
    inner = [Edit(e.start - node.start_byte, e.end - node.start_byte, e.new) for e in edits]
    return apply(file.data[node.start_byte : node.end_byte], inner).decode()


def _collapsed(file: ElixirFile, template: Template, edits: list[Edit]) -> list[Edit]:
    """The edits of a SQL text in a variable; on one line with its name when it fits there now."""
    node = template.node
    text = _edited(file, node, edits)
    if "\n" not in text:
        joined = joined_assignment(file, node.start_byte, text)
        if joined:
            return [Edit(joined[0].start, node.end_byte, " " + text)]
    return edits
