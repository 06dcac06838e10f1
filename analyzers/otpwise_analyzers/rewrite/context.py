"""The context that a function belongs to: which module, in which file, and how it gets there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from otpwise_analyzers.findings import FileChange
from otpwise_analyzers.project.view import FixContext, ProjectView
from otpwise_analyzers.rewrite import aliases
from otpwise_analyzers.rewrite.layout import change_of, indent_of, line_end, line_start, reindent
from otpwise_analyzers.rewrite.naming import camelized, plural, schema_word, underscored
from otpwise_analyzers.rewrite.subject import Subject, is_domain, prefix_of, subject_of
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

_MAX_CHOICES = 3
# The domain that everybody puts these under, Phoenix's own generator of authentication first.
_CRUD = re.compile(r"(get|list|create|update|delete|fetch|find)_")
_RESOURCE = re.compile(r"(Controller|Live|Channel|Component|View)$")
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
    return _choices(file.project, prefix_of(file, definition, undecided.schema), undecided, definition.module)


def _choices(project: ProjectView, prefix: str, subject: Subject, asking: Module) -> list[str]:
    """Contexts for rows that no name space says one for: those that speak of them come first."""
    word = subject.word
    speaking: list[str] = []
    others: list[str] = []
    for located in project.modules():
        facts = located.facts
        name = facts.name
        if name.rpartition(".")[0] != prefix or not facts.repo_calls or "lib/" not in located.path:
            continue
        if facts.uses or not is_domain(project, name):
            # A channel of an old Phoenix, a process, a test case: no context.
            continue
        names = {function.name.rstrip("!?") for function in facts.functions}
        own = {f"get_{word}", f"create_{word}", f"list_{plural(word)}", f"update_{word}", f"delete_{word}"}
        if not any(_CRUD.match(function) for function in names):
            continue
        (speaking if names & own or schema_word(name) == word else others).append(name)
    if speaking:
        return sorted(speaking)[:1]
    resource = schema_word(_RESOURCE.sub("", asking.name))
    others.sort(key=lambda name: (schema_word(name) != resource, name))
    if subject.schema is None:
        return others[:_MAX_CHOICES]
    last = subject.schema.rpartition(".")[2]
    derived = f"{prefix}.Accounts" if last in _ACCOUNTS else f"{prefix}.{camelized(plural(word))}"
    if project.module(derived) is not None and derived not in others:
        return others[:_MAX_CHOICES]
    return list(dict.fromkeys([derived, *others]))[:_MAX_CHOICES]


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
