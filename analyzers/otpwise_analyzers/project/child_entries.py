"""Reads single entries of children lists: modules, tuples, maps, specifications, old and new.

What an entry says is taken as it stands: the module, the options that are literals, what the entry tells of a
supervisor of Elixir's own.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import msgspec
from tree_sitter import Node

from otpwise_analyzers.project.child_facts import CALLER, Child, Supervising
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.following import Called, Follower, Options, Value
from otpwise_analyzers.syntax.variables import bound_by

DYNAMIC = frozenset(
    {
        *("DynamicSupervisor", "Task.Supervisor", "PartitionSupervisor", "ConsumerSupervisor"),
        "Horde.DynamicSupervisor",
    }
)
"""The supervisors whose children are started while they run."""

SERVERS = frozenset({"GenServer", "GenStage", "GenStateMachine", ":gen_server", ":gen_statem", "WebSockex"})
"""The behaviours whose `start_link` takes the module that is to run."""

WITH_DEFAULT = frozenset(
    {"Keyword.get", "Map.get", "Access.get", "Application.get_env", "Application.compile_env"}
)
"""Functions whose third argument is what they answer when there is nothing else."""

MOST_TEXT = 60
"""How much of an expression's text a label takes, in characters."""

_HANDING_ON = frozenset({"Highlander", "HighlanderPG"})
_INTENSITY = ("max_restarts", "max_seconds")


@dataclass(slots=True)
class Entry:
    """A child as it was read, with the node to point at. `children` are those of `child.supervisor`."""

    child: Child
    node: Node
    children: list[Entry] = field(default_factory=list)

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two entries of different branches the same child."""
        child = self.child
        return child.module, child.name, child.id, child.source, child.function

    def changed(self, **changes: object) -> Entry:
        return replace(self, child=msgspec.structs.replace(self.child, **changes))

    def under(self, condition: str) -> Entry:
        """The entry as it stands when it is there under one more condition."""
        if not condition or self.child.condition == condition:
            return self
        both = f"{condition}, {self.child.condition}" if self.child.condition else condition
        return self.changed(condition=both)


def frozen(entries: Sequence[Entry], key: str, spans: dict[str, tuple[int, int]]) -> tuple[Child, ...]:
    """The entries as facts; their places go into `spans` under `key` with their number."""
    return tuple(frozen_one(entry, f"{key}{index}", spans) for index, entry in enumerate(entries))


def frozen_one(entry: Entry, key: str, spans: dict[str, tuple[int, int]]) -> Child:
    """One entry as a fact, its place under `key`, those of its own children behind it."""
    spans[key] = (entry.node.start_byte, entry.node.end_byte)
    child = entry.child
    if child.supervisor is None:
        return child
    inner = frozen(entry.children, f"{key}.", spans)
    return msgspec.structs.replace(
        child, supervisor=msgspec.structs.replace(child.supervisor, children=inner)
    )


class EntryReader(Follower):
    """Reads the entries of one module's children lists."""

    @abstractmethod
    def entries(self, value: Value) -> list[Entry]:
        """The children that an expression stands for, be it one of them or a list of them."""

    def _defaulted(self, value: Value) -> tuple[str | None, str]:
        """The module that an expression stands for, and `by default` when configuration may name another."""
        module = self.module_name(value)
        if module is not None:
            return module, ""
        known = self.resolve(value)
        if known is None:
            return None, ""
        if nodes.is_operator(known.node, "||"):
            right = known.node.child_by_field_name("right")
            return (self.module_name(known.at(right)), "by default") if right is not None else (None, "")
        called = self.called(known)
        if called is None or called.receiver is None or len(called.args) != 3:
            return None, ""
        if f"{self.text(called.receiver)}.{called.name}" not in WITH_DEFAULT:
            return None, ""
        return self.module_name(called.args[2]), "by default"

    def _of_module(self, value: Value) -> Entry:
        module = self.module_name(value)
        if module is None:
            return self._unknown(value)
        return self._with_supervisor(Entry(Child(module), value.node), module, None)

    # -- entries -----------------------------------------------------------------------------------

    def _of_tuple(self, value: Value) -> Entry:
        node = value.node
        items = nodes.named(node)
        if len(items) == 6:
            return self._of_old_tuple(value, items)
        if len(items) != 2:
            return self._unknown(value)
        module, condition = self._defaulted(value.at(items[0]))
        given = value.at(items[1])
        if module is None:
            return self._unknown(value).changed(name=self._name_in("", given))
        if module in _HANDING_ON:
            inner = self.entries(given)
            if len(inner) == 1:
                return replace(inner[0], node=node)
        child = Child(
            module,
            self._name_in(module, given),
            self.text(items[1]) not in ("[]", ":ok"),
            condition=condition,
            handed=self._handed(items[1], module),
        )
        return self._with_supervisor(Entry(child, node), module, given)

    def _of_old_tuple(self, value: Value, items: list[Node]) -> Entry:
        """`{id, {module, function, args}, restart, shutdown, type, modules}`."""
        entry = self._started(value, value.at(items[1]))
        return entry.changed(
            id=self.module_name(value.at(items[0])),
            restart=self.atom(value.at(items[2])),
            type=self.atom(value.at(items[4])),
        )

    def _of_map(self, value: Value) -> list[Entry]:
        content = nodes.child_of_type(value.node, "map_content")
        update = nodes.child_of_type(content, "binary_operator") if content is not None else None
        if update is not None and nodes.is_operator(update, "|"):
            base, keywords = nodes.named(update)[:2]
            return self._overridden(self.entries(value.at(base)), value.at(keywords), at=value.node)
        options = self.options(value)
        start = options.values.get("start")
        if start is None:
            return [self._unknown(value)]
        # What a map leaves out is the default, whatever the module's own specification says.
        entry = self._started(value, start).changed(restart="permanent", type="worker")
        return [self._overriding(entry, options)]

    def _started(self, value: Value, start: Value) -> Entry:
        """The child that `{module, function, args}` starts."""
        known = self.resolve(start)
        items = nodes.named(known.node) if known is not None and known.node.type == "tuple" else []
        if known is None or len(items) != 3:
            return self._unknown(value)
        module = self.module_name(known.at(items[0]))
        function = self.atom(known.at(items[1])) or "start_link"
        if module is None:
            return self._unknown(value)
        args = self.resolve(known.at(items[2]))
        given = (
            [args.at(item) for item in nodes.named(args.node)] if args and args.node.type == "list" else []
        )
        return self._of_start(value, module, function, given)

    def _of_start(self, value: Value, module: str, function: str, args: list[Value]) -> Entry:
        """The child that `module.function(args...)` starts."""
        node = value.node
        if function.startswith("start") and args and (module in SERVERS or _is_supervisor(module)):
            run = self.module_name(args[0])
            if run is not None:
                return Entry(Child(run, self._name_in(run, args[-1]), True), node)
        name = self._name_in(module, args[-1]) if args else None
        if module == "Registry" and len(args) == 2 and name is None:
            name = self.module_name(args[1])
        if module == "Cachex" and name is None and args:
            name = self.module_name(args[0])
        has_options = bool(args) and not (len(args) == 1 and self.text(args[0].node) == "[]")
        handed = tuple(dict.fromkeys(one for arg in args for one in self._handed(arg.node, module)))
        entry = Entry(Child(module, name, has_options, function=function, handed=handed), node)
        if module == "Supervisor" and args:
            options = args[1] if len(args) > 1 else None
            return self._described(entry, module, self.entries(args[0]), options)
        return self._with_supervisor(entry, module, args[-1] if args else None)

    def _of_old_spec(self, value: Value, kind: str, args: list[Value]) -> Entry:
        """`worker(Module, args, options)` and `supervisor(...)`."""
        module = self.module_name(args[0])
        if module is None:
            return self._unknown(value)
        listed = self.resolve(args[1]) if len(args) > 1 else None
        given = (
            [listed.at(one) for one in nodes.named(listed.node)]
            if listed and listed.node.type == "list"
            else []
        )
        options = self.options(args[2]) if len(args) > 2 else Options({}, True)
        function = self.atom(options.values.get("function")) or "start_link"
        entry = self._of_start(value, module, function, given)
        return self._overriding(entry.changed(type=kind, restart="permanent"), options)

    def _of_child_spec(self, value: Value, module: str, name: str, args: list[Value]) -> Entry:
        """`Module.child_spec(options)`: the module's own, or of a library that runs a module under its name."""
        source = f"{module}.{name}/{len(args)}"
        child = Child(
            module,
            self._name_in(module, args[-1]) if args else None,
            bool(args) and self.text(args[-1].node) != "[]",
            source=source,
            handed=tuple(dict.fromkeys(one for arg in args for one in self._handed(arg.node, module))),
        )
        return self._with_supervisor(Entry(child, value.node), module, args[-1] if args else None)

    def _overridden(
        self, entries: list[Entry], overrides: Value | None, at: Node | None = None
    ) -> list[Entry]:
        if overrides is None:
            return entries
        options = self.options(overrides)
        changed = []
        for entry in entries:
            if (start := options.values.get("start")) is not None:
                by = self._started(overrides, start)
                own = by.child.module == self.module.name and entry.child.module is not None
                # `%{spec | start: {__MODULE__, :start_it, [start]}}` wraps the start that was there.
                if by.child.module is not None and not own:
                    entry = replace(by, node=entry.node)
            changed.append(self._overriding(replace(entry, node=at) if at is not None else entry, options))
        return changed

    def _overriding(self, entry: Entry, options: Options) -> Entry:
        changes: dict[str, object] = {}
        for key in ("restart", "type"):
            if key in options.values:
                changes[key] = self.atom(options.values[key]) or "?"
        if "id" in options.values:
            changes["id"] = self._id(options.values["id"])
        return entry.changed(**changes) if changes else entry

    def _id(self, value: Value) -> str:
        """An id as Elixir writes it; `?` for one that is computed."""
        known = self.resolve(value)
        if known is None:
            return "?"
        name = self.module_name(known)
        if name is not None:
            return name
        plain = known.node.type in ("string", "integer", "tuple")
        if plain and not any(nodes.descendants(known.node, "identifier", "call", "interpolation")):
            return self._brief(known.node)
        return "?"

    def _changed_spec(self, called: Called) -> list[Entry]:
        """`Map.put(spec, :id, name)`, `Map.merge(spec, %{restart: :transient})`."""
        entries = self.entries(called.args[0])
        if called.name == "merge" and len(called.args) == 2:
            return self._overridden(entries, called.args[1])
        if called.name in ("put", "replace", "replace!") and len(called.args) == 3:
            key = self.atom(called.args[1])
            if key is not None:
                options = Options({key: called.args[2]}, True)
                return [self._overriding(entry, options) for entry in entries]
        return entries

    # -- supervisors in an entry -------------------------------------------------------------------

    def _with_supervisor(self, entry: Entry, module: str, options: Value | None) -> Entry:
        if module not in DYNAMIC:
            return entry
        if options is None:
            return self._described(entry, module, [], None)
        inner: list[Entry] = []
        if module == "PartitionSupervisor":
            spec = self.options(options).values.get("child_spec")
            inner = self.entries(spec) if spec is not None else []
        return self._described(entry, module, inner, options)

    def _described(self, entry: Entry, module: str, children: list[Entry], options: Value | None) -> Entry:
        supervising = self.supervising(module, options)
        entry = entry.changed(supervisor=supervising, name=entry.child.name or supervising.name)
        entry.children = children
        return entry

    def supervising(self, module: str, options: Value | None, function: str = "") -> Supervising:
        """A supervisor as its options describe it, without its children."""
        if options is None:
            return Supervising(module, function)
        given = self.options(options)
        unread = [] if given.is_whole else ["*"]
        strategy = self.atom(given.values.get("strategy"))
        if strategy is None and "strategy" in given.values:
            unread.append("strategy")
        numbers = {key: self.integer(given.values.get(key)) for key in _INTENSITY}
        unread.extend(key for key in _INTENSITY if key in given.values and numbers[key] is None)
        name = self._name(given.values.get("name"))
        return Supervising(
            module,
            function,
            name,
            strategy,
            numbers["max_restarts"],
            numbers["max_seconds"],
            tuple(unread),
        )

    # -- small parts -------------------------------------------------------------------------------

    def name(self, value: Value) -> str | None:
        """The registered name that stands for a process: `MyApp.Rooms` of itself, of a `via` tuple of a
        PartitionSupervisor, of `{:local, MyApp.Rooms}`."""
        return self._name(value)

    def _name(self, value: Value | None) -> str | None:
        known = self.resolve(value) if value is not None else None
        if known is None:
            return None
        if known.node.type == "tuple":
            items = nodes.named(known.node)
            if len(items) == 3 and self.text(items[0]) == ":via":
                if self.module_name(known.at(items[1])) == "PartitionSupervisor" and items[2].type == "tuple":
                    first = nodes.named(items[2])
                    return self._name(known.at(first[0])) if first else None
            if len(items) == 2 and self.text(items[0]) == ":local":
                return self._name(known.at(items[1]))
            return None
        return self.module_name(known)

    def _name_in(self, module: str, options: Value) -> str | None:
        """The `name:` among the options of a child, which may be the last of its arguments."""
        name = self.options(options).values.get("name")
        if name is None:
            known = self.resolve(options)
            items = nodes.named(known.node) if known is not None and known.node.type == "list" else []
            if known is not None and items and items[-1].type in ("list", "keywords"):
                name = self.options(known.at(items[-1])).values.get("name")
        return self._name(name) if name is not None else None

    def _handed(self, node: Node, module: str) -> tuple[str, ...]:
        """The modules that an entry's arguments name."""
        if node.type not in ("list", "tuple", "keywords", "map", "alias"):
            return ()
        found = []
        for alias in (node, *nodes.descendants(node, "alias")):
            parent = alias.parent
            if alias.type != "alias" or parent is None or parent.type in ("dot", "struct"):
                continue
            name = self.file.module_name(alias)
            if name is not None and name != module:
                found.append(name)
        return tuple(dict.fromkeys(found))[:16]

    def _unknown(self, value: Value) -> Entry:
        return Entry(Child(source=self._origin(value)), value.node)

    def _origin(self, value: Value) -> str:
        """Where an entry comes from that only a running system knows."""
        definition = value.scope.definition
        if definition is not None and not value.scope.via and value.node.type == "identifier":
            name = self.text(value.node)
            if any(name in bound_by(param, self.data) for param in definition.params):
                return f"{CALLER}{definition.name}/{definition.arity}"
        return value.scope.via or self._brief(value.node)

    def _brief(self, node: Node) -> str:
        text = " ".join(self.text(node).split())
        return text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 1]}…"


def _is_supervisor(module: str) -> bool:
    return module in DYNAMIC or module == "Supervisor"
