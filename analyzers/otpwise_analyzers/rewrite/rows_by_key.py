"""Loads the rows that a loop gets one by one with one query ahead of it."""

from __future__ import annotations

import re
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.row_loops import RowCall, RowLoop, statements_of
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import aliases, layout
from otpwise_analyzers.rewrite.call_layout import joined_assignment
from otpwise_analyzers.rewrite.naming import plural, schema_word
from otpwise_analyzers.rewrite.preload_hoist import element_of
from otpwise_analyzers.rewrite.subject import known_module
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.loops import Loop
from otpwise_analyzers.syntax.modules import Definition
from otpwise_analyzers.syntax.variables import visible_at

_KEYED = frozenset({"get", "get!", "get_by", "get_by!"})
# What a key may be made of: the element, and fields of it.
_FIELDS = re.compile(r"(\.[a-z_]\w*|\[(:\w+|\"\w+\")\])*")


class KeyedRead(NamedTuple):
    """`Repo.get(User, row.user_id)` in a loop over rows.

    `field` is the column that is compared, None for the primary key; `key` is what it is compared with.
    """

    row_loop: RowLoop
    call: Call
    schema: Node
    field: str | None
    key: Node
    element: str

    @property
    def loop(self) -> Loop:
        return self.row_loop.loop


def keyed_read_of(file: ElixirFile, row_loop: RowLoop, row_call: RowCall) -> KeyedRead | None:
    """The read as one that a single query can answer for all elements; None when it asks for more than a
    schema and a key that comes from the element."""
    call, loop = row_call.call, row_loop.loop
    if call is None or call.name not in _KEYED or call.capture_arity is not None or len(call.all_args) != 2:
        return None
    if not (loop.is_comprehension or loop.function.startswith(("Enum.", "Map.", "MapSet."))):
        return None
    element = element_of(file, loop)
    schema, key = call.all_args
    if element is None or schema.type != "alias":
        return None
    field: str | None = None
    if call.name.startswith("get_by"):
        pairs = nodes.keyword_pairs(key, file.data)
        if len(pairs) != 1:
            return None
        field, key = next(iter(pairs.items()))
    text = file.text(key)
    if not text.startswith(element) or _FIELDS.fullmatch(text[len(element) :]) is None:
        return None
    return KeyedRead(row_loop, call, schema, field, key, element)


def is_whole(file: ElixirFile, read: KeyedRead) -> bool:
    """Whether the loop only collects the rows, each for the element itself."""
    loop = read.loop
    if loop.function not in ("Enum.map", "for") or file.text(read.key) != read.element:
        return False
    if loop.is_comprehension and len(nodes.arguments_of(loop.node)) != (
        1 if loop.body.type == "do_block" else 2
    ):
        return False
    return [nodes.unwrap(one) for one in statements_of(file, loop.body)] == [read.call.expression]


def looked_up(ctx: FixContext, read: KeyedRead) -> Change | None:
    """Loads the rows into a map by key ahead of the loop, which looks them up there."""
    place = _place_of(read.call.file, read)
    return place.with_map(ctx) if place is not None else None


def queried(ctx: FixContext, read: KeyedRead) -> Change | None:
    """One query in place of the loop."""
    place = _place_of(read.call.file, read)
    return place.with_list(ctx) if place is not None else None


class _Place(NamedTuple):
    """Where the query goes: ahead of `statement`, or of the value of `def f(x), do: value`."""

    file: ElixirFile
    read: KeyedRead
    definition: Definition
    statement: Node
    is_keyword_body: bool

    @property
    def indent(self) -> str:
        if self.is_keyword_body:
            return layout.indent_of(self.file, self.definition.node) + "  "
        return layout.indent_of(self.file, self.statement)

    # -- with a map ----------------------------------------------------------------------------------

    def with_map(self, ctx: FixContext) -> Change | None:
        file, read = self.file, self.read
        field = _field(ctx, read)
        keys = self._keys(field) if field is not None else None
        if field is None or keys is None:
            return None
        bound, keys_text, subject_edits = keys
        word = schema_word(file.text(read.schema))
        name = f"{plural(word)}_by_{field}"
        taken = visible_at(self.definition, read.call.node) | _written_names(file, self.definition)
        if name in taken or (bound and bound.partition(" ")[0] in taken):
            return None
        query = _query(file, read, field, keys_text)
        repo = file.text(read.call.receiver) if read.call.receiver is not None else "Repo"
        lines = [*self._todo(field, with_map=True), *bound.splitlines()]
        if bound:
            lines.append("")
        lines += [f"{name} =", f"  {query}", f"  |> {repo}.all()", f"  |> Map.new(&{{&1.{field}, &1}})"]
        bang = read.call.name.endswith("!")
        lookup = f"Map.{'fetch!' if bang else 'get'}({name}, {file.text(read.key)})"
        expression = read.call.expression
        if "\n" in file.text(expression):
            return None
        edits = [Edit(expression.start_byte, expression.end_byte, lookup), *subject_edits]
        return self._change(edits, lines, blank=True)

    def _keys(self, field: str) -> tuple[str, str, list[Edit]] | None:
        """What binds the subject to a name (empty when it has one), the keys, and the edits of the loop."""
        file, read = self.file, self.read
        subject = read.loop.subject
        text = file.text(subject)
        bound, edits = "", []
        if _is_plain(file, subject):
            name = text
        else:
            name = plural(self._element_word(field))
            bound, more = self._bound(name)
            if not bound:
                return None
            edits = more
        key = file.text(read.key)
        if key == read.element:
            return bound, name, edits
        path = key[len(read.element) :]
        return bound, f"Enum.map({name}, & &1{path})", edits

    def _element_word(self, field: str) -> str:
        read = self.read
        if read.element != "&1":
            return read.element
        is_key = self.file.text(read.key) == "&1"
        return f"{schema_word(self.file.text(read.schema))}_{field}" if is_key else "row"

    def _bound(self, name: str) -> tuple[str, list[Edit]]:
        """`name = subject` for a subject that is worked out, which the loop then takes by its name."""
        file, loop = self.file, self.read.loop
        subject = loop.subject
        text = file.text(subject)
        if "#" in text:
            return "", []
        if "\n" not in text:
            bound = f"{name} = {text}"
        else:
            indent = layout.indent_of(file, subject)
            if not layout.starts_line(file, subject.start_byte):
                return "", []
            lines = [line.removeprefix(indent) for line in text.replace("\r\n", "\n").split("\n")]
            bound = "\n".join([f"{name} =", *(f"  {line}" if line.strip() else "" for line in lines)])
        if not nodes.is_operator(loop.node.parent, "|>") or loop.subject.end_byte > loop.node.start_byte:
            return bound, [Edit(subject.start_byte, subject.end_byte, name)]
        pipe = loop.node.parent
        if pipe is None or nodes.is_operator(pipe.parent, "|>") or nodes.is_operator(pipe.parent, "="):
            return bound, [Edit(subject.start_byte, subject.end_byte, name)]
        arguments = nodes.arguments_node(loop.node)
        if arguments is None or not file.text(arguments).startswith("("):
            return "", []
        opening = file.data[loop.node.start_byte : arguments.start_byte + 1].decode()
        # One stage is left: a plain call says it.
        return bound, [Edit(subject.start_byte, arguments.start_byte + 1, f"{opening}{name}, ")]

    # -- with a list ---------------------------------------------------------------------------------

    def with_list(self, ctx: FixContext) -> Change | None:
        file, read = self.file, self.read
        field = _field(ctx, read)
        subject = read.loop.subject
        if field is None or not _is_plain(file, subject):
            return None
        node = read.loop.node
        parent = node.parent
        if (
            parent is not None
            and nodes.is_operator(parent, "|>")
            and parent.child_by_field_name("right") == node
        ):
            node = parent
        repo = file.text(read.call.receiver) if read.call.receiver is not None else "Repo"
        new = f"{repo}.all({_query(file, read, field, file.text(subject))})"
        rest = file.data[node.end_byte : layout.line_end(file, node.end_byte)].decode()
        edits = [Edit(node.start_byte, node.end_byte, new)]
        if nodes.is_operator(node.parent, "="):
            edits.extend(joined_assignment(file, node.start_byte, new + rest))
        return self._change(edits, self._todo(field, with_map=False), blank=False)

    # -- both ----------------------------------------------------------------------------------------

    def _todo(self, field: str, *, with_map: bool) -> list[str]:
        file, read = self.file, self.read
        word = schema_word(file.text(read.schema))
        if with_map:
            told = [f"a map compares exactly: the keys must equal `{word}.{field}` in type and case."]
            if read.call.name.endswith("!"):
                told.append("A missing row raises KeyError, no longer Ecto.NoResultsError (404).")
            elif read.call.name == "get_by":
                told.append("Of several rows with one key the last is taken; `get_by` raised.")
        else:
            told = [f"`{plural(word)}` come in any order and once each, and those without a row are missing:"]
            told.append(
                "nothing raises for them any more."
                if read.call.name.endswith("!")
                else "no nil stands for them."
            )
        return [f"# {'TODO: ' if index == 0 else ''}{line}" for index, line in enumerate(told)]

    def _change(self, edits: list[Edit], lines: list[str], *, blank: bool) -> Change | None:
        file = self.file
        module = self.definition.module
        if module is None:
            return None
        head: list[Edit] = []
        if "Ecto.Query" not in module.imports:
            added = aliases.added(module, [], ["Ecto.Query"])
            if added is None:
                return None
            head = added
        indent = self.indent
        text = "".join(f"{indent}{line}\n" if line else "\n" for line in lines) + ("\n" if blank else "")
        if not self.is_keyword_body:
            at = layout.line_start(file, self.statement.start_byte)
            whole = [*head, *(self._gap() if blank else []), Edit(at, at, text), *edits]
        else:
            definition, value = self.definition, self.statement
            end = definition.guard if definition.guard is not None else definition.head
            if end is None or value.end_byte != definition.node.end_byte:
                return None
            outer = layout.indent_of(file, definition.node)
            whole = [
                *head,
                Edit(end.end_byte, value.start_byte, f" do\n{text}{indent}"),
                *edits,
                Edit(value.end_byte, value.end_byte, f"\n{outer}end"),
            ]
        return None if layout.widens(file, whole) else (layout.change_of(file, whole),)

    def _gap(self) -> list[Edit]:
        """An empty line ahead of what comes to span several lines, where another statement is above."""
        before = self.statement.prev_named_sibling
        if before is None or self.statement.start_point.row - before.end_point.row != 1:
            return []
        at = layout.line_start(self.file, self.statement.start_byte)
        return [Edit(at, at, "\n")]


def _place_of(file: ElixirFile, read: KeyedRead) -> _Place | None:
    definition = file.definition_at(read.call.node.start_byte)
    if definition is None or any(nodes.encloses(read.call.expression, c) for c in file.comments):
        return None
    node = read.loop.node
    while not layout.is_statement(node):
        parent = node.parent
        if parent is None or parent == definition.node:
            break
        if parent.type == "pair" and definition.keyword_body == node:
            is_short = layout.is_one_line(file, definition.node) or layout.is_one_line(file, node)
            has_comment = b"#" in file.data[definition.node.start_byte : definition.node.end_byte]
            return _Place(file, read, definition, node, True) if is_short and not has_comment else None
        if parent.type == "stab_clause" or node.type == "anonymous_function":
            return None
        node = parent
    if not layout.is_statement(node) or not layout.starts_line(file, node.start_byte):
        return None
    if not layout.ends_line(file, node.end_byte):
        return None
    return _Place(file, read, definition, node, False)


def _field(ctx: FixContext, read: KeyedRead) -> str | None:
    """The column that is asked for: the primary key's name where none is given."""
    if read.field is not None:
        return read.field
    file = read.call.file
    full = known_module(file, file.resolve(file.text(read.schema), read.schema.start_byte))
    located = ctx.project.module(full) if full is not None else None
    opened = ctx.open(located.path) if located is not None else None
    if opened is None:
        return "id"
    written = re.search(rb"@primary_key\s+(false|\{:(\w+))", opened.data)
    if written is None:
        return "id"
    return written.group(2).decode() if written.group(2) is not None else None


def _query(file: ElixirFile, read: KeyedRead, field: str, keys: str) -> str:
    word = schema_word(file.text(read.schema))
    binding = word[0] if re.search(rf"\b{word[0]}\b", keys) is None else word
    return f"from({binding} in {file.text(read.schema)}, where: {binding}.{field} in ^{keys})"


def _is_plain(file: ElixirFile, subject: Node) -> bool:
    """A variable, or a field of one: it may be read twice."""
    return re.fullmatch(r"[a-z_]\w*(\.[a-z_]\w*)*", file.text(subject)) is not None


def _written_names(file: ElixirFile, definition: Definition) -> set[str]:
    return {file.text(one) for one in nodes.descendants(definition.node, "identifier")}
