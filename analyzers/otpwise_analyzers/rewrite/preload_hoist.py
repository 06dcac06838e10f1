"""Takes a preload out of a loop: once for the whole list in place of once for each element."""

from __future__ import annotations

from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.row_loops import RowCall, RowLoop, statements_of
from otpwise_analyzers.project.sql_calls import assignments_of
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.rewrite.call_layout import joined_assignment
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.loops import Loop
from otpwise_analyzers.syntax.variables import uses_of

# Loops that hand on what their function answers and not the elements themselves, which would come out preloaded.
_HOISTABLE = frozenset(
    {
        *("Enum.map", "Enum.flat_map", "Enum.each", "Enum.map_join", "Enum.any?", "Enum.all?", "Enum.count"),
        *("Enum.reduce", "Enum.map_reduce", "Enum.flat_map_reduce", "Enum.sum_by", "Enum.into", "Map.new"),
        *("Enum.find_value", "Enum.reduce_while", "for"),
    }
)
_NO_LIST = ("Stream.", "MapSet.", "Flow.", "Map.put", "Map.new", "Map.merge", "%{")


class Hoist(NamedTuple):
    """A preload that can leave its loop: `element` is the loop's variable (`&1` in a capture)."""

    row_loop: RowLoop
    call: Call
    element: str

    @property
    def loop(self) -> Loop:
        return self.row_loop.loop


def hoist_of(file: ElixirFile, row_loop: RowLoop, row_call: RowCall) -> Hoist | None:
    """The preload as one that can leave the loop; None when it depends on more than the element, or when
    what is looped over is no list."""
    call, loop = row_call.call, row_loop.loop
    if call is None or call.name != "preload" or call.capture_arity is not None:
        return None
    if loop.function not in _HOISTABLE or not _may_be_list(file, loop.subject, loop.node):
        return None
    element = element_of(file, loop)
    arguments = call.all_args
    if element is None or len(arguments) < 2 or file.text(arguments[0]) != element:
        return None
    if any(_mentions(file, element, argument) for argument in arguments[1:]):
        return None
    return Hoist(row_loop, call, element)


def element_of(file: ElixirFile, loop: Loop) -> str | None:
    """The variable that stands for one element; None for a pattern, or where there are several clauses."""
    if loop.is_comprehension:
        generator = nodes.arguments_of(loop.node)[0]
        left = generator.child_by_field_name("left")
        return nodes.identifier(left, file.data)
    if nodes.is_operator(loop.body, "&"):
        return "&1"
    clauses = [child for child in loop.body.named_children if child.type == "stab_clause"]
    left = clauses[0].child_by_field_name("left") if len(clauses) == 1 else None
    params = nodes.named(left) if left is not None else []
    return nodes.identifier(params[0], file.data) if params else None


def hoisted(file: ElixirFile, hoist: Hoist) -> Change | None:
    """Preloads the list ahead of the loop. None where the surroundings have a layout that is not known."""
    edits = _whole(file, hoist) or _taken_out(file, hoist)
    if not edits or layout.widens(file, edits):
        return None
    return (layout.change_of(file, edits),)


def _may_be_list(file: ElixirFile, subject: Node, before: Node) -> bool:
    texts = [file.text(nodes.pipeline(subject)[-1])]
    name = nodes.identifier(subject, file.data)
    if name is not None:
        texts.extend(file.text(nodes.pipeline(given)[-1]) for given in assignments_of(file, name, before))
    return not any(text.startswith(_NO_LIST) for text in texts)


def _mentions(file: ElixirFile, element: str, node: Node) -> bool:
    if element == "&1":
        return "&1" in file.text(node)
    return bool(uses_of(element, node, file.data))


def _spec(file: ElixirFile, call: Call) -> str | None:
    """What is preloaded, as written, with any options behind it."""
    written = call.args[1:] if call.piped is None else call.args
    text = file.data[written[0].start_byte : written[-1].end_byte].decode()
    return None if "\n" in text or "#" in text else text


def _repo(file: ElixirFile, call: Call) -> str:
    return file.text(call.receiver) if call.receiver is not None else "Repo"


# -- the loop does nothing else: the preload takes its place -------------------------------------------


def _whole(file: ElixirFile, hoist: Hoist) -> list[Edit]:
    loop, call = hoist.loop, hoist.call
    spec = _spec(file, call)
    if spec is None or loop.function not in ("Enum.map", "for"):
        return []
    if [nodes.unwrap(one) for one in statements_of(file, loop.body)] != [call.expression]:
        return []
    if loop.is_comprehension and not _is_plain(file, loop):
        return []
    if any(nodes.encloses(loop.node, comment) for comment in file.comments):
        return []
    node, repo = loop.node, _repo(file, call)
    if _is_piped(loop):
        new = f"{repo}.preload({spec})"
    else:
        subject = file.text(loop.subject)
        if "\n" in subject:
            return []
        if nodes.is_operator(loop.subject, "|>"):
            new = f"{subject} |> {repo}.preload({spec})"
            if not layout.is_statement(node) and not nodes.is_operator(node.parent, "="):
                return []
        else:
            new = f"{repo}.preload({subject}, {spec})"
    rest = file.data[node.end_byte : layout.line_end(file, node.end_byte)].decode()
    edits = [Edit(node.start_byte, node.end_byte, new)]
    parent = node.parent
    if parent is not None and nodes.is_operator(parent, "=") and parent.end_byte == node.end_byte:
        edits.extend(joined_assignment(file, node.start_byte, new + rest))
    return edits


def _is_plain(file: ElixirFile, loop: Loop) -> bool:
    """`for x <- xs, do: ...` with neither filters nor options."""
    arguments = nodes.arguments_of(loop.node)
    if nodes.child_of_type(loop.node, "do_block") is not None:
        return len(arguments) == 1
    if len(arguments) != 2:
        return False
    return list(nodes.keyword_pairs(arguments[1], file.data)) == ["do"]


# -- the loop does more: the preload goes ahead of it --------------------------------------------------


def _taken_out(file: ElixirFile, hoist: Hoist) -> list[Edit]:
    inside = _without_preload(file, hoist)
    if not inside:
        return []
    ahead = _ahead(file, hoist)
    return [*ahead, *inside] if ahead else []


def _without_preload(file: ElixirFile, hoist: Hoist) -> list[Edit]:
    """The edits of the loop's body, in which the element comes preloaded."""
    loop, call, element = hoist.loop, hoist.call, hoist.element
    statements = statements_of(file, loop.body)
    if not statements:
        return []
    first, rest = statements[0], statements[1:]
    if not nodes.encloses(first, call.node) or not _always_runs(file, call.expression, first):
        return []
    others = [one for s in statements for one in _uses(file, element, s)]
    # A field that is read is the same, preloaded or not.
    others = [one for one in others if not nodes.encloses(call.expression, one) and not _is_read_from(one)]
    if nodes.is_operator(first, "=") and first.child_by_field_name("right") == call.expression:
        name = nodes.identifier(first.child_by_field_name("left"), file.data)
        if name is None or not rest or not layout.starts_line(file, first.start_byte):
            return []
        if name == element:
            return [layout.delete_statement(file, first)]
        if _uses_in(file, element, rest) or loop.is_comprehension or any(_binds(file, name, s) for s in rest):
            return []
        parameter = nodes.named(loop.body.named_children[0].child_by_field_name("left") or loop.body)[0]
        return [
            Edit(parameter.start_byte, parameter.end_byte, name),
            layout.delete_statement(file, first),
        ]
    if others:
        return []
    return _element_instead(file, hoist, first)


def _uses_in(file: ElixirFile, element: str, statements: list[Node]) -> bool:
    return any(_uses(file, element, statement) for statement in statements)


def _is_read_from(element: Node) -> bool:
    parent = element.parent
    return parent is not None and parent.type == "dot" and parent.child_by_field_name("left") == element


def _uses(file: ElixirFile, element: str, node: Node) -> list[Node]:
    if element == "&1":
        return [one for one in (node, *nodes.descendants(node, "unary_operator")) if file.text(one) == "&1"]
    return uses_of(element, node, file.data)


def _binds(file: ElixirFile, name: str, node: Node) -> bool:
    return any(
        nodes.identifier(one.child_by_field_name("left"), file.data) == name
        for one in (node, *nodes.descendants(node, "binary_operator"))
        if nodes.operator_of(one) == "="
    )


def _always_runs(file: ElixirFile, node: Node, statement: Node) -> bool:
    """Whether evaluating the statement evaluates `node` in it, whatever else happens."""
    inner = node
    while inner != statement:
        parent = inner.parent
        if parent is None:
            return False
        operator = nodes.operator_of(parent)
        if operator in ("|>", "==", "!=", ">", "<", "++", "<>", "="):
            inner = parent
        elif parent.type in ("dot", "tuple", "list", "call", "arguments", "block", "access_call"):
            if parent.type == "call" and inner.type == "arguments":
                target = nodes.identifier(parent.child_by_field_name("target"), file.data)
                if target in ("if", "unless", "cond", "with", "for", "fn", "receive", "try", "quote", "case"):
                    subject = nodes.first_argument(parent)
                    if target not in ("case", "if", "unless") or subject is None:
                        return False
                    if not nodes.encloses(subject, node):
                        return False
            inner = parent
        elif parent.type == "pair" or parent.type in ("keywords", "map", "map_content"):
            inner = parent
        else:
            return False
    return True


def _element_instead(file: ElixirFile, hoist: Hoist, first: Node) -> list[Edit]:
    """The element in place of the expression that preloaded it."""
    expression, element = hoist.call.expression, hoist.element
    parent = expression.parent
    if parent is None or "#" in file.text(expression):
        return []
    following = parent.child_by_field_name("right") if nodes.is_operator(parent, "|>") else None
    if following is not None and parent.child_by_field_name("left") == expression:
        whole = nodes.whole_pipeline(parent)
        if whole == parent:
            # One stage is left: a plain call says it.
            return _called_with(file, hoist, parent, following)
    new = element
    body = hoist.loop.body
    if element == "&1" and expression.start_byte == body.start_byte + 1:
        new = " &1"
    if "\n" in file.data[expression.start_byte : expression.end_byte].decode():
        if not (following is not None and layout.starts_line(file, expression.start_byte)):
            return []
    edit = Edit(expression.start_byte, expression.end_byte, new)
    return [edit, *_rejoined(file, edit)]


def _called_with(file: ElixirFile, hoist: Hoist, pipe: Node, stage: Node) -> list[Edit]:
    """`render(user)` of `user |> Repo.preload(:posts) |> render()`."""
    arguments = nodes.arguments_node(stage)
    target = stage.child_by_field_name("target")
    if arguments is None or target is None or target.type not in ("identifier", "dot"):
        return []
    inside = file.text(arguments)
    if not inside.startswith("(") or "#" in inside or nodes.child_of_type(stage, "do_block") is not None:
        return []
    given = inside[1:-1].strip()
    if "\n" in given:
        return []
    new = f"{file.text(target)}({hoist.element}{', ' + given if given else ''})"
    start, end = pipe.start_byte, pipe.end_byte
    body = hoist.loop.body
    if hoist.element == "&1" and nodes.named(body) == [pipe]:
        # `&(&1 |> ...)` needs no parentheses any more.
        start, end = body.start_byte + 1, body.end_byte
    edit = Edit(start, end, new)
    return [edit, *_rejoined(file, edit)]


def _rejoined(file: ElixirFile, edit: Edit) -> list[Edit]:
    """`name =` and its value on one line again, when the value takes one line now."""
    rest = file.data[edit.end : layout.line_end(file, edit.end)].decode()
    following = file.data[layout.line_end(file, edit.end) :].lstrip()
    if rest.strip() or following.startswith(b"|>"):
        return []
    return joined_assignment(file, edit.start, edit.new)


def _is_piped(loop: Loop) -> bool:
    return nodes.is_operator(loop.node.parent, "|>") and loop.subject.end_byte <= loop.node.start_byte


def _ahead(file: ElixirFile, hoist: Hoist) -> list[Edit]:
    """The preload of the list itself."""
    loop, call = hoist.loop, hoist.call
    spec, repo = _spec(file, call), _repo(file, call)
    if spec is None:
        return []
    subject = loop.subject
    if loop.is_comprehension:
        return _around_subject(file, subject, repo, spec)
    if _is_piped(loop):
        pipe = loop.node.parent
        operator = pipe.child_by_field_name("operator") if pipe is not None else None
        if operator is None:
            return []
        if layout.starts_line(file, operator.start_byte):
            indent = layout.indent_at(file, operator.start_byte)
            return [Edit(operator.start_byte, operator.start_byte, f"|> {repo}.preload({spec})\n{indent}")]
        return [Edit(operator.start_byte, operator.start_byte, f"|> {repo}.preload({spec}) ")]
    arguments = nodes.arguments_of(loop.node)
    is_simple = subject.type in ("identifier", "call") and "\n" not in file.text(subject)
    if is_simple and layout.is_statement(loop.node) and layout.starts_line(file, loop.node.start_byte):
        indent = layout.indent_of(file, loop.node)
        opening = file.data[loop.node.start_byte : subject.start_byte].decode()
        if "\n" in opening or arguments[1].start_point.row != subject.end_point.row:
            return []
        return [
            Edit(
                loop.node.start_byte,
                arguments[1].start_byte,
                f"{file.text(subject)}\n{indent}|> {repo}.preload({spec})\n{indent}|> {opening}",
            )
        ]
    return _around_subject(file, subject, repo, spec)


def _around_subject(file: ElixirFile, subject: Node, repo: str, spec: str) -> list[Edit]:
    text = file.text(subject)
    if nodes.is_operator(subject, "|>") and "\n" in text:
        right = subject.child_by_field_name("right")
        if right is None:
            return []
        operator = subject.child_by_field_name("operator")
        if operator is None or not layout.starts_line(file, operator.start_byte):
            return []
        indent = layout.indent_at(file, operator.start_byte)
        return [Edit(subject.end_byte, subject.end_byte, f"\n{indent}|> {repo}.preload({spec})")]
    if "\n" in text:
        return []
    new = f"{text} |> {repo}.preload({spec})"
    if not nodes.is_operator(subject, "|>"):
        new = f"{repo}.preload({text}, {spec})"
    return [Edit(subject.start_byte, subject.end_byte, new)]
