"""Reads of a table in the place of reads of a map, and the functions in which callers do them themselves."""

from __future__ import annotations

from collections.abc import Mapping

from tree_sitter import Node

from otpwise_analyzers.project.keyed_reads import KeyedRead
from otpwise_analyzers.project.store_uses import Role, Use, uses_in
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.rewrite.bodies import body_of
from otpwise_analyzers.rewrite.bound_answer import answered_with
from otpwise_analyzers.source.edits import Edit, apply
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call, as_call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition

_SAME: Mapping[str, str] = {}
_ASKS = ("has_key?", "is_map_key")
_ALL = "Map.new(:ets.tab2list(@table))"


def read_edit(file: ElixirFile, use: Use, names: Mapping[str, str] = _SAME) -> Edit:
    """A read of the table: of one entry as a map of its own (`entry/1`), or of all of them.

    `names` are other names for the variables in the key.
    """
    node = use.node
    if use.role is Role.WHOLE or use.key is None:
        return Edit(node.start_byte, node.end_byte, _ALL)
    key = _renamed(file, use.key, names)
    if _is_path(file, node):
        return Edit(node.start_byte, node.end_byte, f"entry({key})[{key}]")
    call = _call_around(file, node)
    if call is not None and call.name in _ASKS:
        whole = call.expression
        return Edit(whole.start_byte, whole.end_byte, f":ets.member(@table, {key})")
    return Edit(node.start_byte, node.end_byte, f"entry({key})")


def _is_path(file: ElixirFile, node: Node) -> bool:
    return node.type == "call" and file.text(node).startswith("get_in(")


def client_edits(read: KeyedRead) -> list[Edit] | None:
    """Lets every function that asks look the entry up itself, in the words of the clause that answered.

    None where one of them does more with the message than to send it.
    """
    edits: list[Edit] = []
    if not read.asking or len(read.clients) != len(read.asking) or _has_comments_above(read.clause):
        return None
    for call, client in zip(read.asking, read.clients, strict=True):
        if client.has_error or client.clause_blocks or len(call.args) != 2:
            return None
        new = _lookup_in(read, client, call)
        if new is None:
            return None
        edits.extend(new)
    return edits


def _has_comments_above(clause: Definition) -> bool:
    return layout.above_comments(clause.file, clause.start_with_attributes) != layout.line_start(
        clause.file, clause.start_with_attributes
    )


def _lookup_in(read: KeyedRead, client: Definition, call: Call) -> list[Edit] | None:
    file, clause = client.file, read.clause
    sent = nodes.named(call.args[1])[1:]
    renames: dict[str, str] = {}
    before: list[str] = []
    taken = {file.text(node) for param in client.params for node in _identifiers(param)}
    inner = {file.text(node) for statement in clause.statements for node in _identifiers(statement)}
    for variable, argument in zip(read.variables, sent, strict=True):
        name = nodes.identifier(argument, file.data)
        if name == variable:
            continue
        if name is not None and name not in inner:
            renames[variable] = name
        elif name is None and variable not in taken and layout.is_one_line(file, argument):
            before.append(f"{variable} = {file.text(argument)}")
        else:
            return None
    if len(client.statements) != 1 or client.statements[0] != call.node:
        return _within(read, client, call, renames, before)
    simple = _plain_lookup(read, renames)
    lines = simple if simple is not None else _moved_lines(read, renames)
    if lines is None:
        return None
    is_long = len(lines) > 1 if simple is not None else _opens_long(clause, lines)
    body = [*before, *([""] if before and is_long else []), *lines]
    if client.keyword_body is not None and len(body) == 1:
        return [Edit(call.node.start_byte, call.node.end_byte, body[0])]
    return answered_with(client, body)


def _within(
    read: KeyedRead, client: Definition, call: Call, renames: Mapping[str, str], before: list[str]
) -> list[Edit] | None:
    """The lookup in the place of the call, where the client does something with the answer."""
    file = client.file
    lines = _moved_lines(read, renames)
    if lines is None or len(lines) != 1:
        return None
    edits = [Edit(call.node.start_byte, call.node.end_byte, lines[0])]
    if before:
        statement = next(one for one in client.statements if nodes.encloses(one, call.node))
        if client.do_block is None or not layout.starts_line(file, statement.start_byte):
            return None
        at, indent = layout.line_start(file, statement.start_byte), layout.indent_of(file, statement)
        gap = "" if layout.is_one_line(file, statement) else "\n"
        edits.append(Edit(at, at, "".join(f"{indent}{line}\n" for line in before) + gap))
    return edits


def _opens_long(clause: Definition, lines: list[str]) -> bool:
    """Whether the first expression of a moved body takes several lines."""
    return not lines[0].startswith("entry = ") and not layout.is_one_line(clause.file, clause.statements[0])


def _identifiers(node: Node) -> list[Node]:
    return [one for one in (node, *nodes.descendants(node, "identifier")) if one.type == "identifier"]


def _renamed(file: ElixirFile, node: Node, names: Mapping[str, str]) -> str:
    """The text of a node with other names for its variables."""
    edits = [
        Edit(one.start_byte - node.start_byte, one.end_byte - node.start_byte, names[file.text(one)])
        for one in _identifiers(node)
        if file.text(one) in names and not _is_field(one)
    ]
    return apply(file.data[node.start_byte : node.end_byte], edits).decode()


def _is_field(node: Node) -> bool:
    parent = node.parent
    return parent is not None and parent.type == "dot" and parent.child_by_field_name("right") == node


def _plain_lookup(read: KeyedRead, renames: dict[str, str]) -> list[str] | None:
    """`case :ets.lookup(...)` for a clause that answers with the entry itself, or with a word for its absence."""
    clause = read.clause
    file = clause.file
    if len(clause.statements) != 1 or len(read.handling.results) != 1:
        return None
    result = read.handling.results[0]
    uses = [use for use in uses_in(read.handling, read.place) if use.role is Role.KEYED]
    if result.node != clause.statements[0] or result.reply is None or len(uses) != 1:
        return None
    use = uses[0]
    if use.key is None or use.key.type != "identifier":
        return None
    key = _renamed(file, use.key, renames)
    form = _form_of(file, use, result.reply)
    if form is None:
        return None
    found, default = form
    absent = default if isinstance(default, str) else _renamed(file, default, renames)
    if found == "":
        return [f":ets.member(@table, {key})"]
    value = "value" if key != "value" else "found"
    return [
        f"case :ets.lookup(@table, {key}) do",
        f"  [{{^{key}, {value}}}] -> {found.replace('VALUE', value)}",
        f"  [] -> {absent}",
        "end",
    ]


def _form_of(file: ElixirFile, use: Use, reply: Node) -> tuple[str, str | Node] | None:
    """What is answered for an entry (with VALUE in it), and without; empty for "is it there?"."""
    if use.node == reply and _is_path(file, reply):
        return "VALUE", "nil"
    if reply.type == "access_call" and reply.child_by_field_name("target") == use.node:
        return "VALUE", "nil"
    call = as_call(file, reply)
    if call is None or not call.all_args or call.all_args[0] != use.node:
        return None
    if call.name in _ASKS:
        return "", ""
    if call.module != "Map":
        return None
    if call.name == "fetch" and len(call.all_args) == 2:
        return "{:ok, VALUE}", ":error"
    if call.name == "get" and len(call.all_args) == 2:
        return "VALUE", "nil"
    if call.name == "get" and len(call.all_args) == 3 and layout.is_one_line(file, call.all_args[2]):
        default = call.all_args[2]
        if default.type == "identifier" or not _identifiers(default):
            return "VALUE", default
    return None


def _moved_lines(read: KeyedRead, renames: Mapping[str, str]) -> list[str] | None:
    """The body of the clause with reads of the table, and with bare replies as its results."""
    handling, clause = read.handling, read.clause
    file = clause.file
    looked_up = _lookups(read, renames)
    if looked_up is None:
        return None
    before, edits = looked_up
    for result in handling.results:
        if result.reply is None:
            return None
        edits.append(Edit(result.node.start_byte, result.reply.start_byte, ""))
        edits.append(Edit(result.reply.end_byte, result.node.end_byte, ""))
    for statement in clause.statements:
        for node in _identifiers(statement):
            name = file.text(node)
            inside = any(edit.start <= node.start_byte < edit.end for edit in edits)
            if name in renames and not _is_field(node) and not inside:
                edits.append(Edit(node.start_byte, node.end_byte, renames[name]))
    body = body_of(clause)
    if body is not None:
        start, end, indent = body.span.start, body.span.end, body.indent
    elif clause.keyword_body is not None and layout.is_one_line(file, clause.keyword_body):
        start, end, indent = clause.keyword_body.start_byte, clause.keyword_body.end_byte, ""
    else:
        return None
    local = [Edit(edit.start - start, edit.end - start, edit.new) for edit in edits]
    lines = apply(file.data[start:end], local).decode().replace("\r\n", "\n").split("\n")
    if any(line.strip() and not line.startswith(indent) for line in lines):
        return None
    gap = [""] if before and not layout.is_one_line(file, clause.statements[0]) else []
    return [*before, *gap, *(line[len(indent) :] if line.strip() else "" for line in lines)]


def _lookups(read: KeyedRead, renames: Mapping[str, str]) -> tuple[list[str], list[Edit]] | None:
    """The reads of a clause as reads of the table, and the line before them that they may need.

    Between two lookups the server may write: what is read twice is looked up once.
    """
    file = read.clause.file
    uses = [use for use in uses_in(read.handling, read.place) if use.role is Role.KEYED]
    matched = _matched_case(read, renames)
    if matched is not None:
        return [], matched
    if len(uses) == 1:
        return [], [read_edit(file, use, renames) for use in uses]
    keys = {_renamed(file, use.key, renames) for use in uses if use.key is not None}
    names = {file.text(node) for statement in read.clause.statements for node in _identifiers(statement)}
    if len(keys) != 1 or "entry" in names | set(renames.values()):
        return None
    key = keys.pop()
    edits = [
        Edit(use.node.start_byte, use.node.end_byte, f"entry[{key}]" if _is_path(file, use.node) else "entry")
        for use in uses
    ]
    return [f"entry = entry({key})"], edits


def _matched_case(read: KeyedRead, renames: Mapping[str, str]) -> list[Edit] | None:
    """`case map do %{^key => value} -> ...; _ -> ... end` as a case of what the table holds for the key."""
    file = read.clause.file
    uses = [use for use in uses_in(read.handling, read.place) if use.role is Role.KEYED]
    if len(uses) != 1 or uses[0].key is None or uses[0].key.type != "identifier":
        return None
    use = uses[0]
    call = _call_around(file, use.node)
    if call is None or call.name != "case" or call.do_block is None or not call.is_local:
        return None
    key = _renamed(file, uses[0].key, renames)
    edits = [Edit(use.node.start_byte, use.node.end_byte, f":ets.lookup(@table, {key})")]
    for clause in nodes.block_statements(call.do_block):
        left = clause.child_by_field_name("left")
        if left is not None and nodes.is_operator(left, "when"):
            left = left.child_by_field_name("left")
        pattern = nodes.named(left)[0] if left is not None and nodes.named(left) else None
        if pattern is None:
            return None
        if pattern.type == "identifier":
            continue
        content = nodes.child_of_type(pattern, "map_content")
        if content is None:
            edits.append(Edit(pattern.start_byte, pattern.end_byte, "_"))
            continue
        value = nodes.named(content)[0].child_by_field_name("right")
        if value is None:
            return None
        edits.append(Edit(pattern.start_byte, value.start_byte, f"[{{^{key}, "))
        edits.append(Edit(value.end_byte, pattern.end_byte, "}]"))
    return edits


def _call_around(file: ElixirFile, node: Node) -> Call | None:
    """The call whose first argument a node is."""
    parent = node.parent
    outer = parent.parent if parent is not None and parent.type == "arguments" else parent
    call = as_call(file, outer) if outer is not None else None
    return call if call is not None and call.all_args and call.all_args[0] == node else None
