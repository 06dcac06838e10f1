"""Which processes a module puts under a supervisor, and which it starts by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import msgspec
from tree_sitter import Node

from otpwise_analyzers.project.child_entries import DYNAMIC, SERVERS, Entry, frozen, frozen_one
from otpwise_analyzers.project.child_facts import LINKED, Child, Started, Supervising, all_children
from otpwise_analyzers.project.child_lists import ChildReader
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.following import Scope, Value
from otpwise_analyzers.syntax.modules import Definition, Module

_SUPERVISORS = frozenset({"Supervisor", ":supervisor", *DYNAMIC})
_TASKS = ("async_nolink", "async_stream", "async_stream_nolink", "async")
_STARTS = ("start_link", "start", "start_monitor")
_APPLYING = ("call", "apply", "cast", "multicall", "multi_call")
_GENERIC = frozenset(
    {*_SUPERVISORS, *SERVERS, "Agent", "Task", "Registry", "Application", "Broadway", "Connection", "Node"}
)

_CERTAIN_HELPERS = frozenset({"child", "children", "childspec", "spec", "specs", "worker", "workers"})
_HELPERS = _CERTAIN_HELPERS | {
    *("process", "processes", "server", "servers", "pool", "pools", "cache", "caches", "repo", "repos"),
    *("endpoint", "endpoints", "config", "configured", "stage", "stages"),
}
"""Words in the names of functions that another module's children list may call."""


class Listed(NamedTuple):
    """A child whose module is known: what most questions about children are about."""

    module: str
    name: str | None = None
    has_options: bool = False


class Supervision(NamedTuple):
    """All that a module's code says about other processes.

    `helpers` are the children that its public functions answer with, by `name/arity`. `starts` are the
    modules whose processes it starts itself.
    """

    supervisors: tuple[Supervising, ...] = ()
    started: tuple[Started, ...] = ()
    helpers: dict[str, tuple[Child, ...]] = {}
    starts: tuple[str, ...] = ()

    @property
    def children(self) -> tuple[Listed, ...]:
        return listed_children(self.supervisors, self.started, self.helpers)


def listed_children(
    supervisors: tuple[Supervising, ...],
    started: tuple[Started, ...],
    helpers: dict[str, tuple[Child, ...]],
) -> tuple[Listed, ...]:
    """The children with a known module that a module lists or starts, each once."""
    if not (supervisors or started or helpers):
        return ()
    found: list[Child] = []
    for supervising in supervisors:
        found.extend(all_children(supervising.children))
    found.extend(one.child for one in started)
    for name, children in helpers.items():
        if _is_helper(name.partition("/")[0], _CERTAIN_HELPERS):
            found.extend(all_children(children))
    return tuple(
        dict.fromkeys(
            Listed(child.module, child.name, child.has_options) for child in found if child.module is not None
        )
    )


def children_of(module: Module) -> tuple[Listed, ...]:
    """The children with a known module that a module lists or starts."""
    return supervision_of(module, {}).children


def supervision_of(module: Module, spans: dict[str, tuple[int, int]]) -> Supervision:
    """What a module says about other processes; the places go into `spans`."""
    starts = started_by_hand(module)
    data = module.file.data
    try:
        # What looks like a helper and is not must not cost much.
        helpers = _helpers(module, ChildReader(module, budget=600), spans)
        if b"uperv" not in data and b"start_child" not in data:
            return Supervision(helpers=helpers, starts=starts)
        reader = ChildReader(module)
        supervisors, started = _supervisors(module, reader, spans), _started(module, reader, spans)
    except RecursionError:
        # Generated code may nest as deep as it likes.
        return Supervision(starts=starts)
    return Supervision(supervisors, started, helpers, starts)


# -- supervisors -----------------------------------------------------------------------------------


def _supervisors(
    module: Module, reader: ChildReader, spans: dict[str, tuple[int, int]]
) -> tuple[Supervising, ...]:
    found: list[tuple[Call, Supervising, list[Entry]]] = []
    own_name: str | None = None
    for call in _own_calls(module, "start_link", "init", "supervise"):
        definition = call.definition
        if definition is None:
            continue
        args = _arguments(call, definition)
        kind = call.module
        if call.name == "supervise":
            if call.receiver is not None and kind != "Supervisor.Spec":
                continue
            kind = "Supervisor"
        if kind not in _SUPERVISORS or kind is None:
            continue
        function = _entry_point(module, definition)
        if call.name == "start_link" and _is_for_itself(module, function):
            function = LINKED
        if call.name == "start_link" and args and (run := reader.module_name(args[0])) is not None:
            if len(args) > 1 or run == module.name:
                name = reader.options(args[-1]).values.get("name") if len(args) > 2 else None
                if run == module.name:
                    own_name = own_name or (reader.name(name) if name is not None else None)
                elif not run.startswith(":"):
                    found.append((call, Supervising(run, function), []))
                continue
        takes_children = kind in ("Supervisor", "ConsumerSupervisor")
        options = args[-1] if len(args) > (1 if takes_children else 0) else None
        supervising = reader.supervising(kind, options, function)
        entries = reader.entries(args[0]) if takes_children and args else []
        if kind == "PartitionSupervisor" and options is not None:
            spec = reader.options(options).values.get("child_spec")
            entries = reader.entries(spec) if spec is not None else []
        found.append((call, supervising, entries))
    if module.uses_module("Application") or "Application" in module.behaviours or not found:
        found.extend((call, Supervising(name, "start/2"), []) for call, name in _handed_over(module))
    if not found:
        return ()
    result = []
    for index, (call, supervising, entries) in enumerate(found):
        key = f"{module.name}#{index}"
        spans[key] = (call.node.start_byte, call.node.end_byte)
        if supervising.name is None and own_name is not None and supervising.function == "init/1":
            supervising = msgspec.structs.replace(supervising, name=own_name)
        children = frozen(entries, f"{key}.", spans)
        result.append(msgspec.structs.replace(supervising, children=children))
    return tuple(result)


def _own_calls(module: Module, *names: str) -> Iterator[Call]:
    known = [name for name in names if name.encode() in module.file.names]
    for call in module.file.calls(*known) if known else ():
        if call.enclosing_module is module and not call.quoted and call.capture_arity is None:
            yield call


def _arguments(call: Call, definition: Definition | None) -> list[Value]:
    scope = Scope(definition)
    return [Value(argument, scope) for argument in call.all_args]


def _entry_point(module: Module, definition: Definition) -> str:
    """The function from which a supervisor begins: `start/2` where its callback reaches the code."""
    seen: set[str] = set()
    pending = [definition]
    while pending:
        current = pending.pop()
        name = f"{current.name}/{current.arity}"
        if name in ("start/2", "init/1") or current.name == "start_link":
            return name
        if name in seen or not current.name:
            continue
        seen.add(name)
        for call in module.file.calls(current.name):
            caller = call.definition
            if call.receiver is None and call.enclosing_module is module and caller is not None:
                pending.append(caller)
    return f"{definition.name}/{definition.arity}"


def _is_for_itself(module: Module, function: str) -> bool:
    """Whether a process starts a supervisor that is linked to it, and not what the module is."""
    if function == "init/1":
        return True
    is_start = function == "start/2" or function.startswith(("start_link/", "start/", "child_spec/"))
    return not is_start and module.uses_module(*SERVERS)


def _handed_over(module: Module) -> Iterator[tuple[Call, str]]:
    """The modules whose `start_link` the callback of an application calls."""
    for call in _own_calls(module, "start_link"):
        definition, name = call.definition, call.module
        if definition is None or name is None or name in _GENERIC or name.startswith(":"):
            continue
        if _entry_point(module, definition) == "start/2":
            yield call, name


# -- children of running supervisors ---------------------------------------------------------------


def _started(module: Module, reader: ChildReader, spans: dict[str, tuple[int, int]]) -> tuple[Started, ...]:
    found: list[tuple[Started, Entry]] = []
    for call in _own_calls(module, "start_child", *_TASKS):
        called = call.module
        if call.receiver is None or (call.name in _TASKS and called != "Task.Supervisor"):
            continue
        args = _arguments(call, call.definition)
        if args:
            found.extend(_children_started(reader, called, args, _around(call)))
    if b":start_child" in module.file.data:
        for call in _own_calls(module, *_APPLYING):
            found.extend(_applied(reader, _arguments(call, call.definition), _around(call)))
    return tuple(
        msgspec.structs.replace(started, child=frozen_one(entry, f"{module.name}>{index}", spans))
        for index, (started, entry) in enumerate(found)
    )


def _around(call: Call) -> str:
    definition = call.definition
    return f"{definition.name}/{definition.arity}" if definition is not None else ""


def _applied(reader: ChildReader, args: list[Value], function: str) -> Iterator[tuple[Started, Entry]]:
    """`:rpc.call(node, DynamicSupervisor, :start_child, [name, spec])` and `apply/3`."""
    for index, arg in enumerate(args[:-2]):
        called = reader.module_name(arg) if arg.node.type == "alias" else None
        if called in _SUPERVISORS and reader.atom(args[index + 1]) == "start_child":
            given = args[index + 2]
            if given.node.type == "list":
                inner = [given.at(item) for item in nodes.named(given.node)]
                yield from _children_started(reader, called, inner, function)


def _children_started(
    reader: ChildReader, called: str | None, args: list[Value], function: str
) -> Iterator[tuple[Started, Entry]]:
    if called == "Task.Supervisor":
        run = reader.module_name(args[1]) if len(args) > 3 else None
        started = Started(reader.name(args[0]), Child(), function, is_task=True)
        yield started, Entry(Child(run), _call_of(args[0].node))
        return
    if called in _SUPERVISORS or (called is not None and called.endswith("DynamicSupervisor")):
        if len(args) > 1:
            started = Started(reader.name(args[0]), Child(), function)
            for entry in reader.entries(args[1]):
                yield started, entry
        return
    if called is None:
        return
    # A function of the project's own, or of a library, that is handed what it is to start.
    started = Started(called, Child(), function, is_handed_on=True)
    for arg in args:
        if arg.node.type in ("alias", "tuple", "map", "identifier", "call"):
            for entry in reader.entries(arg):
                if entry.child.module is not None and not entry.child.module.startswith(":"):
                    yield started, entry


def _call_of(node: Node) -> Node:
    return next((ancestor for ancestor in nodes.ancestors(node) if ancestor.type == "call"), node)


# -- functions that answer with children ------------------------------------------------------------


def _helpers(
    module: Module, reader: ChildReader, spans: dict[str, tuple[int, int]]
) -> dict[str, tuple[Child, ...]]:
    data = module.file.data
    found: dict[str, tuple[Child, ...]] = {}
    seen: set[str] = set()
    for definition in module.definitions:
        name = definition.name
        if definition.kind != "def" or definition.arity > 4 or not _is_helper(name, _HELPERS):
            continue
        function = f"{name}/{definition.arity}"
        if function in seen or not definition.statements:
            continue
        clauses = module.clauses(name, definition.arity)
        if name not in ("children", "child_spec") and not any(
            _spec_like().search(data, clause.node.start_byte, clause.node.end_byte) for clause in clauses
        ):
            continue
        seen.add(function)
        entries = _results(reader, definition)
        if any(_is_spec(entry, name) for entry in entries):
            found[function] = frozen(entries, f"{module.name}.{function}#", spans)
    return found


def _is_helper(name: str, words: frozenset[str]) -> bool:
    return any(word in words or word.startswith("supervis") for word in name.rstrip("?!").split("_"))


@cache
def _spec_like() -> re.Pattern[bytes]:
    """A list, a tuple or a specification that begins like a child."""
    return re.compile(rb"\[\s*\{?\s*[A-Z]|\bstart:\s*\{|child_spec|\{\s*:?[A-Za-z_.]+,")


def _results(reader: ChildReader, definition: Definition) -> list[Entry]:
    # The definition itself stands for arguments that nobody knows.
    nobody = Value(definition.node, Scope(definition))
    return reader.answered(nobody, definition.name, [nobody] * definition.arity)


def _is_spec(entry: Entry, name: str) -> bool:
    """Whether what was read looks like a child and not like any list of modules."""
    child = entry.child
    if child.module is None:
        return bool(child.source) and _is_helper(name, _CERTAIN_HELPERS) and "/" in child.source
    return (child.module[:1].isupper() or entry.node.type in ("map", "tuple", "call")) and (
        entry.node.type != "alias" or _is_helper(name, _CERTAIN_HELPERS)
    )


# -- started by hand -------------------------------------------------------------------------------


def started_by_hand(module: Module) -> tuple[str, ...]:
    """The modules whose process this one starts itself: by their `start_link` or `start`, or its own from a
    function of another name."""
    names = module.file.names
    known = [name for name in _STARTS if name.encode() in names]
    if not known:
        return ()
    found = []
    for call in module.file.calls(*known):
        if call.enclosing_module is not module or call.quoted:
            continue
        name = call.module
        if call.receiver is None:
            definition = call.definition
            if definition is None or definition.name in _STARTS or not module.defines(call.name, call.arity):
                continue
            name = module.name
        elif name in SERVERS or name == "Agent":
            if not call.args or call.piped is not None:
                continue
            run = module.file.module_name(call.args[0]) if name in SERVERS else module.name
            definition = call.definition
            if run == module.name and (definition is None or definition.name in _STARTS):
                continue
            name = run
        elif name == module.name or name in _GENERIC:
            continue
        if name and not name.startswith(":"):
            found.append(name)
    return tuple(dict.fromkeys(found))
