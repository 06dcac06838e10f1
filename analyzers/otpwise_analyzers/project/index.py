"""The project: all facts, and the answers that rules need from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from otpwise_analyzers.project.answers import Answers, locked_versions, version_numbers
from otpwise_analyzers.project.config_files import Configuration
from otpwise_analyzers.project.module_paths import Layout, layout_of
from otpwise_analyzers.project.view import Key, Located, ProjectView
from otpwise_analyzers.syntax.surroundings import Expansion

if TYPE_CHECKING:
    from otpwise_analyzers.project.compile_time import CompiledRead
    from otpwise_analyzers.project.facts import FileFacts, MixFacts
    from otpwise_analyzers.project.supervision import Place, Supervised
    from otpwise_analyzers.project.telemetry import Dashboard
    from otpwise_analyzers.project.trees import Trees


class Project:
    """The facts of one Mix project or umbrella, kept current file by file.

    `changes` of an update are the keys whose answers may now differ; a view records the keys that it
    was asked for, so `affected` names the files that must be checked again.
    """

    def __init__(self, files: Iterable[FileFacts] = ()) -> None:
        self._files: dict[str, FileFacts] = {facts.path: facts for facts in files}
        self._locks: dict[str, dict[str, str]] = {}
        self._views: dict[str, ProjectView] = {}
        self._answers = Answers(dict(self._files), {})
        self._layout: Layout | None = None
        self.generation = 0

    def fork(self) -> Project:
        """The same project, to try something on: neither sees what becomes of the other. Costs next to nothing."""
        other = Project()
        other._files, other._locks = dict(self._files), dict(self._locks)
        other._answers, other._layout = self._answers, self._layout
        return other

    # -- keeping it current ------------------------------------------------------------------------

    @property
    def is_known(self) -> bool:
        return bool(self._files)

    @property
    def paths(self) -> list[str]:
        return sorted(self._files)

    def facts(self, path: str) -> FileFacts | None:
        return self._files.get(path)

    def load(self, files: Iterable[FileFacts]) -> None:
        """Adds many files at once, as at the start."""
        for facts in files:
            self._files[facts.path] = facts
        self._layout = None
        self._renew()

    def set_lock(self, path: str, data: bytes) -> set[Key]:
        """Takes in a `mix.lock`, by its path relative to the root."""
        folder = path.rpartition("/")[0]
        versions = locked_versions(data)
        if self._locks.get(folder) == versions:
            return set()
        self._locks[folder] = versions
        self._renew()
        return {("deps",)}

    def update(self, path: str, facts: FileFacts) -> set[Key]:
        """Takes in a file's new facts. Returns the keys whose answers changed."""
        old = self._files.get(path)
        self._files[path] = facts
        if old is not None and old.same_but_for_positions(facts):
            return set()
        before = self._answers
        self._renew()
        return self._changed(before, old, facts)

    def remove(self, path: str) -> set[Key]:
        """Forgets a file. Returns the keys whose answers changed."""
        old = self._files.pop(path, None)
        self._views.pop(path, None)
        if old is None:
            return set()
        before = self._answers
        self._renew()
        return self._changed(before, old, None)

    def _renew(self) -> None:
        self.generation += 1
        # The facts are copied so that answers of the last state can still be compared.
        self._answers = Answers(dict(self._files), dict(self._locks))

    def _changed(self, before: Answers, old: FileFacts | None, new: FileFacts | None) -> set[Key]:
        now = self._answers
        keys: set[Key] = set()
        old_modules = {module.name: module for module in old.modules} if old else {}
        new_modules = {module.name: module for module in new.modules} if new else {}
        for name in old_modules.keys() | new_modules.keys():
            if old_modules.get(name) != new_modules.get(name):
                keys.update({("module", name), ("modules",)})
        if (old.mix if old else None) != (new.mix if new else None):
            keys.update({("deps",), ("application",)})
            self._layout = None
        if (old.defines if old else ()) != (new.defines if new else ()):
            self._layout = None
            keys.add(("layout",))
        if (old.config if old else None) != (new.config if new else None):
            keys.add(("config",))
        if (old.image if old else None) != (new.image if new else None):
            if before.builds_release != now.builds_release:
                keys.add(("images",))
        if before.has_rel != now.has_rel:
            keys.add(("rel",))
        if (old.asking if old else ()) != (new.asking if new else ()):
            asked = before.askers.keys() | now.askers.keys()
            keys.update(("askers", m) for m in asked if before.askers.get(m) != now.askers.get(m))
        if keys & {("modules",)}:
            if before.compiled_config != now.compiled_config:
                keys.add(("compiled config",))
            if before.repos != now.repos:
                keys.add(("repos",))
            if before.mailing_names != now.mailing_names:
                keys.add(("mails",))
            keys.update(("measured", name) for name in before.measured ^ now.measured)
            if before.tables != now.tables:
                keys.add(("schemas",))
            if before.health_paths != now.health_paths:
                keys.add(("health",))
            if before.telemetry != now.telemetry:
                keys.add(("telemetry",))
            if before.repo_share_of_controllers != now.repo_share_of_controllers:
                keys.add(("controllers",))
            keys.update(("children", name) for name in _different(before.supervisors, now.supervisors))
            keys.update(("children", name) for name in _different(before.child_names, now.child_names))
            keys.update(("mounts", name) for name in _different(before.mounts, now.mounts))
            for modules in (old_modules, new_modules):
                if any(m.uses_module("Application") for m in modules.values()):
                    keys.add(("application",))
        if "trees" in vars(before):
            # Whoever asked for one had all trees made; who did not has nothing to compare.
            different = _different(before.trees.answers, now.trees.answers)
            keys.update(("supervision", name) for name in different)
        return keys

    def affected(self, keys: set[Key], but: str | None = None) -> list[str]:
        """The files that asked for one of `keys`, without the file `but`."""
        if not keys:
            return []
        return sorted(path for path, view in self._views.items() if path != but and view.asked & keys)

    def view(self, path: str) -> ProjectView:
        """A fresh view for a check of `path`; it replaces the one of the check before."""
        view = ProjectView(self, path)
        self._views[path] = view
        return view

    def asked(self, path: str) -> frozenset[Key]:
        """The keys that the last view of a file was asked for."""
        view = self._views.get(path)
        return frozenset(view.asked) if view is not None else frozenset()

    def recall(self, path: str, asked: Iterable[Key]) -> None:
        """Takes a file for checked, with these keys asked for."""
        view = self.view(path)
        view.asked.update(asked)
        if any(key[0] == "supervision" for key in view.asked):
            # Whoever asked had all trees made; later ones are compared with them.
            _ = self._answers.trees

    # -- answers, for the view ---------------------------------------------------------------------

    def app_of(self, path: str) -> str:
        return self._answers.app_of(path)

    def module(self, name: str) -> Located | None:
        return self._answers.modules.get(name)

    def modules(self) -> Iterator[Located]:
        return iter(self._answers.modules.values())

    def span(self, module: str, name: str | None, arity: int | None) -> tuple[int, int] | None:
        located = self.module(module)
        if located is None:
            return None
        spans = self._files[located.path].spans
        if name is None:
            return spans.get(module)
        if arity is not None:
            function = located.facts.function(name, arity)
            return spans.get(f"{module}.{name}/{function.arity}") if function is not None else None
        function = located.facts.function(name)
        return spans.get(f"{module}.{name}/{function.arity}") if function is not None else None

    def spans(self, path: str) -> dict[str, tuple[int, int]]:
        return self._files[path].spans

    def expansion(self, module: str, argument: str | None) -> Expansion | None:
        located = self.module(module)
        if located is None:
            return None
        return located.facts.expansions.get(argument if argument is not None else "__using__")

    @property
    def repos(self) -> frozenset[str]:
        return frozenset(self._answers.repos)

    def adapter(self, repo: str | None) -> str:
        repos = self._answers.repos
        if repo is not None and repo in repos:
            return repos[repo]
        adapters = set(repos.values())
        return adapters.pop() if len(adapters) == 1 else ""

    def is_measured(self, module: str) -> bool:
        return module in self._answers.measured

    def template_owner(self, path: str) -> str | None:
        return self._answers.template_owners.owner(path)

    @property
    def mailing_names(self) -> frozenset[bytes]:
        return self._answers.mailing_names

    def schema_of_table(self, table: str) -> str | None:
        return self._answers.tables.get(table)

    def supervisors_of(self, module: str) -> tuple[str, ...]:
        return self._answers.supervisors.get(module, ())

    def names_of(self, child: str) -> tuple[str, ...]:
        return self._answers.child_names.get(child, ())

    @property
    def trees(self) -> Trees:
        """The supervision trees of all applications."""
        return self._answers.trees

    def supervised(self, module: str) -> Supervised:
        return self._answers.trees.supervised(module)

    def place(self, place: Place) -> tuple[int, int] | None:
        """The bytes of a place in the trees, in its file."""
        facts = self._files.get(place.path)
        return facts.spans.get(place.key) if facts is not None else None

    def application(self, path: str) -> Located | None:
        return self._answers.application(path)

    def askers_of(self, module: str, function: str) -> tuple[str, ...]:
        return self._answers.askers.get(module, {}).get(function, ())

    def mounts_of(self, channel: str) -> tuple[str, ...]:
        return self._answers.mounts.get(channel, ())

    @property
    def health_paths(self) -> tuple[str, ...]:
        return self._answers.health_paths

    @property
    def attaches_telemetry(self) -> bool:
        return self._answers.telemetry[0]

    def dashboards_of(self, module: str) -> tuple[Dashboard, ...]:
        return self._answers.telemetry[1].get(module, ())

    @property
    def repo_share_of_controllers(self) -> float:
        return self._answers.repo_share_of_controllers

    def deps_of(self, path: str) -> frozenset[str]:
        return frozenset(self._answers.deps(path))

    def version(self, path: str, dep: str) -> tuple[int, ...] | None:
        return version_numbers(self._answers.deps(path).get(dep, ""))

    def configuration(self, path: str) -> Configuration:
        return Configuration(tuple(dict.fromkeys(("", self.app_of(path)))), self._answers.configs)

    @property
    def whole_configuration(self) -> Configuration:
        return Configuration(tuple(sorted({"", *self._answers.mixes})), self._answers.configs)

    @property
    def compiled_config(self) -> frozenset[CompiledRead]:
        return self._answers.compiled_config

    @property
    def layout(self) -> Layout:
        if self._layout is None:
            defined = {path: facts.defines for path, facts in self._files.items()}
            apps = [mix.app for mix in self._answers.mixes.values() if mix.app is not None]
            self._layout = layout_of(defined, apps)
        return self._layout

    def mixes(self, path: str) -> list[MixFacts]:
        known = (self._answers.mixes.get(folder) for folder in dict.fromkeys((self.app_of(path), "")))
        return [mix for mix in known if mix is not None]

    @property
    def app_folders(self) -> tuple[str, ...]:
        return tuple(sorted(self._answers.mixes))

    def builds_releases(self, path: str) -> bool:
        return (
            any(mix.has_releases for mix in self.mixes(path))
            or self._answers.has_rel
            or self._answers.builds_release
        )

    def is_package(self, path: str) -> bool:
        mix = self._answers.mixes.get(self.app_of(path))
        return mix is not None and mix.is_package


def _different(before: Mapping[str, object], now: Mapping[str, object]) -> set[str]:
    return {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}
