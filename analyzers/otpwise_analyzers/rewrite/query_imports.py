"""Whether a module imports the macros that its queries are written with now, and no others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tree_sitter import Node

from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Module


def importing(
    file: ElixirFile, module: Module, macros: Iterable[tuple[str, int]], removed: Sequence[Span]
) -> list[Edit] | None:
    """The edits that give `import Ecto.Query, only: [...]` the macros (name and arity) that it lacks, and take from it
    those that only the code in the `removed` spans called.

    None where one is left out on purpose, where the module has a function of that name, and where it cannot be seen
    what is imported.
    """
    needed = set(macros)
    if any(module.defines(name, arity) for name, arity in needed):
        return None
    imports = [
        call
        for call in file.calls("import")
        if call.args and call.enclosing_module is module and file.module_name(call.args[0]) == "Ecto.Query"
    ]
    if any(call.node.parent != module.do_block for call in imports):
        # Of one function alone: whether another has it as well is not to be seen at a glance.
        return None
    if not imports:
        # By a `use`, which may import some of them only: what is called already is there.
        return [] if all(_is_called(file, module, *macro, removed) for macro in needed) else None
    edits: list[Edit] = []
    for call in imports:
        found = _refitted(file, module, call, needed, removed)
        if found is None:
            return None
        edits.extend(found)
    return edits


def _is_called(file: ElixirFile, module: Module, name: str, arity: int, removed: Sequence[Span]) -> bool:
    return any(
        call.is_local
        and call.arity == arity
        and call.enclosing_module is module
        and not any(span.start <= call.node.start_byte < span.end for span in removed)
        for call in file.calls(name)
    )


def _refitted(
    file: ElixirFile, module: Module, call: Call, needed: set[tuple[str, int]], removed: Sequence[Span]
) -> list[Edit] | None:
    if "except" in call.keywords:
        return None
    only = call.keywords.get("only")
    if only is None or not needed:
        return []
    listed = _listed(file, only)
    if listed is None:
        return None
    kept = [
        macro
        for macro in listed
        if macro in needed
        or _is_called(file, module, *macro, removed)
        or not _is_called(file, module, *macro, ())
    ]
    entries = [*kept, *sorted(needed - set(listed))]
    if entries == listed:
        return []
    if only.start_point.row != only.end_point.row or not layout.starts_line(file, call.node.start_byte):
        return None
    text = f"[{', '.join(f'{name}: {arity}' for name, arity in entries)}]"
    edit = Edit(only.start_byte, only.end_byte, text)
    width = layout.column(file, only.start_byte) + len(text)
    if width <= layout.WIDTH or call.args[0].start_point.row != only.start_point.row:
        return [edit] if width <= layout.WIDTH else None
    start, head = call.args[-1].start_byte, call.args[0]
    indent = layout.indent_of(file, head) + "  "
    if width - layout.column(file, start) + len(indent) > layout.WIDTH:
        return None
    return [
        edit,
        Edit(head.end_byte, start, f",\n{indent}"),
        *layout.blank_lines_around(file, call.node),
    ]


def _listed(file: ElixirFile, only: Node) -> list[tuple[str, int]] | None:
    if only.type != "list":
        return None
    found: list[tuple[str, int]] = []
    for child in nodes.named(only):
        if child.type != "keywords":
            return None
        for pair in nodes.named(child):
            key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
            if key is None or value is None or value.type != "integer":
                return None
            found.append((nodes.keyword_name(key, file.data), int(file.text(value))))
    return found
