"""Writes a child into the children list of the application's supervisor."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.findings import Change, FileChange
from otpwise_analyzers.project.children import children_of
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.rewrite.children_list import ChildrenList, children_list_of
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile

# What other children nearly always need: they are started before all else.
_FOUNDATIONS = ("Repo", "PubSub", "Vault", "Telemetry")


def child_entry(module: str, options: str | None) -> str:
    """`MyApp.Cache`, or `{MyApp.Cache, ttl: 5}` with the options as they are written."""
    if options is None or options.strip() in ("", "[]"):
        return module
    written = options.strip()
    if written.startswith("[") and written.endswith("]") and _is_keyword_list(written):
        written = written[1:-1].strip()
    return f"{{{module}, {written}}}"


def _is_keyword_list(written: str) -> bool:
    file = ElixirFile("", written.encode())
    top = nodes.named(file.root)
    return (
        len(top) == 1
        and top[0].type == "list"
        and [child.type for child in top[0].named_children] == ["keywords"]
    )


def is_listed(context: FixContext, module: str, name: str | None = None) -> bool:
    """Whether a module (under that `name:`, when one is given) is among the application's children."""
    application = context.project.application
    place = children_list_of(context, application.facts.name) if application is not None else None
    if place is None:
        return False
    owner = place.call.enclosing_module
    return owner is not None and any(
        child.module == module and (name is None or child.name == name) for child in children_of(owner)
    )


def add_child(context: FixContext, module: str, entry: str, name: str | None = None) -> Change | None:
    """Adds `entry` to the children of the application that the checked file belongs to.

    `entry` is one line of formatted Elixir with full module names (broken where it is too long for a
    line of the list); `module` is the child's module
    and `name` its `name:`. It goes behind the repo and PubSub and before the endpoint. Nothing is
    changed when it is there already; None when the application's children are not one literal list.
    """
    application = context.project.application
    if application is None:
        return None
    place = children_list_of(context, application.facts.name)
    if place is None:
        return None
    owner = place.call.enclosing_module
    known = children_of(owner) if owner is not None else ()
    if any(child.module == module and (name is None or child.name == name) for child in known):
        return ()
    edits = _insertion(place, entry)
    return (layout.change_of(place.file, edits),) if edits else None


def merged(*changes: FileChange) -> Change:
    """Changes of the same file as one, so that each file is named once."""
    by_path: dict[str, FileChange] = {}
    for change in changes:
        known = by_path.get(change.path)
        if known is None:
            by_path[change.path] = change
        else:
            by_path[change.path] = FileChange(
                change.path, (*known.edits, *change.edits), known.create or change.create
            )
    return tuple(by_path.values())


def _insertion(place: ChildrenList, entry: str) -> list[Edit] | None:
    file, node = place.file, place.node
    items = _items(node)
    if layout.is_one_line(file, node):
        return _into_one_line(place, items, entry)
    # A list that begins on the line of its first item is not as the formatter writes it.
    if items and not layout.starts_line(file, items[0].start_byte):
        return None
    closing = node.end_byte - 1
    if not layout.starts_line(file, closing):
        return None
    indent = layout.indent_of(file, items[0]) if items else layout.indent_at(file, closing) + "  "
    at = _position(file, items, entry)
    written = _rendered(entry, indent)
    if written is None:
        return None
    entry = written
    if not items:
        start = layout.line_start(file, closing)
        return [Edit(start, start, f"{indent}{entry}\n")]
    if at == 0:
        start = layout.line_end(file, node.start_byte)
        return [Edit(start, start, f"\n{indent}{entry},")]
    before = items[at - 1]
    end = layout.line_end(file, before.end_byte)
    if at == len(items):
        if _comma_after(file, before.end_byte, closing):
            return [Edit(end, end, f"\n{indent}{entry}")]
        if end == before.end_byte:
            return [Edit(end, end, f",\n{indent}{entry}")]
        return [Edit(before.end_byte, before.end_byte, ","), Edit(end, end, f"\n{indent}{entry}")]
    # The next item on the same line: not as the formatter writes it either.
    if items[at].start_byte < end:
        return None
    return [Edit(end, end, f"\n{indent}{entry},")]


def _items(node: Node) -> list[Node]:
    """The list's entries; `[{A, b: 1}, c: 2]` ends in one of type `keywords`."""
    return nodes.named(node)


def _comma_after(file: ElixirFile, start: int, end: int) -> bool:
    return file.data[start:end].lstrip().startswith(b",")


def _into_one_line(place: ChildrenList, items: list[Node], entry: str) -> list[Edit] | None:
    file, node = place.file, place.node
    if layout.column(file, layout.line_end(file, node.end_byte)) + len(entry) + 2 <= layout.WIDTH:
        at = _position(file, items, entry)
        if not items:
            return [Edit(node.start_byte + 1, node.end_byte - 1, entry)]
        if at == len(items):
            return [Edit(items[-1].end_byte, items[-1].end_byte, f", {entry}")]
        return [Edit(items[at].start_byte, items[at].start_byte, f"{entry}, ")]
    at = _position(file, items, entry)
    indent = layout.indent_of(file, node)
    written = _rendered(entry, f"{indent}  ")
    if written is None:
        return None
    entries = [file.text(item) for item in items]
    entries.insert(at, written)
    parent = node.parent
    if parent is not None and nodes.is_operator(parent, "="):
        around = layout.blank_lines_around(file, parent)
        return [*around, Edit(node.start_byte, node.end_byte, _broken(entries, indent))]
    if parent is not None and parent.type == "do_block":
        return [Edit(node.start_byte, node.end_byte, _broken(entries, indent))]
    call = place.call.node
    owner = call.parent
    is_argument = place.call.args and place.call.args[0] == node
    if (
        is_argument
        and owner is not None
        and owner.type == "do_block"
        and b"children" not in _body(file, owner)
    ):
        # As an argument it would have to be broken with all the others: better give it its name.
        return [
            Edit(call.start_byte, call.start_byte, f"children = {_broken(entries, indent)}\n\n{indent}"),
            Edit(node.start_byte, node.end_byte, "children"),
        ]
    return None


def _body(file: ElixirFile, block: Node) -> bytes:
    return file.data[block.start_byte : block.end_byte]


def _broken(entries: list[str], indent: str) -> str:
    lines = ",\n".join(f"{indent}  {one}" for one in entries)
    return f"[\n{lines}\n{indent}]"


def _position(file: ElixirFile, items: list[Node], entry: str) -> int:
    """The index that the new entry gets among the list's items."""
    # What measures the others starts before them.
    if entry.endswith(".Telemetry"):
        return 0
    modules = [_module_in(file, item) for item in items]
    lowest = 0
    for index, module in enumerate(modules):
        if module.rpartition(".")[2] in _FOUNDATIONS:
            lowest = index + 1
    if entry.startswith("{Task.Supervisor,") and lowest:
        return lowest
    for index, module in enumerate(modules):
        if module.rpartition(".")[2].endswith("Endpoint") and index >= lowest:
            return index
    # Trailing keywords have to stay last.
    if items and items[-1].type == "keywords":
        return len(items) - 1
    return len(items)


def _module_in(file: ElixirFile, item: Node) -> str:
    """The module that an entry starts, as written; of `supervisor(MyApp.Repo, [])` its first argument."""
    if item.type == "alias":
        return file.text(item)
    alias = next(iter(nodes.descendants(item, "alias")), None)
    return file.text(alias) if alias is not None else ""


def _rendered(entry: str, indent: str) -> str | None:
    """The entry behind `indent` as the formatter writes it; None when no line break makes it fit."""
    if len(indent) + len(entry) + 1 <= layout.WIDTH:
        return entry
    file = ElixirFile("", entry.encode())
    top = nodes.named(file.root)[0]
    pairs = [file.text(pair) for pair in nodes.descendants(top, "pair") if _is_outermost(pair, top)]
    if top.type == "map":
        lines = [
            "%{",
            *(f"{indent}  {pair}," for pair in pairs[:-1]),
            f"{indent}  {pairs[-1]}",
            f"{indent}}}",
        ]
    elif top.type == "tuple" and len(nodes.named(top)) == 2:
        module, options = nodes.named(top)
        parts = pairs if options.type == "keywords" else [file.text(options)]
        lines = [f"{{{file.text(module)},", *(f"{indent} {part}," for part in parts)]
        lines[-1] = lines[-1].removesuffix(",") + "}"
    else:
        return None
    return "\n".join(lines) if all(len(line) < layout.WIDTH for line in lines) else None


def _is_outermost(pair: Node, top: Node) -> bool:
    owner = next((a for a in nodes.ancestors(pair) if a.type in ("map", "list", "tuple", "call")), None)
    return owner == top
