"""The `{:error, changeset}` clause that a controller's `case` lacks, in the format of the action."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.actions import connection_of
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite.layout import WIDTH, change_of, indent_of, line_end
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition

_FORMS = {"create": "new", "update": "edit"}


def error_clause(ctx: FixContext, action: Definition, case: Call, *, any_error: bool) -> Change | None:
    """Adds the clause behind the others. With `any_error` the function may give other errors than
    changesets, and only those are answered. None when the action's format cannot be told."""
    block = case.do_block
    clauses = [one for one in nodes.block_statements(block) if one.type == "stab_clause"] if block else []
    conn = connection_of(action)
    if block is None or not clauses or conn is None:
        return None
    pattern = "%Ecto.Changeset{} = changeset" if any_error else "changeset"
    lines = _answer(ctx, action, case, clauses, conn)
    if lines is None:
        return None
    if not any("changeset" in line for line in lines):
        pattern = "%Ecto.Changeset{}" if any_error else "_changeset"
    indent = indent_of(ctx.file, clauses[0])
    opened = _opened(ctx.file, clauses)
    if opened is None:
        return None
    body = "".join(f"\n{indent}  {line}" if line else "\n" for line in lines)
    end = line_end(ctx.file, _last_byte(block))
    return (change_of(ctx.file, [*opened, Edit(end, end, f"\n\n{indent}{{:error, {pattern}}} ->{body}")]),)


def _answer(
    ctx: FixContext, action: Definition, case: Call, clauses: list[Node], conn: str
) -> list[str] | None:
    file = ctx.file
    inside = [
        call
        for name in ("json", "render", "redirect", "send_resp")
        for call in action.calls(name)
        if call.is_local and nodes.encloses(case.node, call.node)
    ]
    names = {call.name for call in inside}
    templates = {_template(call, file) for call in inside if call.name == "render"}
    if "json" in names or any(template.endswith('.json"') for template in templates):
        return _json(ctx, indent_of(file, clauses[0]) + "  ", conn)
    if "redirect" in names or any(template.endswith('.html"') for template in templates):
        return _form(action, case, conn) or _redirect(action, inside, clauses, conn)
    if names == {"send_resp"}:
        return [f'send_resp({conn}, 422, "")']
    if templates and action.name in _FORMS:
        return _form(action, case, conn)
    return None


def _json(ctx: FixContext, indent: str, conn: str) -> list[str]:
    translator = "&elem(&1, 0)"
    for located in ctx.project.modules():
        name = located.facts.name
        if name.endswith(("CoreComponents", "ErrorHelpers")) and located.facts.function("translate_error", 1):
            translator = f"&{name}.translate_error/1"
            break
    line = f"errors = Ecto.Changeset.traverse_errors(changeset, {translator})"
    if len(indent) + len(line) > WIDTH:
        line = "errors = Ecto.Changeset.traverse_errors(changeset, &elem(&1, 0))"
    return [line, f"{conn} |> put_status(422) |> json(%{{errors: errors}})"]


def _template(call: Call, file: ElixirFile) -> str:
    """The template as written: `"new.html"` or `:new`; empty when it is computed."""
    for arg in call.all_args[1:3]:
        if arg.type in ("string", "atom"):
            return file.text(arg)
    return ""


def _form(action: Definition, case: Call, conn: str) -> list[str] | None:
    """Shows the form again as the action beside it does (`new` for `create`, `edit` for `update`)."""
    form = _FORMS.get(action.name)
    module = action.module
    if form is None or module is None:
        return None
    file = action.file
    for sibling in module.clauses(form, 2):
        renders = [call for call in sibling.calls("render") if call.is_local]
        if len(renders) != 1:
            continue
        render = renders[0]
        template = _template(render, file)
        assigns = render.keywords
        if not template or not assigns or render.arity not in (2, 3):
            continue
        pairs = []
        for key, value in assigns.items():
            written = _assigned(key, file.text(value), action, case)
            if written is None:
                return None
            pairs.append(f"{key}: {written}")
        if any("changeset" in pair for pair in pairs):
            line = f"render({conn}, {template}, {', '.join(pairs)})"
            return [line] if len(indent_of(file, case.node)) + 4 + len(line) <= WIDTH else None
    return None


def _assigned(key: str, written: str, action: Definition, case: Call) -> str | None:
    """The value of an assign in the action that failed; None when it has nothing of that name."""
    if key == "changeset":
        return "changeset"
    if key == "form":
        return "to_form(changeset)"
    if not written.isidentifier():
        return None
    file = action.file
    bound = {
        file.text(node)
        for param in action.params
        for node in (param, *nodes.descendants(param, "identifier"))
        if node.type == "identifier"
    }
    for match in nodes.descendants(action.node, "binary_operator"):
        left = match.child_by_field_name("left")
        if nodes.is_operator(match, "=") and left is not None and match.end_byte <= case.node.start_byte:
            bound.add(file.text(left))
    return written if written in bound else None


def _redirect(action: Definition, inside: list[Call], clauses: list[Node], conn: str) -> list[str] | None:
    """Goes where the other branch goes, with a flash, when that needs nothing of what succeeded."""
    file = action.file
    redirects = [call for call in inside if call.name == "redirect"]
    if len(redirects) != 1 or not redirects[0].keywords:
        return None
    target = redirects[0].args[-1]
    used = {file.text(node) for node in nodes.descendants(target, "identifier")}
    bound: set[str] = set()
    for clause in clauses:
        left, right = clause.child_by_field_name("left"), clause.child_by_field_name("right")
        if left is not None:
            bound.update(file.text(node) for node in nodes.descendants(left, "identifier"))
        for match in nodes.descendants(right, "binary_operator") if right is not None else ():
            if nodes.is_operator(match, "="):
                bound.update(file.text(node) for node in nodes.named(match)[:1])
    if used & (bound - {conn}) or "\n" in file.text(target):
        return None
    done = "deleted" if action.name.startswith("delete") else "saved"
    return [
        conn,
        f'|> put_flash(:error, "That could not be {done}.")',
        f"|> redirect({file.text(target)})",
    ]


def _opened(file: ElixirFile, clauses: list[Node]) -> list[Edit] | None:
    """Gives each one-line clause a line for its body, as the formatter wants beside one of several lines."""
    edits: list[Edit] = []
    indent = indent_of(file, clauses[0])
    for clause, following in zip(clauses, [*clauses[1:], None], strict=True):
        body = clause.child_by_field_name("right")
        arrow = clause.child_by_field_name("operator")
        statements = nodes.block_statements(body) if body is not None else []
        if arrow is None or not statements:
            return None
        if statements[0].start_point.row == arrow.end_point.row:
            if statements[-1].end_point.row != arrow.end_point.row:
                return None
            edits.append(Edit(arrow.end_byte, statements[0].start_byte, f"\n{indent}  "))
        # The grammar lets a clause reach to the start of what follows it.
        if following is not None and following.start_point.row - statements[-1].end_point.row == 1:
            end = line_end(file, statements[-1].end_byte)
            edits.append(Edit(end, end, "\n"))
    return edits


def _last_byte(block: Node) -> int:
    """Where the last expression or comment of a block of clauses ends."""
    last = block.named_children[-1]
    while last.type in ("stab_clause", "body") and last.named_children:
        last = last.named_children[-1]
    return last.end_byte
