"""Whether a module imports the macros that its queries are written with now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tree_sitter import Node

from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Module


def importing(
    file: ElixirFile, module: Module, macros: Iterable[tuple[str, int]], removed: Sequence[Span]
) -> list[Edit] | None:
    """The edits that give `import Ecto.Query, only: [...]` the macros (name and arity) that it lacks.

    None where one is left out on purpose, or where the module has a function of that name.
    """
    needed = set(macros)
    if any(module.defines(name, arity) for name, arity in needed):
        return None
    edits: list[Edit] = []
    for call in file.calls("import"):
        if (
            not call.args
            or call.enclosing_module is not module
            or file.module_name(call.args[0]) != "Ecto.Query"
        ):
            continue
        if "except" in call.keywords:
            return None
        only = call.keywords.get("only")
        if only is None:
            continue
        listed = _listed(file, only)
        if listed is None:
            return None
        missing = sorted(needed - listed)
        if not missing:
            continue
        inner = nodes.named(only)
        if not inner or only.start_point.row != only.end_point.row:
            return None
        added = "".join(f", {name}: {arity}" for name, arity in missing)
        at = inner[-1].end_byte
        edits.append(Edit(at, at, added))
        head = call.args[0]
        line = file.data[layout.line_start(file, at) : layout.line_end(file, at)].decode("utf-8", "replace")
        if len(line) + len(added) <= layout.WIDTH:
            continue
        if (
            head.start_point.row != only.start_point.row
            or len(line) - len("import Ecto.Query") + len(added) > 98
        ):
            return None
        gap = Edit(head.end_byte, call.args[-1].start_byte, f",\n{layout.indent_of(file, head)}  ")
        edits.extend([gap, *layout.blank_lines_around(file, call.node)])
    return edits


def _listed(file: ElixirFile, only: Node) -> set[tuple[str, int]] | None:
    if only.type != "list":
        return None
    found: set[tuple[str, int]] = set()
    for child in nodes.named(only):
        if child.type != "keywords":
            return None
        for pair in nodes.named(child):
            key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
            if key is None or value is None or value.type != "integer":
                return None
            found.add((nodes.keyword_name(key, file.data), int(file.text(value))))
    return found
