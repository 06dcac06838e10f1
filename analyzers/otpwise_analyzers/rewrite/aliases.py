"""The aliases and imports at the head of a module: adding one where it belongs, dropping what is unused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.rewrite.layout import indent_of, is_one_line, line_end, line_start, newline
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Module


class Removal(NamedTuple):
    """An `alias` or `import` that goes: its whole line, or only what `edit` takes from it."""

    line: Node
    edit: Edit | None


def short_name(module: Module, full: str, also: Iterable[str] = ()) -> tuple[str, bool] | None:
    """How to write a module's name in `module`, and whether an alias must be added for that.

    `also` are full names that will be aliased besides. None when the short name means something else:
    then the full one has to be written.
    """
    file = module.file
    block = module.do_block
    at = block.end_byte - 1 if block is not None else module.node.end_byte - 1
    visible = file.aliases.visible(at)
    for short, meant in visible.items():
        if meant == full:
            return short, False
    short = full.rpartition(".")[2]
    if "." not in full:
        return (full, False) if visible.get(full, full) == full else None
    taken = visible.get(short) is not None or file.resolve(short, at) != short
    if taken or any(name != full and name.rpartition(".")[2] == short for name in also):
        return None
    if _is_written(short, module) or module.name.partition(".")[0] == short:
        return None
    return short, True


def _is_written(short: str, module: Module) -> bool:
    """Whether the bare name is used in the module without an alias, for a top-level module of that name."""
    data = module.file.data[module.node.start_byte : module.node.end_byte]
    pattern = rb"(?<![\w.{ :])" + short.encode() + rb"(?=\.[a-z])"
    return re.search(pattern, data) is not None


def added(module: Module, full_names: Sequence[str], imports: Sequence[str] = ()) -> list[Edit] | None:
    """Adds aliases and imports to the head of a module, each in its group and in order.

    None when the module has no lines of its own.
    """
    block = module.do_block
    if block is None or is_one_line(module.file, block):
        return None
    statements = module.statements
    head = [
        s for s in statements if _word(s, module.file) in ("use", "import", "alias", "require", "@moduledoc")
    ]
    # Below the first function a name would be there for those below it only.
    first = module.definitions[0].node.start_byte if module.definitions else block.end_byte
    head = [s for s in head if s.start_byte < first and not nodes.is_within(s, "do_block", stop=block)]
    wanted_imports = [name for name in dict.fromkeys(imports) if name not in module.imports]
    wanted_aliases = sorted(dict.fromkeys(full_names))
    edits: list[Edit] = []
    alias_lines = [s for s in head if _word(s, module.file) == "alias"]
    import_lines = [s for s in head if _word(s, module.file) == "import"]
    pending: dict[int, list[str]] = {}
    if wanted_imports:
        _place(module, import_lines, wanted_imports, "import", head, pending, edits)
    if wanted_aliases:
        _place(module, alias_lines, wanted_aliases, "alias", head, pending, edits)
    for at, groups in pending.items():
        text = "\n\n".join(groups)
        edits.append(_block_edit(module, at, text))
    return edits


def _word(statement: Node, file: ElixirFile) -> str:
    if nodes.is_operator(statement, "@"):
        operand = statement.child_by_field_name("operand")
        target = operand.child_by_field_name("target") if operand is not None else None
        return "@" + file.text(target) if target is not None else ""
    target = statement.child_by_field_name("target")
    return file.text(target) if statement.type == "call" and target is not None else ""


def _place(
    module: Module,
    lines: list[Node],
    names: Sequence[str],
    word: str,
    head: list[Node],
    pending: dict[int, list[str]],
    edits: list[Edit],
) -> None:
    file = module.file
    blocks = [line for line in lines if not is_one_line(file, line)]
    lines = [line for line in lines if is_one_line(file, line)]
    if not lines and blocks:
        indent = indent_of(file, blocks[-1])
        text = "\n".join(f"{indent}{word} {name}" for name in names)
        pending.setdefault(blocks[-1].end_byte, []).append(text)
        return
    if lines:
        written = [_sort_key(file, line) for line in lines]
        indent = indent_of(file, lines[0])
        for name in names:
            after = [line for line, key in zip(lines, written, strict=True) if key < name]
            text = f"{indent}{word} {name}\n"
            if written == sorted(written) and after:
                edits.append(_after_line(file, after[-1], text))
            elif written == sorted(written):
                start = line_start(file, lines[0].start_byte)
                edits.append(Edit(start, start, text))
            else:
                edits.append(_after_line(file, lines[-1], text))
        return
    indent = indent_of(file, module.node) + "  "
    text = "\n".join(f"{indent}{word} {name}" for name in names)
    before = {"import": ("@moduledoc", "use"), "alias": ("@moduledoc", "use", "import")}[word]
    anchors = [line for line in head if _word(line, file) in before]
    at = anchors[-1].end_byte if anchors else -1
    pending.setdefault(at, []).append(text)


def _sort_key(file: ElixirFile, line: Node) -> str:
    arguments = nodes.arguments_of(line)
    return file.text(arguments[0]) if arguments else ""


def _after_line(file: ElixirFile, line: Node, text: str) -> Edit:
    end = line_end(file, line.end_byte)
    return Edit(end, end, "\n" + text.rstrip("\n"))


def _block_edit(module: Module, at: int, text: str) -> Edit:
    """A group of lines of its own: behind the byte `at`, or at the top of the module for -1."""
    file = module.file
    if at >= 0:
        end = line_end(file, at)
        rest = file.data[end:].lstrip(b"\r\n \t")
        following = file.data[end : len(file.data) - len(rest)]
        gap = "" if following.count(b"\n") > 1 or rest.startswith(b"end") else "\n"
        return Edit(end, end, f"\n\n{text}{gap}")
    block = module.do_block
    assert block is not None
    end = line_end(file, block.start_byte)
    rest = file.data[end:].lstrip()
    gap = "" if rest.startswith(b"end") else "\n"
    return Edit(end, end, f"\n{text}{gap}")


def unused(file: ElixirFile, module: Module, removed: Sequence[Span], replaced: str) -> list[Removal]:
    """The aliases that were used within the `removed` spans and are not used outside of them.

    `replaced` is the text that comes instead. A name counts as used wherever code may mean it, a template
    included, and neither in a comment nor in plain text.
    """
    found: list[Removal] = []
    declarations: dict[int, list[str]] = {}
    lines: dict[int, Node] = {}
    for alias in file.aliases.declarations():
        line = alias.node
        if line.type == "call" and line.parent == module.do_block and _word(line, file) == "alias":
            lines[line.start_byte] = line
            declarations.setdefault(line.start_byte, []).append(alias.short)
    kept = _code(file, [*removed, *(Span(n.start_byte, n.end_byte) for n in lines.values())]) + replaced
    gone = "\n".join(file.data[span.start : span.end].decode("utf-8", "replace") for span in removed)
    heads = "\n".join(file.text(line) for line in lines.values())
    for start, shorts in declarations.items():
        idle = [s for s in shorts if _mentions(gone, s) and not _mentions(kept, s) and not _leads(heads, s)]
        if len(idle) == len(shorts):
            found.append(Removal(lines[start], None))
        elif idle:
            edit = _without(file, lines[start], idle)
            if edit is not None:
                found.append(Removal(lines[start], edit))
    return found


def unused_import(
    file: ElixirFile, module: Module, name: str, names: frozenset[str], removed: Sequence[Span]
) -> list[Removal]:
    """The `import name` when no call of `names` is left outside of the `removed` spans."""
    used = [call for call in file.calls(*(n for n in names if n.encode() in file.names)) if call.is_local]
    if any(not any(s.start <= call.node.start_byte < s.end for s in removed) for call in used):
        return []
    return [
        Removal(call.node, None)
        for call in file.calls("import")
        if call.is_local
        and call.args
        and call.node.parent == module.do_block
        and file.module_name(call.args[0]) == name
    ]


def settled(file: ElixirFile, additions: Sequence[Edit], removals: Sequence[Removal]) -> list[Edit]:
    """The edits of both, such that none claims another's bytes and no blank lines are left doubled."""
    edits = [removal.edit for removal in removals if removal.edit is not None]
    lines = sorted((r.line for r in removals if r.edit is None), key=lambda line: line.start_byte)
    insertions = list(additions)
    groups: list[list[Node]] = []
    for line in lines:
        inserted = [
            edit
            for edit in insertions
            if line_start(file, line.start_byte) <= edit.start <= line_end(file, line.end_byte)
        ]
        if inserted:
            # The new line takes the place of the one that goes.
            text = "\n".join(edit.new.strip("\n") for edit in inserted)
            start, end = line_start(file, line.start_byte), line_end(file, line.end_byte)
            edits.append(Edit(start, end, text))
            insertions = [edit for edit in insertions if edit not in inserted]
        elif groups and groups[-1][-1].end_point.row + 1 == line.start_point.row:
            groups[-1].append(line)
        else:
            groups.append([line])
    edits.extend(Edit(*_lines_span(file, group), "") for group in groups)
    return [*edits, *insertions]


def _lines_span(file: ElixirFile, group: list[Node]) -> Span:
    """The bytes of whole lines, with one of the blank lines around them when both are there."""
    data = file.data
    start = line_start(file, group[0].start_byte)
    end = min(line_end(file, group[-1].end_byte) + len(newline(file)), len(data))
    before = data[:start].splitlines()
    blank_before = bool(before) and not before[-1].strip()
    rest = data[end:].splitlines(keepends=True)
    blank_after = bool(rest) and not rest[0].strip()
    opens = bool(before) and before[-1].rstrip().endswith(b" do")
    if blank_after and (blank_before or opens):
        end += len(rest[0])
    elif blank_before and rest and rest[0].strip() == b"end":
        start = line_start(file, start - 1)
    return Span(start, end)


def is_written(file: ElixirFile, short: str, but: Iterable[Span]) -> bool:
    """Whether code outside of the spans has the name: not a comment, and no plain text."""
    return _mentions(_code(file, but), short)


def _code(file: ElixirFile, but: Iterable[Span]) -> str:
    return _outside(file, [*but, *file.comment_spans, *_texts(file)])


def _outside(file: ElixirFile, spans: Iterable[Span]) -> str:
    pieces, at = [], 0
    for span in sorted(spans):
        if span.start > at:
            pieces.append(file.data[at : span.start])
        at = max(at, span.end)
    pieces.append(file.data[at:])
    return b" ".join(pieces).decode("utf-8", "replace")


def _texts(file: ElixirFile) -> Iterator[Span]:
    """What is written in strings, a `@doc` among them; a sigil may hold a template and is code."""
    for content in nodes.descendants(file.tree.root_node, "quoted_content"):
        if content.parent is not None and content.parent.type in ("string", "charlist"):
            yield Span(content.start_byte, content.end_byte)


def _mentions(text: str, short: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(short)}\b", text) is not None


def _leads(heads: str, short: str) -> bool:
    """Whether another alias is written through this one: `alias Accounts.User` below `alias MyApp.Accounts`."""
    return re.search(rf"alias {re.escape(short)}\.", heads) is not None


def _without(file: ElixirFile, line: Node, shorts: list[str]) -> Edit | None:
    """`alias MyApp.{A, B}` without some of its names; `alias MyApp.A` when one is left."""
    arguments = nodes.arguments_of(line)
    if not arguments or arguments[0].type != "dot" or nodes.child_of_type(arguments[0], "comment"):
        return None
    left, right = arguments[0].child_by_field_name("left"), arguments[0].child_by_field_name("right")
    if left is None or right is None or right.type != "tuple" or nodes.child_of_type(right, "comment"):
        return None
    names = [file.text(item) for item in nodes.named(right)]
    left_over = [name for name in names if name.rpartition(".")[2] not in shorts]
    if len(left_over) == 1:
        joined = left_over[0]
    elif is_one_line(file, line):
        joined = "{" + ", ".join(left_over) + "}"
    else:
        # One name a line, as the formatter has it.
        indent = " " * line.start_point.column
        joined = "{\n" + ",\n".join(f"{indent}  {name}" for name in left_over) + f"\n{indent}}}"
    return Edit(arguments[0].start_byte, arguments[0].end_byte, f"{file.text(left)}.{joined}")
