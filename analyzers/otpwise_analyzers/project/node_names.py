"""Where the names come from that code connects its node to."""

from __future__ import annotations

from enum import StrEnum

from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition

_ENVIRONMENT = frozenset({"get_env", "fetch_env", "fetch_env!", "compile_env", "compile_env!"})
_STEPS = 4


class Origin(StrEnum):
    """`literal`: written in the code; `environment`: read from the system's or the application's environment."""

    LITERAL = "literal"
    ENVIRONMENT = "environment"


def connects(file: ElixirFile) -> list[Call]:
    """The calls of `Node.connect/1` and `:net_kernel.connect_node/1`, captures too."""
    return [
        call
        for call in file.calls("connect", "connect_node")
        if (call.name, call.module) in (("connect", "Node"), ("connect_node", ":net_kernel"))
    ]


def origin_of(call: Call) -> Origin | None:
    """Where the name (or, of a capture, what it runs over) comes from; None when that cannot be seen."""
    definition = call.definition
    source = _source(call)
    if definition is None or source is None:
        return None
    return _origin(call.file, source, definition, _STEPS)


def literal_names(call: Call) -> list[str]:
    """The names that the call's function connects to, as they are written (`:"my_app@10.0.0.2"`)."""
    file = call.file
    found: list[str] = []
    for other in connects(file):
        source = _source(other) if other.definition is call.definition else None
        if source is not None:
            found.extend(_names_in(file, source, other))
    return list(dict.fromkeys(found))


def _names_in(file: ElixirFile, source: Node, call: Call) -> list[str]:
    atoms = [source, *nodes.descendants(source, "atom", "quoted_atom")]
    written = [file.text(node) for node in atoms if node.type in ("atom", "quoted_atom")]
    named = [text for text in written if "@" in text and "#{" not in text]
    if named or call.definition is None:
        return named
    for name in [file.text(node) for node in (source, *nodes.descendants(source, "identifier"))]:
        for attribute in file.call_nodes(name):
            if nodes.is_operator(attribute.parent, "@") and nodes.arguments_node(attribute) is not None:
                return [file.text(node) for node in nodes.descendants(attribute, "atom", "quoted_atom")]
    return []


def variable_of(call: Call) -> str | None:
    """The one variable of the environment that the module reads with `System`; None for none or several."""
    file = call.file
    names = {
        name
        for read in file.calls("get_env", "fetch_env", "fetch_env!")
        if read.module == "System" and read.enclosing_module is call.enclosing_module and read.args
        if (name := nodes.string_literal(read.args[0], file.data)) is not None
    }
    return names.pop() if len(names) == 1 else None


def _source(call: Call) -> Node | None:
    """The argument; for a loop's variable or a capture, what is looped over."""
    file = call.file
    argument = call.all_args[0] if call.all_args and call.capture_arity is None else None
    if argument is not None and argument.type != "identifier" and not _is_local_name(file, argument):
        return argument
    loop = _loop_around(call)
    return loop if loop is not None else argument


def _is_local_name(file: ElixirFile, node: Node) -> bool:
    """`name |> String.to_atom()`: made of a variable and nothing that says where it is from."""
    return not any(True for _ in nodes.descendants(node, "string", "atom")) and not any(
        file.text(target) in _ENVIRONMENT for target in nodes.descendants(node, "identifier")
    )


def _loop_around(call: Call) -> Node | None:
    """The enumerable of the `Enum` call or `for` that the call is made in."""
    file = call.file
    for outer in file.calls("each", "map", "filter", "all?", "any?", "find", "reduce", "flat_map"):
        if outer.module != "Enum" or not nodes.encloses(outer.node, call.node) or not outer.all_args:
            continue
        if not nodes.encloses(outer.all_args[0], call.node):
            return outer.all_args[0]
    for outer in file.calls("for"):
        if outer.is_local and nodes.encloses(outer.node, call.node) and outer.args:
            generator = outer.args[0]
            if nodes.is_operator(generator, "<-"):
                return generator.child_by_field_name("right")
    return None


def _origin(file: ElixirFile, source: Node, definition: Definition, steps: int) -> Origin | None:
    if steps == 0:
        return None
    data = file.data
    names = [nodes.text_of(node, data) for node in (source, *nodes.descendants(source, "identifier"))]
    if any(name in _ENVIRONMENT for name in names):
        return Origin.ENVIRONMENT
    atoms = [source, *nodes.descendants(source, "atom", "quoted_atom")]
    if any(
        node.type in ("atom", "quoted_atom") and b"@" in data[node.start_byte : node.end_byte]
        for node in atoms
    ):
        return Origin.LITERAL
    for name in dict.fromkeys(names):
        found = _origin_of_name(file, name, source, definition, steps)
        if found is not None:
            return found
    return None


def _origin_of_name(
    file: ElixirFile, name: str, source: Node, definition: Definition, steps: int
) -> Origin | None:
    data = file.data
    # An attribute is a call below an `@`.
    for attribute in file.call_nodes(name):
        if nodes.is_operator(attribute.parent, "@") and nodes.arguments_node(attribute) is not None:
            return _origin(file, attribute, definition, steps - 1)
    for match in nodes.descendants(definition.node, "binary_operator"):
        left = match.child_by_field_name("left")
        right = match.child_by_field_name("right")
        if nodes.is_operator(match, "=") and nodes.identifier(left, data) == name and right is not None:
            if match.end_byte <= source.start_byte:
                return _origin(file, right, definition, steps - 1)
    for index, param in enumerate(definition.params):
        if nodes.identifier(param, data) == name:
            return _origin_of_argument(file, definition, index, steps)
    module = definition.module
    local = module.clauses(name, 0) if module is not None else []
    if local and local[0].statements:
        return _origin(file, local[0].statements[-1], local[0], steps - 1)
    return None


def _origin_of_argument(file: ElixirFile, definition: Definition, index: int, steps: int) -> Origin | None:
    """What the module's own callers pass."""
    for call in file.calls(definition.name):
        caller = call.definition
        if call.is_local and call.arity == definition.arity and caller is not None and caller != definition:
            found = _origin(file, call.all_args[index], caller, steps - 1)
            if found is not None:
                return found
    return None
