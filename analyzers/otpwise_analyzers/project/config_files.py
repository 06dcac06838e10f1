"""What a file of `config/` sets, and for which environments; a pure function of its bytes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec
from tree_sitter import Node

from otpwise_analyzers.project import env_reads, places
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile

Path = tuple[str, ...]
"""The app, the key, the options down to a value: `("shop", "Shop.Repo", "url")`; atoms without colon."""

RUNTIME_FILES = ("runtime.exs", "releases.exs")
"""Files that are evaluated when a release starts; Mix takes the second only without the first."""

# Asked for while code is compiled, or by tools that no release contains.
_COMPILED_KEYS = frozenset(
    {"force_ssl", "code_reloader", "debug_errors", "json_library", "plug_init_mode", "serve_endpoints"}
    | {"compile_time_purge_matching", "compile_time_purge_level", "compile_time_application", "force_build"}
    | {"watchers", "live_reload", "enable_source_code_context", "root_source_code_path", "adapter"}
)
_TOOLS = frozenset(
    {"esbuild", "tailwind", "dart_sass", "bun", "git_hooks", "git_ops", "mix_test_watch", "mime", "credo"}
    | {"dialyxir", "ex_cldr", "rustler_precompiled", "elixir_make", "kernel", "stdlib", "sasl", "elixir"}
    | {"mix_test_interactive", "versioce", "exla", "xla", "ex_doc", "wallaby", "hound"}
)


class Environments(msgspec.Struct, frozen=True, array_like=True):
    """Some of Mix's environments: those named, or all but those."""

    names: tuple[str, ...] = ()
    all_but: bool = True

    def __contains__(self, name: str) -> bool:
        return (name in self.names) != self.all_but

    def inverted(self) -> Environments:
        return Environments(self.names, not self.all_but)

    def both(self, other: Environments) -> Environments:
        """The environments that are among these and among the others."""
        if self.all_but and other.all_but:
            return Environments(tuple(sorted({*self.names, *other.names})), True)
        named, rest = (other, self) if self.all_but else (self, other)
        return Environments(tuple(name for name in named.names if name in rest), False)

    def meets(self, other: Environments) -> bool:
        """Whether an environment can be among both."""
        both = self.both(other)
        return both.all_but or bool(both.names)


EVERY = Environments()


class Setting(msgspec.Struct, frozen=True, array_like=True):
    """One value that is set, by its path. `maybe` says that it hangs on more than the environment."""

    path: Path
    environments: Environments = EVERY
    maybe: bool = False
    reads_env: bool = False


class ConfigFacts(msgspec.Struct, frozen=True):
    """All that a config file sets, and the files that it imports by a literal name, relative to the root.

    `reads_env` says that it reads the machine's environment for production, in a setting or beside one,
    what belongs to the build left out.
    `server_flags` are the variables that must be set for a `server: true` of an endpoint to hold.
    """

    settings: tuple[Setting, ...] = ()
    imports: tuple[str, ...] = ()
    reads_env: bool = False
    server_flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """One `key: value` of a `config` call, at any depth; `pair` holds both."""

    path: Path
    pair: Node
    value: Node


class ConfigCall:
    """One `config :app, Key, ...`.

    `key` is the resolved module or the atom's name, None in the form `config :app, options`. `pairs` are the
    options as written; `value` is what the third argument is when it is no keyword list.
    """

    def __init__(self, call: Call, app: str, key: str | None, pairs: list[Node], value: Node | None) -> None:
        self.call = call
        self.app = app
        self.key = key
        self.pairs = pairs
        self.value = value

    @property
    def node(self) -> Node:
        return self.call.node

    @property
    def path(self) -> Path:
        return (self.app,) if self.key is None else (self.app, self.key)

    def options(self) -> list[Option]:
        """The options as written, one level deep."""
        return _options(self.pairs, self.path, self.call.file)

    def inner(self, option: Option) -> list[Option]:
        """The options of an option whose value is a keyword list."""
        return _options(keyword_pairs_of(option.value), option.path, self.call.file)

    def leaves(self) -> Iterator[Option]:
        """The options whose values are no keyword lists themselves, at all depths."""
        stack = self.options()[::-1]
        while stack:
            option = stack.pop()
            inner = self.inner(option)
            if inner:
                stack.extend(inner[::-1])
            else:
                yield option


def keyword_pairs_of(value: Node) -> list[Node]:
    """The pairs of a keyword list literal; none for anything else."""
    if value.type == "keywords":
        return [pair for pair in nodes.named(value) if pair.type == "pair"]
    if value.type == "list":
        items = nodes.named(value)
        if len(items) == 1 and items[0].type == "keywords":
            return keyword_pairs_of(items[0])
    return []


def _options(pairs: list[Node], path: Path, file: ElixirFile) -> list[Option]:
    found = []
    for pair in pairs:
        key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        if key is not None and value is not None:
            found.append(Option((*path, nodes.keyword_name(key, file.data)), pair, value))
    return found


def config_calls(file: ElixirFile) -> list[ConfigCall]:
    """The `config` calls of a file whose app and key are literal, in source order."""
    found = []
    for call in file.calls("config"):
        parsed = config_call(call)
        if parsed is not None:
            found.append(parsed)
    return found


def config_call(call: Call) -> ConfigCall | None:
    args = call.args
    data = call.file.data
    if not call.is_local or call.piped is not None or len(args) not in (2, 3):
        return None
    app = nodes.atom_literal(args[0], data)
    if app is None:
        return None
    last = args[-1]
    pairs = keyword_pairs_of(last)
    if len(args) == 2:
        return ConfigCall(call, app, None, pairs, None) if pairs else None
    key = atom_or_module(call.file, args[1])
    if key is None:
        return None
    return ConfigCall(call, app, key, pairs, None if pairs else last)


def atom_or_module(file: ElixirFile, node: Node) -> str | None:
    """`repo` of `:repo`, `MyApp.Repo` of a module's name; None for anything else."""
    return nodes.atom_literal(node, file.data) or file.module_name(node)


# -- environments ----------------------------------------------------------------------------------


def environment_of(path: str) -> str | None:
    """The environment that a config file is imported for, by its name; None for one of all.

    `prod` for `config/prod.exs` and for `config/prod.secret.exs`.
    """
    name = posixpath.basename(path)
    if name in ("config.exs", *RUNTIME_FILES):
        return None
    return name.partition(".")[0]


def environments_at(file: ElixirFile, node: Node) -> tuple[Environments, bool]:
    """The environments for which a place in a config file is evaluated, and whether it hangs on more."""
    own = environment_of(file.path)
    environments = EVERY if own is None else Environments((own,), False)
    maybe = False
    for ancestor in nodes.ancestors(node):
        if ancestor.type in ("stab_clause", "anonymous_function"):
            maybe = True
        elif ancestor.type == "call":
            target = ancestor.child_by_field_name("target")
            name = nodes.identifier(target, file.data) if target is not None else None
            if name in ("if", "unless"):
                condition = nodes.first_argument(ancestor)
                if condition is not None and nodes.encloses(condition, node):
                    continue
                known = _environments_of(file, condition)
                if known is None:
                    maybe = True
                else:
                    holds = (name == "if") != _is_else(file, ancestor, node)
                    environments = environments.both(known if holds else known.inverted())
            elif name in ("case", "cond", "for", "with", "try"):
                maybe = True
    return environments, maybe


def _is_else(file: ElixirFile, call: Node, node: Node) -> bool:
    block = nodes.child_of_type(call, "do_block")
    if block is not None:
        other = nodes.child_of_type(block, "else_block")
        return other is not None and nodes.encloses(other, node)
    other = nodes.last_keywords(call, file.data).get("else")
    return other is not None and nodes.encloses(other, node)


def _environments_of(file: ElixirFile, condition: Node | None) -> Environments | None:
    """The environments for which a condition holds; None when it asks for something else."""
    if condition is None:
        return None
    condition = nodes.unwrap(condition)
    operator = nodes.operator_of(condition)
    if operator in ("not", "!"):
        operand = condition.child_by_field_name("operand")
        known = _environments_of(file, operand)
        return known.inverted() if known is not None else None
    left, right = condition.child_by_field_name("left"), condition.child_by_field_name("right")
    if left is None or right is None:
        return None
    if operator in ("==", "===", "!=", "!=="):
        if not _is_environment(file, left):
            left, right = right, left
        name = nodes.atom_literal(right, file.data)
        if not _is_environment(file, left) or name is None:
            return None
        return Environments((name,), operator in ("!=", "!=="))
    if operator in ("in", "not in") and _is_environment(file, left):
        names = _atoms(file, right)
        return Environments(tuple(sorted(names)), operator == "not in") if names is not None else None
    return None


def _is_environment(file: ElixirFile, node: Node) -> bool:
    """`config_env()` or `Mix.env()`."""
    return file.text(node).removesuffix("()") in ("config_env", "Mix.env")


_WORDS = re.compile(r"~w[(\[{/|\"'<]([\w\s]*)[)\]}/|\"'>]a")


def _atoms(file: ElixirFile, node: Node) -> list[str] | None:
    if node.type == "sigil":
        words = _WORDS.fullmatch(file.text(node))
        return words[1].split() if words is not None else None
    if node.type != "list":
        return None
    names = [nodes.atom_literal(item, file.data) for item in nodes.named(node)]
    return [name for name in names if name] if all(names) else None


# -- facts -----------------------------------------------------------------------------------------


def config_facts(file: ElixirFile) -> ConfigFacts | None:
    """The facts of a config file; None for any other file."""
    if not places.is_config(file.path):
        return None
    settings = []
    reads = {read.node.start_byte: read for read in env_reads.env_reads(file) if not read.is_of_the_build}
    for call in config_calls(file):
        environments, maybe = environments_at(file, call.node)
        values = [(option.path, option.value) for option in call.leaves()]
        if call.value is not None:
            values = [(call.path, call.value)]
        for path, value in values:
            inside = [at for at, read in reads.items() if nodes.encloses(value, read.node)]
            if inside and is_of_the_build(path):
                reads = {at: read for at, read in reads.items() if at not in inside}
            settings.append(Setting(path, environments, maybe, bool(inside)))
    imports = []
    for imported in file.calls("import_config"):
        args = imported.args
        name = nodes.string_literal(args[0], file.data) if imported.is_local and args else None
        if name is not None:
            imports.append(posixpath.normpath(posixpath.join(posixpath.dirname(file.path), name)))
    reads_env = any("prod" in environments_at(file, read.node)[0] for read in reads.values())
    return ConfigFacts(tuple(settings), tuple(imports), reads_env, _server_flags(file))


def _server_flags(file: ElixirFile) -> tuple[str, ...]:
    """`PHX_SERVER` of `if System.get_env("PHX_SERVER") do config :app, Endpoint, server: true end`."""
    if b"server:" not in file.data or posixpath.basename(file.path) not in RUNTIME_FILES:
        return ()
    reads = [read for read in env_reads.env_reads(file) if read.name is not None]
    found: list[str] = []
    for call in config_calls(file):
        for option in call.options():
            if option.path[-1] != "server":
                continue
            conditions = [option.value]
            for ancestor in nodes.ancestors(option.pair):
                target = ancestor.child_by_field_name("target") if ancestor.type == "call" else None
                if target is not None and nodes.identifier(target, file.data) == "if":
                    condition = nodes.first_argument(ancestor)
                    if condition is not None:
                        conditions.append(condition)
            found.extend(
                read.name
                for read in reads
                if read.name and any(nodes.encloses(one, read.node) for one in conditions)
            )
    return tuple(dict.fromkeys(found))


# -- what the project's files say together ---------------------------------------------------------


class Configuration:
    """The config files of one application (of an umbrella: with the umbrella's own), by their path."""

    def __init__(self, folders: tuple[str, ...], files: Mapping[str, ConfigFacts]) -> None:
        self.folders = folders
        self.files = {
            path: facts
            for path, facts in files.items()
            if posixpath.dirname(posixpath.dirname(path)) in folders
        }

    def file(self, *names: str) -> str | None:
        """The first of these files that there is, the umbrella's before the app's own."""
        for name in names:
            for folder in self.folders:
                path = posixpath.join(folder, "config", name)
                if path in self.files:
                    return path
        return None

    @property
    def runtime(self) -> str | None:
        """The file that is evaluated when a release starts."""
        return self.file(*RUNTIME_FILES)

    def sets(self, path: Path, environment: str, *, names: tuple[str, ...] | None = None) -> bool:
        """Whether one of these files (of all, when none is named) may set the value, or a part of it."""
        return any(
            overlap(setting.path, path)
            for where, facts in self.files.items()
            if names is None or posixpath.basename(where) in names
            for setting in facts.settings
            if environment in setting.environments
        )


def is_of_the_build(path: Path) -> bool:
    """Whether an option is read while code is compiled, or by a tool that no release contains."""
    return path[0] in _TOOLS or not _COMPILED_KEYS.isdisjoint(path)


def overlap(one: Path, other: Path) -> bool:
    """Whether two paths name the same value, or one a part of the other."""
    length = min(len(one), len(other))
    return one[:length] == other[:length]
