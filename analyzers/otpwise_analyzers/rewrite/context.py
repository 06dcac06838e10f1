"""The context that a function belongs to: which module, in which file, and how it gets there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.findings import FileChange
from otpwise_analyzers.project.roles import is_web_name
from otpwise_analyzers.project.view import FixContext, ProjectView
from otpwise_analyzers.rewrite import aliases
from otpwise_analyzers.rewrite.ecto_names import QUERY_MACROS
from otpwise_analyzers.rewrite.layout import change_of, indent_of, line_end, line_start, reindent
from otpwise_analyzers.rewrite.naming import camelized, plural, schema_word, underscored
from otpwise_analyzers.rewrite.subject import (
    RESOURCE,
    Subject,
    is_domain,
    known_module,
    prefix_of,
    subject_of,
)
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

_MAX_CHOICES = 3
# From this score on a context speaks of the rows itself; others are then no choice.
_SURE = 8
# The domain that everybody puts these under, Phoenix's own generator of authentication first.
_CRUD = re.compile(r"(get|list|create|update|delete|fetch|find)_")
_ACCOUNTS = frozenset({"User", "UserToken", "UserSession", "Credential", "UserNotifier"})


def contexts_for(file: ElixirFile, definition: Definition, calls: Sequence[Call]) -> list[str]:
    """The contexts that the calls could move to: one when their schema says it, else a few of the app's."""
    if definition.module is None:
        return []
    undecided: Subject | None = None
    for call in calls:
        subject = subject_of(file, definition, call)
        if subject is None:
            continue
        if subject.context is not None:
            return [subject.context]
        if undecided is None or (undecided.schema is None and subject.schema is not None):
            undecided = subject
    if undecided is None:
        return []
    return choices(file, definition, undecided)


def choices(file: ElixirFile, definition: Definition, subject: Subject) -> list[str]:
    """Contexts for rows that no name space says one for, those with the most to do with them first."""
    project: ProjectView = file.project
    word, many, schema = subject.word, plural(subject.word), subject.schema
    prefix = prefix_of(file, definition, schema)
    asking = definition.module.name if definition.module is not None else ""
    near = _mentioned(file, definition.node)
    around = _mentioned(file, file.root)
    scores: dict[str, int] = {}
    for located in project.modules():
        facts = located.facts
        name = facts.name
        if name == schema and facts.repo_calls and not is_web_name(name):
            # A schema that reads and writes itself is where this project has such functions.
            scores[name] = 9
            continue
        if name.rpartition(".")[0] != prefix or not facts.repo_calls or "lib/" not in located.path:
            continue
        if facts.uses or not is_domain(project, name):
            # A channel of an old Phoenix, a process, a test case: no context.
            continue
        names = {function.name.rstrip("!?") for function in facts.functions}
        own = {f"get_{word}", f"create_{word}", f"list_{many}", f"update_{word}", f"delete_{word}"}
        score = 8 if (schema is not None and names & own) or schema_word(name) == word else 0
        spoken_of = any(f"_{word}_" in f"_{known}_" or f"_{many}_" in f"_{known}_" for known in names)
        score += 4 if schema is not None and spoken_of else 0
        score += 3 if name in near else 1 if schema is not None and name in around else 0
        score += 2 if schema_word(name) == schema_word(RESOURCE.sub("", asking)) else 0
        if score and (spoken_of or any(_CRUD.match(function) for function in names)):
            scores[name] = score
    ranked = sorted(scores, key=lambda name: (-scores[name], name))
    if ranked and scores[ranked[0]] >= _SURE:
        return [name for name in ranked if scores[name] >= _SURE][:_MAX_CHOICES]
    if schema is not None:
        last = schema.rpartition(".")[2]
        derived = f"{prefix}.Accounts" if last in _ACCOUNTS else f"{prefix}.{camelized(many)}"
        if derived not in ranked and (project.module(derived) is None or is_domain(project, derived)):
            ranked.insert(0, derived)
    return ranked[:_MAX_CHOICES]


def _mentioned(file: ElixirFile, node: Node) -> set[str]:
    """The modules that some code names, in full."""
    return {
        known_module(file, full) or full
        for alias in nodes.descendants(node, "alias")
        if "." in (full := file.resolve(file.text(alias), alias.start_byte))
    }


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
    if _lie_in_their_folders(ctx, name):
        path = f"{path.removesuffix('.ex')}/{path.rpartition('/')[2]}"
    if ctx.exists(path):
        return None
    return Target(name, path, None, None)


def _lie_in_their_folders(ctx: FixContext, name: str) -> bool:
    """Whether the contexts beside a new one are at `accounts/accounts.ex` rather than at `accounts.ex`."""
    prefix = name.rpartition(".")[0]
    inside = beside = 0
    for located in ctx.project.modules():
        if located.facts.name.rpartition(".")[0] != prefix or not is_domain(ctx.project, located.facts.name):
            continue
        own = underscored(located.facts.name)
        last = own.rpartition("/")[2]
        inside += located.path.endswith(f"/{own}/{last}.ex")
        beside += located.path.endswith(f"/{own}.ex") and located.facts.repo_calls > 0
    return inside > beside


def is_within_reach(ctx: FixContext, target: Target, near: Node) -> bool:
    """Whether the checked file's app may call the target's: in an umbrella it has to depend on it.

    `near` is code of the file: what it names is within its reach.
    """
    own, folder = ctx.project.app, target.path.partition("lib/")[0].rstrip("/")
    if not own or folder == own:
        return True
    mixes = ctx.project.mixes
    if not mixes or folder.rpartition("/")[2] in mixes[0].deps:
        return True
    named = (ctx.project.module(name) for name in _mentioned(ctx.file, near))
    beside = f"{folder}/lib/" if folder else "lib/"
    return any(located is not None and located.path.startswith(beside) for located in named)


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
    completed = _completed_imports(target.module, imports)
    if head is None or place is None or completed is None:
        return None
    head.extend(completed)
    indent = indent_of(target.file, target.module.node) + "  "
    text = "\n\n".join(reindent(function.text, indent) for function in functions)
    return change_of(target.file, [*head, place._replace(new=place.new.replace("@", text, 1))])


def _completed_imports(module: Module, imports: Iterable[str]) -> list[Edit] | None:
    """Takes the `only:` off an import whose other functions are needed now.

    None when the module has functions of its own that would be called like the imported ones.
    """
    if "Ecto.Query" not in imports:
        return []
    file = module.file
    written = [
        call
        for call in file.calls("import")
        if call.is_local
        and call.enclosing_module is module
        and call.args
        and file.module_name(call.args[0]) == "Ecto.Query"
    ]
    whole = [call for call in written if not {"only", "except"} & call.keywords.keys()]
    if whole or (not written and "Ecto.Query" in module.imports):
        return []
    if any(module.defines(name) for name in QUERY_MACROS):
        return None
    return [Edit(call.args[0].end_byte, call.args[-1].end_byte, "") for call in written if len(call.args) > 1]


def is_taken(project: ProjectView, module: Module, name: str, arity: int) -> bool:
    """Whether a module has a function of this name that the new one would be mistaken for."""
    if module.defines(name, arity) or any(c.min_arity != c.arity for c in module.clauses(name)):
        return True
    return any(project.function(imported, name, arity) is not None for imported in module.imports)


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
