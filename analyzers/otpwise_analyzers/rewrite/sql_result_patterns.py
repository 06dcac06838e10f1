"""Code that takes the result of a call that runs SQL apart further on: by the clauses of a `case`, in a `with`,
or by a variable of which it reads the rows alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile

# A pattern of rows: a name, or a list of names and of lists of names.
_NAME = r"_|[a-z_]\w*"
_ROW = rf"\[(?:(?:{_NAME})(?:, (?:{_NAME}))*)?\]"
_PATTERN = rf"(?:{_NAME}|\[\]|\[(?:{_ROW}|{_NAME})(?:, (?:{_ROW}|{_NAME}))*(?: \| (?:{_NAME}))?\])"
_ROWS = re.compile(rf"%(?:[\w.]+)?\{{rows: (?P<rows>{_PATTERN})\}}")
_COUNT = re.compile(rf"%(?:[\w.]+)?\{{num_rows: (?P<count>{_NAME}|\d+)\}}")
_OK = re.compile(r"\{:ok, (?P<result>.*)\}")
_ERROR = re.compile(rf"(?:\{{:error, (?:{_NAME})\}})")


_BOTH = re.compile(
    rf"%(?:[\w.]+)?\{{(?:columns: (?P<c1>{_NAME}), rows: (?P<r1>{_NAME})|rows: (?P<r2>{_NAME}), columns: (?P<c2>{_NAME}))\}}"
)
_FIELD = rf"(?:{_NAME})(?:\.\w+)?"
_LOADED = re.compile(
    rf"Enum\.map\((?P<rows>{_FIELD}), (?:&|fn (?P<row>{_NAME}) -> )[\w.]*Repo\.load\((?P<schema>[\w.]+), "
    rf"\{{(?P<columns>{_FIELD}), (?P<given>{_NAME}|&1)\}}\)(?: end)?\)"
)

_ZIP = rf"Enum\.zip\((?P<columns>{_FIELD}), (?P<given>{_NAME}|&1)\)"
_PIPED_ZIP = rf"(?P<columns>{_FIELD}) \|> Enum\.zip\((?P<given>{_NAME}|&1)\)"
_ZIPPED = tuple(
    re.compile(rf"Enum\.map\((?P<rows>{_FIELD}), (?:&|fn (?P<row>{_NAME}) -> ){made}(?: end)?\)")
    for made in (
        rf"Map\.new\({_ZIP}\)",
        rf"Enum\.into\({_ZIP}, %\{{\}}\)",
        rf"{_ZIP} \|> (?:Map\.new\(\)|Enum\.into\(%\{{\}}\))",
        rf"{_PIPED_ZIP} \|> (?:Map\.new\(\)|Enum\.into\(%\{{\}}\))",
    )
)


class Parts(NamedTuple):
    """What the code wants of the result, `rows` or `count`, and the edits that take it from the query's."""

    wants: str
    edits: tuple[Edit, ...]


def in_case(file: ElixirFile, node: Node, *, raises: bool) -> Parts | None:
    """The clauses of `case Repo.query!(...) do`, each of which takes the rows, or the number of them."""
    given = node.parent
    call = given.parent if given is not None and given.type == "arguments" else None
    target = call.child_by_field_name("target") if call is not None else None
    if call is None or target is None or file.text(target) != "case" or len(nodes.arguments_of(call)) != 1:
        return None
    block = nodes.child_of_type(call, "do_block")
    clauses = list(nodes.named(block)) if block is not None else []
    wants: set[str] = set()
    edits: list[Edit] = []
    for clause in clauses:
        left = clause.child_by_field_name("left")
        if clause.type != "stab_clause" or left is None:
            return None
        if not raises and _ERROR.fullmatch(file.text(left)):
            # The query's own call raises; a clause that only raises says nothing else.
            if not _only_raises(file, clause) or clause.next_named_sibling is not None:
                return None
            before = clause.prev_named_sibling
            if before is None:
                return None
            start, end = _text_end(file, before), _text_end(file, clause)
            if any(start <= one.start_byte < end for one in file.comments):
                return None
            edits.append(Edit(start, end, ""))
            continue
        head = left.child_by_field_name("left") if left.type == "binary_operator" else left
        if head is None or file.text(head) == "_":
            continue
        taken = _taken(file, head, raises=raises)
        if taken is None:
            return None
        wants.add(taken[0])
        edits.append(Edit(head.start_byte, head.end_byte, taken[1]))
    kept = [one for one in edits if one.new]
    if len(wants) != 1 or (len(kept) == 1 and re.fullmatch(_NAME, kept[0].new)):
        # A single name for whatever comes takes nothing apart.
        return None
    return Parts(wants.pop(), tuple(edits))


def in_with(file: ElixirFile, node: Node, *, raises: bool) -> Parts | None:
    """`with %{rows: [row]} <- Repo.query!(...)`. One that would hand on an error of the database is left."""
    arrow = node.parent
    if not raises or not nodes.is_operator(arrow, "<-") or arrow is None:
        return None
    left = arrow.child_by_field_name("left")
    if left is None or arrow.child_by_field_name("right") != node:
        return None
    taken = _taken(file, left, raises=True)
    return Parts(taken[0], (Edit(left.start_byte, left.end_byte, taken[1]),)) if taken is not None else None


def by_name(file: ElixirFile, match: Node, name: str) -> tuple[str, str, tuple[Edit, ...]] | None:
    """Of `result = Repo.query!(...)`: what is wanted, the name for it, and the edits of its uses.

    None when anything else of the result is used than its rows, or than their number.
    """
    definition = file.definition_at(match.start_byte)
    if definition is None:
        return None
    uses: list[Node] = []
    fields: set[str] = set()
    taken: set[str] = set()
    for node in nodes.descendants(definition.node, "identifier"):
        taken.add(file.text(node))
        if file.text(node) != name or nodes.encloses(match, node):
            continue
        field = _field_of(file, node)
        if node.start_byte < match.start_byte or field is None:
            return None
        if _stands_alone(file, field[0]):
            # A shorter name may let the formatter join the lines.
            return None
        uses.append(field[0])
        fields.add(field[1])
    if len(fields) != 1 or any(b"#{" in file.data[one.start_byte : one.end_byte] for one in uses):
        return None
    wants = {"rows": "rows", "num_rows": "count"}.get(fields.pop())
    if wants is None:
        return None
    fresh = "rows" if wants == "rows" else "count"
    # The names of the fields themselves are identifiers too.
    if any(file.text(node) == fresh and not _is_field(node) for node in _identifiers(definition.node)):
        fresh = name
    return wants, fresh, tuple(Edit(one.start_byte, one.end_byte, fresh) for one in uses)


def loaded(file: ElixirFile, match: Node) -> tuple[Node, Node | None, str] | None:
    """Of a result whose rows the next statement loads into structs, or zips with the columns into maps: that
    statement, the schema as written (None for maps), and the variable that these go to (empty for none)."""
    left, following = match.child_by_field_name("left"), match.next_named_sibling
    definition = file.definition_at(match.start_byte)
    if left is None or following is None or definition is None:
        return None
    pattern = " ".join(file.text(left).split())
    name = pattern if re.fullmatch(_NAME, pattern) else ""
    both = _BOTH.fullmatch(pattern)
    if not name and both is None:
        return None
    columns = f"{name}.columns" if both is None else (both["c1"] or both["c2"])
    rows = f"{name}.rows" if both is None else (both["r1"] or both["r2"])
    value, target = following, ""
    if nodes.is_operator(following, "="):
        target_node, right = (following.child_by_field_name(side) for side in ("left", "right"))
        target = nodes.identifier(target_node, file.data) or ""
        if right is None or not target:
            return None
        value = right
    written = " ".join(file.text(value).split())
    zipped = next(filter(None, (form.fullmatch(written) for form in _ZIPPED)), None)
    taken = zipped or _LOADED.fullmatch(written)
    if taken is None or (taken["rows"], taken["columns"]) != (rows, columns):
        return None
    if taken["row"] is not None and taken["row"] != taken["given"]:
        return None
    if taken["row"] is None and taken["given"] != "&1":
        return None
    names = {name} if name else {columns, rows}
    for node in _identifiers(definition.node):
        inside = nodes.encloses(match, node) or nodes.encloses(following, node)
        if file.text(node) in names and not _is_field(node) and not inside:
            return None
    if zipped is not None:
        return following, None, target
    schema = next(
        (one for one in nodes.descendants(value, "alias") if file.text(one) == taken["schema"]), None
    )
    return (following, schema, target) if schema is not None else None


def _text_end(file: ElixirFile, node: Node) -> int:
    """Where the text of a clause ends; the node takes the blanks behind it along."""
    return node.start_byte + len(file.data[node.start_byte : node.end_byte].rstrip())


def _identifiers(node: Node) -> Iterator[Node]:
    return nodes.descendants(node, "identifier")


def _is_field(node: Node) -> bool:
    parent = node.parent
    return parent is not None and parent.type == "dot" and parent.child_by_field_name("right") == node


def _stands_alone(file: ElixirFile, node: Node) -> bool:
    """Whether the node begins a line within an expression."""
    if layout.is_statement(node) or not layout.starts_line(file, node.start_byte):
        return False
    return not nodes.is_operator(node.parent, "|>")


def _field_of(file: ElixirFile, node: Node) -> tuple[Node, str] | None:
    """The `result.rows` of `result`, and its field."""
    dot = node.parent
    if dot is None or dot.type != "dot" or dot.child_by_field_name("left") != node:
        return None
    call, right = dot.parent, dot.child_by_field_name("right")
    if call is None or call.type != "call" or right is None or nodes.arguments_node(call) is not None:
        return None
    return call, file.text(right)


def _taken(file: ElixirFile, head: Node, *, raises: bool) -> tuple[str, str] | None:
    text = " ".join(file.text(head).split())
    if not raises:
        inner = _OK.fullmatch(text)
        if inner is None:
            return None
        text = inner["result"]
    rows, count = _ROWS.fullmatch(text), _COUNT.fullmatch(text)
    if rows is not None:
        return "rows", rows["rows"]
    return ("count", f"{{{count['count']}, _}}") if count is not None else None


def _only_raises(file: ElixirFile, clause: Node) -> bool:
    body = clause.child_by_field_name("right")
    statements = nodes.named(body) if body is not None else []
    if len(statements) != 1 or statements[0].type != "call":
        return False
    target = statements[0].child_by_field_name("target")
    return target is not None and file.text(target) == "raise" and layout.is_one_line(file, statements[0])
