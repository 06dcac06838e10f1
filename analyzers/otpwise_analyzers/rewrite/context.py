"""The context that a function belongs to: which module, in which file, and how it gets there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.findings import FileChange
from otpwise_analyzers.project import places
from otpwise_analyzers.project.roles import app_prefix, is_web_name
from otpwise_analyzers.project.view import FixContext, ProjectView
from otpwise_analyzers.rewrite import aliases
from otpwise_analyzers.rewrite.layout import change_of, indent_of, line_end, line_start, reindent
from otpwise_analyzers.rewrite.naming import plural, schema_word, underscored
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

_MAX_CHOICES = 4
# Modules that may call a repo but are about something else than a domain.
_NO_CONTEXT = re.compile(
    r"(Serializer|Mailer|Emails?|Release|Telemetry|Factory|Helpers?|Guardian|Seeds?|Seeder|Migrator|Worker|Query|"
    r"Queries|Policy|Loader|Resolver|Plug|Auth|Application|Repo|Cache|Notifier|Schemas?|Models?|Types|Entities)$"
)
# The domain that everybody puts these under, Phoenix's own generator of authentication first.
_CRUD = re.compile(r"(get|list|create|update|delete|fetch|find)_")
_ACCOUNTS = frozenset({"User", "UserToken", "UserSession", "Credential", "UserNotifier"})


def written_schema(file: ElixirFile, node: Node) -> str | None:
    """The schema that an expression names, in full: the first module in it that is one."""
    candidates: list[str] = []
    for alias in [node, *nodes.descendants(node, "alias")]:
        if alias.type != "alias" or _is_receiver_of_repo(file, alias):
            continue
        full = file.resolve(file.text(alias), alias.start_byte)
        known = known_module(file, full)
        if known is not None and file.project.schema(known) is not None:
            return known
        parent = alias.parent
        named = parent is not None and (
            parent.type in ("struct", "arguments") or nodes.operator_of(parent) in ("in", "|>")
        )
        if known is None and named:
            candidates.append(full)
    for full in candidates:
        if not full.startswith(("Ecto.", "Phoenix.", "Plug.")) and not is_web_name(full):
            return full
    return None


def _is_receiver_of_repo(file: ElixirFile, alias: Node) -> bool:
    return bool(file.project.is_repo(file.resolve(file.text(alias), alias.start_byte)))


def known_module(file: ElixirFile, full: str) -> str | None:
    """The project's module that a name means; a bare name without an alias may be one of the app's."""
    project: ProjectView = file.project
    if project.module(full) is not None:
        return full
    if "." in full:
        return None
    prefix = web_prefix(file)
    if prefix is not None and project.module(f"{prefix}.{full}") is not None:
        return f"{prefix}.{full}"
    ending = f".{full}"
    named = [m.facts.name for m in project.modules() if m.facts.name.endswith(ending) and m.facts.schema]
    return named[0] if len(named) == 1 else None


def web_prefix(file: ElixirFile) -> str | None:
    """`MyApp` for a file of `MyAppWeb`, by the first module in it."""
    for module in file.modules:
        prefix = app_prefix(module.name)
        if prefix is not None:
            return prefix
    return None


def schema_of_value(file: ElixirFile, definition: Definition, value: Node) -> str | None:
    """The schema of the rows that an expression is about, looked up through one variable."""
    found = written_schema(file, value)
    if found is not None:
        return found
    names = {
        file.text(node)
        for node in [value, *nodes.descendants(value, "identifier")]
        if node.type == "identifier"
    }
    for pattern in [*nodes.descendants(definition.node, "binary_operator")]:
        if not nodes.is_operator(pattern, "=") and not nodes.is_operator(pattern, "<-"):
            continue
        left, right = pattern.child_by_field_name("left"), pattern.child_by_field_name("right")
        if left is None or right is None or pattern.start_byte >= value.end_byte:
            continue
        sides = {
            file.text(n) for n in [left, *nodes.descendants(left, "identifier")] if n.type == "identifier"
        }
        if not names & sides and not (right.type == "identifier" and file.text(right) in names):
            continue
        found = written_schema(file, left) or written_schema(file, right)
        if found is not None:
            return found
    return None


def schema_named(project: ProjectView, words: Iterable[str]) -> str | None:
    """The project's only schema that a variable is named for: `user`, `current_user`."""
    wanted = {word.removeprefix("current_") for word in words}
    found = [
        m.facts.name for m in project.modules() if m.facts.schema and schema_word(m.facts.name) in wanted
    ]
    return found[0] if len(found) == 1 else None


def contexts_for(file: ElixirFile, definition: Definition, calls: Sequence[Call]) -> list[str]:
    """The contexts that the calls could move to: one when their schema says it, else a few of the app's."""
    if definition.module is None:
        return []
    for call in calls:
        schema = schema_of_call(file, definition, call)
        if schema is None:
            continue
        parent = schema.rpartition(".")[0]
        prefix = app_prefix(definition.module.name) or parent.partition(".")[0]
        if parent and parent != prefix and not is_web_name(parent):
            # `MyApp.Schemas` only gathers schemas; which domain they belong to cannot be told.
            return [] if gathers_modules(parent) else [parent]
        if not prefix:
            return []
        return _choices(file.project, prefix, schema)
    return []


def gathers_modules(name: str) -> bool:
    """Whether a name space holds modules of one kind (`MyApp.Schemas`) and is no domain."""
    return _NO_CONTEXT.search(name) is not None


def schema_of_call(file: ElixirFile, definition: Definition, call: Call) -> str | None:
    """The schema that a repo call reads or writes."""
    values = call.all_args
    if not values:
        return None
    first = nodes.unwrap(values[0])
    associated = _association_in(file, first)
    if associated is not None:
        return _associated_schema(file, definition, *associated)
    found = schema_of_value(file, definition, first)
    if found is not None:
        return found
    words = {file.text(n) for n in [first, *nodes.descendants(first, "identifier")] if n.type == "identifier"}
    return schema_named(file.project, words)


def _association_in(file: ElixirFile, value: Node) -> tuple[Node, str] | None:
    """The owner and the name in `assoc(user, :posts)`, `user |> build_assoc(:posts) |> ...`."""
    for call in file.calls("assoc", "build_assoc"):
        if not nodes.encloses(value, call.node) or len(call.all_args) < 2:
            continue
        if any(nodes.is_operator(node, "in") for node in (call.node.parent,)):
            continue
        name = nodes.atom_literal(call.all_args[1], file.data)
        if name is not None:
            return call.all_args[0], name
    return None


def _associated_schema(file: ElixirFile, definition: Definition, owner: Node, name: str) -> str | None:
    words = [file.text(n) for n in [owner, *nodes.descendants(owner, "identifier")] if n.type == "identifier"]
    of = schema_of_value(file, definition, owner) or schema_named(file.project, words)
    project: ProjectView = file.project
    schema = project.schema(of) if of is not None else None
    for association in schema.associations if schema is not None else ():
        if association.name == name:
            return association.module
    return None


def _choices(project: ProjectView, prefix: str, schema: str) -> list[str]:
    """Contexts for a schema that stands directly below the app: those that speak of it come first."""
    word = schema_word(schema)
    speaking: list[str] = []
    others: list[str] = []
    for located in project.modules():
        facts = located.facts
        name = facts.name
        if name.rpartition(".")[0] != prefix or facts.schema is not None or not facts.repo_calls:
            continue
        if not places.is_production_code(located.path) or "lib/" not in located.path:
            continue
        if facts.uses:
            # A channel of an old Phoenix, a process, a test case: no context.
            continue
        if _NO_CONTEXT.search(name) or facts.behaviours:
            continue
        names = {function.name.rstrip("!?") for function in facts.functions}
        own = {f"get_{word}", f"create_{word}", f"list_{plural(word)}", f"update_{word}", f"delete_{word}"}
        if not any(_CRUD.match(function) for function in names):
            continue
        (speaking if names & own else others).append(name)
    if speaking:
        return sorted(speaking)[:1]
    last = schema.rpartition(".")[2]
    derived = f"{prefix}.Accounts" if last in _ACCOUNTS else f"{prefix}.{_camelized(plural(word))}"
    if project.module(derived) is not None and derived not in others:
        return sorted(others)[:_MAX_CHOICES]
    return list(dict.fromkeys([derived, *sorted(others)]))[:_MAX_CHOICES]


def _camelized(word: str) -> str:
    return "".join(part.capitalize() for part in word.split("_"))


class Target(NamedTuple):
    """Where a context's module is or will be. `file` and `module` are None when it must be created."""

    name: str
    path: str
    file: ElixirFile | None
    module: Module | None


def target_of(ctx: FixContext, name: str, near: Iterable[str] = ()) -> Target | None:
    """The file of a context. `near` are modules of the same app, whose place says which app that is.

    None when the file that the name implies exists and holds something else.
    """
    located = ctx.project.module(name)
    if located is not None:
        file = ctx.open(located.path)
        if file is None:
            return None
        for module in file.modules:
            if module.name == name and not file.root.has_error:
                return Target(name, located.path, file, module)
        return None
    path = f"{_lib_folder(ctx, name, near)}{underscored(name)}.ex"
    if ctx.exists(path):
        return None
    return Target(name, path, None, None)


def _lib_folder(ctx: FixContext, name: str, near: Iterable[str]) -> str:
    """`lib/`, or `apps/shop/lib/` where the modules of the same name space live."""
    root = name.partition(".")[0]
    for module in (*near, f"{root}.Repo", f"{root}.Application", root):
        located = ctx.project.module(module)
        if located is not None and module.partition(".")[0] == root:
            head, lib, _ = located.path.partition("lib/")
            if lib and (not head or head.endswith("/")):
                return head + lib
    app = ctx.project.app
    return f"{app}/lib/" if app else "lib/"


class NewFunction(NamedTuple):
    """A function to add: dedented text, and the full names of what it needs."""

    text: str
    aliases: tuple[str, ...]
    imports: tuple[str, ...]


def added(target: Target, functions: Sequence[NewFunction], about: str) -> FileChange | None:
    """The change that puts functions into a context, creating it with a `@moduledoc` when it is not there."""
    wanted = tuple(dict.fromkeys(name for function in functions for name in function.aliases))
    imports = tuple(dict.fromkeys(name for function in functions for name in function.imports))
    if target.module is None or target.file is None:
        parts = [f'  @moduledoc "{about}"']
        for word, names in (("import", imports), ("alias", wanted)):
            if names:
                parts.append("\n".join(f"  {word} {name}" for name in sorted(names)))
        parts.extend(reindent(function.text, "  ") for function in functions)
        text = f"defmodule {target.name} do\n" + "\n\n".join(parts) + "\nend\n"
        return FileChange(target.path, (Edit(0, 0, text),), create=True)
    head = aliases.added(target.module, wanted, imports)
    place = _place(target.module)
    if head is None or place is None:
        return None
    indent = indent_of(target.file, target.module.node) + "  "
    text = "\n\n".join(reindent(function.text, indent) for function in functions)
    return change_of(target.file, [*head, place._replace(new=place.new.replace("@", text, 1))])


def _place(module: Module) -> Edit | None:
    """The insertion behind the last public function; its new text has `@` for the code."""
    file, block = module.file, module.do_block
    if block is None or block.start_point.row == block.end_point.row:
        return None
    public = [d for d in module.definitions if d.kind == "def" and d.node.parent == block]
    if public:
        line = line_end(file, public[-1].node.end_byte)
        following = file.data[line:].splitlines()[1:2]
        crowded = bool(following) and following[0].strip() not in (b"", b"end")
        return Edit(line, line, "\n\n@\n" if crowded else "\n\n@")
    start = line_start(file, block.end_byte - 3)
    lead = "\n" if module.statements else ""
    return Edit(start, start, f"{lead}@\n")
