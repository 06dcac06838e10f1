"""A store whose entries go when they are too old."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.state_changes import WHOLE, Handling, Kind, Step
from otpwise_analyzers.project.store_uses import Role, Use, uses_in
from otpwise_analyzers.project.stores import Store
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import callbacks, layout
from otpwise_analyzers.rewrite.attributes import attributes_on_top
from otpwise_analyzers.rewrite.bodies import appended
from otpwise_analyzers.rewrite.bound_answer import answered_with, assignment_of
from otpwise_analyzers.rewrite.one_liners import all_fit, refitted
from otpwise_analyzers.rewrite.server_start import Start, answer_of, init_of, is_empty, start_of, state_of
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.variables import bound_by, uses_of

_TTL = """\
# TODO: how long an entry may stay, in milliseconds.
@ttl 300_000
"""

_CLEANUP = """\
{impl}def handle_info(:{tick}, state) do
  schedule_cleanup(state.ttl)
{drop}
end
"""

_DROP = """\
now = System.monotonic_time(:millisecond)
{place} = Map.filter({state}.{place}, fn {{_key, {{_value, expires_at}}}} -> expires_at > now end)
{{:noreply, %{{{state} | {place}: {place}}}}}"""

_SCHEDULE = "defp schedule_cleanup(ttl), do: Process.send_after(self(), :{tick}, ttl)"

_EXPIRING = """\
# An entry is kept beside the time from which on it counts for nothing.
defp expiring(value, ttl), do: {value, System.monotonic_time(:millisecond) + ttl}"""

_FRESH_KEY = """\
# The entry of a key as a map of its own: empty when there is none, or it is too old.
defp fresh(entries, key) do
  now = System.monotonic_time(:millisecond)

  case entries do
    %{^key => {value, expires_at}} when expires_at > now -> %{key => value}
    _none -> %{}
  end
end"""

_FRESH = """\
# All entries that are not too old.
defp fresh(entries) do
  now = System.monotonic_time(:millisecond)
  for {key, {value, expires_at}} <- entries, expires_at > now, into: %{}, do: {key, value}
end"""

_TTL_FIELD = "ttl"


def keeps_ttl(store: Store, place: str) -> bool:
    """Whether the state already says how long an entry may stay."""
    init = init_of(store.module)
    state = state_of(init) if init is not None else None
    return (
        place != WHOLE
        and state is not None
        and _TTL_FIELD in nodes.keyword_pairs(state, store.module.file.data)
    )


def expires(context: FixContext, store: Store, place: str) -> Change | None:
    """Keeps each entry beside the time at which it ends, hides it from reads from then on, and drops it with
    the next `:cleanup`, which the server sends itself once every `ttl`.

    None where the map is read or written in a form that is not known here.
    """
    module = store.module
    file = module.file
    start = start_of(context, module)
    if start is None or any(module.defines(name) for name in ("fresh", "expiring")):
        return None
    tick = _tick_of(store, place)
    if tick is None and module.defines("schedule_cleanup"):
        return None
    edits: list[Edit] = []
    needed: set[str] = set()
    for handling in store.handlings:
        inner = _handling_edits(handling, place, needed)
        if inner is None:
            return None
        if handling is tick:
            drop = _dropped_in(handling, place, _renamed(handling) if place == WHOLE else None)
            inner = [edit for edit in inner if not drop.start <= edit.start < drop.end]
            inner.append(drop)
        edits.extend(inner)
    made = _init_edits(store, place, start, schedules=tick is None)
    if made is None:
        return None
    edits.extend(made)
    parts = [_EXPIRING]
    if tick is None:
        clause = _cleanup_clause(store, place)
        if clause is None:
            return None
        parts.insert(0, _SCHEDULE.format(tick=clause[0]))
        edits.extend(clause[1])
    parts += [_FRESH_KEY] if "key" in needed else []
    parts += [_FRESH] if "all" in needed else []
    helpers = appended(module, "\n\n".join(parts))
    if helpers is None:
        return None
    edits.append(helpers)
    if not keeps_ttl(store, place):
        if b"@ttl" in file.data[module.node.start_byte : module.node.end_byte]:
            return None
        attribute = attributes_on_top(module, _TTL)
        if attribute is None:
            return None
        edits.append(attribute)
    edits = refitted((handling.clause for handling in store.handlings), edits)
    return (layout.change_of(file, edits),) if all_fit(file, edits) else None


# -- reads and writes ------------------------------------------------------------------------------------


def _handling_edits(handling: Handling, place: str, needed: set[str]) -> list[Edit] | None:
    """The edits of one clause; what of the helpers it calls is added to `needed`."""
    file = handling.clause.file
    edits: list[Edit] = []
    rename = _renamed(handling) if place == WHOLE else None
    for step in dict.fromkeys(handling.steps):
        if step.place != place:
            continue
        new = _put(handling, step, rename)
        if new is None:
            return None
        edits.extend(new)
    for use in uses_in(handling, place):
        if use.role is Role.UNKNOWN:
            return None
        if any(edit.start <= use.variable.start_byte < edit.end for edit in edits):
            continue
        if use.role in (Role.KEYED, Role.WHOLE):
            edits.append(_read(file, use, place, rename))
            needed.add("key" if use.key is not None else "all")
        elif rename is not None and file.text(use.variable) == rename[0]:
            edits.append(Edit(use.variable.start_byte, use.variable.end_byte, rename[1]))
    if rename is not None and rename[0] != rename[1]:
        done = {edit.start for edit in edits}
        for node in _named(handling, rename[0]):
            if (
                not any(edit.start <= node.start_byte < edit.end for edit in edits)
                and node.start_byte not in done
            ):
                edits.append(Edit(node.start_byte, node.end_byte, rename[1]))
    return edits


def _named(handling: Handling, name: str) -> Iterator[Node]:
    """The places that name the state: in the head, and left of an assignment too."""
    clause = handling.clause
    for part in (clause.params[-1], *clause.statements):
        yield from uses_of(name, part, clause.file.data)


def _renamed(handling: Handling) -> tuple[str, str] | None:
    """The state's variable and the name that it gets: what was called after its entries is now more."""
    name = handling.state_name
    if name is None:
        return None
    clause = handling.clause
    words = {clause.file.text(node) for node in nodes.descendants(clause.node, "identifier")}
    underscore = "_" if name.startswith("_") else ""
    return (name, name) if "state" in words or underscore else (name, "state")


def _read(file: ElixirFile, use: Use, place: str, rename: tuple[str, str] | None) -> Edit:
    node = use.node
    if place == WHOLE:
        name = file.text(node)
        where = f"{rename[1] if rename is not None and name == rename[0] else name}.entries"
    elif node.type == "call" and file.text(node).startswith("get_in("):
        key = file.text(use.key) if use.key is not None else ""
        return Edit(node.start_byte, node.end_byte, f"fresh({file.text(use.variable)}.{place}, {key})[{key}]")
    else:
        where = file.text(node)
    key = f", {file.text(use.key)}" if use.key is not None else ""
    return Edit(node.start_byte, node.end_byte, f"fresh({where}{key})")


def _put(handling: Handling, step: Step, rename: tuple[str, str] | None) -> list[Edit] | None:
    """A put with the end of the entry beside its value."""
    file, state = handling.clause.file, handling.state_name
    if step.kind is not Kind.PUT or step.value is None or step.key is None or state is None:
        return None
    if not layout.is_one_line(file, step.node):
        return None
    names = [name for name, place in handling.names.items() if place in (WHOLE, step.place)]
    inside = {file.text(n) for part in (step.key, step.value) for n in (part, *nodes.descendants(part))}
    if inside & set(names):
        return None
    if step.place != WHOLE:
        before, behind = "expiring(", f", {state}.ttl)"
        line = layout.line_start(file, step.node.start_byte)
        width = layout.column(file, layout.line_end(file, line)) + len(before) + len(behind)
        update = _single_update(file, step, state)
        if width > layout.WIDTH and update is not None:
            value = f"{before}{file.text(step.value)}{behind}"
            text = f"put_in({state}.{step.place}[{file.text(step.key)}], {value})"
            return [Edit(update.start_byte, update.end_byte, text)]
        return [
            Edit(step.value.start_byte, step.value.start_byte, before),
            Edit(step.value.end_byte, step.value.end_byte, behind),
        ]
    base = _base_name(file, step)
    if base is None:
        return None
    name = rename[1] if rename is not None and base == rename[0] else base
    value = f"expiring({file.text(step.value)}, {name}.ttl)"
    text = f"put_in({name}.entries[{file.text(step.key)}], {value})"
    return [Edit(step.node.start_byte, step.node.end_byte, text)]


def _single_update(file: ElixirFile, step: Step, state: str) -> Node | None:
    """The whole of `%{state | entries: Map.put(state.entries, key, value)}`, which sets nothing else, and of
    `Map.put(state, :entries, Map.put(state.entries, key, value))`."""
    put = file.text(step.node)
    if not put.startswith(f"Map.put({state}.{step.place}, "):
        return None
    wholes = (f"%{{{state} | {step.place}: {put}}}", f"Map.put({state}, :{step.place}, {put})")
    return next((node for node in nodes.ancestors(step.node) if file.text(node) in wholes), None)


def _base_name(file: ElixirFile, step: Step) -> str | None:
    """The variable of the state in `Map.put(state, ...)`, `state |> Map.put(...)`, `put_in(state[key], ...)`."""
    node: Node | None = step.node
    if node is not None and nodes.is_operator(node, "|>"):
        return nodes.identifier(node.child_by_field_name("left"), file.data)
    arguments = nodes.arguments_of(step.node)
    first = arguments[0] if arguments else None
    if first is not None and first.type == "access_call":
        first = first.child_by_field_name("target")
    return nodes.identifier(first, file.data)


# -- start and init --------------------------------------------------------------------------------------


def _init_edits(store: Store, place: str, start: Start, *, schedules: bool) -> list[Edit] | None:
    """`init/1` with the ttl in the state, and the first cleanup on its way when it `schedules` one."""
    module = store.module
    file = module.file
    clauses = module.clauses("init", 1)
    if not clauses:
        return _written(module, place, start) if schedules else None
    init = init_of(module)
    state = state_of(init) if init is not None else None
    if init is None or state is None or init.clause_blocks:
        return None
    if keeps_ttl(store, place):
        answer = answer_of(init)
        return _with_schedule(init, answer) if schedules and answer is not None else []
    param = init.params[0]
    if start.edits and any(
        use != state
        for statement in init.statements
        for use in uses_of(nodes.identifier(param, file.data) or "_", statement, file.data)
    ):
        return None
    edits, options = _param_edits(file, param, start)
    new = _new_state(file, place, init, state, start, "ttl" if options is not None else "@ttl")
    if new is None:
        return None
    ttl = "ttl" if options is not None else "@ttl"
    read = [f"ttl = Keyword.get({options}, :ttl, @ttl)"] if options is not None else []
    schedule = [f"schedule_cleanup({ttl})"] if schedules else []
    changes = [*(start.edits if options is not None else ()), *edits]
    answer = answer_of(init)
    if answer is not None and answer != state:
        return [*changes, *_before_statements(init, state, new, read, schedule)]
    rest = "".join(f", {file.text(item)}" for item in nodes.named(init.statements[-1])[2:])
    return [*changes, *answered_with(init, [*read, *schedule, f"{{:ok, {new}{rest}}}"])]


def _before_statements(
    init: Definition, state: Node, new: str, read: list[str], schedule: list[str]
) -> list[Edit]:
    """The same where the state is made in a statement of its own."""
    file = init.file
    made = next(statement for statement in init.statements if nodes.encloses(statement, state))
    indent = layout.indent_of(file, made)
    start = layout.line_start(file, made.start_byte)
    answer = layout.line_start(file, init.statements[-1].start_byte)
    return [
        *(Edit(start, start, f"{indent}{line}\n") for line in read),
        Edit(state.start_byte, state.end_byte, new),
        *(Edit(answer, answer, f"{indent}{line}\n") for line in schedule),
    ]


def _param_edits(file: ElixirFile, param: Node, start: Start) -> tuple[list[Edit], str | None]:
    """Names the parameter of `init/1` in which the options come, if any do."""
    if start.options is None:
        return [], None
    name = nodes.identifier(param, file.data)
    if name is not None and not name.startswith("_") and not start.edits:
        return [], name
    if name is None and param.type not in ("atom", "list", "nil", "map"):
        return [], None
    if param.type in ("list", "map") and nodes.named(param):
        return [], None
    return [Edit(param.start_byte, param.end_byte, "opts")], "opts"


def _new_state(
    file: ElixirFile, place: str, init: Definition, state: Node, start: Start, ttl: str
) -> str | None:
    if place == WHOLE:
        return f"%{{ttl: {ttl}, entries: %{{}}}}" if _starts_empty(file, init, state, start) else None
    pairs = nodes.keyword_pairs(state, file.data) if state.type == "map" else {}
    if place not in pairs or not is_empty(file, pairs[place]) or not layout.is_one_line(file, state):
        return None
    if nodes.child_of_type(state, "struct") is not None:
        return None
    return f"{file.text(state)[:-1].rstrip()}, ttl: {ttl}}}"


def _starts_empty(file: ElixirFile, init: Definition, state: Node, start: Start) -> bool:
    """Whether the map of a server that is nothing but its map has no entries at first."""
    if is_empty(file, state):
        return True
    param = nodes.identifier(init.params[0], file.data)
    if param is None:
        return False
    # `Map.new(opts)`: options among the entries, which no caller has put there.
    if file.text(state) == f"Map.new({param})" and start.options is not None:
        return True
    return nodes.identifier(state, file.data) == param and is_empty(file, start.given)


def _written(module: Module, place: str, start: Start) -> list[Edit] | None:
    file = module.file
    if place != WHOLE or not is_empty(file, start.given):
        return None
    impl = "@impl true\n" if callbacks.wants_impl(module) else ""
    options = start.options
    lines = [f"  ttl = Keyword.get({options}, :ttl, @ttl)"] if options is not None else []
    ttl = "ttl" if options is not None else "@ttl"
    lines += [f"  schedule_cleanup({ttl})", f"  {{:ok, %{{ttl: {ttl}, entries: %{{}}}}}}"]
    text = f"{impl}def init({options or '_state'}) do\n" + "\n".join(lines) + "\nend"
    return [*start.edits, callbacks.insertion_after(start.definition, text)]


def _with_schedule(init: Definition, state: Node) -> list[Edit] | None:
    """Gives the state a name, to schedule by its ttl."""
    file, last = init.file, init.statements[-1]
    rest = "".join(f", {file.text(item)}" for item in nodes.named(last)[2:])
    indent = layout.indent_of(file, init.node) + "  "
    if any("state" in bound_by(param, file.data) for param in init.params) and state.type != "identifier":
        return None
    name = nodes.identifier(state, file.data) or "state"
    assignment = assignment_of(file, state, name, indent)
    if assignment is None:
        return None
    lines = [line.removeprefix(indent) for line in assignment]
    lines += [""] if len(assignment) > 1 else []
    lines += [f"schedule_cleanup({name}.ttl)", f"{{:ok, {name}{rest}}}"]
    return answered_with(init, lines)


# -- cleanup ---------------------------------------------------------------------------------------------


def _tick_of(store: Store, place: str) -> Handling | None:
    """The clause of `handle_info/2` that already runs again and again, and does nothing to the map."""
    file = store.module.file
    for handling in store.handlings:
        message, results = handling.message, handling.results
        if handling.clause.name != "handle_info" or message.type != "atom" or len(results) != 1:
            continue
        name = nodes.identifier(results[0].state_node, file.data)
        if name is None or handling.names.get(name) != WHOLE or any(s.place == place for s in handling.steps):
            continue
        if _comes_again(handling) and layout.starts_line(file, results[0].node.start_byte):
            return handling
    return None


def _comes_again(handling: Handling) -> bool:
    """Whether the message is sent at intervals, or by the clause that takes it."""
    clause, module = handling.clause, handling.clause.module
    if module is None:
        return False
    file, message = clause.file, clause.file.text(handling.message)
    senders = [
        call
        for call in file.calls("send_after", "send_interval", "apply_interval")
        if call.enclosing_module is module
        and any(file.text(argument) == message for argument in call.all_args)
    ]
    if any(call.name == "send_interval" for call in senders):
        return True
    names = {call.definition.name for call in senders if call.definition is not None}
    return any(call.definition is clause for call in senders) or bool(clause.calls(*names) if names else [])


def _dropped_in(handling: Handling, place: str, rename: tuple[str, str] | None) -> Edit:
    """Drops what is too old in a clause that ends in `{:noreply, state}`."""
    file, result = handling.clause.file, handling.results[0]
    name = file.text(result.state_node) if result.state_node is not None else "state"
    if rename is not None and name == rename[0]:
        name = rename[1]
    indent = layout.indent_of(file, result.node)
    text = _DROP.format(place="entries" if place == WHOLE else place, state=name)
    return Edit(result.node.start_byte, result.node.end_byte, layout.reindent(text, indent).lstrip())


def _cleanup_clause(store: Store, place: str) -> tuple[str, list[Edit]] | None:
    """The message that the server is to send itself, and the clause that takes it."""
    module = store.module
    file = module.file
    clauses = module.clauses("handle_info", 2)
    text = file.data[module.node.start_byte : module.node.end_byte]
    tick = next((name for name in ("cleanup", "drop_expired") if f":{name}".encode() not in text), None)
    if tick is None:
        return None
    drop = _DROP.format(place="entries" if place == WHOLE else place, state="state")
    impl = "@impl true\n" if callbacks.wants_impl(module) else ""
    code = _CLEANUP.format(impl=impl, tick=tick, drop=layout.reindent(drop, "  "))
    # A clause that takes everything comes last.
    catching = next((clause for clause in clauses if _takes_more(clause)), None)
    if catching is not None:
        if catching is not clauses[0]:
            code = code.removeprefix("@impl true\n")
        added = callbacks.insertion_before(catching, code)
        return tick, [*layout.blank_line_above(file, added.start), added]
    if clauses:
        return tick, [callbacks.insertion_after(clauses[-1], code.removeprefix("@impl true\n"))]
    last = callbacks.last_clause(module, ("handle_call", "handle_cast", "handle_continue"))
    return (tick, [callbacks.insertion_after(last, code)]) if last is not None else None


def _takes_more(clause: Definition) -> bool:
    """Whether a clause takes, or may take, messages of any kind."""
    param = clause.params[0]
    return param.type == "identifier" or nodes.is_operator(param, "=")
