"""Work of `init/1` that goes on in `handle_continue/2`, once whoever started the process has its answer."""

from __future__ import annotations

from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import callbacks, layout
from otpwise_analyzers.rewrite.carried import carried_into, dedented_lines, lines_with_comments
from otpwise_analyzers.rewrite.spacing import apart
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.results import is_tagged, results
from otpwise_analyzers.syntax.variables import bound_in_statement, uses_of

_TODO = "# TODO: a failure here comes after the boot; decide what stops, and what is tried again."
_TAGS = ("load", "load_state", "after_start", "start_up")
_IN_SCOPE = ("alias", "import", "require", "use")
# What other processes may look for as soon as the process has been started.
_PUBLISHES = ("new", "register", "register_name", "put")
_PUBLISHERS = (":ets", "Registry", "Process", ":persistent_term", ":global", ":dets")
_RAISES = frozenset({"raise", "reraise", "exit", "throw"})
_PURE = frozenset({"Keyword", "Map", "MapSet", ":queue", "System", "DateTime"})


class _Load(NamedTuple):
    """The last binding of an `init/1`, and the one value of the state's map that it is for.

    `binding` is None where the value itself waits.
    """

    binding: Node | None
    state: Node
    tuple: Node
    pair: Node
    value: Node


def loaded_later(ctx: FixContext, init: Definition, waits: list[Node]) -> Change | None:
    """Starts with nil in the place of what the waiting call gives, and puts it in from `handle_continue/2`.

    Only for the form in which nothing can tell the difference: the call is the last thing that `init/1`
    does, and its value becomes one value of the state's map. None for any other.
    """
    file, module = init.file, init.module
    load = _load_of(init, waits)
    if load is None or module is None or not can_defer(init) or module.defines("terminate", 2):
        return None
    if not _may_hold_nil(file, module, load.state) or not layout.is_one_line(file, load.value):
        return None
    moved = load.binding if load.binding is not None else load.value
    carried = carried_into(init, [moved])
    head = carried.tagged(_free_tag(module))
    state = "state" if "state" not in {*carried.names, *_bound(file, load)} else "started"
    edits = [
        Edit(load.value.start_byte, load.value.end_byte, "nil"),
        _continued(file, load, head, shorter=load.value.end_byte - load.value.start_byte - len("nil")),
    ]
    key = file.text(load.pair)[: load.value.start_byte - load.pair.start_byte]
    if load.binding is None:
        update = f"{{:noreply, %{{{state} | {file.text(load.pair)}}}}}"
        if not layout.fits(update, layout.indent_of(file, init.node) + "  "):
            return None
        body = [update]
    else:
        name = file.text(load.value)
        span = lines_with_comments(file, load.binding, load.binding)
        text = dedented_lines(file, span) if span is not None else None
        if span is None or text is None:
            return None
        body = [text]
        body += [""] if not layout.is_one_line(file, load.binding) else []
        body += [f"{{:noreply, %{{{state} | {key}{name}}}}}"]
        edits.append(layout.delete_lines(file, span))
    if "\n" in edits[1].new:
        edits = _apart(file, load, edits)
    added = _handler(init, head, state, "\n".join(body), module)
    return (layout.change_of(file, [*edits, added]),)


def goes_on_later(ctx: FixContext, init: Definition, waits: list[Node]) -> Change | None:
    """Moves the rest of `init/1`, from the first waiting call on, into `handle_continue/2`.

    The state is nil until then, which no message can see: `handle_continue/2` runs before all of them.
    None when what `init/1` answers is not written there, or when the rest makes the process known.
    """
    file, module = init.file, init.module
    if module is None or init.do_block is None or not can_defer(init):
        return None
    statements = init.statements
    first = next((s for s in statements if any(nodes.encloses(s, wait) for wait in waits)), None)
    if first is None:
        return None
    rest = statements[statements.index(first) :]
    if _publishes(file, init, rest):
        return None
    answers = _as_continued(file, rest[-1])
    span = lines_with_comments(file, first, rest[-1])
    text = dedented_lines(file, span, answers) if span is not None and answers is not None else None
    if span is None or text is None:
        return None
    head = carried_into(init, rest).tagged(_free_tag(module))
    indent = layout.indent_of(file, first)
    answer = f"{{:ok, nil, {{:continue, {head}}}}}"
    if not layout.fits(answer, indent) or any(not layout.fits(line, indent) for line in text.split("\n")):
        return None
    added = _handler(init, head, "_state", f"{_TODO}\n{text}", module)
    return (layout.change_of(file, [Edit(span.start, span.end, indent + answer), added]),)


def can_defer(init: Definition) -> bool:
    """Whether the server knows `handle_continue/2`, and `init/1` is a plain body."""
    module = init.module
    return (
        module is not None
        and ("GenServer" in module.all_uses or "GenServer" in module.behaviours)
        and "Connection" not in module.all_uses
        and not init.clause_blocks
        and not init.calls(*_IN_SCOPE)
        and not init.has_error
    )


def _load_of(init: Definition, waits: list[Node]) -> _Load | None:
    file, statements = init.file, init.statements
    if not statements or not is_tagged(statements[-1], "ok", file.data):
        return None
    items = nodes.named(statements[-1])
    if len(items) != 2:
        return None
    state, before = items[1], statements[:-1]
    if state.type == "identifier" and before and nodes.is_operator(before[-1], "="):
        left, right = before[-1].child_by_field_name("left"), before[-1].child_by_field_name("right")
        if left is None or right is None or file.text(left) != file.text(state):
            return None
        state, before = right, before[:-1]
    if state.type != "map" or nodes.is_operator(_content(state), "|"):
        return None
    pairs = _pairs(state)
    inside = [pair for pair in pairs if any(nodes.encloses(pair[0], wait) for wait in waits)]
    if inside:
        if len(inside) != 1 or not all(nodes.encloses(inside[0][1], wait) for wait in waits):
            return None
        pair, value = inside[0]
        plain = [other for other in pairs if other[0] != pair]
        load = _Load(None, state, statements[-1], pair, value)
    else:
        if not before or not all(nodes.encloses(before[-1], wait) for wait in waits):
            return None
        binding = before[-1]
        names = [
            name
            for name in bound_in_statement(binding, file.data)
            if any(uses_of(name, after, file.data) for after in (state, statements[-1]))
        ]
        of_name = [pair for pair in pairs if len(names) == 1 and file.text(pair[1]) == names[0]]
        if len(names) != 1 or len(of_name) != 1 or len(uses_of(names[0], state, file.data)) != 1:
            return None
        pair, value = of_name[0]
        plain = [other for other in pairs if other[0] != pair]
        load = _Load(binding, state, statements[-1], pair, value)
    return load if all(_is_plain(file, other[1]) for other in plain) else None


def _content(node: Node) -> Node | None:
    content = nodes.child_of_type(node, "map_content")
    return content.named_children[0] if content is not None and content.named_children else None


def _pairs(state: Node) -> list[tuple[Node, Node]]:
    """The pairs of a map with their values; those with an arrow too."""
    content = nodes.child_of_type(state, "map_content")
    found: list[tuple[Node, Node]] = []
    for child in nodes.named(content) if content is not None else ():
        for pair in nodes.named(child) if child.type == "keywords" else (child,):
            value = pair.child_by_field_name("value" if pair.type == "pair" else "right")
            if value is not None:
                found.append((pair, value))
    return found


def _is_plain(file: ElixirFile, value: Node) -> bool:
    """Whether it makes no difference when the value is computed."""
    for node in (value, *nodes.descendants(value)):
        if node.type == "call":
            target = node.child_by_field_name("target")
            left = target.child_by_field_name("left") if target is not None and target.type == "dot" else None
            is_field = left is not None and nodes.child_of_type(node, "arguments") is None
            is_pure = left is not None and file.module_name(left) in _PURE
            if not (is_field or is_pure or file.text(node) == "self()"):
                return False
        elif node.type in ("anonymous_function", "do_block"):
            return False
    return True


def _bound(file: ElixirFile, load: _Load) -> list[str]:
    return bound_in_statement(load.binding, file.data) if load.binding is not None else []


def _may_hold_nil(file: ElixirFile, module: Module, state: Node) -> bool:
    """Whether the state is a map, or a struct of this file that enforces no keys."""
    struct = nodes.child_of_type(state, "struct")
    if struct is None:
        return True
    name = file.module_name(struct.named_children[0]) if struct.named_children else None
    owner = next((one for one in file.modules if one.name == name), None)
    if owner is None:
        return False
    return not any(
        call.enclosing_module is owner and nodes.is_operator(call.node.parent, "@")
        for call in file.calls("enforce_keys")
    )


def _continued(file: ElixirFile, load: _Load, head: str, *, shorter: int) -> Edit:
    """Adds the third element, on a line of its own where the tuple's is full."""
    last = nodes.named(load.tuple)[-1]
    text = f", {{:continue, {head}}}"
    in_place = nodes.encloses(load.tuple, load.value) and last.end_point.row == load.value.start_point.row
    end = layout.line_end(file, last.end_byte)
    length = layout.column(file, last.end_byte) + len(file.data[last.end_byte : end].decode())
    if length + len(text) - (shorter if in_place else 0) > layout.WIDTH:
        indent = " " * (layout.column(file, load.tuple.start_byte) + 1)
        text = f",\n{indent}{{:continue, {head}}}"
    return Edit(last.end_byte, last.end_byte, text)


def _apart(file: ElixirFile, load: _Load, edits: list[Edit]) -> list[Edit]:
    """Sets the tuple apart from what comes before it, now that it takes two lines."""
    if load.binding is None or load.tuple.prev_named_sibling != load.binding:
        return [*edits, *apart(file, load.tuple)]
    removed = edits[-1]
    above = layout.data_line(file, removed.start - 1)
    if not above or above.endswith(b" do"):
        return edits
    return [*edits[:-1], Edit(removed.start, removed.end, "\n")]


def _free_tag(module: Module) -> str:
    taken = "".join(
        clause.file.text(clause.params[0]) + " " for clause in module.clauses("handle_continue", 2)
    )
    return next((tag for tag in _TAGS if f":{tag}" not in taken), "rest_of_init")


def _handler(init: Definition, head: str, state: str, body: str, module: Module) -> Edit:
    indented = layout.reindent(body, "  ")
    existing = module.clauses("handle_continue", 2)
    says_impl = callbacks.wants_impl(module) and (not existing or "impl" in existing[0].attributes)
    impl = "@impl true\n" if says_impl else ""
    text = f"{impl}def handle_continue({head}, {state}) do\n{indented}\nend"
    if existing:
        return callbacks.insertion_before(existing[0], text)
    return callbacks.insertion_after(module.clauses("init", 1)[-1], text)


def _publishes(file: ElixirFile, init: Definition, rest: list[Node]) -> bool:
    return any(
        call.module in _PUBLISHERS and any(nodes.encloses(node, call.node) for node in rest)
        for call in init.calls(*_PUBLISHES)
    )


def _as_continued(file: ElixirFile, last: Node) -> list[Edit] | None:
    """Edits that turn each answer of `init/1` into the same one of `handle_continue/2`."""
    edits: list[Edit] = []
    for answer in results(last, file.data):
        items = nodes.named(answer) if answer.type == "tuple" else []
        if is_tagged(answer, "ok", file.data) and len(items) in (2, 3):
            edits.append(Edit(items[0].start_byte, items[0].end_byte, ":noreply"))
        elif is_tagged(answer, "stop", file.data) and len(items) == 2:
            edits.append(Edit(items[1].end_byte, items[1].end_byte, ", nil"))
        elif answer.type == "call":
            target = nodes.identifier(answer.child_by_field_name("target"), file.data)
            if target not in _RAISES:
                return None
        else:
            return None
    return edits
