"""Lets a server take the options that its child spec passes."""

from __future__ import annotations

import re

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.rewrite.init_callback import written_init
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.modules import Definition, Module

# Whoever goes through a whole map would meet the options among its own entries.
_WHOLE_MAP = ("Enum.", "Stream.", "Map.keys", "Map.values", "Map.to_list", "map_size", "Map.equal")


def takes_options(context: FixContext, start: Definition, call: Call) -> Change | None:
    """`start_link(_)` with a constant state as one that hands its options to `init/1`, which keeps them
    in the state beside what was there.

    Only for a state that stays what the callbacks match on: a map or struct literal. None when the state
    is gone through as a whole, when a caller passes something else than keywords, and for any other `init`.
    """
    module, file = call.enclosing_module, call.file
    if module is None or len(call.args) < 2 or call.piped is not None:
        return None
    parameter, constant = start.params[0], call.args[1]
    if _is_gone_through(module) or not callers_pass_keywords(context, module.name):
        return None
    if any(file.text(i) == "opts" for i in nodes.descendants(start.node, "identifier") if i != parameter):
        return None
    edits = [
        Edit(parameter.start_byte, parameter.end_byte, _renamed(start, parameter)),
        Edit(constant.start_byte, constant.end_byte, "opts"),
    ]
    clauses = module.clauses("init", 1)
    if not clauses:
        state = _merged(module, constant)
        if state is None:
            return None
        edits.append(written_init(module, "opts", state, start))
        return (layout.change_of(file, edits),)
    inner = _init_edits(module, clauses, constant)
    if inner is None:
        return None
    return (layout.change_of(file, [*edits, *inner]),)


def _renamed(start: Definition, parameter: Node) -> str:
    """`opts`, with a default where there was one."""
    if nodes.is_operator(parameter, "\\\\"):
        right = parameter.child_by_field_name("right")
        return f"opts \\\\ {start.file.text(right) if right is not None else '[]'}"
    return "opts"


def _merged(module: Module, state: Node) -> str | None:
    """The state with the options in it, by the kind of its literal; None when it is no map."""
    written = module.file.text(state)
    if state.type != "map" or "\n" in written:
        return None
    if nodes.child_of_type(state, "struct") is not None:
        return f"struct!({written}, opts)"
    return "Map.new(opts)" if written.replace(" ", "") == "%{}" else f"Enum.into(opts, {written})"


def _init_edits(module: Module, clauses: list[Definition], constant: Node) -> list[Edit] | None:
    """The edits of an `init/1` of one clause that ends in `{:ok, state}`."""
    if len(clauses) != 1 or clauses[0].guard is not None or clauses[0].clause_blocks:
        return None
    init, file = clauses[0], module.file
    parameter, last = init.params[0], init.statements[-1] if init.statements else None
    items = nodes.named(last) if last is not None and last.type == "tuple" else []
    if len(items) not in (2, 3) or file.text(items[0]) != ":ok":
        return None
    names = [file.text(i) for i in nodes.descendants(init.node, "identifier") if i != parameter]
    if "opts" in names:
        return None
    written = file.text(parameter)
    if parameter.type == "identifier" and written in names:
        # The parameter is the state: only `{:ok, state}` may see it, for it holds the options now.
        if names.count(written) != 1 or items[1].type != "identifier" or file.text(items[1]) != written:
            return None
        state = _merged(module, constant)
    else:
        if parameter.type not in ("identifier", "atom", "list", "map", "boolean", "nil"):
            return None
        state = _merged(module, items[1])
    if state is None:
        return None
    new = [
        Edit(parameter.start_byte, parameter.end_byte, "opts"),
        Edit(items[1].start_byte, items[1].end_byte, state),
    ]
    line = file.data[layout.line_start(file, items[1].start_byte) : layout.line_end(file, items[1].end_byte)]
    longer = len(state) - (items[1].end_byte - items[1].start_byte) + 4
    return new if len(line.decode("utf-8", "replace")) + longer <= layout.WIDTH else None


def is_store(module: Module) -> bool:
    """Whether callbacks look up keys in the state that are only known at run time: those of callers."""
    for clause in _callbacks(module):
        name = _state_name(clause)
        text = clause.file.text(clause.node)
        if re.search(r"\^\w+ =>", text):
            return True
        if name is not None and re.search(_LOOKUP.replace("STATE", re.escape(name)), text):
            return True
    return False


_CALLBACKS = ("handle_call", "handle_cast", "handle_info", "handle_continue", "terminate")
_LOOKUP = r"\bMap\.\w+[!?]?\(\s*STATE,\s*[a-z_({\[\"%]|\bSTATE\s*\|>\s*Map\.\w+[!?]?\(\s*[a-z_({\[\"%]|\bSTATE\[[^:\]]"


def _callbacks(module: Module) -> list[Definition]:
    return [clause for name in _CALLBACKS for clause in module.clauses(name) if clause.params]


def _state_name(clause: Definition) -> str | None:
    """What a callback calls the state, its last parameter; None when it only matches on it."""
    state = clause.params[-1]
    if nodes.is_operator(state, "="):
        state = next((side for side in nodes.named(state) if side.type == "identifier"), state)
    return nodes.identifier(state, clause.file.data)


def _is_gone_through(module: Module) -> bool:
    """Whether a callback may walk over the whole state."""
    return any(
        walk in module.file.text(clause.node) and _walks_state(clause, walk)
        for clause in _callbacks(module)
        for walk in _WHOLE_MAP
    )


def _walks_state(clause: Definition, walk: str) -> bool:
    """Whether `walk` is handed the bare state."""
    name = _state_name(clause)
    if name is None:
        return False
    for inner in nodes.descendants(clause.node, "call"):
        target = inner.child_by_field_name("target")
        if target is None or not clause.file.text(target).startswith(walk):
            continue
        arguments = nodes.arguments_of(inner)
        piped = Call(clause.file, inner, "", None).piped
        handed = piped if piped is not None else arguments[0] if arguments else None
        if handed is not None and clause.file.text(nodes.unwrap(handed)).split(" ")[0].split("\n")[0] == name:
            return True
    return False


def callers_pass_keywords(context: FixContext, module: str) -> bool:
    """Whether every known caller gives `start_link` nothing, or keywords."""
    project = context.project
    paths = {located.path for located in project.modules() if module in located.facts.starts}
    for supervisor in project.supervisors_of(module):
        located = project.module(supervisor)
        if located is not None:
            paths.add(located.path)
    for path in sorted(paths):
        file = context.open(path)
        if file is None:
            continue
        for call in file.calls("start_link"):
            if call.module == module and not _are_keywords(call.all_args):
                return False
        for entry in nodes.descendants(file.root, "tuple"):
            items = nodes.named(entry)
            if len(items) == 2 and items[0].type == "alias" and file.module_name(items[0]) == module:
                if not _are_keywords(items[1:]):
                    return False
    return True


def _are_keywords(arguments: list[Node]) -> bool:
    if not arguments:
        return True
    if len(arguments) > 1:
        return False
    only = arguments[0]
    if only.type == "keywords":
        return True
    return only.type == "list" and all(item.type == "keywords" for item in nodes.named(only))
