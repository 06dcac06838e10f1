"""New arguments for a call, laid out as `mix format` would lay them out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tree_sitter import Node

from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.parser import parse

_REST = re.compile(r"(\.\w+)*")
_ASSIGNS = re.compile(r"(?P<left>.*[^=!<>~|]) =$", re.DOTALL)
_INLINE_DEF = re.compile(r"(?P<head>def\w* .*), do:$")

# The formatter does not count the `)` behind a last list or keywords when the call begins its line.
_SPARE = 1


def with_arguments(file: ElixirFile, call: Call, texts: Sequence[str]) -> list[Edit] | None:
    """Edits that give a call these arguments; the text of each is formatted as if it stood on one line,
    a heredoc in it as it stands now.

    Arguments that stand on lines of their own stay so. None when the surroundings are none of those
    whose layout is known here.
    """
    arguments = call.arguments
    if arguments is None or file.data[arguments.start_byte : arguments.start_byte + 1] != b"(":
        return None
    if any(child.type == "comment" for child in nodes.descendants(arguments)):
        return None
    if _stand_alone(call):
        return _each_on_its_line(file, call, texts)
    start, end = call.node.start_byte, call.node.end_byte
    head = file.data[start : arguments.start_byte + 1].decode()
    line = layout.line_start(file, start)
    before = file.data[line:start].decode()
    rest = file.data[end : layout.line_end(file, end)].decode()
    one_line = f"{head}{', '.join(texts)})"
    if "\n" in head or (call.piped is not None and not layout.fits(before + one_line + rest)):
        return None
    if layout.fits(before + one_line + rest):
        joined = _joined_with_assignment(file, start, one_line + rest)
        return [*joined, Edit(start, end, one_line)]
    return _broken(file, call, texts, head, before, rest)


def _stand_alone(call: Call) -> bool:
    """Whether every argument already stands on lines of its own."""
    arguments = call.arguments
    assert arguments is not None
    return bool(call.args) and call.args[0].start_point.row > arguments.start_point.row


def _each_on_its_line(file: ElixirFile, call: Call, texts: Sequence[str]) -> list[Edit] | None:
    indent = layout.indent_of(file, call.args[0])
    if any("\n" not in text and not layout.fits(text, indent, behind=1) and text[0] == "[" for text in texts):
        return None
    texts = [
        _moved(file, call.args[index], text, indent) if index < len(call.args) else text
        for index, text in enumerate(texts)
    ]
    return [
        Edit(call.args[0].start_byte, call.args[-1].end_byte, f",\n{indent}".join(texts)),
    ]


def _broken(
    file: ElixirFile, call: Call, texts: Sequence[str], head: str, before: str, rest: str
) -> list[Edit] | None:
    start, end = call.node.start_byte, call.node.end_byte
    statement = before.strip()
    margin = layout.indent_at(file, start)
    if not _REST.fullmatch(rest.strip()):
        if statement == "case" and rest == " do":
            return [Edit(start, end, _on_lines(file, call, texts, head, " " * len(before)))]
        return None
    if not statement:
        return [Edit(start, end, _arranged(file, call, texts, head, before))]
    assigned = _ASSIGNS.fullmatch(statement)
    if assigned is not None and assigned["left"].count("(") == assigned["left"].count(")"):
        inner = margin + "  "
        return [Edit(start - 1, end, f"\n{inner}{_arranged(file, call, texts, head, inner)}")]
    one_line = f"{head}{', '.join(texts)})"
    inline = _INLINE_DEF.fullmatch(statement)
    if inline is not None and layout.fits(f"{margin}  do: {one_line}"):
        comma = layout.line_start(file, start) + len(margin.encode()) + len(inline["head"].encode())
        return [Edit(comma, end, f",\n{margin}  do: {one_line}")]
    return None


def _arranged(file: ElixirFile, call: Call, texts: Sequence[str], head: str, indent: str) -> str:
    """The call on one line, with its last list opened, or with each argument on its line."""
    one_line = f"{head}{', '.join(texts)})"
    if layout.fits(one_line, indent, behind=-_SPARE):
        return one_line
    last = texts[-1]
    opened = f"{head}{', '.join([*texts[:-1], '['])}"
    if last.startswith("[") and last != "[]" and layout.fits(opened, indent):
        inner = f"\n{indent}  "
        items = f",{inner}".join(list_items(last))
        return f"{opened}{inner}{items}\n{indent}])"
    return _on_lines(file, call, texts, head, indent)


def _on_lines(file: ElixirFile, call: Call, texts: Sequence[str], head: str, indent: str) -> str:
    inner = f"{indent}  "
    moved = [
        _moved(file, call.args[index], text, inner) if index < len(call.args) else text
        for index, text in enumerate(texts)
    ]
    lines = f",\n{inner}".join(moved)
    return f"{head}\n{inner}{lines}\n{indent})"


def _moved(file: ElixirFile, argument: Node, text: str, indent: str) -> str:
    """A heredoc with its lines moved so that its end stands at `indent`; any other text as it is."""
    if not text.startswith(('"""', '~s"""', '~S"""')) or "\n" not in text:
        return text
    lines = text.split("\n")
    old = lines[-1][: len(lines[-1]) - len(lines[-1].lstrip(" "))]
    return "\n".join(
        [lines[0], *(indent + line.removeprefix(old) if line.strip() else line for line in lines[1:])]
    )


def _joined_with_assignment(file: ElixirFile, start: int, text: str) -> list[Edit]:
    """Takes out the line break of `name =\\n  value` when all of it fits on one line now."""
    line = layout.line_start(file, start)
    if file.data[line:start].strip() or line == 0 or "\n" in text:
        return []
    above = layout.line_start(file, line - 1)
    left = file.data[above:line].decode().rstrip()
    if not left.endswith(" =") or not layout.fits(f"{left} {text}"):
        return []
    return [Edit(above + len(left.encode()), start, " ")]


def joined_assignment(file: ElixirFile, start: int, text: str) -> list[Edit]:
    """The same for a value that is no call: `text` is all that will stand from byte `start` on its line."""
    return _joined_with_assignment(file, start, text)


def list_items(text: str) -> list[str]:
    """The elements of a one-line list literal, as written."""
    data = text.encode()
    root = parse(data).root_node
    return [nodes.text_of(child, data) for child in nodes.named(root.named_children[0])]
