"""What follows from one state of a project's facts, for the views that ask."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from otpwise_analyzers.project.config_files import ConfigFacts
from otpwise_analyzers.project.template_owners import TemplateOwners
from otpwise_analyzers.project.view import Located

if TYPE_CHECKING:
    from otpwise_analyzers.project.compile_time import CompiledRead
    from otpwise_analyzers.project.facts import FileFacts, MixFacts
    from otpwise_analyzers.project.telemetry import Dashboard
    from otpwise_analyzers.project.trees import Trees

_LOCKED = re.compile(rb'^\s*"([^"]+)": \{:hex, :[\w"]+, "([^"]+)"', re.MULTILINE)
_LOCKED_OTHER = re.compile(rb'^\s*"([^"]+)": \{:(?:git|path)', re.MULTILINE)


def locked_versions(data: bytes) -> dict[str, str]:
    """The versions that a `mix.lock` holds, by dependency; `""` for one from git or a path."""
    versions = {match.group(1).decode(): "" for match in _LOCKED_OTHER.finditer(data)}
    versions.update(
        (m.group(1).decode(), m.group(2).decode("utf-8", "replace")) for m in _LOCKED.finditer(data)
    )
    return versions


def version_numbers(text: str) -> tuple[int, ...] | None:
    """(3, 11, 2) of `"~> 3.11.2"`; None when there is no number."""
    match = re.search(r"\d+(?:\.\d+)*", text)
    return tuple(int(part) for part in match.group().split(".")) if match else None


class Answers:
    """What follows from one state of the facts. Made anew when a fact changes; each part on demand."""

    def __init__(self, files: dict[str, FileFacts], locks: dict[str, dict[str, str]]) -> None:
        self.files = files
        self.locks = locks

    @cached_property
    def modules(self) -> dict[str, Located]:
        found: dict[str, Located] = {}
        for path in sorted(self.files):
            for module in self.files[path].modules:
                # Code that ships wins over a test's module of the same name.
                known = found.get(module.name)
                if known is None or ("/test/" in f"/{known.path}" and "/test/" not in f"/{path}"):
                    found[module.name] = Located(path, module)
        return found

    @cached_property
    def repos(self) -> dict[str, str]:
        return {name: m.facts.adapter for name, m in self.modules.items() if m.facts.adapter is not None}

    @cached_property
    def template_owners(self) -> TemplateOwners:
        return TemplateOwners((located.path, located.facts) for located in self.modules.values())

    @cached_property
    def mailing_names(self) -> frozenset[bytes]:
        return frozenset(
            function.name.encode()
            for located in self.modules.values()
            for function in located.facts.functions
            if function.effects.mails
        )

    @cached_property
    def measured(self) -> frozenset[str]:
        return frozenset(name for m in self.modules.values() for name in m.facts.measures)

    @cached_property
    def tables(self) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        for name, located in self.modules.items():
            schema = located.facts.schema
            if schema is not None and schema.table is not None:
                found[schema.table] = None if schema.table in found else name
        return found

    @cached_property
    def supervisors(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for name, located in self.modules.items():
            if "/test/" in f"/{located.path}":
                continue
            for child in located.facts.children:
                found.setdefault(child.module, []).append(name)
        return {child: tuple(dict.fromkeys(names)) for child, names in found.items()}

    @cached_property
    def child_names(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for located in self.modules.values():
            if "/test/" in f"/{located.path}":
                continue
            for child in located.facts.children:
                if child.name is not None:
                    found.setdefault(child.module, []).append(child.name)
        return {module: tuple(dict.fromkeys(names)) for module, names in found.items()}

    @cached_property
    def trees(self) -> Trees:
        # Not at the start: the first file that is opened is checked before there is an index.
        from otpwise_analyzers.project.trees import Trees

        return Trees(self.files, self.modules, self.mixes, self.app_of)

    @cached_property
    def mounts(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for name, located in self.modules.items():
            for mount in located.facts.mounts:
                found.setdefault(mount.module, []).append(name)
        return {channel: tuple(dict.fromkeys(sockets)) for channel, sockets in found.items()}

    @cached_property
    def askers(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """The modules that call a function named like a read, by its module and its name; tests left out."""
        found: dict[str, dict[str, list[str]]] = {}
        for path in sorted(self.files):
            if "/test/" in f"/{path}":
                continue
            for one in self.files[path].asking:
                found.setdefault(one.asked, {}).setdefault(one.function, []).append(one.module)
        return {
            asked: {name: tuple(dict.fromkeys(modules)) for name, modules in functions.items()}
            for asked, functions in found.items()
        }

    @cached_property
    def telemetry(self) -> tuple[bool, dict[str, tuple[Dashboard, ...]]]:
        """Whether any module attaches a handler, and the dashboards by the module whose metrics they show."""
        attaches = False
        dashboards: dict[str, tuple[Dashboard, ...]] = {}
        for located in self.modules.values():
            facts = located.facts.telemetry
            if facts is None or "/test/" in f"/{located.path}":
                continue
            attaches = attaches or facts.attaches
            for dashboard in facts.dashboards:
                dashboards[dashboard.module] = (*dashboards.get(dashboard.module, ()), dashboard)
        return attaches, dashboards

    @cached_property
    def repo_share_of_controllers(self) -> float:
        controllers = [
            located.facts
            for name, located in self.modules.items()
            if name.endswith("Controller") and "/test/" not in f"/{located.path}"
        ]
        if len(controllers) < 5:
            return 0.0
        return sum(1 for facts in controllers if facts.repo_calls) / len(controllers)

    @cached_property
    def mixes(self) -> dict[str, MixFacts]:
        """The mix.exs of each app, by the app's folder."""
        return {
            path.rpartition("/")[0]: facts.mix for path, facts in self.files.items() if facts.mix is not None
        }

    def app_of(self, path: str) -> str:
        folder = path.rpartition("/")[0]
        while folder:
            if folder in self.mixes:
                return folder
            folder = folder.rpartition("/")[0]
        return ""

    @cached_property
    def configs(self) -> dict[str, ConfigFacts]:
        return {path: facts.config for path, facts in self.files.items() if facts.config is not None}

    @cached_property
    def compiled_config(self) -> frozenset[CompiledRead]:
        return frozenset(
            read
            for located in self.modules.values()
            if "/test/" not in f"/{located.path}"
            for read in located.facts.compiled_config
        )

    @cached_property
    def has_rel(self) -> bool:
        """Scripts of Distillery's, or of a release's overlays."""
        return any(path.startswith("rel/") for path in self.files)

    @cached_property
    def health_paths(self) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(
                path
                for located in self.modules.values()
                if "/test/" not in f"/{located.path}"
                for path in located.facts.health_paths
            )
        )

    @cached_property
    def builds_release(self) -> bool:
        """Some Dockerfile runs `mix release`."""
        return any(facts.image is not None and facts.image.builds_release for facts in self.files.values())

    @cached_property
    def applications(self) -> list[Located]:
        return [
            located
            for located in self.modules.values()
            if located.facts.uses_module("Application") and "/test/" not in f"/{located.path}"
        ]

    def application(self, path: str) -> Located | None:
        app = self.app_of(path)
        mix = self.mixes.get(app)
        if mix is not None and mix.application_module is not None:
            return self.modules.get(mix.application_module)
        candidates = [located for located in self.applications if self.app_of(located.path) == app]
        return candidates[0] if len(candidates) == 1 else None

    def deps(self, path: str) -> dict[str, str]:
        app = self.app_of(path)
        found: dict[str, str] = {}
        for folder in dict.fromkeys(("", app)):
            mix = self.mixes.get(folder)
            if mix is not None:
                found.update(mix.deps)
        for folder in dict.fromkeys(("", app)):
            found.update((name, version) for name, version in self.locks.get(folder, {}).items() if version)
            for name in self.locks.get(folder, {}):
                found.setdefault(name, "")
        return found
