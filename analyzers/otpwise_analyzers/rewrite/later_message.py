"""What comes after a sleep in a callback, moved into a message that the process sends itself."""

from __future__ import annotations

import re

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.handlers import Handler, Host
from otpwise_analyzers.project.roles import Role, has_role
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import callbacks, layout
from otpwise_analyzers.rewrite.carried import (
    carried_into,
    dedented_lines,
    lines_with_comments,
    would_be_joined,
)
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.results import is_tagged, results, results_of
from otpwise_analyzers.syntax.variables import uses_of, visible_at

_TODO = "# TODO: other messages may have come in between; is what this one carries still true?"
_HOSTS = (Host.SERVER, Host.LIVE_VIEW, Host.CHANNEL)
_CALLBACKS = frozenset(
    {"handle_call", "handle_cast", "handle_info", "handle_event", "handle_in", "handle_async"}
)
_WORD = re.compile(r":([a-z]\w*)|\"([a-z][\w]*)\"")


def goes_on_after(ctx: FixContext, handler: Handler, sleep: Call) -> Change | None:
    """`Process.send_after(self(), message, ms)` in the place of the sleep, and a clause of `handle_info/2`
    with what came behind it.

    The message carries the variables that are needed, but for the state, which the clause gets as it is by
    then. A reply of `handle_call/3` is given with `GenServer.reply/2`. None where the sleep is no statement
    of the callback's own results, where there is nothing behind it, or where a result cannot be given later.
    """
    definition, module, state = handler.definition, handler.definition.module, handler.state
    if module is None or state is None or not _is_place(handler, module, sleep):
        return None
    file = definition.file
    block = sleep.node.parent
    statements = nodes.block_statements(block) if block is not None else []
    if sleep.node not in statements or statements[-1] == sleep.node:
        return None
    rest = statements[statements.index(sleep.node) + 1 :]
    # Only what the callback answers with may be answered later.
    own = {node.start_byte for node in results(rest[-1], file.data)}
    if not own <= {node.start_byte for node in results_of(definition)}:
        return None
    if state not in visible_at(definition, sleep.node):
        return None
    caller = _caller(definition)
    answers = _as_info(file, definition, rest[-1], caller)
    span = lines_with_comments(file, sleep.node, rest[-1])
    moved = Span(layout.line_start(file, rest[0].start_byte), layout.line_end(file, rest[-1].end_byte))
    comments = _comments_between(file, sleep.node, rest[0])
    text = dedented_lines(file, moved, answers) if answers is not None else None
    if answers is None or span is None or text is None or not layout.starts_line(file, rest[0].start_byte):
        return None
    carried = list(carried_into(definition, rest, frozenset({state})).names)
    is_call = any("GenServer.reply(" in edit.new for edit in answers)
    edits: list[Edit] = []
    if is_call:
        if caller is None:
            return None
        name, renamed = caller
        edits.extend(renamed)
        if name not in carried:
            carried.insert(0, name)
    tag = _free_tag(module, definition)
    message = f"{{:{tag}, {', '.join(carried)}}}" if carried else f":{tag}"
    indent = layout.indent_of(file, sleep.node)
    pause = f"Process.send_after(self(), {message}, {file.text(sleep.args[0])})"
    if not layout.fits(pause, indent):
        return None
    behind = file.data[sleep.node.end_byte : layout.line_end(file, sleep.node.end_byte)].decode()
    before = file.data[span.start : layout.line_start(file, sleep.node.start_byte)].decode()
    edits.append(
        Edit(span.start, span.end, f"{before}{indent}{pause}{behind}\n{indent}{{:noreply, {state}}}")
    )
    body = "\n".join([_TODO, *comments, text])
    if any(
        not layout.fits(line, layout.indent_of(file, definition.node) + "  ") for line in body.split("\n")
    ):
        return None
    if not any(uses_of(state, node, file.data) for node in rest):
        state = f"_{state}"
    inner = layout.indent_of(file, definition.node) + "  "
    if would_be_joined(file, rest, len(indent) - len(inner)):
        return None
    edits.append(_clause(module, definition, message, state, body))
    return (layout.change_of(file, edits),)


def _is_place(handler: Handler, module: Module, sleep: Call) -> bool:
    return (
        handler.host in _HOSTS
        and handler.definition.name in _CALLBACKS
        and handler.definition.arity != 4
        and not handler.definition.clause_blocks
        # What a component sends to itself goes to the page around it.
        and not has_role(module, Role.LIVE_COMPONENT)
        and len(sleep.args) == 1
        and sleep.piped is None
        and layout.is_one_line(sleep.file, sleep.node)
    )


def _comments_between(file: ElixirFile, first: Node, second: Node) -> list[str]:
    return [
        file.text(comment).strip()
        for comment in file.comments
        if layout.line_end(file, first.end_byte) < comment.start_byte < second.start_byte
    ]


def _caller(definition: Definition) -> tuple[str, list[Edit]] | None:
    """The variable of `handle_call`'s caller, and the edit that gives `_from` a name that can be used."""
    if definition.name != "handle_call" or len(definition.params) != 3:
        return None
    param = definition.params[1]
    name = nodes.identifier(param, definition.file.data)
    if name is None:
        return None
    if not name.startswith("_"):
        return name, []
    new = name.lstrip("_") or "from"
    if new in visible_at(definition, definition.statements[-1]):
        return None
    return new, [Edit(param.start_byte, param.end_byte, new)]


def _as_info(
    file: ElixirFile, definition: Definition, last: Node, caller: tuple[str, list[Edit]] | None
) -> list[Edit] | None:
    """Edits that turn each result into one of `handle_info/2`; None when one has no such form."""
    edits: list[Edit] = []
    for result in results(last, file.data):
        items = nodes.named(result) if result.type == "tuple" else []
        if is_tagged(result, "noreply", file.data) and len(items) in (2, 3):
            continue
        if is_tagged(result, "stop", file.data) and len(items) == 3:
            continue
        is_reply = is_tagged(result, "reply", file.data) and len(items) in (3, 4)
        is_stop = is_tagged(result, "stop", file.data) and len(items) == 4
        if not (is_reply or is_stop) or caller is None or definition.name != "handle_call":
            return None
        if not layout.starts_line(file, result.start_byte) or not layout.is_one_line(file, result):
            return None
        reply = items[1] if is_reply else items[2]
        left = [item for item in items if item != reply]
        words = [":noreply" if is_reply else ":stop", *(file.text(item) for item in left[1:])]
        indent = layout.indent_of(file, result)
        text = f"GenServer.reply({caller[0]}, {file.text(reply)})\n{indent}{{{', '.join(words)}}}"
        edits.append(Edit(result.start_byte, result.end_byte, text))
    return edits


def _free_tag(module: Module, definition: Definition) -> str:
    """`after_download` for a clause of `{:download, url}`, unless the module has a message of that name."""
    taken = "".join(module.file.text(clause.params[0]) + " " for clause in module.clauses("handle_info", 2))
    match = _WORD.search(module.file.text(definition.params[0]))
    word = next((group for group in match.groups() if group), None) if match is not None else None
    for tag in (f"after_{word}" if word is not None else "go_on", "go_on", "go_on_later"):
        if f":{tag}" not in taken:
            return tag
    return "go_on_after_pause"


def _clause(module: Module, definition: Definition, message: str, state: str, body: str) -> Edit:
    existing = module.clauses("handle_info", 2)
    says_impl = callbacks.wants_impl(module) and (not existing or "impl" in existing[0].attributes)
    impl = "@impl true\n" if says_impl else ""
    text = f"{impl}def handle_info({message}, {state}) do\n{layout.reindent(body, '  ')}\nend"
    if existing:
        return callbacks.insertion_before(existing[0], text)
    return callbacks.insertion_after(module.clauses(definition.name, definition.arity)[-1], text)
