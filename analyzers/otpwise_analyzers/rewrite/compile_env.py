"""Writes a read of the application's environment in a module's body as `Application.compile_env`."""

from __future__ import annotations

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.answers import version_numbers
from otpwise_analyzers.project.compile_time import ConfigRead
from otpwise_analyzers.project.config_files import RUNTIME_FILES, Path, overlap
from otpwise_analyzers.project.view import FixContext, ProjectView
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes

_NAMES = {"get_env": "compile_env", "fetch_env!": "compile_env!"}


def compiled_path(read: ConfigRead) -> Path | None:
    """What `Application.compile_env` would be asked for; None where it cannot take the call's place."""
    call = read.call
    if read.path is None or call.name not in _NAMES or call.piped is not None:
        return None
    return read.path if _joins(read) else read.path[:2]


def _joins(read: ConfigRead) -> bool:
    """Whether `[:key]` behind the call becomes part of the path: not behind a default, or a bang."""
    return read.node != read.call.node and read.call.name == "get_env" and len(read.call.args) == 2


def may_compile(project: ProjectView, path: Path) -> bool:
    """Whether an option can be taken by `compile_env`: Elixir knows it (1.10), and the value is settled when
    a release is built, for it refuses to start with another one."""
    mixes = project.mixes
    versions = [version_numbers(mix.elixir) for mix in mixes if mix.elixir]
    if not versions or any(version is None or version < (1, 10) for version in versions):
        return False
    return not any(mix.has_own_runtime for mix in mixes) and not is_set_at_start(project, path)


def is_set_at_start(project: ProjectView, path: Path) -> bool:
    """Whether a file that is evaluated when the application starts sets the option."""
    return any(
        overlap(setting.path, path)
        for where, facts in project.whole_configuration.files.items()
        if where.rpartition("/")[2] in RUNTIME_FILES
        for setting in facts.settings
    )


def compile_env(_context: FixContext, read: ConfigRead) -> Change | None:
    """`Application.get_env(:app, Key)[:key]` as `Application.compile_env(:app, [Key, :key])`."""
    call, file = read.call, read.call.file
    target = call.node.child_by_field_name("target")
    name = target.child_by_field_name("right") if target is not None else None
    if name is None or len(call.args) < 2:
        return None
    new = _NAMES[call.name]
    edits = [Edit(name.start_byte, name.end_byte, new)]
    if _joins(read):
        key = call.args[1]
        rest: list[str] = []
        access = call.node.parent
        while access is not None and access.type == "access_call" and nodes.encloses(read.node, access):
            inner = access.child_by_field_name("key")
            rest.append(file.text(inner) if inner is not None else "")
            access = access.parent
        edits.append(Edit(key.start_byte, key.end_byte, f"[{', '.join([file.text(key), *rest])}]"))
        edits.append(Edit(call.node.end_byte, read.node.end_byte, ""))
    line = file.data[layout.line_start(file, name.start_byte) : layout.line_end(file, read.node.end_byte)]
    grown = sum(len(edit.new) - (edit.end - edit.start) for edit in edits)
    longest = max(len(one) for one in line.decode("utf-8", "replace").split("\n"))
    if longest + max(grown, len(new) - len(call.name)) > layout.WIDTH:
        return None
    return (layout.change_of(file, edits),)
