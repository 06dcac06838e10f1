"""What a rule may ask of the project around a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from otpwise_analyzers.project.effects import NO_EFFECTS, Effect
from otpwise_analyzers.project.mail_calls import MAILERS
from otpwise_analyzers.source.edits import Span
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.languages import open_file
from otpwise_analyzers.syntax.source_file import SourceFile
from otpwise_analyzers.syntax.surroundings import Expansion, TemplateScope

if TYPE_CHECKING:
    from otpwise_analyzers.project.compile_time import CompiledRead
    from otpwise_analyzers.project.config_files import Configuration
    from otpwise_analyzers.project.facts import Function, MixFacts, ModuleFacts
    from otpwise_analyzers.project.index import Project
    from otpwise_analyzers.project.module_paths import Layout
    from otpwise_analyzers.project.schemas import Schema
    from otpwise_analyzers.project.supervision import Supervised
    from otpwise_analyzers.project.telemetry import Dashboard

Key = tuple[str, ...]


class Located(NamedTuple):
    """A module and the file that defines it (relative to the root)."""

    path: str
    facts: ModuleFacts


class Place(NamedTuple):
    """A range of bytes in a file (relative to the root)."""

    path: str
    span: Span


class ProjectView:
    """The project as one file sees it. Remembers what was asked, so that the file is checked again
    when an answer changes. Every method answers something sensible when the index is empty."""

    def __init__(self, project: Project, path: str) -> None:
        self._project = project
        self.path = path
        self.asked: set[Key] = set()

    def _ask(self, *key: str) -> None:
        self.asked.add(key)

    @property
    def is_known(self) -> bool:
        """Whether there is an index at all; without one a rule should be less sure."""
        self._ask("known")
        return self._project.is_known

    @property
    def app(self) -> str:
        """The folder of the file's application: `""`, or `apps/shop` in an umbrella."""
        return self._project.app_of(self.path)

    # -- modules -----------------------------------------------------------------------------------

    def module(self, name: str) -> Located | None:
        """The project's module of this name; None for a library's."""
        self._ask("module", name)
        return self._project.module(name)

    def function(self, module: str, name: str, arity: int | None = None) -> Function | None:
        """A function of the project, by module, name and number of arguments given."""
        located = self.module(module)
        return located.facts.function(name, arity) if located is not None else None

    def span(self, module: str, name: str | None = None, arity: int | None = None) -> tuple[int, int] | None:
        """Where a module or its function stands in its file, in bytes."""
        self._ask("module", module)
        return self._project.span(module, name, arity)

    def effects(self, module: str, name: str, arity: int) -> dict[Effect, Place]:
        """What a function of the project does in its own body (it reads a repo, writes to one, waits for
        HTTP, sleeps, delivers a mail), with the first call of each kind.

        Not what it does in a loop, or in a function that it hands to something else. Empty for functions
        that do nothing of the like and for those that the project does not have.
        """
        located = self.module(module)
        function = located.facts.function(name, arity) if located is not None else None
        if located is None or function is None or function.effects == NO_EFFECTS:
            return {}
        known = function.effects
        found = [
            effect
            for effect, is_there in (
                (Effect.READ, any(map(self.is_repo, known.reads))),
                (Effect.WRITE, any(map(self.is_repo, known.writes))),
                (Effect.HTTP, known.http),
                (Effect.SLEEP, known.sleeps),
                (Effect.MAIL, any(map(self.is_mailer, known.mails))),
            )
            if is_there
        ]
        spans = self._project.spans(located.path)
        key = f"{module}.{name}/{function.arity}"
        return {effect: Place(located.path, Span(*spans[f"{key} {effect}"])) for effect in found}

    def modules(self) -> Iterator[Located]:
        """All modules of the project. Asking this makes the file depend on every other one."""
        self._ask("modules")
        return self._project.modules()

    def expansion(self, module: str, argument: str | None) -> Expansion | None:
        """What `use module, :argument` brings; `__using__` when there is no argument."""
        self._ask("module", module)
        return self._project.expansion(module, argument)

    # -- Ecto --------------------------------------------------------------------------------------

    @property
    def repos(self) -> frozenset[str]:
        """The modules that `use Ecto.Repo`."""
        self._ask("repos")
        return self._project.repos

    def is_repo(self, name: str | None) -> bool:
        """Whether a resolved module name is an Ecto repo: one of the project's, or, when the project
        does not define that module, one whose last part is exactly `Repo` (but not a library's)."""
        if name is None or name.startswith(":"):
            return False
        if name in self.repos:
            return True
        if name.rpartition(".")[2] != "Repo" or name in ("Ecto.Repo", "Oban.Repo"):
            return False
        return self.module(name) is None

    def adapter(self, repo: str | None) -> str:
        """`Ecto.Adapters.Postgres` and the like; the only known repo's when `repo` is not the
        project's; `""` when nothing is known."""
        self._ask("repos")
        return self._project.adapter(repo)

    def schema(self, module: str) -> Schema | None:
        located = self.module(module)
        return located.facts.schema if located is not None else None

    def schema_of_table(self, table: str) -> str | None:
        """The module whose schema reads this table, when it is the only one."""
        self._ask("schemas")
        return self._project.schema_of_table(table)

    # -- processes ---------------------------------------------------------------------------------

    def supervisors_of(self, module: str) -> tuple[str, ...]:
        """The modules in whose children lists this one stands."""
        self._ask("children", module)
        return self._project.supervisors_of(module)

    def names_of(self, child: str) -> tuple[str, ...]:
        """The `name:`s under which children of this module run, such as those of Task.Supervisor."""
        self._ask("children", child)
        return self._project.names_of(child)

    def is_measured(self, process: str) -> bool:
        """Whether some module of the project measures the length of this process's mailbox."""
        self._ask("measured", process)
        return self._project.is_measured(process)

    def supervision(self, module: str) -> Supervised:
        """Who supervises a module of the project, as the supervision trees have it, and how sure that is."""
        self._ask("supervision", module)
        return self._project.supervised(module)

    @property
    def application(self) -> Located | None:
        """The Application callback module of the file's app."""
        self._ask("application")
        return self._project.application(self.path)

    # -- mail --------------------------------------------------------------------------------------

    def is_mailer(self, name: str) -> bool:
        """Whether a module delivers mails: it `use`s Swoosh's or Bamboo's mailer, or, when the project does
        not define it, is called `Mailer`."""
        located = self.module(name)
        if located is None:
            return name.rpartition(".")[2] == "Mailer"
        return located.facts.uses_module(*MAILERS)

    def template_scope(self, path: str) -> TemplateScope | None:
        """What names mean in a template; None when it is not known which module it is compiled into."""
        self._ask("modules")
        owner = self._project.template_owner(path)
        located = self.module(owner) if owner is not None else None
        if located is None:
            return None
        aliases: dict[str, str] = {}
        for use in located.facts.uses:
            expansion = self.expansion(use.module, use.argument)
            if expansion is not None:
                aliases.update(expansion.aliases)
        return TemplateScope(located.facts.name, {**aliases, **located.facts.aliases})

    @property
    def mailing_names(self) -> frozenset[bytes]:
        """The names of all functions that deliver a mail in their own body."""
        self._ask("mails")
        return self._project.mailing_names

    def askers_of(self, module: str, function: str) -> tuple[str, ...]:
        """The modules outside of tests that call a function of this module, when it is named like a read."""
        self._ask("askers", module)
        return self._project.askers_of(module, function)

    # -- web ---------------------------------------------------------------------------------------

    def mounts_of(self, channel: str) -> tuple[str, ...]:
        """The socket modules that mount a channel."""
        self._ask("mounts", channel)
        return self._project.mounts_of(channel)

    @property
    def repo_share_of_controllers(self) -> float:
        """The share (0 to 1) of the project's controllers that call a repo; 0 below five controllers."""
        self._ask("controllers")
        return self._project.repo_share_of_controllers

    @property
    def health_paths(self) -> tuple[str, ...]:
        """The paths of the project's routes that are health checks by their name."""
        self._ask("health")
        return self._project.health_paths

    # -- telemetry ---------------------------------------------------------------------------------

    @property
    def attaches_telemetry(self) -> bool:
        """Whether any module of the project (any app of an umbrella) attaches a telemetry handler."""
        self._ask("telemetry")
        return self._project.attaches_telemetry

    def dashboards_of(self, module: str) -> tuple[Dashboard, ...]:
        """The LiveDashboards that show the metrics of a module."""
        self._ask("telemetry")
        return self._project.dashboards_of(module)

    # -- configuration -----------------------------------------------------------------------------

    @property
    def configuration(self) -> Configuration:
        """The config files of the file's app, and of its umbrella."""
        self._ask("config")
        return self._project.configuration(self.path)

    @property
    def whole_configuration(self) -> Configuration:
        """The config files of all apps of an umbrella; of any other project the same."""
        self._ask("config")
        return self._project.whole_configuration

    @property
    def compiled_config(self) -> frozenset[CompiledRead]:
        """What the project's modules read of the application's environment while they compile."""
        self._ask("compiled config")
        return self._project.compiled_config

    @property
    def builds_releases(self) -> bool:
        """Whether a release is built of the app: on one machine, and started on another."""
        self._ask("deps")
        self._ask("images")
        self._ask("rel")
        return self._project.builds_releases(self.path)

    @property
    def is_released(self) -> bool:
        """The same, or at least prepared by a `config/runtime.exs`."""
        return self.builds_releases or self.configuration.runtime is not None

    @property
    def mixes(self) -> list[MixFacts]:
        """The mix.exs of the file's app, then that of its umbrella; the one that there is."""
        self._ask("deps")
        return self._project.mixes(self.path)

    # -- layout ------------------------------------------------------------------------------------

    @property
    def layout(self) -> Layout:
        """How the project lays its files out. Asking makes the file depend on the names of all modules."""
        self._ask("layout")
        return self._project.layout

    # -- dependencies ------------------------------------------------------------------------------

    @property
    def deps(self) -> frozenset[str]:
        """The dependencies by name, from the app's mix.exs, the umbrella's and mix.lock."""
        self._ask("deps")
        return self._project.deps_of(self.path)

    def version(self, dep: str) -> tuple[int, ...] | None:
        """The locked version of a dependency as numbers; from the requirement when nothing is locked."""
        self._ask("deps")
        return self._project.version(self.path, dep)

    @property
    def app_folders(self) -> tuple[str, ...]:
        """The folders of the project that have a mix.exs: `""`, and those of an umbrella's apps."""
        self._ask("deps")
        return self._project.app_folders

    @property
    def is_package(self) -> bool:
        """Whether the file's mix.exs publishes a package: a library, whose users supervise it."""
        self._ask("deps")
        return self._project.is_package(self.path)


class FixContext:
    """What building a fix may use. `read` gives the current bytes of another file, None without one."""

    def __init__(self, file: SourceFile, project: ProjectView, read: Callable[[str], bytes | None]) -> None:
        self.checked = file
        self.project = project
        self._read = read
        self._files: dict[str, SourceFile | None] = {file.path: file}

    @property
    def file(self) -> ElixirFile:
        """The checked file, for the fixes of Elixir code."""
        assert isinstance(self.checked, ElixirFile)
        return self.checked

    def open(self, path: str) -> ElixirFile | None:
        """Another Elixir file of the project, parsed as it is now; None when it does not exist."""
        found = self.open_any(path)
        return found if isinstance(found, ElixirFile) else None

    def open_any(self, path: str) -> SourceFile | None:
        """Another file of the project, in its own language, parsed as it is now; None when it does not exist."""
        if path not in self._files:
            data = self._read(path)
            self._files[path] = open_file(path, data, project=self.project) if data is not None else None
        return self._files[path]

    def read(self, path: str) -> bytes | None:
        """The bytes of a file of the project in whatever language; None when it does not exist."""
        known = self._files.get(path)
        return known.source if known is not None else self._read(path)

    def exists(self, path: str) -> bool:
        return self.read(path) is not None
