"""What of a config file's settings is settled while a release is built."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field

from tree_sitter import Node

from otpwise_analyzers.project import places
from otpwise_analyzers.project.config_files import (
    RUNTIME_FILES,
    ConfigCall,
    Path,
    config_call,
    environment_of,
    environments_at,
    is_of_the_build,
    overlap,
)
from otpwise_analyzers.project.env_reads import EnvRead, env_reads
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile

BUILD_FILES = ("config.exs", "prod.exs", "prod.secret.exs", "staging.exs")
"""Files that are evaluated on the machine that builds a release, and whose values it keeps."""


@dataclass(slots=True)
class Use:
    """An option of a `config` call whose value reads the environment, itself or by a variable.

    `repeats` says that the file that is evaluated at start sets the same, `is_compiled` that a module takes
    the value while it compiles.
    """

    call: ConfigCall
    path: Path
    repeats: bool = False
    is_compiled: bool = False


@dataclass(slots=True)
class Binding:
    """`name = value` in a config file; `value` reads the environment, itself or by another binding."""

    node: Node
    name: str
    value: Node


@dataclass(slots=True)
class Group:
    """Reads of the environment that hang together: of one `config` call, or by a variable of several.

    `is_whole` says that every place which needs one of the reads is among `uses` and `bindings`.
    """

    reads: list[EnvRead]
    uses: list[Use] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    is_whole: bool = True

    @property
    def file(self) -> ElixirFile:
        return self.reads[0].call.file

    @property
    def calls(self) -> list[ConfigCall]:
        found = {use.call.node.start_byte: use.call for use in self.uses}
        return [found[at] for at in sorted(found)]

    @property
    def repeats(self) -> bool:
        """Whether nothing of it counts once the release starts."""
        return bool(self.uses) and all(use.repeats for use in self.uses)

    @property
    def is_compiled(self) -> bool:
        return any(use.is_compiled for use in self.uses)


def is_build_file(file: ElixirFile) -> bool:
    """Whether a file of `config/` is one whose values a release keeps; not a library's."""
    if posixpath.basename(file.path) not in BUILD_FILES or not places.is_config(file.path):
        return False
    project = file.project
    return not project.is_known or (file.path in project.configuration.files and not project.is_package)


def environment_for(file: ElixirFile, node: Node) -> str | None:
    """The environment of a release that a place of a config file counts for; None when it counts for none."""
    environments, _ = environments_at(file, node)
    if "prod" in environments:
        return "prod"
    own = environment_of(file.path)
    if own is not None and own in environments:
        return own
    if not environments.all_but and "staging" in environments:
        return "staging"
    return None


def groups_of(file: ElixirFile) -> list[Group]:
    """The reads of a build file that a release would want to make when it starts, in source order."""
    bindings = _bindings(file)
    grouped: list[Group] = []
    for read in env_reads(file):
        environment = environment_for(file, read.node)
        if read.is_of_the_build or environment is None or _is_decided_above(file, read):
            continue
        group = _group(file, read, bindings)
        uses = [use for use in group.uses if _counts(file, use, environment)]
        if group.uses and not uses:
            continue
        group.uses = uses
        _join(grouped, group)
    for group in grouped:
        if any(not use.repeats for use in group.uses):
            group.uses = [use for use in group.uses if not use.repeats]
    return sorted(grouped, key=lambda group: group.reads[0].node.start_byte)


def _group(file: ElixirFile, read: EnvRead, bindings: list[Binding]) -> Group:
    """One read, and all that it flows into."""
    group = Group([read])
    pending = [read.node]
    while pending:
        node = pending.pop()
        call = config_call_around(file, node)
        if call is not None:
            path = _path_of(call, node)
            if path is None:
                group.is_whole = False
            else:
                group.uses.append(Use(call, path))
            continue
        binding = next((one for one in bindings if nodes.encloses(one.value, node)), None)
        if binding is None or sum(one.name == binding.name for one in bindings) > 1:
            group.is_whole = False
        elif binding not in group.bindings:
            group.bindings.append(binding)
            pending.extend(_uses_of(file, binding))
    return group


def _bindings(file: ElixirFile) -> list[Binding]:
    """The `name = value` statements outside of anything but an `if`."""
    found = []
    for node in nodes.descendants(file.root, "binary_operator"):
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if not nodes.is_operator(node, "=") or left is None or right is None or left.type != "identifier":
            continue
        found.append(Binding(node, file.text(left), right))
    return found


def _uses_of(file: ElixirFile, binding: Binding) -> list[Node]:
    return [
        node
        for node in nodes.descendants(file.root, "identifier")
        if node.start_byte >= binding.node.end_byte and file.text(node) == binding.name
    ]


def _join(grouped: list[Group], group: Group) -> None:
    """Adds a group, as one with those that share a call or a binding with it.

    What counts and what does not stay apart.
    """
    for other in list(grouped):
        calls = {use.call.node.start_byte for use in other.uses}
        bound = {binding.node.start_byte for binding in other.bindings}
        if other.repeats != group.repeats:
            continue
        if any(use.call.node.start_byte in calls for use in group.uses) or any(
            binding.node.start_byte in bound for binding in group.bindings
        ):
            grouped.remove(other)
            group = Group(
                other.reads + [read for read in group.reads if read not in other.reads],
                other.uses + [use for use in group.uses if use.path not in {one.path for one in other.uses}],
                other.bindings + [one for one in group.bindings if one.node.start_byte not in bound],
                other.is_whole and group.is_whole,
            )
    grouped.append(group)


def _counts(file: ElixirFile, use: Use, environment: str) -> bool:
    """Whether a release would want the option read when it starts; notes what the project says of it."""
    path = use.path
    if is_of_the_build(path):
        return False
    taken = [one for one in file.project.compiled_config if overlap(path, one.path)]
    if any(one.declared for one in taken) or _is_replaced(file, path, environment):
        return False
    use.is_compiled = bool(taken)
    use.repeats = file.project.configuration.sets(path, environment, names=RUNTIME_FILES)
    return not use.repeats or environment_of(file.path) is not None


def config_call_around(file: ElixirFile, node: Node) -> ConfigCall | None:
    """The `config` call that a node is an argument of."""
    for call in file.calls("config"):
        if call.arguments is not None and nodes.encloses(call.arguments, node):
            return config_call(call)
    return None


def _path_of(call: ConfigCall, node: Node) -> Path | None:
    if call.value is not None:
        return call.path if nodes.encloses(call.value, node) else None
    return next((leaf.path for leaf in call.leaves() if nodes.encloses(leaf.value, node)), None)


def _is_decided_above(file: ElixirFile, read: EnvRead) -> bool:
    """Whether the read stands under a condition that reads the environment too, and is found itself."""
    for ancestor in nodes.ancestors(read.node):
        if ancestor.type != "call":
            continue
        if nodes.identifier(ancestor.child_by_field_name("target"), file.data) not in (
            "if",
            "unless",
            "case",
        ):
            continue
        condition = nodes.first_argument(ancestor)
        if condition is None or nodes.encloses(condition, read.node):
            continue
        if any(nodes.encloses(condition, other.node) for other in env_reads(file)):
            return True
    return False


def _is_replaced(file: ElixirFile, path: Path, environment: str) -> bool:
    """Whether a file that is imported later sets the same value before the release is built."""
    later = {
        "config.exs": (f"{environment}.exs", f"{environment}.secret.exs"),
        f"{environment}.exs": (f"{environment}.secret.exs",),
    }.get(posixpath.basename(file.path), ())
    replaced: bool = bool(later) and file.project.configuration.sets(path, environment, names=later)
    return replaced
