"""Taking an expression out of the function that it stands in: what it needs from there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from tree_sitter import Node

from otpwise_analyzers.project.roles import is_web_name
from otpwise_analyzers.rewrite.ecto_names import BINDING_MACROS, KERNEL, QUERY_API, QUERY_MACROS
from otpwise_analyzers.source.edits import Edit
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition
from otpwise_analyzers.syntax.variables import bound_by, visible_at

# What belongs to the request and must not reach a context.
REQUEST = frozenset({"conn", "socket", "assigns"})
_FIELD = re.compile(r"(?:(?:conn|socket)\.assigns|conn|socket|assigns)\.([a-z_]\w*)")
_NAME = re.compile(r"[a-z_][a-zA-Z0-9_]*")
_RESERVED = frozenset({"end", "do", "fn", "and", "or", "not", "in", "when", "nil", "true", "false", "else"})
IMPORTED_FROM_ECTO = frozenset({"assoc", "build_assoc", "assoc_loaded?"})
WEB_SIGILS = frozenset({"p", "H", "E", "L", "F"})


class CannotMove(Exception):  # noqa: N818 - says what the expression is, and is always caught
    """The expression needs something of its function that no argument can hand over."""


@dataclass(slots=True)
class Moved:
    """What moving some expressions takes.

    `params` maps each parameter to the text that the caller gives for it, in order of first use. `edits`
    replace text of the old file inside of the expressions; `modules` are the names of modules in them.
    """

    params: dict[str, str] = field(default_factory=dict)
    edits: list[Edit] = field(default_factory=list)
    modules: list[tuple[Node, str]] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)

    def add_param(self, name: str, argument: str) -> None:
        if self.params.setdefault(name, argument) != argument:
            raise CannotMove(f"two values would be called {name}")


class Mover:
    """Reads expressions of one definition one after the other; what is `given` is no parameter."""

    def __init__(self, file: ElixirFile, definition: Definition) -> None:
        self.file = file
        self.definition = definition
        self.moved = Moved()
        self.given: set[str] = set()
        self._root = definition.node
        module = definition.module
        self._imports = module.imports if module is not None else frozenset()

    def read(self, node: Node) -> None:
        """Takes in an expression. Raises CannotMove."""
        data = self.file.data
        self._root = node
        inner = set(_bound_inside(node, data))
        outer = visible_at(self.definition, node) - self.given
        if inner & outer:
            raise CannotMove(f"{sorted(inner & outer)} means two things")
        self._walk(node, outer, inner | self.given, in_query=False)

    def settle(self) -> Moved:
        """What was read, without the values that another parameter holds: `params["id"]` beside `params`."""
        moved, data = self.moved, self.file.data
        for name, argument in list(moved.params.items()):
            root = argument.partition("[")[0]
            if root == argument or moved.params.get(root) != root or root in REQUEST:
                continue
            del moved.params[name]
            moved.edits = [
                edit
                for edit in moved.edits
                if edit.new != name or data[edit.start : edit.end].decode("utf-8", "replace") != argument
            ]
        return moved

    def _walk(self, node: Node, outer: set[str], inner: set[str], *, in_query: bool) -> None:
        kind = node.type
        if kind == "comment":
            return
        if kind == "alias":
            full = self.file.resolve(self.file.text(node), node.start_byte)
            if is_web_name(full) and "." in full:
                raise CannotMove(f"{full} belongs to the web layer")
            self.moved.modules.append((node, full))
            return
        if kind == "identifier":
            self._identifier(self.file.text(node), outer, inner)
            return
        if kind in ("string", "charlist", "sigil"):
            self._string(node)
        if kind == "unary_operator":
            operator = nodes.operator_of(node)
            operand = node.child_by_field_name("operand")
            if operator == "@" and operand is not None:
                self._hole(node, self.file.text(operand))
                return
            if operator == "&" and operand is not None and _is_loose_capture(node, self._root):
                raise CannotMove("a capture of the caller's")
            if operator == "^":
                in_query = False
        if kind == "access_call" and self._is_param_access(node, outer):
            return
        if kind == "binary_operator" and nodes.is_operator(node, "|>"):
            right = node.child_by_field_name("right")
            if right is not None and right.type == "call" and self._is_own(right, in_query=in_query):
                self._hole_or_fail(node, inner, in_query)
                return
        if kind == "call":
            self._call(node, outer, inner, in_query=in_query)
            return
        if kind == "pair":
            value = node.child_by_field_name("value")
            if value is not None:
                self._walk(value, outer, inner, in_query=in_query)
            return
        for child in node.named_children:
            self._walk(child, outer, inner, in_query=in_query)

    def _identifier(self, name: str, outer: set[str], inner: set[str]) -> None:
        ignored = name.startswith("_") and not name.startswith("__")
        if name in inner or ignored or name == "nil":
            return
        if name in REQUEST or name not in outer:
            raise CannotMove(f"{name} cannot be handed over")
        self.moved.add_param(name, name)

    def _string(self, node: Node) -> None:
        opening = node.child_by_field_name("quoted_start")
        heredoc = opening is not None and len(self.file.text(opening)) == 3
        if node.start_point.row != node.end_point.row and not heredoc:
            raise CannotMove("a string over several lines")
        if node.type == "sigil":
            name = nodes.child_of_type(node, "sigil_name")
            if name is not None and self.file.text(name) in WEB_SIGILS:
                raise CannotMove("a sigil of the web layer")

    def _is_param_access(self, node: Node, outer: set[str]) -> bool:
        """`params["id"]` is handed over as `id`."""
        target, key = node.child_by_field_name("target"), node.child_by_field_name("key")
        if target is None or key is None:
            return False
        name = nodes.string_literal(key, self.file.data) or nodes.atom_literal(key, self.file.data)
        root = re.match(r"[a-z_]\w*", self.file.text(target))
        if name is None or root is None or not _NAME.fullmatch(name):
            return False
        if root.group() in REQUEST or (root.group() in outer and target.type == "identifier"):
            written = self.file.text(node)
            if self.moved.params.get(name, written) != written:
                name = f"{root.group().removesuffix('_params')}_{name}"
            self._hole(node, name)
            return True
        return False

    def _call(self, node: Node, outer: set[str], inner: set[str], *, in_query: bool) -> None:
        target = node.child_by_field_name("target")
        if target is None:
            raise CannotMove("an unknown call")
        matched = _FIELD.fullmatch(self.file.text(node))
        if matched is not None and matched.group(1) not in ("assigns", "params"):
            self._hole(node, matched.group(1))
            return
        if self._is_own(node, in_query=in_query) or self._asks_request(node):
            self._hole_or_fail(node, inner, in_query)
            return
        if target.type == "dot":
            left = target.child_by_field_name("left")
            if left is None:
                raise CannotMove("an unknown call")
            self._walk(left, outer, inner, in_query=in_query)
        elif target.type == "identifier":
            name = self.file.text(target)
            in_query = self._local(name, target, in_query=in_query)
        else:
            raise CannotMove("a call of a value")
        for child in node.named_children:
            if child != target:
                self._walk(child, outer, inner, in_query=in_query)

    def _local(self, name: str, target: Node, *, in_query: bool) -> bool:
        """Notes the import that a local call needs. Returns whether its arguments are a query."""
        if name in QUERY_MACROS and "Ecto.Query" in self._imports:
            self.moved.imports.add("Ecto.Query")
            return True
        if name in IMPORTED_FROM_ECTO and not in_query:
            self.moved.edits.append(Edit(target.start_byte, target.start_byte, "Ecto."))
        return in_query

    def _is_own(self, node: Node, *, in_query: bool) -> bool:
        """Whether a call is to a local function that the context would not have."""
        target = node.child_by_field_name("target")
        if target is None or target.type != "identifier":
            return False
        name = self.file.text(target)
        module = self.definition.module
        if module is not None and module.defines(name):
            return True
        if name in KERNEL or (in_query and name in QUERY_API):
            return False
        if name in QUERY_MACROS and "Ecto.Query" in self._imports:
            return False
        return not (name in IMPORTED_FROM_ECTO and "Ecto" in self._imports)

    def _asks_request(self, node: Node) -> bool:
        return any(
            nodes.identifier(argument, self.file.data) in REQUEST for argument in nodes.arguments_of(node)
        )

    def _hole_or_fail(self, node: Node, inner: set[str], in_query: bool) -> None:
        """Hands over the value of a whole call, when it can be worked out by the caller."""
        data = self.file.data
        if in_query or node.start_point.row != node.end_point.row:
            raise CannotMove("a function of the module")
        if _is_called_later(node, self._root):
            raise CannotMove("a function of the module, called later")
        if any(self.file.text(n) in inner for n in nodes.descendants(node, "identifier")):
            raise CannotMove("a function of the module, called with something local")
        call = node
        if nodes.is_operator(node, "|>"):
            right = node.child_by_field_name("right")
            call = right if right is not None else node
        target = call.child_by_field_name("target")
        if target is not None and target.type == "dot":
            target = target.child_by_field_name("right")
        pair = (
            node.parent.child_by_field_name("key")
            if node.parent is not None and node.parent.type == "pair"
            else None
        )
        if pair is not None and _NAME.fullmatch(nodes.keyword_name(pair, data)):
            # `email: address(params)` is an email, whoever made it.
            self._hole(node, nodes.keyword_name(pair, data))
            return
        arguments = nodes.arguments_of(call)
        key = nodes.atom_literal(arguments[-1], data) if arguments else None
        name = key or (self.file.text(target) if target is not None else "")
        self._hole(node, name.removeprefix("get_").rstrip("?!"))

    def _hole(self, node: Node, name: str) -> None:
        if not _NAME.fullmatch(name) or name in _RESERVED or name in REQUEST:
            raise CannotMove("no name for a value")
        self.moved.add_param(name, self.file.text(node))
        self.moved.edits.append(Edit(node.start_byte, node.end_byte, name))


def _is_called_later(node: Node, root: Node) -> bool:
    """Whether `node` stands in an anonymous function within `root`: its value cannot be handed over before."""
    return any(
        ancestor.type == "anonymous_function" and nodes.encloses(root, ancestor)
        for ancestor in nodes.ancestors(node)
    )


def _is_loose_capture(node: Node, root: Node) -> bool:
    """`&local/1`, or a `&1` whose `&` stands outside."""
    operand = node.child_by_field_name("operand")
    if operand is None:
        return True
    if operand.type == "integer":
        return not any(
            nodes.is_operator(ancestor, "&") and nodes.encloses(root, ancestor)
            for ancestor in nodes.ancestors(node)
        )
    if nodes.is_operator(operand, "/"):
        left = operand.child_by_field_name("left")
        return left is not None and left.type == "identifier"
    return False


def _bound_inside(node: Node, data: bytes) -> Iterable[str]:
    """Every name that something within the expression binds: clauses, `=`, generators, query bindings."""
    for inner in nodes.descendants(node, "stab_clause", "binary_operator", "call"):
        if inner.type == "call":
            target = inner.child_by_field_name("target")
            if target is None or nodes.text_of(target, data).rpartition(".")[2] not in BINDING_MACROS:
                continue
            for argument in nodes.arguments_of(inner):
                if argument.type == "list":
                    yield from _bindings(argument, data)
            continue
        if inner.type == "stab_clause" or nodes.operator_of(inner) in ("=", "<-", "in"):
            left = inner.child_by_field_name("left")
            if left is not None and (
                inner.type == "stab_clause" or not nodes.is_operator(inner, "in") or _is_source(inner, data)
            ):
                yield from bound_by(left, data)


def _bindings(argument: Node, data: bytes) -> Iterable[str]:
    """`u` and `p` of `[u, post: p]`, when it is the list of bindings and not of fields."""
    for item in nodes.named(argument):
        if item.type == "identifier":
            yield from bound_by(item, data)
        elif item.type == "keywords":
            values = nodes.keyword_pairs(item, data).values()
            following = argument.next_named_sibling
            if following is not None and all(value.type == "identifier" for value in values):
                for value in values:
                    yield nodes.text_of(value, data)


def _is_source(operator: Node, data: bytes) -> bool:
    """Whether an `in` names the source of a query (`u in User`, `join: p in assoc(u, :posts)`)."""
    parent = operator.parent
    if parent is None:
        return False
    if parent.type == "pair":
        key = parent.child_by_field_name("key")
        return key is not None and nodes.keyword_name(key, data).endswith("join")
    if parent.type == "arguments" and parent.parent is not None:
        target = parent.parent.child_by_field_name("target")
        return target is not None and nodes.text_of(target, data).rpartition(".")[2] in ("from", "join")
    return False
