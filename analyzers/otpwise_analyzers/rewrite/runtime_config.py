"""Moves what a config file reads of the machine's environment into `config/runtime.exs`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.build_config import Binding, Group, environment_for, groups_of
from otpwise_analyzers.project.config_files import (
    ConfigCall,
    Path,
    config_calls,
    config_facts,
    environment_of,
    environments_at,
    overlap,
)
from otpwise_analyzers.project.env_reads import READERS, EnvRead
from otpwise_analyzers.project.view import FixContext, ProjectView
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.rewrite.config_entries import CannotRewriteError, text_at_no_indent
from otpwise_analyzers.rewrite.config_placing import place, place_before
from otpwise_analyzers.rewrite.config_taking import Taken, take, without_statement
from otpwise_analyzers.rewrite.whole_text import change_between
from otpwise_analyzers.source.edits import Edit, apply
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.variables import free_names

# Modules whose functions answer the same on every machine, so that it is no matter where they are called.
_PURE = frozenset(
    {"System", "String", "Integer", "Float", "Enum", "Stream", "Map", "MapSet", "Keyword", "List", "Kernel"}
    | {"Access", "Atom", "Base", "Bitwise", "Date", "DateTime", "Range", "Regex", "Tuple", "URI"}
    | {"Version", "Path", ":inet", ":binary", ":lists", ":maps", ":erlang", ":string", ":uri_string"}
)
_OF_THE_MACHINE = frozenset({"Path.expand", "Path.absname", "Path.wildcard", "Path.relative_to_cwd"})
_KERNEL = frozenset(
    {"if", "unless", "case", "cond", "raise", "to_string", "to_charlist", "is_nil", "is_binary", "then"}
    | {"tap", "max", "min", "round", "trunc", "div", "rem", "abs", "elem", "hd", "tl", "length", "inspect"}
    | {"config_env", "config_target", "byte_size", "for", "with"}
)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where values move: the file, and the environment of its `if config_env() == ...`, None for all."""

    path: str
    environment: str | None


def destination(project: ProjectView, environment: str) -> Destination | None:
    """Where a setting of this environment is read at start; None where Elixir cannot, or elsewhere does."""
    if any(mix.has_own_runtime or not _may_be_new(mix.elixir) for mix in project.mixes):
        return None
    known = project.configuration.runtime
    if known is None:
        return Destination("config/runtime.exs", environment)
    # `releases.exs` is only evaluated in a release.
    return Destination(known, None if known.endswith("releases.exs") else environment)


_REQUIREMENT = re.compile(r"\s*(~>|==|<=?|>=?)?\s*(\d+)\.(\d+)(\.\d+)?")


def _may_be_new(requirement: str) -> bool:
    """Whether a requirement on Elixir admits 1.11, the first with `config/runtime.exs`."""
    matched = _REQUIREMENT.match(requirement)
    if matched is None or (int(matched[2]), int(matched[3])) >= (1, 11):
        return True
    exact = matched[1] in (None, "==", "<", "<=") or (matched[1] == "~>" and matched[4] is not None)
    return not exact


def environment_of_group(group: Group) -> str | None:
    """The environment for which a group's values can be read at start; None when they have to stay."""
    if not group.uses or not group.is_whole or group.is_compiled:
        return None
    file, node = group.file, group.calls[0].node
    _, maybe = environments_at(file, node)
    # A file that another environment's imports by its name counts for that one too.
    name = posixpath.basename(file.path)
    imported = name in ("prod.exs", "staging.exs") and any(
        file.path in facts.imports and environment_of(path) != environment_of(file.path)
        for path, facts in file.project.configuration.files.items()
    )
    return None if maybe or imported else environment_for(file, node)


def move_all(context: FixContext, paths: Sequence[str], where: str) -> Change | None:
    """The change that moves whatever can move of these build files into the new file `where`.

    None when nothing can.
    """
    texts: dict[str, bytes] = {}
    for path in paths:
        file = context.open(path)
        if file is not None:
            texts[path] = file.data
    before, target = dict(texts), None
    for path in texts:
        for _ in range(len(groups_of(ElixirFile(path, texts[path], project=context.project)))):
            step = _one_step(ElixirFile(path, texts[path], project=context.project), target, where)
            if step is None:
                break
            texts[path], data = step
            target = ElixirFile(where, data)
    if target is None:
        return None
    changes = [
        change_between(path, before[path], texts[path]) for path in texts if texts[path] != before[path]
    ]
    return (*changes, change_between(where, None, target.data))


def _one_step(source: ElixirFile, target: ElixirFile | None, where: str) -> tuple[bytes, bytes] | None:
    """The two texts after the first group that can move has moved."""
    for group in groups_of(source):
        environment = environment_of_group(group)
        if environment is None:
            continue
        try:
            return moved(source, group, target, Destination(where, environment))
        except CannotRewriteError:
            continue
    return None


def move_group(context: FixContext, group: Group, where: Destination) -> Change | None:
    """The change that moves the options of a group, and the variables that only they need.

    None when one of the values would be another one in that file, or when it is started.
    """
    source, target = group.file, context.open(where.path)
    try:
        before, after = moved(source, group, target, where)
    except CannotRewriteError:
        return None
    return (
        change_between(source.path, source.data, before),
        change_between(where.path, target.data if target is not None else None, after),
    )


def drop_group(_context: FixContext, group: Group) -> Change | None:
    """The change that removes the options of a group; None where a comment would go too."""
    source = group.file
    try:
        text, out = _take_all(source, group)
    except CannotRewriteError:
        return None
    taken = [one for _, one in out.calls]
    comments = [comment for one in taken for comment in one.comments]
    comments += [comment for one in taken for entry in one.entries for comment in entry.comments]
    if comments or any("#" in text for text in (*out.bindings, *(one.statement for one in taken))):
        return None
    return (change_between(source.path, source.data, text),)


def moved(
    source: ElixirFile, group: Group, target: ElixirFile | None, where: Destination
) -> tuple[bytes, bytes]:
    """The two texts after the move. Raises CannotRewriteError."""
    if b"\t" in source.data or any(call.node.has_error for call in group.calls):
        raise CannotRewriteError("a file that is not as the formatter writes it")
    if target is None:
        target = ElixirFile(where.path, b"import Config\n")
    if target.root.has_error or not _has_config(target):
        raise CannotRewriteError("a file that cannot be added to")
    _check(source, group)
    _check_free(target, group, where)
    if where.environment is not None or where.path.endswith("releases.exs"):
        source, group = _strict(source, group)
    text, out = _take_all(source, group)
    return text, _place_all(target, out, where.environment)


# -- what may move ---------------------------------------------------------------------------------


def _check(file: ElixirFile, group: Group) -> None:
    """Raises CannotRewriteError when something of the group is needed where it is, or means something else
    elsewhere."""
    parents = {call.node.parent for call in group.calls} | {one.node.parent for one in group.bindings}
    if not group.uses or not group.is_whole or len(parents) != 1:
        raise CannotRewriteError("statements that do not stand together")
    names = {binding.name for binding in group.bindings}
    values = [*(binding.value for binding in group.bindings), *_values(group)]
    for node in nodes.descendants(file.root, "identifier"):
        if file.text(node) in names and not any(nodes.encloses(value, node) for value in values):
            if not any(one.node.child_by_field_name("left") == node for one in group.bindings):
                raise CannotRewriteError(f"{file.text(node)} is needed here")
    for value in values:
        _check_movable(file, value, names)


def _values(group: Group) -> list[Node]:
    """The values of the options that move."""
    found = []
    for call in group.calls:
        if call.value is not None:
            found.append(call.value)
            continue
        paths = paths_to_move(call, group)
        pending = call.options()
        while pending:
            option = pending.pop()
            if option.path in paths:
                found.append(option.value)
            elif any(path[: len(option.path)] == option.path for path in paths):
                pending.extend(call.inner(option))
    return found


def paths_to_move(call: ConfigCall, group: Group) -> list[Path]:
    """What has to move of a call: whole options, or single ones of an inner keyword list."""
    if call.value is not None:
        return [call.path]
    wanted = {use.path for use in group.uses if use.call.node.start_byte == call.node.start_byte}
    found: list[Path] = []
    for option in call.options():
        if not any(path[: len(option.path)] == option.path for path in wanted):
            continue
        inner = [one.path for one in call.inner(option)]
        chosen = [path for path in inner if any(one[: len(path)] == path for one in wanted)]
        found.extend(chosen if len(chosen) < len(inner) else [option.path])
    return found


def _check_movable(file: ElixirFile, value: Node, names: set[str]) -> None:
    """Raises CannotRewriteError for a value that would be another one in another file, or when it starts."""
    for name in free_names(value, file.data):
        if name not in names:
            raise CannotRewriteError(f"{name} is bound elsewhere")
    for node in (value, *nodes.descendants(value)):
        if node.type == "call":
            _check_call(file, node)
        elif nodes.is_operator(node, "@"):
            raise CannotRewriteError("an attribute")
    if any(file.resolve(name := file.text(node), node.start_byte) != name for node in _aliases(value)):
        raise CannotRewriteError("a module's short name")


def _aliases(value: Node) -> Iterable[Node]:
    return [node for node in (value, *nodes.descendants(value)) if node.type == "alias"]


def _check_call(file: ElixirFile, call: Node) -> None:
    target = call.child_by_field_name("target")
    if target is None:
        raise CannotRewriteError("a call of a value")
    if target.type == "identifier":
        if file.text(target) not in _KERNEL:
            raise CannotRewriteError("a function of the file's own")
    elif target.type == "dot":
        left = target.child_by_field_name("left")
        if left is None or left.type not in ("alias", "atom"):
            return
        called = file.text(target)
        of_system = file.text(left) == "System" and called.partition(".")[2] not in READERS
        if file.text(left) not in _PURE or called in _OF_THE_MACHINE or of_system:
            raise CannotRewriteError(f"{called} is a matter of the machine")


def _has_config(file: ElixirFile) -> bool:
    """Whether the file knows `config_env/0`: `use Mix.Config` does not bring it."""
    return any(file.text(argument) == "Config" for call in file.calls("import") for argument in call.args)


def _check_free(target: ElixirFile, group: Group, where: Destination) -> None:
    """Raises CannotRewriteError when the file sets one of the values itself, or binds one of the names."""
    facts = config_facts(target)
    moving = [path for call in group.calls for path in paths_to_move(call, group)]
    leaves = [
        path
        for call in group.calls
        for path in ([call.path] if call.value is not None else [leaf.path for leaf in call.leaves()])
        if any(overlap(path, one) for one in moving)
    ]
    for setting in facts.settings if facts is not None else ():
        here = where.environment is None or where.environment in setting.environments
        if here and any(overlap(setting.path, leaf) for leaf in leaves):
            raise CannotRewriteError("it is set there already")
    names = {binding.name for binding in group.bindings}
    if names and any(target.text(node) in names for node in nodes.descendants(target.root, "identifier")):
        raise CannotRewriteError("a variable of the same name")


# -- the value, as it is read at start -------------------------------------------------------------


def _strict(file: ElixirFile, group: Group) -> tuple[ElixirFile, Group]:
    """The group with `System.fetch_env!` where nothing works without the variable."""
    edits = []
    for read in group.reads:
        target = read.call.node.child_by_field_name("target")
        name = target.child_by_field_name("right") if target is not None else None
        if name is not None and not read.has_default and _is_needed(file, group, read):
            edits.append(Edit(name.start_byte, name.end_byte, "fetch_env!"))
    if not edits:
        return file, group
    changed = ElixirFile(file.path, apply(file.data, edits))
    return changed, _found_again(file, changed, group)


def _found_again(file: ElixirFile, changed: ElixirFile, group: Group) -> Group:
    """The group in a file that has the same statements in the same order."""
    before, after = config_calls(file), config_calls(changed)
    at = {one.node.start_byte: index for index, one in enumerate(before)}
    old, new = (list(nodes.descendants(one.root, "binary_operator")) for one in (file, changed))
    starts = [node.start_byte for node in old]
    bindings = []
    for binding in group.bindings:
        node = new[starts.index(binding.node.start_byte)]
        value = node.child_by_field_name("right")
        bindings.append(Binding(node, binding.name, value if value is not None else node))
    uses = [type(use)(after[at[use.call.node.start_byte]], use.path) for use in group.uses]
    return Group(group.reads, uses, bindings)


def _is_needed(file: ElixirFile, group: Group, read: EnvRead) -> bool:
    """Whether nothing works without a variable: its value is a secret or an address, or is converted."""
    parent = read.node.parent
    if parent is not None and parent.type == "arguments" and parent.parent is not None:
        target = parent.parent.child_by_field_name("target")
        return target is not None and file.text(target).startswith(("String.", "Base.", "URI."))
    if parent is not None and nodes.is_operator(parent, "|>"):
        right = parent.child_by_field_name("right")
        return right is not None and file.text(right).startswith(("String.", "Base.", "URI."))
    name = next((binding.name for binding in group.bindings if binding.value == read.node), None)
    for call in group.calls:
        values = (
            [(call.path, call.value)]
            if call.value is not None
            else [(leaf.path, leaf.value) for leaf in call.leaves()]
        )
        for path, value in values:
            if value == read.node or (name is not None and file.text(value) == name):
                return is_needed(path)
    return False


_SECRET = re.compile(
    r"(\w+_)?(secret|token|password|pass|credentials|secret_key|secret_key_base)"
    r"|(\w+_)?(api|access|private|signing|encryption|auth)_key(_id)?"
)
_ADDRESS = frozenset({"url", "hostname", "host", "database", "username", "port"})


def is_secret(name: str) -> bool:
    """Whether an option of this name holds a secret."""
    return _SECRET.fullmatch(name) is not None


def is_needed(path: Path) -> bool:
    """Whether an option is one that an application cannot do its work without, as far as its name says."""
    if is_secret(path[-1]):
        return True
    return len(path) > 2 and path[1].endswith(("Repo", "Endpoint")) and path[-1] in _ADDRESS


# -- the two texts ---------------------------------------------------------------------------------


@dataclass(slots=True)
class _Out:
    """What was taken out of a file: the text of its bindings, and its calls, both in their order."""

    bindings: list[str]
    calls: list[tuple[ConfigCall, Taken]]


def _take_all(file: ElixirFile, group: Group) -> tuple[bytes, _Out]:
    """The text without the group, and the group."""
    edits: list[Edit] = []
    out = _Out([], [])
    for binding in sorted(group.bindings, key=lambda one: one.node.start_byte):
        text = text_at_no_indent(file, binding.node)
        comments, removed = without_statement(file, binding.node)
        out.bindings.append("\n".join([*comments, text]))
        edits.extend(removed)
    for call in group.calls:
        taken = take(call, paths_to_move(call, group))
        out.calls.append((call, taken))
        edits.extend(taken.edits)
    return apply(file.data, _together(file, edits)), out


def _together(file: ElixirFile, edits: Sequence[Edit]) -> list[Edit]:
    """The edits with removals that touch, or have only blank lines between them, as one."""
    joined: list[Edit] = []
    for edit in sorted(edits):
        before = joined[-1] if joined else None
        if before is not None and not before.new and not edit.new:
            if edit.start <= before.end or not file.data[before.end : edit.start].strip():
                joined[-1] = _removal(file, before.start, max(before.end, edit.end))
                continue
        joined.append(edit)
    return joined


def _removal(file: ElixirFile, start: int, end: int) -> Edit:
    """The removal of whole lines, with the blank lines around them that would be too many."""
    data = file.data
    inner_start, inner_end = start, end
    while inner_start < inner_end and data[inner_start : inner_start + 1].isspace():
        inner_start += 1
    while inner_end > inner_start and data[inner_end - 1 : inner_end].isspace():
        inner_end -= 1
    return Edit(*layout.lines_span(file, inner_start, inner_end), "")


def _place_all(target: ElixirFile, out: _Out, environment: str | None) -> bytes:
    """The text of the target with the group in it."""
    for call, taken in out.calls:
        target = ElixirFile(target.path, apply(target.data, place(target, call, taken, environment)))
    if out.bindings:
        paths = {call.path for call, _ in out.calls}
        target = ElixirFile(
            target.path, apply(target.data, place_before(target, paths, out.bindings, environment))
        )
    return target.data
