"""What one file says that other files may need; a pure function of its bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec
from tree_sitter import Node

from otpwise_analyzers.project.asking import Asking, asking_of
from otpwise_analyzers.project.child_facts import Child, Started, Supervising
from otpwise_analyzers.project.children import Listed, listed_children, supervision_of
from otpwise_analyzers.project.compile_time import CompiledRead, compiled_config
from otpwise_analyzers.project.config_files import ConfigFacts, config_facts
from otpwise_analyzers.project.effects import NO_EFFECTS, Effect, Effects, direct_effects, repo_candidates
from otpwise_analyzers.project.health_routes import health_paths
from otpwise_analyzers.project.images import ImageFacts, image_facts
from otpwise_analyzers.project.mail_calls import mailer_of
from otpwise_analyzers.project.mailboxes import measured_processes
from otpwise_analyzers.project.mentions import mentions_of
from otpwise_analyzers.project.module_paths import defined_in
from otpwise_analyzers.project.schemas import Schema, schema_of
from otpwise_analyzers.project.subscriptions import subscribing_functions
from otpwise_analyzers.project.telemetry import TelemetryFacts, telemetry_of
from otpwise_analyzers.project.template_owners import embedded_templates, template_aliases
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.source_file import SourceFile
from otpwise_analyzers.syntax.surroundings import Expansion


class Function(msgspec.Struct, frozen=True, array_like=True):
    """A function or macro; its clauses are one. Defaults make `min_arity` less than `arity`."""

    name: str
    arity: int
    min_arity: int
    kind: str
    clauses: int = 1
    spec: bool = False
    effects: Effects = NO_EFFECTS


class UseFact(msgspec.Struct, frozen=True, array_like=True):
    """`use module, :argument`."""

    module: str
    argument: str | None = None


class Mount(msgspec.Struct, frozen=True, array_like=True):
    """`channel "room:*", RoomChannel` in a socket."""

    topic: str
    module: str


class ModuleFacts(msgspec.Struct, frozen=True):
    """One module. Names are full and resolved; nothing here holds a position."""

    name: str
    uses: tuple[UseFact, ...] = ()
    behaviours: tuple[str, ...] = ()
    functions: tuple[Function, ...] = ()
    # `def controller do quote do ... end end`: what each brings, by name
    expansions: dict[str, Expansion] = msgspec.field(default_factory=dict)
    schema: Schema | None = None
    supervisors: tuple[Supervising, ...] = ()
    started: tuple[Started, ...] = ()
    # the children that public functions answer with, by `name/arity`
    helpers: dict[str, tuple[Child, ...]] = msgspec.field(default_factory=dict)
    # modules that this one starts by hand outside of a children list
    starts: tuple[str, ...] = ()
    # the `restart:` and `id:` that its `use` gives its child specification
    restart: str | None = None
    child_id: str | None = None
    mounts: tuple[Mount, ...] = ()
    adapter: str | None = None
    # number of calls to something that ends in `Repo`
    repo_calls: int = 0
    # `embed_templates "page_html/*"`, relative to the root
    embeds: tuple[str, ...] = ()
    # short name -> full name, of modules that templates may be compiled into
    aliases: dict[str, str] = msgspec.field(default_factory=dict)
    # functions that subscribe their caller to a topic
    subscribes: tuple[str, ...] = ()
    telemetry: TelemetryFacts | None = None
    # routes such as `/health`
    health_paths: tuple[str, ...] = ()
    # what it reads of the application's environment while it compiles
    compiled_config: tuple[CompiledRead, ...] = ()
    # modules named beside the length of a mailbox: whose it is
    measures: tuple[str, ...] = ()

    @property
    def children(self) -> tuple[Listed, ...]:
        """The children with a known module that it lists or starts, each once."""
        return listed_children(self.supervisors, self.started, self.helpers)

    def function(self, name: str, arity: int | None = None) -> Function | None:
        for function in self.functions:
            if function.name == name and (arity is None or function.min_arity <= arity <= function.arity):
                return function
        return None

    def uses_module(self, *names: str) -> bool:
        return any(use.module in names for use in self.uses)


class MixFacts(msgspec.Struct, frozen=True):
    """What a `mix.exs` (with the `mix.lock` beside it) says."""

    app: str | None = None
    application_module: str | None = None
    apps_path: str | None = None
    # name -> requirement as written, "" for a git or path dependency
    deps: dict[str, str] = msgspec.field(default_factory=dict)
    is_package: bool = False
    # the requirement on Elixir as written
    elixir: str = ""
    has_releases: bool = False
    # a release whose configuration comes from elsewhere than `config/runtime.exs`, or from there too
    has_own_runtime: bool = False


class FileFacts(msgspec.Struct, frozen=True):
    """All facts of a file.

    `spans` gives the bytes of `Module`, of `Module.function/arity`, of the first call that has an effect in a
    function, such as `Module.function/arity read`, and of children under the keys that `child_facts`
    describes.
    """

    path: str
    modules: tuple[ModuleFacts, ...] = ()
    mix: MixFacts | None = None
    config: ConfigFacts | None = None
    # modules that it names where they may be started from
    mentions: tuple[str, ...] = ()
    # the modules and protocols that stand by themselves, implementations left out
    defines: tuple[str, ...] = ()
    spans: dict[str, tuple[int, int]] = msgspec.field(default_factory=dict)
    # of a Dockerfile
    image: ImageFacts | None = None

    # the modules that it asks for something
    asking: tuple[Asking, ...] = ()

    def same_but_for_positions(self, other: FileFacts) -> bool:
        return (
            self.modules == other.modules
            and self.mix == other.mix
            and self.config == other.config
            and self.defines == other.defines
            and self.image == other.image
            and self.mentions == other.mentions
            and self.asking == other.asking
        )


def facts_of(file: SourceFile) -> FileFacts:
    """The facts of one file. The file is read without its project, whatever it was given."""
    if not isinstance(file, ElixirFile) or file.is_template:
        return FileFacts(file.path, image=_image_facts(file))
    spans: dict[str, tuple[int, int]] = {}
    repos = repo_candidates(file)
    effects = direct_effects(file, repos)
    compiled = compiled_config(file)
    modules = tuple(
        _module_facts(file, module, spans, effects, repos, compiled) for module in file.modules if module.name
    )
    mix = _mix_facts(file) if file.path.rpartition("/")[2] == "mix.exs" else None
    return FileFacts(
        file.path,
        modules,
        mix,
        config_facts(file),
        mentions_of(file),
        defined_in(file),
        spans,
        asking=asking_of(file),
    )


def _image_facts(file: SourceFile) -> ImageFacts | None:
    if file.language != "dockerfile":
        return None
    from otpwise_analyzers.syntax.dockerfile import DockerFile

    return image_facts(file) if isinstance(file, DockerFile) else None


def _module_facts(
    file: ElixirFile,
    module: Module,
    spans: dict[str, tuple[int, int]],
    effects: dict[int, dict[Effect, list[Call]]],
    repos: list[Call],
    compiled: dict[int, set[CompiledRead]],
) -> ModuleFacts:
    spans[module.name] = (module.node.start_byte, module.node.end_byte)
    supervision = supervision_of(module, spans)
    restart, child_id = _specification(module)
    return ModuleFacts(
        name=module.name,
        uses=tuple(UseFact(use.module, use.argument) for use in module.uses),
        behaviours=tuple(sorted(module.behaviours)),
        functions=_functions(module, spans, effects),
        expansions=_expansions(file, module),
        schema=schema_of(module),
        supervisors=supervision.supervisors,
        started=supervision.started,
        helpers=supervision.helpers,
        starts=supervision.starts,
        restart=restart,
        child_id=child_id,
        mounts=_mounts(file, module),
        adapter=_adapter(file, module),
        repo_calls=_repo_calls(module, repos),
        embeds=embedded_templates(module),
        aliases=template_aliases(module),
        subscribes=subscribing_functions(module),
        telemetry=telemetry_of(module),
        health_paths=health_paths(module),
        compiled_config=tuple(sorted(compiled.get(module.node.start_byte, ()))),
        measures=measured_processes(module),
    )


def _functions(
    module: Module, spans: dict[str, tuple[int, int]], effects: dict[int, dict[Effect, list[Call]]]
) -> tuple[Function, ...]:
    grouped: dict[tuple[str, int], list[Definition]] = {}
    for definition in module.definitions:
        if definition.name:
            grouped.setdefault((definition.name, definition.arity), []).append(definition)
    specs = _spec_names(module)
    found = []
    for (name, arity), clauses in grouped.items():
        first = clauses[0].node
        key = f"{module.name}.{name}/{arity}"
        spans[key] = (first.start_byte, first.end_byte)
        found.append(
            Function(
                name=name,
                arity=arity,
                min_arity=min(clause.min_arity for clause in clauses),
                kind=clauses[0].kind,
                clauses=len(clauses),
                spec=name in specs,
                effects=_effects(key, clauses, spans, effects) if effects else NO_EFFECTS,
            )
        )
    return tuple(found)


def _effects(
    key: str,
    clauses: list[Definition],
    spans: dict[str, tuple[int, int]],
    effects: dict[int, dict[Effect, list[Call]]],
) -> Effects:
    merged: dict[Effect, list[Call]] = {}
    for clause in clauses:
        for effect, calls in effects.get(clause.node.start_byte, {}).items():
            merged.setdefault(effect, []).extend(calls)
    if not merged:
        return NO_EFFECTS
    for effect, calls in merged.items():
        spans[f"{key} {effect}"] = (calls[0].node.start_byte, calls[0].node.end_byte)
    return Effects(
        reads=_modules(merged.get(Effect.READ, ())),
        writes=_modules(merged.get(Effect.WRITE, ())),
        http=Effect.HTTP in merged,
        sleeps=Effect.SLEEP in merged,
        mails=tuple(dict.fromkeys(filter(None, map(mailer_of, merged.get(Effect.MAIL, ()))))),
    )


def _modules(calls: Iterable[Call]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(call.module for call in calls if call.module is not None))


_SPEC = re.compile(rb"@spec\s+([a-z_]\w*[?!]?)\s*\(")


def _spec_names(module: Module) -> frozenset[str]:
    data = module.file.data
    if b"@spec" not in data:
        return frozenset()
    return frozenset(
        match.group(1).decode()
        for match in _SPEC.finditer(data, module.node.start_byte, module.node.end_byte)
    )


def _expansions(file: ElixirFile, module: Module) -> dict[str, Expansion]:
    """What each function of the form `def name do quote do ... end end` brings to its user."""
    if b"quote" not in file.names:
        return {}
    raw: dict[str, tuple[list[tuple[str, str | None]], list[str], dict[str, str], list[str]]] = {}
    quotes = [call for call in file.calls("quote") if call.is_local and call.enclosing_module is module]
    for quote in quotes:
        definition = quote.definition
        if definition is None or definition.arity > 1 or not definition.name or quote.do_block is None:
            continue
        uses: list[tuple[str, str | None]] = []
        imports: list[str] = []
        aliases: dict[str, str] = {}
        calls_own: list[str] = []
        for call in file.calls("use", "import", "alias"):
            if not call.is_local or not call.args or not nodes.encloses(quote.node, call.node):
                continue
            if call.name == "alias":
                continue
            name = file.module_name(call.args[0], file.aliases)
            if name is None:
                continue
            if call.name == "use":
                second = call.args[1] if len(call.args) > 1 else None
                uses.append((name, nodes.atom_literal(second, file.data) if second is not None else None))
            else:
                imports.append(name)
        for alias in file.aliases.declarations():
            if nodes.encloses(quote.node, alias.node) and alias.node.type == "call":
                aliases[alias.short] = alias.full
        for unquote in file.calls("unquote"):
            if unquote.is_local and unquote.args and nodes.encloses(quote.node, unquote.node):
                inner = unquote.args[0]
                target = inner.child_by_field_name("target") if inner.type == "call" else inner
                name = nodes.identifier(target, file.data)
                if name is not None:
                    calls_own.append(name)
        raw[definition.name] = (uses, imports, aliases, calls_own)
    return {name: _flatten(name, raw, set()) for name in raw}


def _flatten(
    name: str,
    raw: dict[str, tuple[list[tuple[str, str | None]], list[str], dict[str, str], list[str]]],
    seen: set[str],
) -> Expansion:
    if name not in raw or name in seen:
        return Expansion()
    seen.add(name)
    uses, imports, aliases, calls_own = raw[name]
    all_uses = [module for module, _ in uses]
    all_imports, all_aliases = list(imports), dict(aliases)
    # `use MyAppWeb, :html` inside of the web module's own quote.
    for _, argument in uses:
        if argument is not None and argument in raw:
            calls_own = [*calls_own, argument]
    for own in calls_own:
        inner = _flatten(own, raw, seen)
        all_uses.extend(inner.uses)
        all_imports.extend(inner.imports)
        all_aliases = {**inner.aliases, **all_aliases}
    return Expansion(tuple(dict.fromkeys(all_uses)), tuple(dict.fromkeys(all_imports)), all_aliases)


def _mounts(file: ElixirFile, module: Module) -> tuple[Mount, ...]:
    found = []
    for call in file.calls("channel"):
        if not call.is_local or call.enclosing_module is not module or len(call.args) < 2:
            continue
        topic = nodes.string_literal(call.args[0], file.data)
        target = file.module_name(call.args[1])
        if topic is not None and target is not None:
            found.append(Mount(topic, target))
    return tuple(found)


def _specification(module: Module) -> tuple[str | None, str | None]:
    """`restart:` and `id:` of `use GenServer, restart: :transient`."""
    for use in module.uses:
        restart, own_id = use.options.get("restart"), use.options.get("id")
        if restart is not None or own_id is not None:
            return (
                nodes.atom_literal(restart, module.file.data) if restart is not None else None,
                (module.file.module_name(own_id) or "?") if own_id is not None else None,
            )
    return None, None


def _adapter(file: ElixirFile, module: Module) -> str | None:
    for use in module.uses:
        if use.module == "Ecto.Repo":
            adapter = use.options.get("adapter")
            return file.text(adapter) if adapter is not None else ""
    return None


def _repo_calls(module: Module, repos: list[Call]) -> int:
    return sum(
        1
        for call in repos
        if call.enclosing_module is module and (call.module or "").rpartition(".")[2] == "Repo"
    )


def _mix_facts(file: ElixirFile) -> MixFacts:
    app = application = apps_path = None
    deps: dict[str, str] = {}
    keys: set[str] = set()
    elixir = ""
    for pair in nodes.descendants(file.root, "pair"):
        key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        if key is None or value is None:
            continue
        name = nodes.keyword_name(key, file.data)
        keys.add(name)
        if name == "app" and app is None and value.type == "atom":
            app = nodes.atom_literal(value, file.data)
        elif name == "mod" and value.type == "tuple" and application is None:
            application = file.module_name(nodes.named(value)[0]) if nodes.named(value) else None
        elif name == "apps_path":
            apps_path = nodes.string_literal(value, file.data)
        elif name == "elixir" and not elixir:
            elixir = nodes.string_literal(value, file.data) or ""
    for node in nodes.descendants(file.root, "tuple"):
        items = nodes.named(node)
        if items and items[0].type == "atom" and len(items) >= 2 and _is_dependency(items, node):
            requirement = nodes.string_literal(items[1], file.data) or ""
            deps.setdefault(file.text(items[0])[1:], requirement)
    return MixFacts(
        app,
        application,
        apps_path,
        deps,
        "package" in keys,
        elixir,
        "releases" in keys,
        bool(keys & {"config_providers", "runtime_config_path"}),
    )


def _is_dependency(items: list[Node], node: Node) -> bool:
    parent = node.parent
    return parent is not None and parent.type == "list" and items[1].type in ("string", "keywords", "list")
