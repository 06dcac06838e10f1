"""The loops that go to the database once for each element: the N+1 of them."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.project.effects import Effect, direct_effects, is_fallback, repo_candidates
from otpwise_analyzers.project.repo_calls import ROW_WRITES, repo_calls
from otpwise_analyzers.project.sql_calls import assignments_of
from otpwise_analyzers.project.view import Place
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.loops import Loop, loop_given, loops_around
from otpwise_analyzers.syntax.modules import DEFINERS, Definition, Module
from otpwise_analyzers.syntax.variables import bound_by

ROW_READS = frozenset(
    {
        *("get", "get!", "get_by", "get_by!", "one", "one!", "all", "all_by", "exists?", "aggregate"),
        *("preload", "reload", "reload!"),
    }
)
"""The functions of a repo that read what one element needs."""

LOOPING = frozenset(
    {
        *("map", "each", "flat_map", "reduce", "reduce_while", "map_reduce", "flat_map_reduce", "filter"),
        *("reject", "find", "find_value", "find_index", "any?", "all?", "count", "sum_by", "sort_by"),
        *("min_by", "max_by", "group_by", "uniq_by", "split_with", "take_while", "drop_while", "into"),
        *("map_join", "zip_with", "new", "async_stream", "async_stream_nolink", "for", "map_every"),
    }
)
"""The names that loops are written with."""

_LOOPING_NAMES = frozenset(name.encode() for name in LOOPING)


class RowCall(NamedTuple):
    """A call that a loop makes per element: `node` with its name as written, and what it does.

    `through` is where the function that it calls goes to the database; None for a call of the repo itself.
    """

    node: Node
    name: str
    effect: Effect
    call: Call | None
    through: Place | None = None


@dataclass
class RowLoop:
    """A loop and what it asks of the database for each element, in source order."""

    loop: Loop
    definition: Definition | None
    calls: list[RowCall] = field(default_factory=list)

    def first(self, effect: Effect, *, direct: bool) -> RowCall | None:
        for call in self.calls:
            if call.effect is effect and (call.through is None) is direct:
                return call
        return None


def row_loops(file: ElixirFile) -> list[RowLoop]:
    """The loops of a file that read or write rows one by one, in source order."""
    found: dict[int, RowLoop] = {}

    def note(row_call: RowCall) -> None:
        definition = file.definition_at(row_call.node.start_byte)
        stop = definition.node if definition is not None else None
        for loop in loops_around(file, row_call.node, stop):
            if is_small_or_batched(file, loop):
                continue
            if _runs_for_each(file, row_call, loop):
                row_loop = found.setdefault(loop.body.start_byte, RowLoop(loop, definition))
                row_loop.calls.append(row_call)
            return

    bodies = loop_bodies(file)
    if not bodies:
        return []
    for call in _repo_calls_in(file, bodies):
        if call.definition is None or not is_fallback(call, call.definition):
            effect = Effect.READ if call.name in ROW_READS else Effect.WRITE
            note(RowCall(call.node, call.name, effect, call))
    for node, name, place in _calls_of_own_readers(file, bodies):
        note(RowCall(node, name, Effect.READ, None, place))
    for node, name, place in _calls_of_others_readers(file, bodies):
        note(RowCall(node, name, Effect.READ, None, place))
    for row_loop in found.values():
        row_loop.calls.sort(key=lambda call: call.node.start_byte)
    return [found[start] for start in sorted(found)]


# -- one call further ----------------------------------------------------------------------------------


def _calls_of_own_readers(file: ElixirFile, bodies: list[Node]) -> Iterator[tuple[Node, str, Place]]:
    """The calls and captures of this file's own functions that read rows in their bodies."""
    for module in file.modules:
        for name, min_arity, arity, place in _own_readers(file, module):
            if not any(name.encode() in file.data[body.start_byte : body.end_byte] for body in bodies):
                continue
            for node, given in [*_local_calls(file, name), *_captures(file, name)]:
                around = file.definition_at(node.start_byte)
                if not min_arity <= given <= arity or file.module_at(node.start_byte) is not module:
                    continue
                if around is None or around.name != name:
                    yield node, f"{name}/{given}", place


def _own_readers(file: ElixirFile, module: Module) -> Iterator[tuple[str, int, int, Place]]:
    """The name, the least and the greatest arity of a module's readers, and where they read."""
    located = file.project.module(module.name) if file.project.is_known else None
    if located is not None and located.path == file.path:
        for function in located.facts.functions:
            if function.effects.reads and not _acts(function.name):
                effects = file.project.effects(module.name, function.name, function.arity)
                if _only_reads(effects):
                    yield function.name, function.min_arity, function.arity, effects[Effect.READ]
        return
    effects_by_clause = direct_effects(file, repo_candidates(file))
    for clause in module.definitions if effects_by_clause else ():
        own = effects_by_clause.get(clause.node.start_byte, {})
        reads = [call for call in own.get(Effect.READ, ()) if is_on_repo(call)]
        if reads and _only_reads(own) and not _acts(clause.name):
            place = Place(file.path, Span(reads[0].node.start_byte, reads[0].node.end_byte))
            yield clause.name, clause.min_arity, clause.arity, place


# What a function is called for when its name begins with one of these ...
_ACTIONS = frozenset(
    {
        *("add", "remove", "destroy", "save", "store", "set", "mark", "assign", "attach", "register"),
        *("process", "execute", "perform", "run", "apply", "handle", "sync", "init", "initialize", "ensure"),
        *("deliver", "publish", "broadcast", "subscribe", "join", "leave", "record", "track", "log"),
        *("rebuild", "recalculate", "refresh", "schedule", "enqueue", "start", "stop", "move", "merge"),
        *("copy",),
    }
)
# ... or has one of these anywhere, as `find_or_create_tag`.
_WRITING = frozenset(
    {
        *("create", "update", "insert", "upsert", "delete", "cancel", "notify", "send", "promote", "publish"),
        *("enqueue", "archive", "revoke", "purge", "charge"),
    }
)


def _acts(name: str) -> bool:
    """Whether a function is called for something that it does: what it reads for that is its own matter."""
    words = name.rstrip("!?").split("_")
    return not name or words[0] in _ACTIONS or not _WRITING.isdisjoint(words)


def _only_reads(effects: Container[Effect]) -> bool:
    return Effect.READ in effects and Effect.WRITE not in effects and Effect.HTTP not in effects


def _local_calls(file: ElixirFile, name: str) -> list[tuple[Node, int]]:
    return [(call.node, call.arity) for call in file.calls(name) if call.is_local and not call.quoted]


def _captures(file: ElixirFile, name: str) -> list[tuple[Node, int]]:
    """`&name/1`, which is no call for the grammar."""
    found: list[tuple[Node, int]] = []
    if b"&" + name.encode() not in file.data:
        return found
    for match in re.finditer(rb"&%s/(\d)" % re.escape(name.encode()), file.data):
        node = file.root.descendant_for_byte_range(match.start() + 1, match.start() + 1 + len(name))
        if node is not None and node.type == "identifier":
            found.append((node, int(match.group(1))))
    return found


def _repo_calls_in(file: ElixirFile, bodies: list[Node]) -> list[Call]:
    """The reads and single writes of a repo in what loops run for each element."""
    names = ROW_READS | ROW_WRITES
    if any("Repo" not in repo.rpartition(".")[2] for repo in file.project.repos):
        return [call for call in repo_calls(file, names) if _is_within(call.node, bodies)]
    if not any(b"Repo" in file.data[body.start_byte : body.end_byte] for body in bodies):
        return []
    return [
        call
        for call in repo_candidates(file)
        if call.name in names and _is_within(call.node, bodies) and is_on_repo(call) and not call.quoted
    ]


def _is_within(node: Node, bodies: list[Node]) -> bool:
    return any(nodes.encloses(body, node) for body in bodies)


def is_on_repo(call: Call) -> bool:
    is_repo: bool = call.file.project.is_repo(call.module)
    return is_repo


_REMOTE = re.compile(rb"((?:[A-Z]\w*\.)+)([a-z_]\w*[?!]?)")
_NEVER_OURS = frozenset(
    {
        *("Enum", "Map", "String", "Keyword", "List", "Stream", "Logger", "Integer", "Repo", "MapSet"),
        *("DateTime", "Date", "NaiveDateTime", "Time", "File", "Path", "IO", "System", "Regex", "Float"),
        *("Process", "Task", "Access", "Tuple", "Atom", "Module", "Code", "Macro", "Kernel", "Jason"),
        *("Decimal", "Ecto", "Phoenix", "Plug", "Timex", "Multi", "Application", "GenServer", "Enumerable"),
        *("Changeset", "Base", "URI", "Bitwise", "Function", "Range", "Exception", "Oban", "Agent", "Flow"),
    }
)


def _calls_of_others_readers(file: ElixirFile, bodies: list[Node]) -> Iterator[tuple[Node, str, Place]]:
    """The calls, in loops, of other modules' functions that read rows in their bodies."""
    project = file.project
    if not project.repos:
        return
    readers: dict[tuple[str, str], bool] = {}
    end = -1
    for body in sorted(bodies, key=lambda node: node.start_byte):
        if body.start_byte < end:
            continue
        end = body.end_byte
        for match in _REMOTE.finditer(file.data, body.start_byte, body.end_byte):
            written, name = match.group(1)[:-1].decode(), match.group(2).decode()
            if written.partition(".")[0] in _NEVER_OURS or _acts(name):
                continue
            module = file.resolve(written, match.start())
            known = readers.get((module, name))
            if known is None:
                known = readers[module, name] = _may_read(file, module, name)
            if not known:
                continue
            target = file.root.descendant_for_byte_range(match.start(2), match.end(2))
            call_node = target.parent.parent if target is not None and target.parent is not None else None
            if target is None or call_node is None or call_node.type != "call":
                continue
            call = next((c for c in file.calls(name) if c.node == call_node), None)
            if call is None or call.quoted:
                continue
            effects = project.effects(module, name, call.arity)
            if _only_reads(effects):
                yield call.node, f"{written}.{name}/{call.arity}", effects[Effect.READ]


def _may_read(file: ElixirFile, module: str, name: str) -> bool:
    located = file.project.module(module)
    if located is None:
        return False
    return any(function.name == name and function.effects.reads for function in located.facts.functions)


_FUNCTION = re.compile(rb"\bfn\b|&")


def loop_bodies(file: ElixirFile) -> list[Node]:
    """What runs per element in each loop, by the names that loops are written with; in any order.

    Of a `for` it is the whole of it. The names' nodes are asked themselves: most of them are no loops.
    """
    found: list[Node] = []
    data = file.data
    for name in _LOOPING_NAMES & file.names.keys():
        for node in file.names[name]:
            parent = node.parent
            if parent is None:
                continue
            if parent.type != "dot":
                if name == b"for":
                    found.append(parent)
                continue
            call = parent.parent
            if call is None or _FUNCTION.search(data, node.end_byte, call.end_byte) is None:
                continue
            arguments = nodes.arguments_node(call)
            if arguments is None:
                continue
            for argument in arguments.named_children:
                if argument.type == "anonymous_function" or (
                    argument.type == "unary_operator" and nodes.operator_of(argument) == "&"
                ):
                    found.append(argument)
    return found


# -- loops that are no matter ---------------------------------------------------------------------------

_BATCHED = re.compile(r"chunk_\w+\(|\b(\w+_)?chunks\b|\bbatches\b|Stream\.(unfold|resource|iterate)")
_FEW = re.compile(r"\b(tenants?|prefix(es)?|modules?|repos|tables|schemas|queries|migrations|table_map)\b")


def is_small_or_batched(file: ElixirFile, loop: Loop) -> bool:
    """Whether the loop goes over what the code itself lists, over pages or chunks, or over databases."""
    subject = nodes.unwrap(loop.subject)
    root = nodes.pipeline(subject)[0]
    name = nodes.identifier(root, file.data)
    text = file.text(subject)
    if name is not None:
        given = assignments_of(file, name, loop.node)
        if given:
            subject = given[-1]
            root = nodes.pipeline(subject)[0]
            text += "\n" + file.text(subject)
    if _is_listed(file, nodes.unwrap(root)) and all(
        file.text(stage).startswith(("Enum.", "Stream.", "List.", "Map."))
        for stage in nodes.pipeline(subject)[1:]
    ):
        return True
    return _BATCHED.search(text) is not None or _FEW.search(text) is not None


def _is_listed(file: ElixirFile, node: Node) -> bool:
    """Whether the code itself writes the elements down: a list, `~w(a b)`, a range, an attribute."""
    if node.type == "sigil":
        return file.text(node).startswith(("~w", "~W"))
    return node.type in ("list", "charlist") or nodes.operator_of(node) in ("@", "..")


def _runs_for_each(file: ElixirFile, row_call: RowCall, loop: Loop) -> bool:
    """Whether the call is made for about every element, with something of its own each time."""
    for ancestor in nodes.ancestors(row_call.node):
        if ancestor == loop.body:
            break
        if ancestor.type == "tuple" and file.text(ancestor).startswith("{:halt,"):
            return False
        if ancestor.type == "stab_clause" and ancestor.parent == loop.body and _is_for_a_key(file, ancestor):
            return False
    own = elements(file, loop)
    call = row_call.call
    if call is not None and call.name.startswith("reload") and call.capture_arity is None:
        # Read again on purpose, after a write, unless it is the element itself.
        return bool(call.all_args) and file.text(call.all_args[0]) in (*own, "&1")
    asked = file.text(nodes.whole_pipeline(row_call.node))
    return not any(name == "ids" or re.search(rf"\bin \^{re.escape(name)}\b", asked) for name in own)


def elements(file: ElixirFile, loop: Loop) -> list[str]:
    """The variables that each turn of the loop binds anew."""
    if loop.is_comprehension:
        generators = [
            argument for argument in nodes.arguments_of(loop.node) if nodes.is_operator(argument, "<-")
        ]
        lefts = [generator.child_by_field_name("left") for generator in generators]
        return [name for left in lefts if left is not None for name in bound_by(left, file.data)]
    found: list[str] = []
    for clause in loop.body.named_children:
        left = clause.child_by_field_name("left") if clause.type == "stab_clause" else None
        if left is not None:
            found.extend(bound_by(left, file.data))
    return found


def _is_for_a_key(file: ElixirFile, clause: Node) -> bool:
    """`fn {:tags, ids}, query -> ...`: one clause for each option of a search, not for each row."""
    left = clause.child_by_field_name("left")
    params = nodes.named(left) if left is not None else []
    if not params:
        return False
    first = nodes.unwrap(params[0])
    if first.type == "tuple":
        items = nodes.named(first)
        first = items[0] if items else first
    return first.type in ("atom", "string") and file.text(first) not in (":ok", ":error")


# -- writes ---------------------------------------------------------------------------------------------

_PURE = re.compile(r"(\w*changeset\w*|change|cast|put_change|put_assoc|struct!?|Map\.\w+|Enum\.\w+)$")


def only_writes(file: ElixirFile, row_loop: RowLoop) -> bool:
    """Whether all that a turn of the loop does is one write, on no condition, and in no transaction."""
    if len(row_loop.calls) != 1 or row_loop.calls[0].effect is not Effect.WRITE:
        return False
    write = row_loop.calls[0].call
    if write is None or _is_in_handed_function(file, row_loop.loop):
        return False
    if write.capture_arity is not None:
        return True
    statements = statements_of(file, row_loop.loop.body)
    rest = [statement for statement in statements if not nodes.encloses(statement, write.node)]
    if len(rest) != len(statements) - 1:
        return False
    statement = next(s for s in statements if nodes.encloses(s, write.node))
    if nodes.is_operator(statement, "="):
        right = statement.child_by_field_name("right")
        statement = right if right is not None else statement
    return write.expression == statement and not any(_does_more(file, node) for node in rest)


def statements_of(file: ElixirFile, body: Node) -> list[Node]:
    """The expressions that one turn of a loop runs; empty for a function of several clauses."""
    if body.type == "anonymous_function":
        clauses = [child for child in body.named_children if child.type == "stab_clause"]
        right = clauses[0].child_by_field_name("right") if len(clauses) == 1 else None
        return nodes.block_statements(right) if right is not None else []
    if body.type == "do_block":
        statements = nodes.block_statements(body)
        return [] if any(statement.type == "stab_clause" for statement in statements) else statements
    if nodes.is_operator(body, "&"):
        # In `&(...)` the parentheses are tokens of the capture.
        return nodes.named(body)[:1]
    return [body]


def _does_more(file: ElixirFile, node: Node) -> bool:
    """Whether an expression calls anything that is not there to build a changeset."""
    for call in (node, *nodes.descendants(node, "call")):
        if call.type != "call" or nodes.arguments_node(call) is None:
            continue
        target = call.child_by_field_name("target")
        if target is not None and _PURE.search(file.text(target)) is None:
            return True
    return False


def _is_in_handed_function(file: ElixirFile, loop: Loop) -> bool:
    """Whether the loop itself runs in a function that was handed to something, such as a transaction."""
    for ancestor in nodes.ancestors(loop.node):
        if ancestor.type == "call" and ancestor.child_by_field_name("target") is not None:
            if file.text(ancestor.named_children[0]) in DEFINERS:
                return False
        if ancestor.type == "anonymous_function" and loop_given(file, ancestor) is None:
            return True
    return False
