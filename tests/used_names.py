"""What a file declares and does not use, and what it uses without declaring it, as Elixir's compiler would say.

Cheap and by name: neither macros nor `use` are followed far. So compare a file before a change with what it is after.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tree_sitter import Node

from otpwise_analyzers.project.view import ProjectView
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from tests.elixir_names import ELIXIR, EXPORTS, LIBRARIES, names_in
from tests.free_variables import variables_of

_DEFINERS = ("def", "defp", "defmacro", "defmacrop", "defdelegate", "defguard", "defguardp", "defn", "defnp")
# Read by the compiler or by a library's macros, whoever sets them.
_RESERVED = names_in(
    """moduledoc doc typedoc spec type typep opaque callback macrocallback impl behaviour before_compile after_compile
    after_verify on_definition on_load compile dialyzer vsn derive enforce_keys external_resource optional_callbacks
    deprecated since fallback_to_any for protocol file nifs tag moduletag describetag primary_key foreign_key_type
    schema_prefix timestamps_opts shortdoc recursive requirements preferred_cli_env disable_ddl_transaction
    disable_migration_lock schema_context derive_ignore field_source_mapper"""
)
_TEMPLATE_MODULE = re.compile(rb"(?<![\w.])[A-Z]\w*(?=\.)|(?<=<)[A-Z]\w*")
# What `use MyAppWeb, :controller` and the like bring, unless somebody changed it.
_WEB = {
    "controller": ("Phoenix.Controller", "Plug.Conn"),
    "channel": ("Phoenix.Channel",),
    "live_view": ("Phoenix.LiveView", "Phoenix.Component"),
    "live_component": ("Phoenix.LiveView", "Phoenix.Component"),
    "html": ("Phoenix.Component",),
    "router": ("Phoenix.Router", "Plug.Conn", "Phoenix.Controller"),
}


@dataclass(slots=True)
class UsedNames:
    """`unused` is declared only, `unknown` is used only; both in words, such as `alias Shop.Cart`.

    `guessed` would be unknown, were the file more than a piece of code. `needed` are the modules that must be
    there, among all that are `mentioned`; `remote` is what is called of them, with its arity.
    """

    unused: Counter[str] = field(default_factory=Counter)
    unknown: set[str] = field(default_factory=set)
    guessed: set[str] = field(default_factory=set)
    needed: set[str] = field(default_factory=set)
    mentioned: set[str] = field(default_factory=set)
    remote: set[tuple[str, str, int]] = field(default_factory=set)


def used_names(file: ElixirFile) -> UsedNames:
    """All of a file. `file` should know its project, for what its imports bring."""
    return _Names(file).found


class _Names:
    def __init__(self, file: ElixirFile) -> None:
        self.found = UsedNames()
        self._file = file
        self._identifiers: dict[str, list[Node]] = {}
        self._aliases: list[Node] = []
        self._templates: list[Node] = []
        for node in nodes.descendants(file.tree.root_node, "identifier", "alias", "sigil"):
            if node.type == "identifier":
                if self._is_right_of_dot(node):
                    continue
                self._identifiers.setdefault(file.text(node), []).append(node)
            elif node.type == "alias":
                self._aliases.append(node)
            else:
                self._templates.append(node)
        variables = variables_of(file)
        self.found.unused.update(f"variable {name.name}" for name in variables.unused)
        self.found.unknown.update(f"variable {name.name}" for name in variables.free)
        self._attributes()
        self._unused_aliases()
        self._functions()
        self._modules()

    # -- aliases and modules -----------------------------------------------------------------------

    def _unused_aliases(self) -> None:
        declared = [a for a in self._file.aliases.declarations() if a.node.type == "call" and a.short]
        declared = [a for a in declared if self._called(a.node) in ("alias", "require")]
        if not declared:
            return
        used: set[int] = set()
        for short, at in self._module_uses():
            best: int | None = None
            for index, alias in enumerate(declared):
                if alias.short == short and alias.start <= at < alias.end:
                    best = index
            if best is not None:
                used.add(best)
        for index, alias in enumerate(declared):
            if index not in used and self._called(alias.node) == "alias":
                self.found.unused[f"alias {alias.full}"] += 1

    def _module_uses(self) -> Iterator[tuple[str, int]]:
        for node in self._aliases:
            if self._is_right_of_dot(node):
                continue
            # `alias Shop.Cart` itself is no use of it; `alias Cart.Item` after it is.
            yield self._file.text(node).partition(".")[0], node.start_byte
        for sigil in self._templates:
            for match in _TEMPLATE_MODULE.finditer(self._file.data, sigil.start_byte, sigil.end_byte):
                yield match.group().decode(), match.start()

    def _is_right_of_dot(self, node: Node) -> bool:
        parent = node.parent
        if parent is not None and parent.type == "tuple":
            # alias Shop.{Cart, Item}
            return parent.parent is not None and parent.parent.type == "dot"
        return parent is not None and parent.type == "dot" and parent.child_by_field_name("right") == node

    def _modules(self) -> None:
        file = self._file
        self.found.mentioned |= {alias.full for alias in file.aliases.declarations()}
        for node in self._aliases:
            if self._is_right_of_dot(node) or self._names_a_module(node):
                continue
            written = node
            while written.parent is not None and written.parent.type == "dot":
                right = written.parent.child_by_field_name("right")
                if right is None or right.type != "alias":
                    break
                written = written.parent
            name = file.module_name(written)
            if name is not None:
                self.found.mentioned.add(name)
                if _must_exist(written):
                    self.found.needed.add(name)

    def _names_a_module(self, node: Node) -> bool:
        call = node.parent.parent if node.parent is not None else None
        return call is not None and call.type == "call" and self._called(call) in ("defmodule", "defprotocol")

    # -- attributes --------------------------------------------------------------------------------

    def _attributes(self) -> None:
        set_, read = Counter[str](), Counter[str]()
        for node in nodes.descendants(self._file.tree.root_node, "unary_operator"):
            if not nodes.is_operator(node, "@"):
                continue
            operand = next(iter(nodes.named(node)), None)
            if operand is None:
                continue
            if operand.type == "identifier":
                read[self._file.text(operand)] += 1
            elif operand.type == "call":
                set_[self._called(operand)] += 1
        named = {self._file.text(atom)[1:] for atom in nodes.descendants(self._file.tree.root_node, "atom")}
        for name in set_.keys() - read.keys() - _RESERVED - named:
            self.found.unused[f"attribute @{name}"] += 1
        for name in read.keys() - set_.keys() - _RESERVED - named:
            self.found.unknown.add(f"attribute @{name}")

    # -- functions and imports ---------------------------------------------------------------------

    def _functions(self) -> None:
        file = self._file
        defined: dict[str, list[tuple[int, int]]] = {}
        private: dict[str, list[Node]] = {}
        for kind in _DEFINERS:
            for node in file.call_nodes(kind):
                head = self._head(node)
                if head is None:
                    continue
                name, params = head
                fewest = sum(1 for param in params if not nodes.is_operator(param, "\\\\"))
                defined.setdefault(name, []).append((fewest, len(params)))
                if kind in ("defp", "defmacrop"):
                    private.setdefault(name, []).append(node)
        imported = self._imports()
        # A piece of code has words from where it does not say.
        is_piece = not file.call_nodes("use") and not file.call_nodes("import")
        guessed = frozenset[str]().union(*EXPORTS.values()) if is_piece else frozenset[str]()
        for written in sorted(file.names):
            name = written.decode()
            for call in file.calls(name):
                if call.quoted or not call.is_invocation or nodes.is_operator(call.node.parent, "@"):
                    continue
                arity = call.arity + (1 if call.do_block is not None else 0)
                if not call.is_local:
                    if call.module is not None:
                        self.found.remote.add((call.module, name, arity))
                    continue
                if any(fewest <= arity <= most for fewest, most in defined.get(name, ())):
                    continue
                if name in guessed:
                    self.found.guessed.add(f"function {name}/{arity}")
                elif name not in imported and name not in ELIXIR:
                    self.found.unknown.add(f"function {name}/{arity}")
        for name, uses in self._captures_and_pipes():
            if name not in defined and name not in imported and name not in ELIXIR:
                self.found.unknown.add(f"function {name}/{uses}")
        self._unused_functions(private)

    def _captures_and_pipes(self) -> Iterator[tuple[str, int]]:
        for name, several in self._identifiers.items():
            for node in several:
                parent = node.parent
                if nodes.is_operator(parent, "/") and nodes.is_operator(
                    parent.parent if parent else None, "&"
                ):
                    right = parent.child_by_field_name("right") if parent is not None else None
                    if right is not None and right.type == "integer" and right != node:
                        yield name, int(self._file.text(right))
                elif parent is not None and nodes.is_operator(parent, "|>"):
                    if parent.child_by_field_name("right") == node:
                        yield name, 1

    def _unused_functions(self, private: dict[str, list[Node]]) -> None:
        data = self._file.data
        for name, definitions in private.items():
            if not name:
                continue
            mentions = [
                match.start()
                for match in re.finditer(rb"(?<![\w@])" + re.escape(name.encode()) + rb"(?![\w?!]|:\s)", data)
            ]
            if all(any(d.start_byte <= at < d.end_byte for d in definitions) for at in mentions):
                self.found.unused[f"function {name}"] += 1

    def _imports(self) -> set[str]:
        """The names that are imported, as far as they are known."""
        found: set[str] = set()
        file = self._file
        for call in file.calls("import"):
            if not call.is_local or not call.args or call.quoted:
                continue
            module = file.module_name(call.args[0])
            only = call.keywords.get("only")
            if only is not None and only.type == "list":
                names = set(nodes.keyword_pairs(only, file.data))
            else:
                names = self._exports(module)
            found |= names
            # A script is evaluated, and nobody warns of what it does not use.
            is_script = file.path.endswith(".exs")
            if names and not is_script and not any(self._is_called(name) for name in names):
                self.found.unused[f"import {module}"] += 1
        for module_ in file.modules:
            for use in module_.uses:
                found |= EXPORTS.get(use.module, frozenset())
                for brought in _WEB.get(use.argument or "", ()):
                    found |= EXPORTS[brought]
                expansion = file.project.expansion(use.module, use.argument)
                if expansion is not None:
                    for name in expansion.imports:
                        found |= self._exports(name)
                    for name in expansion.uses:
                        found |= EXPORTS.get(name, frozenset())
        return found

    def _exports(self, module: str | None) -> set[str]:
        if module is None:
            return set()
        known = set(EXPORTS.get(module, ()))
        located = self._file.project.module(module)
        if located is not None:
            known |= {f.name for f in located.facts.functions if f.kind in ("def", "defmacro")}
        return known

    def _is_called(self, name: str) -> bool:
        return name in self._identifiers

    # -- pieces ------------------------------------------------------------------------------------

    def _head(self, node: Node) -> tuple[str, list[Node]] | None:
        head = nodes.first_argument(node)
        while head is not None and nodes.operator_of(head) == "when":
            head = head.child_by_field_name("left")
        if head is None:
            return None
        if head.type == "call":
            return self._called(head), nodes.arguments_of(head)
        return (self._file.text(head), []) if head.type == "identifier" else None

    def _called(self, call: Node) -> str:
        target = call.child_by_field_name("target")
        return self._file.text(target) if target is not None and target.type == "identifier" else ""


def _must_exist(node: Node) -> bool:
    """Whether a module is called, taken as a struct, used or started, and not merely a name for something."""
    parent = node.parent
    if parent is None or parent.type in ("dot", "struct"):
        return True
    if parent.type == "tuple":
        return nodes.named(parent)[0] == node
    if parent.type != "arguments" or parent.parent is None:
        return False
    target = parent.parent.child_by_field_name("target")
    return target is not None and target.text in (b"use", b"import", b"require")


def objections_to_names(
    before: dict[str, UsedNames], after: dict[str, UsedNames], view: ProjectView
) -> list[str]:
    """What a change of these files would make the compiler say that it did not say before.

    `view` is one of the project after the change.
    """
    wrong = []
    for path, names in after.items():
        unknown = names.unknown - before[path].unknown if path in before else names.unknown | names.guessed
        wrong.extend(f"{path} uses the {one}, which is nowhere" for one in sorted(unknown))
    unused = sum((names.unused for names in after.values()), Counter[str]())
    unused -= sum((names.unused for names in before.values()), Counter[str]())
    wrong.extend(f"the {one} is not used" for one in sorted(unused))
    mentioned = {module for names in before.values() for module in names.mentioned}
    remote = {call for names in before.values() for call in names.remote}
    for path, names in after.items():
        wrong.extend(
            f"{path} names the {one}, which is nowhere" for one in _strangers(names, mentioned, remote, view)
        )
    return wrong


def _strangers(
    names: UsedNames, mentioned: set[str], remote: set[tuple[str, str, int]], view: ProjectView
) -> Iterator[str]:
    """The modules that a file names, and the functions of other files, that nobody defines."""
    for module in sorted(names.needed - mentioned):
        root = module.partition(".")[0]
        if view.module(module) is None and root not in LIBRARIES and not _is_namespace(view, module):
            yield f"module {module}"
    for module, name, arity in sorted(names.remote - remote):
        located = view.module(module)
        if located is None or located.facts.uses or located.facts.behaviours:
            continue
        function = located.facts.function(name, arity)
        if function is None or function.kind in ("defp", "defmacrop"):
            yield f"function {module}.{name}/{arity}"


def _is_namespace(view: ProjectView, module: str) -> bool:
    return any(located.facts.name.startswith(f"{module}.") for located in view.modules())
