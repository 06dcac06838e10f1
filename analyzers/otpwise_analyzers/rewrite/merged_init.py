"""Two clauses of `init/1` of which the second goes on with the state that the first makes, as one."""

from __future__ import annotations

from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import callbacks, layout
from otpwise_analyzers.rewrite.bodies import body_of
from otpwise_analyzers.rewrite.bound_answer import assignment_of
from otpwise_analyzers.source.edits import Edit, apply
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.patterns import covers
from otpwise_analyzers.syntax.variables import bound_by, bound_in_statement, uses_of, visible_at

_HANDLER = """\
# TODO: what `{message}` is sent for.
{impl}def handle_info({message}, {state}) do
{again}  {{:noreply, {state}}}
end"""


class _Parts(NamedTuple):
    """The first clause makes `made`, the second names it `name`; each ends in its `{:ok, ...}` tuple."""

    first: Definition
    second: Definition
    answer: Node
    made: Node
    name: str
    extra: Node | None


def composes(first: Definition, second: Definition) -> bool:
    """Whether the second clause takes the first one's state as its argument, and answers with it."""
    return _parts_of(first, second) is not None


def needs_a_handler(module: Module, second: Definition) -> bool:
    """Whether the second clause, once it runs, sends its process what no `handle_info/2` takes."""
    return bool(_unhandled(module, second, _helpers(module, second)))


def merged(context: FixContext, module: Module, first: Definition, second: Definition) -> Change | None:
    """One `init/1` that makes the state as the first clause does and goes on as the second does.

    A private function that the second calls with nothing, and that reads a state it does not have, is
    handed it. None when the clauses do not follow each other as state and what is done with it.
    """
    parts = _parts_of(first, second)
    if parts is None:
        return None
    file = first.file
    helpers = _helpers(module, second)
    handed = _handed_the_state(module, parts.name, helpers)
    if handed is None:
        return None
    body = _body(parts, handed)
    if body is None:
        return None
    indent = layout.indent_of(file, first.node)
    head = file.data[first.node.start_byte : _head_end(first)].decode()
    text = f"{head} do\n{body}\n{indent}end"
    edits = [edit for edit in _helper_edits(handed, parts.name) if not _lies_in(edit, second)]
    handler = _handlers(module, second, helpers, set(handed), parts.name)
    known = module.clauses("handle_info", 2)
    if handler and known:
        edits.append(callbacks.insertion_after(known[-1], handler))
    elif handler:
        text += "\n\n" + layout.reindent(handler, indent)
    start = layout.above_comments(file, second.start_with_attributes)
    start += len(layout.indent_at(file, start))
    top = layout.above_comments(file, first.start_with_attributes)
    edits.extend(layout.blank_line_above(file, top))
    if file.data[first.node.end_byte : start].strip():
        span = layout.span_to_remove(file, start, second.node.end_byte)
        edits.append(Edit(first.node.start_byte, first.node.end_byte, text))
        edits.append(Edit(span.start, span.end, ""))
        edits.extend(layout.blank_line_below(file, first.node.end_byte))
    else:
        edits.append(Edit(first.node.start_byte, second.node.end_byte, text))
        edits.extend(layout.blank_line_below(file, second.node.end_byte))
    return (layout.change_of(file, edits),)


# -- the two clauses -------------------------------------------------------------------------------------


def _parts_of(first: Definition, second: Definition) -> _Parts | None:
    file = first.file
    if first.name != "init" or first.arity != 1 or first.guard is not None or second.guard is not None:
        return None
    if (
        first.clause_blocks
        or second.clause_blocks
        or not (first.attributes.keys() <= {"impl", "doc", "spec"})
    ):
        return None
    if not second.attributes.keys() <= {"impl"}:
        return None
    if not layout.starts_line(file, second.start_with_attributes):
        return None
    if not layout.ends_line(file, second.node.end_byte) or not layout.ends_line(file, first.node.end_byte):
        return None
    name = nodes.identifier(second.params[0], file.data)
    one, other = _answer(first), _answer(second)
    if name is None or name.startswith("_") or one is None or other is None:
        return None
    made, extra = nodes.named(one)[1], nodes.named(one)[2:]
    if nodes.identifier(nodes.named(other)[1], file.data) != name:
        return None
    if extra and (len(nodes.named(other)) > 2 or any(nodes.descendants(extra[0], "identifier"))):
        return None
    if extra and extra[0].type == "identifier":
        return None
    # The same name for both means the options, and not a state, unless the options are the state.
    if name in bound_by(first.params[0], file.data) and nodes.identifier(made, file.data) != name:
        return None
    if any(name in bound_in_statement(statement, file.data) for statement in second.statements):
        return None
    return _Parts(first, second, one, made, name, extra[0] if extra else None)


def _answer(clause: Definition) -> Node | None:
    """The tuple `{:ok, state}` (or one of three) that the clause ends in."""
    last = clause.statements[-1] if clause.statements else None
    if last is None or last.type != "tuple":
        return None
    items = nodes.named(last)
    return last if len(items) in (2, 3) and clause.file.text(items[0]) == ":ok" else None


def _head_end(clause: Definition) -> int:
    return clause.head.end_byte if clause.head is not None else clause.node.start_byte


def _body(parts: _Parts, handed: dict[Definition, list[Call]]) -> str | None:
    """The lines of the merged body."""
    first, second, file = parts.first, parts.second, parts.first.file
    indent = layout.indent_of(file, first.node) + "  "
    before = _lines_before_answer(first)
    assignment = assignment_of(first.file, parts.made, parts.name, indent)
    comments = _comments_above(second, indent)
    after = _lines_of_second(parts, handed, indent)
    if before is None or assignment is None or after is None:
        return None
    lines = list(before)
    if len(assignment) > 1 and lines and lines[-1].strip():
        lines.append("")
    lines.extend(assignment)
    if lines and lines[-1].strip() and (len(assignment) > 1 or _is_long(second.statements[0])):
        lines.append("")
    return "\n".join([*lines, *comments, *after])


def _is_long(statement: Node) -> bool:
    return statement.end_point.row > statement.start_point.row


def _lines_before_answer(clause: Definition) -> list[str] | None:
    """The body's lines but for the answer; None when they share a line with something else."""
    file = clause.file
    if clause.do_block is None:
        inside = file.data[_head_end(clause) : clause.node.end_byte]
        return None if b"#" in inside else []
    body = body_of(clause)
    answer = clause.statements[-1]
    if body is None or not layout.starts_line(file, answer.start_byte):
        return None
    if file.data[answer.end_byte : body.span.end].strip():
        return None
    if any(nodes.encloses(answer, comment) for comment in file.comments):
        return None
    text = file.data[body.span.start : layout.line_start(file, answer.start_byte)].decode()
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text.strip() else []


def _comments_above(clause: Definition, indent: str) -> list[str]:
    file = clause.file
    start = layout.above_comments(file, clause.start_with_attributes)
    return [
        indent + file.text(comment).strip()
        for comment in file.comments
        if start <= comment.start_byte < clause.node.start_byte
    ]


def _lines_of_second(parts: _Parts, handed: dict[Definition, list[Call]], indent: str) -> list[str] | None:
    """The second body as it stands, with the state handed to those that read it."""
    second, file = parts.second, parts.second.file
    answer = second.statements[-1]
    edits = [
        Edit(call.node.start_byte, call.node.end_byte, f"{call.name}({parts.name})")
        for calls in handed.values()
        for call in calls
        if nodes.encloses(second.node, call.node)
    ]
    if parts.extra is not None:
        extra = file.text(parts.extra)
        if "\n" in extra:
            return None
        edits.append(Edit(answer.start_byte, answer.end_byte, f"{{:ok, {parts.name}, {extra}}}"))
    body = body_of(second)
    if body is not None:
        start, end = body.span
        if body.indent != indent:
            return None
    elif second.do_block is None and layout.is_one_line(file, answer):
        start, end = answer.start_byte, answer.end_byte
    else:
        return None
    local = [Edit(edit.start - start, edit.end - start, edit.new) for edit in edits]
    text = apply(file.data[start:end], local).decode().replace("\r\n", "\n")
    lines = text.split("\n")
    return lines if body is not None else [indent + line for line in lines]


# -- what the second clause calls ------------------------------------------------------------------------


def _helpers(module: Module, second: Definition) -> list[Definition]:
    """The private functions of one clause that the second clause calls."""
    found: list[Definition] = []
    for name in dict.fromkeys(definition.name for definition in module.definitions):
        clauses = module.clauses(name)
        if len(clauses) == 1 and clauses[0].is_private and second.calls(name):
            found.append(clauses[0])
    return found


def _handed_the_state(
    module: Module, name: str, helpers: list[Definition]
) -> dict[Definition, list[Call]] | None:
    """The helpers that read the state's name without having it, with all their calls.

    None when one of these is called where there is no state.
    """
    found: dict[Definition, list[Call]] = {}
    for helper in helpers:
        if helper.params or module.defines(name) or not _reads_unbound(helper, name):
            continue
        calls = [call for call in module.file.calls(helper.name) if call.enclosing_module is module]
        for call in calls:
            definition = call.definition
            if call.capture_arity is not None or call.all_args or not call.is_local or definition is None:
                return None
            if name not in visible_at(definition, call.node):
                return None
        found[helper] = calls
    return found


def _reads_unbound(helper: Definition, name: str) -> bool:
    file = helper.file
    return any(
        name not in visible_at(helper, use)
        for statement in helper.statements
        for use in uses_of(name, statement, file.data)
    )


def _helper_edits(handed: dict[Definition, list[Call]], name: str) -> list[Edit]:
    edits: list[Edit] = []
    for helper, calls in handed.items():
        if helper.head is not None:
            edits.append(Edit(helper.head.start_byte, helper.head.end_byte, f"{helper.name}({name})"))
        edits.extend(
            Edit(call.node.start_byte, call.node.end_byte, f"{helper.name}({name})") for call in calls
        )
    return edits


def _lies_in(edit: Edit, clause: Definition) -> bool:
    return clause.node.start_byte <= edit.start and edit.end <= clause.node.end_byte


# -- messages that now arrive ----------------------------------------------------------------------------


def _unhandled(module: Module, second: Definition, helpers: list[Definition]) -> dict[str, Definition]:
    """The atoms that the second clause or its helpers send to their own process, and that no clause of
    `handle_info/2` takes; each with the clause that sends it."""
    file = module.file
    if not module.uses_module("GenServer") or file.is_quoted(module.node.start_byte):
        return {}
    found: dict[str, Definition] = {}
    for call in file.calls("send_after", "send"):
        sender = call.definition
        if sender is None or sender not in (second, *helpers) or len(call.all_args) < 2:
            continue
        target, message = call.all_args[0], call.all_args[1]
        if file.text(target) != "self()" or message.type != "atom":
            continue
        if any(covers(file, clause.params[0], message) for clause in module.clauses("handle_info", 2)):
            continue
        found.setdefault(file.text(message), sender)
    return found


def _handlers(
    module: Module, second: Definition, helpers: list[Definition], handed: set[Definition], name: str
) -> str:
    """Clauses of `handle_info/2` for what would otherwise be logged as an unexpected message."""
    unhandled = _unhandled(module, second, helpers)
    impl = "@impl true\n" if any("impl" in d.attributes for d in module.clauses("init")) else ""
    texts = []
    for message, sender in unhandled.items():
        again = ""
        # What is called schedule_something is asked for again and again.
        if sender in handed and sender.name.startswith("schedule"):
            again = f"  {sender.name}({name})\n"
        elif sender is not second and not sender.params and sender.name.startswith("schedule"):
            again = f"  {sender.name}()\n"
        texts.append(_HANDLER.format(message=message, state=name, impl=impl, again=again))
    return "\n\n".join(texts)
