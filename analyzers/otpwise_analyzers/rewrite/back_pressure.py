"""A cast that becomes a call, so that whoever asks for work waits until it is done."""

from __future__ import annotations

import re

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.handlers import handler_of
from otpwise_analyzers.project.mailboxes import Tag, casts_to_itself, clauses_for, is_public
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import callbacks, layout
from otpwise_analyzers.rewrite.carried import dedented_lines
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.results import is_tagged, results_of

_IMPL = re.compile(r"^@impl .*\n", re.MULTILINE)


def calls_instead(ctx: FixContext, module: Module, tag: Tag) -> Change | None:
    """`GenServer.call` where messages of this tag were cast, and their clauses among those of `handle_call/3`,
    with `:ok` as the reply: what `GenServer.cast/2` gave too.

    None when the server casts them to itself, which would wait for itself, and when a clause answers with
    something that is not written there.
    """
    file = module.file
    casts = [call for known, call in casts_to_itself(module) if known == tag]
    clauses = clauses_for(module, "handle_cast", tag)
    if not casts or not clauses or any(not is_public(call.definition) for call in casts):
        return None
    if file.calls("handle_cast") or _is_used_inside(module, {call.definition for call in casts}):
        return None
    edits: list[Edit] = []
    for call in casts:
        target = call.node.child_by_field_name("target")
        name = target.child_by_field_name("right") if target is not None else None
        if name is None:
            return None
        edits.append(Edit(name.start_byte, name.end_byte, "call"))
    texts = [_as_call(clause) for clause in clauses]
    moved = [text for text in texts if text is not None]
    if len(moved) != len(texts):
        return None
    rest = [clause for clause in module.clauses("handle_cast", 2) if clause not in clauses]
    existing = module.clauses("handle_call", 3)
    impl = _impl_of(module)
    if impl is not None:
        moved[0] = f"{impl}\n{moved[0]}"
    text = "\n\n".join(moved)
    neighbour = next(iter(existing or rest), None)
    removed = _removed(clauses, leaves_nothing=neighbour is None)
    if neighbour is not None:
        edits.append(callbacks.insertion_before(neighbour, text))
        if impl is not None and rest and "impl" not in rest[0].attributes:
            start = layout.line_start(file, rest[0].start_with_attributes)
            edits.append(Edit(start, start, f"{layout.indent_of(file, rest[0].node)}{impl}\n"))
    else:
        first = removed[0]
        written = layout.reindent(text, layout.indent_of(file, clauses[0].node))
        end = "\n\n" if file.data[: removed[-1].end].endswith((b"\n\n", b"\n\r\n")) else "\n"
        edits.append(Edit(first.start, first.start, written + end))
    return (layout.change_of(file, [*edits, *removed]),)


def _impl_of(module: Module) -> str | None:
    """`@impl true` as the module writes it; None where its callbacks go without."""
    for clause in module.definitions:
        if "impl" in clause.attributes:
            return module.file.text(clause.attributes["impl"])
    return "@impl true" if callbacks.wants_impl(module) else None


def _is_used_inside(module: Module, interface: set[Definition | None]) -> bool:
    """Whether a callback of the server calls one of these functions: it would wait for itself."""
    for definition in interface:
        if definition is None:
            return True
        for call in module.file.calls(definition.name):
            if call.enclosing_module is not module or not (call.is_local or call.module == module.name):
                continue
            caller = call.definition
            if caller is not None and (caller.is_private or handler_of(caller) is not None):
                return True
    return False


def _removed(clauses: list[Definition], *, leaves_nothing: bool) -> list[Edit]:
    """Removes clauses, each with the blank line behind it, or with the one before where the module ends.

    With `leaves_nothing` something else is put where they stood.
    """
    file = clauses[0].file
    spans: list[Span] = []
    for clause in clauses:
        start, end = callbacks.first_line(clause), _after(file, clause.node.end_byte)
        if end < len(file.data) and not layout.data_line(file, end):
            end = _after(file, end)
        if spans and spans[-1].end == start:
            spans[-1] = Span(spans[-1].start, end)
        else:
            spans.append(Span(start, end))
    last = spans[-1]
    is_last = layout.data_line(file, last.end) == b"end"
    if is_last and not leaves_nothing and not layout.data_line(file, last.start - 1):
        spans[-1] = Span(layout.line_start(file, last.start - 1), last.end)
    return [Edit(span.start, span.end, "") for span in spans]


def _after(file: ElixirFile, at: int) -> int:
    """The start of the next line."""
    end = file.data.find(b"\n", at)
    return len(file.data) if end < 0 else end + 1


def _as_call(clause: Definition) -> str | None:
    """The clause's own lines, dedented, as one of `handle_call/3`; without `@impl`."""
    file, head = clause.file, clause.head
    name = head.child_by_field_name("target") if head is not None else None
    if name is None or len(clause.params) != 2 or clause.clause_blocks or "spec" in clause.attributes:
        return None
    edits = [Edit(name.start_byte, name.end_byte, "handle_call")]
    state = clause.params[1]
    if layout.starts_line(file, state.start_byte):
        edits.append(Edit(state.start_byte, state.start_byte, f"_from,\n{layout.indent_of(file, state)}"))
    else:
        edits.append(Edit(state.start_byte, state.start_byte, "_from, "))
    for answer in results_of(clause):
        items = nodes.named(answer) if answer.type == "tuple" else []
        if is_tagged(answer, "noreply", file.data) and len(items) in (2, 3):
            edits.append(Edit(items[0].start_byte, items[0].end_byte, ":reply, :ok"))
        elif is_tagged(answer, "stop", file.data) and len(items) == 3:
            edits.append(Edit(items[1].end_byte, items[1].end_byte, ", :ok"))
        else:
            return None
    span = Span(callbacks.first_line(clause), layout.line_end(file, clause.node.end_byte))
    text = dedented_lines(file, span, edits)
    if text is None:
        return None
    indent = layout.indent_of(file, clause.node)
    before = {line.strip() for line in file.text(clause.node).split("\n")}
    too_long = [line for line in text.split("\n") if not layout.fits(line, indent)]
    if any(line.strip() not in before for line in too_long):
        return None
    return _IMPL.sub("", text)
