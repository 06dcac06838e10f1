"""Which modules are processes, and which functions start one."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call, as_call
from otpwise_analyzers.syntax.modules import Definition, Module

GENERIC_SERVERS = frozenset(
    {
        *("GenServer", "GenStage", "GenStateMachine", "Agent", "Broadway", "WebSockex", "Connection"),
        *(":gen_server", ":gen_statem", ":gen_event", ":gen_fsm", ":supervisor", "Task"),
        *("Supervisor", "DynamicSupervisor", "PartitionSupervisor", "Task.Supervisor", "Registry"),
    }
)
"""The behaviours and modules with which processes are written; `start_link` of each starts one."""

_CALLBACKS = (
    ("handle_info", 2),
    ("handle_call", 3),
    ("handle_cast", 2),
    ("handle_continue", 2),
    ("handle_event", 4),
    ("handle_demand", 2),
)


def is_process(module: Module) -> bool:
    """Whether the module's code runs inside of a long-lived process of its own kind."""
    if module.all_uses & GENERIC_SERVERS or module.behaviours & GENERIC_SERVERS:
        return True
    if any(name.startswith(("Membrane.", "ThousandIsland.", "Ranch.")) for name in module.all_uses):
        return True
    if any(name.startswith((":ranch", "ThousandIsland", "Membrane.")) for name in module.behaviours):
        return True
    return any(module.defines(name, arity) for name, arity in _CALLBACKS)


def replies_are_handled(module: Module) -> bool:
    """Whether `handle_info` takes what a task sends back: `{ref, result}`, `:DOWN`, or anything."""
    for clause in module.clauses("handle_info", 2):
        message = clause.params[0]
        if nodes.is_operator(message, "="):
            sides = nodes.named(message)
            message = next((side for side in sides if side.type != "identifier"), sides[0])
        if message.type == "identifier":
            return True
        items = nodes.named(message) if message.type == "tuple" else []
        if len(items) == 2 and not (items[0].type == "atom" or items[0].type == "string"):
            return True
        if len(items) == 5 and clause.file.text(items[0]) == ":DOWN":
            return True
    return any(module.defines("handle_event", arity) for arity in (4,)) or _has_info_callback(module)


def _has_info_callback(module: Module) -> bool:
    """`handle_event(:info, ...)` of a state machine or `handle_msg` of other behaviours."""
    return any(module.defines(name) for name in ("handle_msg", "handle_message"))


def is_start_wrapper(definition: Definition) -> bool:
    """Whether the function is where a supervisor begins: `start_link`, `start`, `child_spec`."""
    return definition.name in ("start_link", "start", "child_spec", "start_child", "start_supervised")


def has_one_name(module: Module) -> bool:
    """Whether the module starts under a fixed name (its own, unless told otherwise): one process serves all."""
    return _name_given(module) is not None


def registered_name(module: Module) -> str | None:
    """The name that the module's process has on its node, as Elixir writes it: `MyApp.Cache`, `:cache`.

    None where it has none, or one that only other nodes know too (`{:global, name}`).
    """
    name, file = _name_given(module), module.file
    if name is not None and nodes.is_operator(name, "@"):
        name = _attribute(module, file.text(name))
    if name is None:
        return None
    if name.type in ("alias", "atom", "identifier"):
        return file.module_name(name)
    return module.name if name.type in ("call", "binary_operator") else None


_NAMING = frozenset({"GenServer", "GenStage", "GenStateMachine", "Agent", ":gen_server", ":gen_statem"})


def _name_given(module: Module) -> Node | None:
    """The node of the fixed name that the module starts itself under."""
    for call in module.file.calls("start_link", "start"):
        if call.enclosing_module is not module or call.quoted or not call.is_invocation:
            continue
        if call.module not in _NAMING:
            continue
        name = call.keywords.get("name") or _default_name(call)
        if name is None and call.module in (":gen_server", ":gen_statem") and call.args:
            items = nodes.named(call.args[0]) if call.args[0].type == "tuple" else []
            name = items[1] if len(items) == 2 else None
        if name is not None and name.type == "identifier" and module.file.text(name) != "__MODULE__":
            name = _assigned(module, name)
        if name is not None and _is_fixed(module, name):
            return name
    return None


def _attribute(module: Module, written: str) -> Node | None:
    """The value of `@name` as the module sets it."""
    for call in module.file.calls(written.removeprefix("@")):
        if call.enclosing_module is module and nodes.is_operator(call.node.parent, "@") and call.args:
            return call.args[0]
    return None


def _default_name(call: Call) -> Node | None:
    """`__MODULE__` of options like `Keyword.put_new(opts, :name, __MODULE__)`."""
    options = call.all_args[-1] if len(call.all_args) > 2 else None
    found = as_call(call.file, options) if options is not None else None
    if found is None or found.module != "Keyword" or found.name not in ("put_new", "put"):
        return None
    key, name = found.all_args[-2:] if len(found.all_args) == 3 else (None, None)
    return name if key is not None and call.file.text(key) == ":name" else None


def _is_fixed(module: Module, name: Node) -> bool:
    text = module.file.text(name)
    if name.type in ("alias", "atom") or nodes.is_operator(name, "@") or text == "__MODULE__":
        return True
    if text.startswith("{:global, "):
        return all(item.type in ("atom", "alias") for item in nodes.named(name)) or "__MODULE__" in text
    # `Keyword.get(opts, :name, __MODULE__)`
    is_default = name.type == "call" or nodes.is_operator(name, "||") or nodes.is_operator(name, "|>")
    return is_default and text.rstrip(")").endswith("__MODULE__") and not text.startswith("via")


def _assigned(module: Module, name: Node) -> Node | None:
    """What a variable is assigned, once, in the function around it."""
    definition, file = module.file.definition_at(name.start_byte), module.file
    found = [
        statement.child_by_field_name("right")
        for statement in (definition.statements if definition is not None else [])
        if nodes.is_operator(statement, "=")
        and nodes.identifier(statement.child_by_field_name("left"), file.data) == file.text(name)
    ]
    return found[0] if len(found) == 1 else None
