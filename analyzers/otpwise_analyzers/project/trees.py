"""The supervision trees of a project, put together from the facts of its files.

One tree for each OTP application, from the callback module that its `mix.exs` names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import msgspec

from otpwise_analyzers.project import places
from otpwise_analyzers.project.child_facts import CALLER, Child, Started
from otpwise_analyzers.project.facts import FileFacts, MixFacts
from otpwise_analyzers.project.supervision import (
    AppTree,
    Kind,
    Node,
    Parent,
    Place,
    Supervised,
    Unsupervised,
)
from otpwise_analyzers.project.tree_growth import PROCESSES, Growth
from otpwise_analyzers.project.view import Located


class Trees:
    """The trees of all applications of one state of a project."""

    def __init__(
        self,
        files: Mapping[str, FileFacts],
        modules: Mapping[str, Located],
        mixes: Mapping[str, MixFacts],
        app_of: Callable[[str], str],
    ) -> None:
        self._modules = modules
        self._mixes = mixes
        self._app_of = app_of
        self._growth = Growth(files, modules)
        self.apps: list[AppTree] = [
            self._growth.tree(folder, mix) for folder, mix in sorted(mixes.items()) if mix.apps_path is None
        ]
        waiting = self._attach(self._started())
        self._leftovers()
        self._loose(self._attach(waiting))

    # -- children of running supervisors -----------------------------------------------------------

    def _started(self) -> list[tuple[Place, Started]]:
        """What the project starts under running supervisors."""
        found: list[tuple[Place, Started]] = []
        for name, located in self._modules.items():
            if located.facts.started and not places.is_test(located.path):
                for index, started in enumerate(located.facts.started):
                    place = Place(located.path, f"{name}>{index}")
                    for child, _ in self._growth.expanded(started.child, place, 0):
                        found.append((place, msgspec.structs.replace(started, child=child)))
        # `start_child` of a module is known by its callers, where there are any.
        called = {started.supervisor for _, started in found if started.is_handed_on}
        return [
            (place, started)
            for place, started in found
            if not (
                started.child.source.startswith(f"{CALLER}start_child/")
                and place.key.rpartition(">")[0] in called
            )
        ]

    def _attach(self, waiting: list[tuple[Place, Started]]) -> list[tuple[Place, Started]]:
        """Hangs what is started at run time under the supervisors that it is started under; answers with
        what is left. What hangs there may be a supervisor itself."""
        while True:
            left = [one for one in waiting if not self._hang(*one)]
            if len(left) == len(waiting):
                return left
            waiting = left

    def _loose(self, waiting: list[tuple[Place, Started]]) -> None:
        trees = {tree.folder: tree for tree in self.apps}
        for place, started in waiting:
            tree = trees.get(self._app_of(place.path))
            if tree is None or started.is_task or started.child.module is None:
                continue
            for supervisor, node in tree.loose:
                if supervisor == started.supervisor and node.module == started.child.module:
                    node.starts.append(place)
                    break
            else:
                tree.loose.append((started.supervisor, self._dynamic_child(started, place)))
        for tree in self.apps:
            started_anyway = {inner.module for _, one in tree.loose for inner in one.walk()}
            hung = {
                inner.module
                for one in tree.unsupervised
                for inner in one.node.walk()
                if inner is not one.node
            }
            tree.unsupervised = [
                one._replace(is_named=one.module in self._evidence)
                for one in tree.unsupervised
                if one.module not in started_anyway | hung
            ]

    def _hang(self, place: Place, started: Started) -> bool:
        above = self._growth.by_name.get(started.supervisor) if started.supervisor is not None else None
        if above is None or above.kind in (Kind.WORKER, Kind.UNKNOWN):
            return False
        if (
            above.module == "PartitionSupervisor"
            and above.children
            and above.children[0].kind is Kind.DYNAMIC
        ):
            above = above.children[0]
        if started.is_task:
            above.tasks.append(place)
            if started.child.module is not None:
                above.run_as_tasks.append(started.child.module)
            return True
        for child in above.children:
            if (
                child.is_dynamic
                and child.module == started.child.module
                and child.source == (started.child.source if started.child.module is None else "")
            ):
                child.starts.append(place)
                return True
        template = above.children[0] if above.kind is Kind.DYNAMIC and above.children else None
        if template is not None and started.child.module is None and not template.is_dynamic:
            # `Supervisor.start_child(name, [arg])` starts one more of the only child.
            template.starts.append(place)
            return True
        above.children.append(self._dynamic_child(started, place))
        return True

    def _dynamic_child(self, started: Started, place: Place) -> Node:
        node = self._growth.child(started.child, place, ())
        node.is_dynamic = True
        node.starts.append(place)
        return node

    # -- what is in no tree ------------------------------------------------------------------------

    def _leftovers(self) -> None:
        supervised: set[str] = set()
        for tree in self.apps:
            for node in tree.walk():
                supervised.update(
                    one for one in (node.module, node.runs, node.name, *node.run_as_tasks) if one is not None
                )
        starters = self.starters
        trees = {tree.folder: tree for tree in self.apps}
        left = [
            (name, located)
            for name, located in self._modules.items()
            if name not in supervised and self.is_process(located) and places.is_production_code(located.path)
        ]
        found: list[tuple[AppTree, Unsupervised]] = []
        below: set[str] = set()
        for name, located in left:
            home = trees.get(self._app_of(located.path))
            if home is None:
                continue
            place = Place(located.path, name)
            node = self._growth.child(Child(name), place, ())
            node.entry = None
            below.update(one.module for one in node.walk() if one is not node and one.module is not None)
            found.append((home, Unsupervised(name, node, starters.get(name, ()))))
        for owner, one in found:
            if one.module not in below:
                owner.unsupervised.append(one)

    # -- one module --------------------------------------------------------------------------------

    def supervised(self, module: str) -> Supervised:
        """What is known of who supervises a module of the project."""
        return self._supervised.get(module, self._nobody(module))

    @cached_property
    def answers(self) -> dict[str, Supervised]:
        """The same for every module that may be a process."""
        names = {name for name, located in self._modules.items() if self.is_process(located)}
        return {name: self.supervised(name) for name in names | self._supervised.keys()}

    @cached_property
    def _supervised(self) -> dict[str, Supervised]:
        parents: dict[str, list[Parent]] = {}
        for tree in self.apps:
            tops = [*tree.roots, *(one.node for one in tree.unsupervised)]
            for node in (inner for top in tops for inner in top.walk()):
                for child in node.children:
                    _note_parent(child, node.label, node.strategy, parents)
            for supervisor, child in tree.loose:
                if supervisor is not None:
                    _note_parent(child, supervisor, None, parents)
                for node in child.walk():
                    for inner in node.children:
                        _note_parent(inner, node.label, node.strategy, parents)
        answers = {
            module: self._nobody(module)._replace(parents=tuple(dict.fromkeys(found)))
            for module, found in parents.items()
        }
        for tree in self.apps:
            for root in tree.roots:
                if root.module is not None:
                    known = answers.get(root.module, self._nobody(root.module))
                    answers[root.module] = known._replace(top_of=tree.app)
        return answers

    def _nobody(self, module: str) -> Supervised:
        located = self._modules.get(module)
        if located is None:
            return Supervised()
        tree = next((tree for tree in self.apps if tree.folder == self._app_of(located.path)), None)
        is_certain = (
            tree is not None
            and bool(tree.roots)
            and not self._has_unknown
            and module not in self._evidence
            and not self._is_package(located.path)
        )
        return Supervised((), self.starters.get(module, ()), is_certain)

    def _is_package(self, path: str) -> bool:
        mix = self._mixes.get(self._app_of(path))
        return mix is not None and mix.is_package

    @cached_property
    def _has_unknown(self) -> bool:
        """Whether some entry of some tree may be any module."""
        return any(node.module is None for tree in self.apps for node in tree.walk())

    @cached_property
    def _evidence(self) -> frozenset[str]:
        """The modules that code which cannot be followed may start."""
        found = set(self._growth.named)
        for tree in self.apps:
            for node in (*tree.walk(), *(inner for _, one in tree.loose for inner in one.walk())):
                found.update(node.handed)
                found.update(name for name in (node.name, node.runs, *node.run_as_tasks) if name is not None)
            found.update(
                name for _, one in tree.loose for inner in one.walk() if (name := inner.module) is not None
            )
        return frozenset(found)

    def located(self, module: str) -> Located | None:
        """A module of the project."""
        return self._modules.get(module)

    def is_process(self, located: Located) -> bool:
        """Whether a module's code runs in a process of its own, as far as its `use`s and behaviours say."""
        return not self._growth.all_uses(located.facts).isdisjoint(PROCESSES)

    @cached_property
    def starters(self) -> dict[str, tuple[str, ...]]:
        """The modules that start each module's process by hand."""
        found: dict[str, list[str]] = {}
        for name, located in self._modules.items():
            if not places.is_test(located.path):
                for started in located.facts.starts:
                    found.setdefault(started, []).append(name)
        return {module: tuple(names) for module, names in found.items()}


def _note_parent(child: Node, label: str, strategy: str | None, parents: dict[str, list[Parent]]) -> None:
    place = child.entry or (child.starts[0] if child.starts else None)
    if child.module is None or place is None:
        return
    parent = Parent(
        label,
        strategy,
        child.position,
        child.of,
        child.is_exact,
        child.is_dynamic,
        child.condition,
        child.is_repeated,
        place,
    )
    parents.setdefault(child.module, []).append(parent)
