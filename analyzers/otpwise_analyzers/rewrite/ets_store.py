"""A store that is read in its callers' own processes, from an ETS table that its server writes."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.keyed_reads import KeyedRead, keyed_reads
from otpwise_analyzers.project.state_changes import WHOLE
from otpwise_analyzers.project.stores import Store
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import callbacks, layout
from otpwise_analyzers.rewrite.attributes import attributes_on_top
from otpwise_analyzers.rewrite.bodies import appended
from otpwise_analyzers.rewrite.bound_answer import answered_with
from otpwise_analyzers.rewrite.ets_reads import client_edits
from otpwise_analyzers.rewrite.ets_writes import handling_edits, text_with
from otpwise_analyzers.rewrite.one_liners import all_fit, refitted
from otpwise_analyzers.rewrite.server_start import (
    Start,
    answer_of,
    init_of,
    is_empty,
    start_of,
    state_of,
)
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

_NEW = ":ets.new(@table, [:named_table, :protected, read_concurrency: true])"

_ENTRY = """\
# The entry of a key as a map of its own; empty when there is none.
defp entry(key), do: Map.new(:ets.lookup(@table, key))"""

_CAST = "# TODO: this returns before it is written: a read right after may miss it, a call would wait."


def served_from_ets(context: FixContext, store: Store, place: str) -> Change | None:
    """Puts the map at `place` into a table of the server: callers look entries up themselves, writes stay
    messages. None where the map is used in a form that is not known here.
    """
    module = store.module
    file = module.file
    start = start_of(context, module)
    text = file.data[module.node.start_byte : module.node.end_byte]
    if start is None or not _has_outright_name(start) or b"@table" in text or module.defines("entry"):
        return None
    edits: list[Edit] = []
    served: list[KeyedRead] = []
    for read in keyed_reads(module):
        moved = client_edits(read) if read.place == place and _is_only_clause(module, read) else None
        if moved is not None:
            edits.extend(moved)
            served.append(read)
    if not served:
        return None
    removed = [read.clause for read in served]
    for handling in store.handlings:
        if handling.clause not in removed:
            inner = handling_edits(handling, place)
            if inner is None:
                return None
            edits.extend(inner)
    gone = _without_clauses(module, removed)
    made = _init_edits(module, place, start)
    table = attributes_on_top(module, "@table __MODULE__\n")
    if gone is None or made is None or table is None:
        return None
    edits.extend([*gone, *made, table, *_cast_notes(store, place)])
    if any("entry(" in edit.new for edit in edits):
        helper = appended(module, _ENTRY)
        if helper is None:
            return None
        edits.append(helper)
    edits = refitted((handling.clause for handling in store.handlings), edits)
    edits = [edit for edit in edits if not _is_second_blank(file, edit, gone)]
    return (layout.change_of(file, edits),) if all_fit(file, edits) else None


def _is_second_blank(file: ElixirFile, edit: Edit, gone: list[Edit]) -> bool:
    """Whether an empty line would be added where a removed clause already leaves one."""
    return edit.new == "\n" and any(
        edit.start == edit.end == one.start and file.data[one.end : one.end + 2].lstrip(b" \t\r")[:1] == b"\n"
        for one in gone
    )


def writes_by_cast(store: Store, place: str) -> bool:
    """Whether a cast changes the map, so that its writer can no longer read it back at once."""
    return any(handling.clause.name == "handle_cast" for handling, _ in store.steps(place))


def _has_outright_name(start: Start) -> bool:
    """Whether the server can run only once: a table has one name, too."""
    name = start.call.keywords.get("name")
    if name is None:
        return False
    written = start.call.file.text(name)
    return name.type in ("alias", "atom") or written == "__MODULE__" or nodes.is_operator(name, "@")


def _is_only_clause(module: Module, read: KeyedRead) -> bool:
    """Whether no other clause of `handle_call/3` may take the message."""
    file = module.file
    items = nodes.named(read.clause.params[0])
    for clause in module.clauses("handle_call", 3):
        if clause is read.clause:
            continue
        message = clause.params[0]
        if message.type == "tuple":
            others = nodes.named(message)
            if others and len(others) == len(items) and file.text(others[0]) == file.text(items[0]):
                return False
        elif message.type != "atom" and clause.node.start_byte < read.clause.node.start_byte:
            return False
    return True


def _without_clauses(module: Module, removed: list[Definition]) -> list[Edit] | None:
    """Removes clauses; an `@impl` that others need comes to stand above the first of those."""
    file = module.file
    edits: list[Edit] = []
    spans: list[Span] = []
    for clause in removed:
        if not clause.attributes.keys() <= {"impl"} or not layout.starts_line(file, clause.node.start_byte):
            return None
        left = [one for one in module.clauses(clause.name, clause.arity) if one not in removed]
        if "impl" in clause.attributes and left and "impl" not in left[0].attributes:
            if left[0].node.start_byte > clause.node.start_byte:
                indent = layout.indent_of(file, left[0].node)
                at = layout.line_start(file, left[0].start_with_attributes)
                edits.append(Edit(at, at, f"{indent}{file.text(clause.attributes['impl'])}\n"))
        span = layout.span_to_remove(file, clause.start_with_attributes, clause.node.end_byte)
        if spans and span.start <= spans[-1].end:
            span = Span(spans.pop().start, span.end)
        spans.append(span)
    return [*(Edit(span.start, span.end, "") for span in spans), *edits]


def _init_edits(module: Module, place: str, start: Start) -> list[Edit] | None:
    """`init/1` that makes the table, with what the map held at first."""
    file = module.file
    clauses = module.clauses("init", 1)
    if not clauses:
        if place != WHOLE or not is_empty(file, start.given):
            return None
        impl = "@impl true\n" if callbacks.wants_impl(module) else ""
        text = f"{impl}def init(state) do\n  {_NEW}\n  {{:ok, state}}\nend"
        return [callbacks.insertion_after(start.definition, text)]
    init = init_of(module)
    answer, state = (answer_of(init), state_of(init)) if init is not None else (None, None)
    if init is None or answer is None or state is None or init.clause_blocks:
        return None
    first = _first_entries(init, place, state, start)
    if first is None:
        return None
    lines, edits = [_NEW, *first[0]], list(first[1])
    if init.do_block is None:
        last = init.statements[-1]
        return answered_with(init, [*lines, text_with(file, last, edits)])
    # The table first, before anything that may look into it.
    at = init.statements[0]
    if not layout.starts_line(file, at.start_byte):
        return None
    indent = layout.indent_of(file, at)
    begin = layout.line_start(file, at.start_byte)
    gap = "" if layout.is_one_line(file, at) else "\n"
    new = [Edit(begin, begin, f"{indent}{_NEW}\n{gap}")]
    if first[0]:
        end = layout.line_start(file, init.statements[-1].start_byte)
        new.append(Edit(end, end, "".join(f"{indent}{line}\n" for line in first[0])))
    return [*new, *edits]


def _first_entries(
    init: Definition, place: str, state: Node, start: Start
) -> tuple[list[str], list[Edit]] | None:
    """The lines that put what the map holds at first into the table, and the edits that leave it out."""
    file = init.file
    if place == WHOLE:
        name = nodes.identifier(state, file.data)
        handed = nodes.identifier(init.params[0], file.data)
        if is_empty(file, state) or (name is not None and name == handed and is_empty(file, start.given)):
            return [], []
        if not layout.is_one_line(file, state):
            return None
        return [f":ets.insert(@table, Map.to_list({file.text(state)}))"], [
            Edit(state.start_byte, state.end_byte, "%{}")
        ]
    pairs = nodes.keyword_pairs(state, file.data) if state.type == "map" else {}
    if place not in pairs or nodes.child_of_type(state, "struct") is not None:
        return None
    value = pairs[place]
    removed = _without_pair(file, state, place)
    if removed is None or not layout.is_one_line(file, value):
        return None
    lines = [] if is_empty(file, value) else [f":ets.insert(@table, Map.to_list({file.text(value)}))"]
    return lines, [removed]


def _without_pair(file: ElixirFile, state: Node, place: str) -> Edit | None:
    """Removes `place: value` from a map literal."""
    pairs = [pair for pair in nodes.descendants(state, "pair") if _owner(pair) == state]
    at = next((i for i, pair in enumerate(pairs) if file.text(pair).startswith(f"{place}: ")), None)
    if at is None:
        return None
    if len(pairs) == 1:
        return Edit(state.start_byte, state.end_byte, "%{}")
    if at + 1 < len(pairs):
        return Edit(pairs[at].start_byte, pairs[at + 1].start_byte, "")
    return Edit(pairs[at - 1].end_byte, pairs[at].end_byte, "")


def _owner(pair: Node) -> Node | None:
    return next((node for node in nodes.ancestors(pair) if node.type in ("map", "list", "arguments")), None)


def _cast_notes(store: Store, place: str) -> list[Edit]:
    """A marked line above each function that writes by a cast."""
    module = store.module
    file = module.file
    tags = {
        file.text(nodes.named(handling.message)[0])
        for handling, _ in store.steps(place)
        if handling.clause.name == "handle_cast" and handling.message.type == "tuple"
    }
    edits: list[Edit] = []
    for call in file.calls("cast"):
        client = _client_of(call, module, tags)
        if client is not None:
            at = layout.line_start(file, client.node.start_byte)
            indent = layout.indent_of(file, client.node)
            edits.append(Edit(at, at, f"{indent}{_CAST}\n"))
    return edits


def _client_of(call: Call, module: Module, tags: set[str]) -> Definition | None:
    if call.module != "GenServer" or call.enclosing_module is not module or len(call.all_args) < 2:
        return None
    message = call.all_args[1]
    items = nodes.named(message) if message.type == "tuple" else []
    return call.definition if items and call.file.text(items[0]) in tags else None
