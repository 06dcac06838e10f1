"""Adds dependencies to a `mix.exs`."""

from __future__ import annotations

from collections.abc import Mapping

from tree_sitter import Node

from otpwise_analyzers.findings import FileChange
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile


def add_dependencies(context: FixContext, wanted: Mapping[str, str]) -> tuple[FileChange, ...] | None:
    """The change of the app's `mix.exs` that lists each dependency (name and requirement) it lacks.

    Empty when it lacks none; None when there is no list literal of dependencies with each entry on a line
    of its own, as the formatter writes it.
    """
    app = context.project.app
    file = context.open(f"{app}/mix.exs" if app else "mix.exs")
    listed = dependency_list(file) if file is not None else None
    if file is None or listed is None:
        return None
    items = nodes.named(listed)
    known = {
        file.text(nodes.named(item)[0])[1:] for item in items if item.type == "tuple" and nodes.named(item)
    }
    missing = {name: requirement for name, requirement in wanted.items() if name not in known}
    if not missing:
        return ()
    if not items or layout.is_one_line(file, listed) or not layout.starts_line(file, items[0].start_byte):
        return None
    indent = layout.indent_of(file, items[0])
    entries = [f'{{:{name}, "{requirement}"}}' for name, requirement in missing.items()]
    last = items[-1]
    end = layout.line_end(file, last.end_byte)
    behind = file.data[last.end_byte : end].decode("utf-8", "replace")
    added = "".join(f",\n{indent}{entry}" for entry in entries)
    if not behind.strip():
        return (layout.change_of(file, [Edit(last.end_byte, last.end_byte, added)]),)
    if not behind.strip().startswith("#"):
        return None
    # A comment behind the last entry stays on its line.
    edits = [Edit(last.end_byte, last.end_byte, ","), Edit(end, end, added[1:])]
    return (layout.change_of(file, edits),)


def dependency_list(file: ElixirFile) -> Node | None:
    """The list literal of `defp deps do [...] end`, or of `deps: [...]` in the project's keywords."""
    for definition in file.definitions:
        if definition.name == "deps" and definition.arity == 0:
            last = definition.statements[-1] if definition.statements else None
            return last if last is not None and last.type == "list" else None
    for definition in file.definitions:
        if definition.name == "project" and definition.statements:
            listed = nodes.keyword_pairs(definition.statements[-1], file.data).get("deps")
            return listed if listed is not None and listed.type == "list" else None
    return None
