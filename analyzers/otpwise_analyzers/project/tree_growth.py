"""Nodes of supervision trees, made from the facts of the files that describe them.

Nothing is guessed: an entry that only a running system knows stays in the tree as unknown, with what it comes from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from otpwise_analyzers.project import places
from otpwise_analyzers.project.child_entries import DYNAMIC
from otpwise_analyzers.project.child_facts import LINKED, Child, Supervising, all_children
from otpwise_analyzers.project.facts import FileFacts, MixFacts, ModuleFacts
from otpwise_analyzers.project.processes import GENERIC_SERVERS
from otpwise_analyzers.project.supervision import SUPERVISING, AppTree, Kind, Node, Place
from otpwise_analyzers.project.view import Located
from otpwise_analyzers.syntax.surroundings import Expansion

MAX_RESTARTS, MAX_SECONDS = 3, 5
"""What a supervisor allows unless it says otherwise: 3 restarts within 5 seconds."""

_DEEPEST = 24
_MOST_NODES = 4_000

# What Elixir's own modules say in their child_spec/1.
_OWN_RESTART = {"Task": "temporary", "Registry": "permanent", "Agent": "permanent"}
_OWN_TYPE = {"Task": "worker", "Agent": "worker", "Registry": "supervisor"}
_NAMED_BY_NAME = DYNAMIC | {"Registry"}

_LIBRARIES = frozenset(
    {
        "Ecto.Repo",
        "Phoenix.Endpoint",
        "Phoenix.Presence",
        "Phoenix.Tracker",
        "Oban",
        "Oban.Pro",
        "Nebulex.Cache",
    }
)

# The handler of an event manager is no process of its own.
PROCESSES = (GENERIC_SERVERS - {":gen_event"}) | {
    "ConsumerSupervisor",
    "Horde.DynamicSupervisor",
    "Horde.Registry",
}


class Growth:
    """Makes the nodes of the trees of one state of a project.

    `by_name` has the nodes by the names and modules that others may start children under, `named` what
    code that cannot be followed may start.
    """

    def __init__(self, files: Mapping[str, FileFacts], modules: Mapping[str, Located]) -> None:
        self._modules = modules
        self._nodes = 0
        self.by_name: dict[str, Node] = {}
        # By `Module.function/1`; the implementations of a protocol have the name of the protocol.
        self._helpers: dict[str, list[tuple[Located, tuple[Child, ...]]]] = {}
        self.named: set[str] = set()
        for path in sorted(files):
            if not places.is_test(path):
                self._note(path, files[path])

    def _note(self, path: str, facts: FileFacts) -> None:
        """What a file offers to others: functions that answer with children, and names of modules."""
        self.named.update(facts.mentions)
        for module in facts.modules:
            for function, children in module.helpers.items():
                key = f"{module.name}.{function}"
                self._helpers.setdefault(key, []).append((Located(path, module), children))
                if not function.startswith("child_spec/"):
                    self.named.update(one.module for one in all_children(children) if one.module is not None)

    def tree(self, folder: str, mix: MixFacts) -> AppTree:
        app = mix.app or folder.rpartition("/")[2] or "?"
        tree = AppTree(app, folder, mix.application_module)
        if mix.application_module is None:
            tree.problem = (
                "its mix.exs names no application callback (`mod:`), so it starts no processes itself"
            )
            return tree
        located = self._modules.get(mix.application_module)
        if located is None:
            tree.problem = (
                f"the application callback {mix.application_module} is in none of the project's files"
            )
            return tree
        described = _described_in(located.facts, "start/2")
        if not described:
            tree.roots.append(
                self._noted(
                    Node(
                        Kind.UNKNOWN,
                        source=f"{located.facts.name}.start/2",
                        definition=Place(located.path, located.facts.name),
                    )
                )
            )
            return tree
        inline = [(i, one) for i, one in described if one.module in SUPERVISING]
        for index, supervising in inline or described:
            place = Place(located.path, f"{located.facts.name}#{index}")
            if supervising.module in SUPERVISING:
                root = Node(
                    Kind.SUPERVISOR,
                    module=located.facts.name,
                    type="supervisor",
                    entry=place,
                    definition=Place(located.path, located.facts.name),
                )
                self._noted(root)
                self._fill(root, [(place, supervising)], (located.facts.name,))
            else:
                root = self.child(Child(supervising.module), place, (located.facts.name,))
            tree.roots.append(root)
        return tree

    def _noted(self, node: Node) -> Node:
        self._nodes += 1
        for name in (node.name, node.module):
            if name is not None and name not in PROCESSES:
                self.by_name.setdefault(name, node)
        return node

    def _fill(self, node: Node, described: list[tuple[Place, Supervising]], path: tuple[str, ...]) -> None:
        """Gives a supervisor its settings and children."""
        first = described[0][1]
        node.kind = _kind_of(first)
        if first.name is not None and node.name is None:
            node.name = first.name
            self.by_name.setdefault(first.name, node)
        _set_limits(node, first)
        entries: list[tuple[Child, Place]] = []
        known: set[tuple[object, ...]] = set()
        for number, (place, supervising) in enumerate(described):
            for index, child in enumerate(supervising.children):
                key = (child.module, child.name, child.id, child.source)
                if number and key in known:
                    continue
                known.add(key)
                if number and not child.condition:
                    child = msgspec.structs.replace(
                        child, condition=f"in another list of {supervising.function}"
                    )
                entries.extend(self.expanded(child, Place(place.path, f"{place.key}.{index}"), len(path)))
        for child, place in entries:
            if self._nodes > _MOST_NODES:
                break
            node.children.append(self.child(child, place, path))
        exact = all(
            one.kind is not Kind.UNKNOWN and not one.condition and not one.is_repeated
            for one in node.children
        )
        if node.kind is not Kind.DYNAMIC:
            for position, one in enumerate(node.children, 1):
                one.position, one.of, one.is_exact = position, len(node.children), exact
        elif node.module == "PartitionSupervisor":
            for one in node.children:
                one.is_repeated = True

    def expanded(self, child: Child, place: Place, depth: int) -> Iterator[tuple[Child, Place]]:
        """The entries that an entry stands for: those of another module's function in its place."""
        helpers = self._helpers.get(child.source, []) if child.module is None else []
        if not helpers or depth > _DEEPEST:
            yield child, place
            return
        for located, children in helpers:
            several = f"as {located.path} has it" if len(helpers) > 1 else ""
            for index, inner in enumerate(children):
                condition = ", ".join(filter(None, (child.condition, several, inner.condition)))
                inner = msgspec.structs.replace(
                    inner,
                    condition=condition,
                    is_repeated=inner.is_repeated or child.is_repeated,
                    id=child.id or inner.id,
                    restart=child.restart or inner.restart,
                )
                yield from self.expanded(inner, Place(located.path, f"{child.source}#{index}"), depth + 1)

    def child(self, child: Child, place: Place, path: tuple[str, ...]) -> Node:
        node = Node(
            Kind.UNKNOWN,
            module=child.module,
            name=child.name,
            id=_id_of(child),
            restart=_written(child.restart),
            type=_written(child.type),
            condition=child.condition,
            is_repeated=child.is_repeated,
            source=child.source if child.module is None else "",
            entry=place,
            handed=child.handed,
        )
        if child.module is None:
            self._nodes += 1
            return node
        if child.supervisor is not None:
            self._noted(node)
            self._fill(node, [(place, child.supervisor)], path)
            node.type = node.type or "supervisor"
            node.restart = node.restart or "permanent"
            return node
        located = self._modules.get(child.module)
        if located is None or places.is_test(located.path):
            node.kind = Kind.WORKER if child.module in ("Task", "Agent") else Kind.LIBRARY
            node.restart = node.restart or _OWN_RESTART.get(child.module)
            node.type = node.type or _OWN_TYPE.get(child.module)
            return self._noted(node)
        node.definition = Place(located.path, child.module)
        self._noted(node)
        self._module(node, located, child, path)
        return node

    def _module(self, node: Node, located: Located, child: Child, path: tuple[str, ...]) -> None:
        """What a module of the project is, as a child."""
        facts = located.facts
        own = self._own_specification(facts, child)
        function = child.function
        described: list[tuple[Place, Supervising]] = []
        if own is not None:
            spec, place = own
            node.restart = node.restart or _written(spec.restart)
            node.type = node.type or _written(spec.type)
            node.id = node.id or spec.id
            node.name = node.name or spec.name
            if spec.supervisor is not None:
                described = [(place, spec.supervisor)]
            elif spec.module not in (None, facts.name):
                node.runs = spec.module
            function = spec.function if spec.module == facts.name else function
        if not described and node.runs is None:
            found = _described_in(facts, "init/1", f"{function}/", "start_link/")
            described = [(Place(located.path, f"{facts.name}#{index}"), one) for index, one in found]
        uses = self.all_uses(facts)
        default = "temporary" if "Task" in uses else "permanent"
        if described:
            node.type = node.type or "supervisor"
            node.restart = node.restart or facts.restart or default
            node.id = node.id or _own_id(facts, child)
            outer = described[0][1]
            if outer.module not in SUPERVISING:
                # Its start_link runs another module of the project.
                described = self._of_another(outer.module)
                node.runs = outer.module
            if facts.name in path or len(path) > _DEEPEST:
                node.kind = _kind_of(described[0][1]) if described else Kind.SUPERVISOR
                node.is_repetition = True
            elif described:
                self._fill(node, described, (*path, facts.name))
            else:
                node.kind = Kind.SUPERVISOR
            return
        if uses & SUPERVISING:
            node.kind = Kind.DYNAMIC if uses & DYNAMIC else Kind.SUPERVISOR
            node.type = node.type or "supervisor"
            node.restart = node.restart or facts.restart or default
            node.children.append(Node(Kind.UNKNOWN, source=f"{facts.name}.init/1"))
            return
        if uses & PROCESSES or (
            facts.function("start_link") is not None and not _library_use(facts, self._modules)
        ):
            node.kind = Kind.WORKER
            node.type = node.type or "worker"
            node.restart = node.restart or facts.restart or default
            node.id = node.id or _own_id(facts, child)
            self._linked(node, located, path)
            return
        library = node.runs or _library_use(facts, self._modules)
        node.kind = Kind.LIBRARY if library is not None else Kind.WORKER
        node.runs = library

    def _linked(self, node: Node, located: Located, path: tuple[str, ...]) -> None:
        """The supervisors that a worker starts for itself."""
        for index, supervising in enumerate(located.facts.supervisors):
            if supervising.function == LINKED and located.facts.name not in path:
                place = Place(located.path, f"{located.facts.name}#{index}")
                inner = Node(Kind.SUPERVISOR, module=supervising.module, type="supervisor", entry=place)
                inner.is_linked = inner.is_dynamic = True
                if supervising.module in SUPERVISING:
                    self._fill(inner, [(place, supervising)], (*path, located.facts.name))
                    self._noted(inner)
                else:
                    inner = self.child(Child(supervising.module), place, (*path, located.facts.name))
                    inner.is_linked = inner.is_dynamic = True
                inner.starts.append(place)
                node.children.append(inner)

    def _of_another(self, module: str) -> list[tuple[Place, Supervising]]:
        located = self._modules.get(module)
        if located is None:
            return []
        return [
            (Place(located.path, f"{module}#{index}"), one)
            for index, one in _described_in(located.facts, "init/1", "start_link/")
            if one.module in SUPERVISING
        ]

    def _own_specification(self, facts: ModuleFacts, child: Child) -> tuple[Child, Place] | None:
        """What the module's own `child_spec/1` (or the one that the entry calls) answers."""
        function = _function_of(child.source)[1] if child.source else "child_spec/1"
        if not child.source and child.type is not None:
            # A map with a `start:` of its own asks no child_spec/1.
            return None
        helper = facts.helpers.get(function)
        located = self._modules[facts.name]
        if helper is None or len(helper) != 1:
            return None
        return helper[0], Place(located.path, f"{facts.name}.{function}#0")

    def all_uses(self, facts: ModuleFacts) -> frozenset[str]:
        """What a module `use`s, through the project's own `__using__`s, and its behaviours."""
        found = set(facts.behaviours)
        pending = [(use.module, use.argument) for use in facts.uses]
        while pending:
            name, argument = pending.pop()
            found.add(name)
            expansion = self._expansion(name, argument)
            if expansion is not None:
                pending.extend((used, None) for used in expansion.uses if used not in found)
        return frozenset(found)

    def _expansion(self, module: str, argument: str | None) -> Expansion | None:
        located = self._modules.get(module)
        if located is None:
            return None
        return located.facts.expansions.get(argument if argument is not None else "__using__")


def _described_in(facts: ModuleFacts, *functions: str) -> list[tuple[int, Supervising]]:
    """The supervisors that the first of these functions describes which describes any; a name that ends in
    `/` is of any arity."""
    for function in functions:
        found = [
            (index, one)
            for index, one in enumerate(facts.supervisors)
            if one.function == function or (function.endswith("/") and one.function.startswith(function))
        ]
        if found:
            return found
    return []


def _id_of(child: Child) -> str | None:
    """The id that the child has in its supervisor; None for one that is computed, or a library's own."""
    if child.id is not None:
        return _written(child.id)
    if child.module in _NAMED_BY_NAME and child.type is None:
        return child.name or child.module
    return child.module if child.module in _OWN_TYPE else None


def _own_id(facts: ModuleFacts, child: Child) -> str | None:
    """The id that the module's own child specification has."""
    if child.id is not None:
        return None
    return _written(facts.child_id) if facts.child_id is not None else facts.name


def _kind_of(supervising: Supervising) -> Kind:
    if supervising.module in DYNAMIC or supervising.strategy == "simple_one_for_one":
        return Kind.DYNAMIC
    return Kind.SUPERVISOR


def _set_limits(node: Node, supervising: Supervising) -> None:
    """The strategy and intensity, and whether they are the defaults."""
    dark = "*" in supervising.unread
    node.strategy = supervising.strategy
    if (
        node.strategy is None
        and supervising.module in DYNAMIC
        and not dark
        and "strategy" not in supervising.unread
    ):
        node.strategy, node.is_default_strategy = "one_for_one", True
    node.max_restarts, node.max_seconds = supervising.max_restarts, supervising.max_seconds
    if dark:
        return
    node.is_default_intensity = (
        node.max_restarts is None
        and node.max_seconds is None
        and not {"max_restarts", "max_seconds"} & set(supervising.unread)
    )
    if node.max_restarts is None and "max_restarts" not in supervising.unread:
        node.max_restarts = MAX_RESTARTS
    if node.max_seconds is None and "max_seconds" not in supervising.unread:
        node.max_seconds = MAX_SECONDS


def _function_of(source: str) -> tuple[str | None, str]:
    """`Mod.Sub` and `fun/1` of `Mod.Sub.fun/1`."""
    module, dot, function = source.rpartition(".")
    if not dot or "/" not in function or " " in source or not module[:1].isupper():
        return None, ""
    return module, function


def _written(value: str | None) -> str | None:
    return None if value == "?" else value


def _library_use(facts: ModuleFacts, modules: Mapping[str, Located]) -> str | None:
    """The library by whose `use` a module is a process: `Ecto.Repo`, `Phoenix.Endpoint`."""
    found = [use.module for use in facts.uses if use.module not in modules and use.module not in PROCESSES]
    last = facts.name.rpartition(".")[2]
    for name in found:
        if name in _LIBRARIES or name.rpartition(".")[2] == last:
            return name
    return found[0] if found else None
