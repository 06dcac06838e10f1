"""Loops, in all the forms that Elixir writes them, and what of each runs once per element."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile

# The modules whose functions call what they are given once for each element.
_EACH_OF = frozenset({"Enum", "Stream", "Flow"})
_SINGLE = frozenset(
    {
        *("Map.new", "Map.filter", "Map.reject", "MapSet.new", "MapSet.filter", "MapSet.reject"),
        *("Keyword.new", "Keyword.filter", "Keyword.reject", "List.foldl", "List.foldr"),
        *("Task.async_stream", "Task.Supervisor.async_stream", "Task.Supervisor.async_stream_nolink"),
    }
)
# They are handed no elements: each turn makes the next page.
_GENERATORS = frozenset({"Stream.unfold", "Stream.resource", "Stream.iterate", "Stream.repeatedly"})
# A function given to one of these runs where it stands, once.
_AT_ONCE = frozenset({"then", "tap", "transaction", "transact", "checkout"})
# It runs beside, but as often as the loop has turns.
_BESIDE = frozenset({"async"})
# The element lists of all others come first; these are given a supervisor before it.
_SUBJECT_SECOND = ("Task.Supervisor.async_stream", "Task.Supervisor.async_stream_nolink")


@dataclass(frozen=True)
class Loop:
    """One loop. `node` is the `Enum.map(...)` or `for` call, `function` its full name (`for` for a `for`).

    `body` is what runs for each element: a `fn`, a capture, a do block, the value of `do:`, a filter or a
    generator after the first. `subject` is what the elements are taken from.
    """

    node: Node
    function: str
    subject: Node
    body: Node

    @property
    def is_comprehension(self) -> bool:
        return self.function == "for"


def loops_around(file: ElixirFile, node: Node, stop: Node | None = None) -> Iterator[Loop]:
    """The loops that run `node` once per element, the innermost first; only those below `stop`.

    A function that is handed to something else (a cache, a `Multi`) ends the search: nobody knows when it runs.
    """
    inner = node
    for ancestor in nodes.ancestors(node):
        if ancestor == stop:
            return
        loop = None
        if _is_function(ancestor):
            loop = loop_given(file, ancestor)
            if loop is None and not _is_given_to(file, ancestor, _AT_ONCE | _BESIDE):
                return
        elif ancestor.type == "call" and inner.type in ("arguments", "do_block"):
            loop = _comprehension_around(file, ancestor, node)
        if loop is not None:
            yield loop
        inner = ancestor


def loop_given(file: ElixirFile, function: Node) -> Loop | None:
    """The `Enum.map(list, ...)` that is given this `fn` or capture, when it calls it for each element."""
    arguments = function.parent
    call = arguments.parent if arguments is not None and arguments.type == "arguments" else None
    if call is None or call.type != "call" or _takes_nothing(function):
        return None
    name = _function_called(file, call)
    if name is None or name in _GENERATORS:
        return None
    if name not in _SINGLE and name.partition(".")[0] not in _EACH_OF:
        return None
    given = nodes.arguments_of(call)
    piped = _piped_into(call)
    if piped is not None:
        given = [piped, *given]
    index = 1 if name in _SUBJECT_SECOND else 0
    if len(given) <= index or given[index] == function:
        return None
    return Loop(call, name, given[index], function)


def is_direct(file: ElixirFile, node: Node, stop: Node) -> bool:
    """Whether `node`, below `stop`, runs when `stop` does and at most once: neither in a loop nor in a
    function that is handed to something else."""
    inner = node
    for ancestor in nodes.ancestors(node):
        if ancestor == stop:
            return True
        if _is_function(ancestor):
            if not _is_given_to(file, ancestor, _AT_ONCE):
                return False
        elif ancestor.type == "call" and inner.type in ("arguments", "do_block"):
            if _comprehension_around(file, ancestor, node) is not None:
                return False
        inner = ancestor
    return True


def is_handed_on(file: ElixirFile, node: Node, stop: Node) -> bool:
    """Whether `node`, below `stop`, lies in a function that is handed to something else than a loop: to a
    task, or to whoever calls it later."""
    return any(
        _is_function(ancestor)
        and not _is_given_to(file, ancestor, _AT_ONCE)
        and loop_given(file, ancestor) is None
        for ancestor in _below(node, stop)
    )


def _below(node: Node, stop: Node) -> Iterator[Node]:
    for ancestor in nodes.ancestors(node):
        if ancestor == stop:
            return
        yield ancestor


def _is_function(node: Node) -> bool:
    return node.type == "anonymous_function" or (
        node.type == "unary_operator" and nodes.operator_of(node) == "&"
    )


def _is_given_to(file: ElixirFile, function: Node, names: frozenset[str]) -> bool:
    parent = function.parent
    if parent is None or parent.type != "arguments" or parent.parent is None:
        return False
    target = parent.parent.child_by_field_name("target")
    if target is not None and target.type == "dot":
        target = target.child_by_field_name("right")
    return target is not None and file.text(target) in names


def _takes_nothing(function: Node) -> bool:
    """`fn -> default end`: what runs when there is no element at all."""
    if function.type != "anonymous_function":
        return False
    clause = nodes.child_of_type(function, "stab_clause")
    return clause is not None and clause.child_by_field_name("left") is None


def _function_called(file: ElixirFile, call: Node) -> str | None:
    target = call.child_by_field_name("target")
    if target is None or target.type != "dot":
        return None
    left, right = target.child_by_field_name("left"), target.child_by_field_name("right")
    if left is None or right is None or left.type != "alias":
        return None
    return f"{file.module_name(left)}.{file.text(right)}"


def _piped_into(call: Node) -> Node | None:
    parent = call.parent
    if parent is not None and nodes.is_operator(parent, "|>"):
        if parent.child_by_field_name("right") == call:
            return parent.child_by_field_name("left")
    return None


def _comprehension_around(file: ElixirFile, call: Node, node: Node) -> Loop | None:
    """The loop that a `for` makes around `node`; None where `node` runs once, or for any other call."""
    target = call.child_by_field_name("target")
    if target is None or target.type != "identifier" or file.text(target) != "for":
        return None
    arguments = nodes.arguments_of(call)
    if not arguments or nodes.encloses(arguments[0], node):
        return None
    subject = arguments[0].child_by_field_name("right") if arguments[0].type == "binary_operator" else None
    if subject is None:
        return None
    block = nodes.child_of_type(call, "do_block")
    if block is not None and nodes.encloses(block, node):
        return Loop(call, "for", subject, block)
    for argument in arguments[1:]:
        if not nodes.encloses(argument, node):
            continue
        if argument.type != "keywords":
            return Loop(call, "for", subject, argument)
        body = nodes.keyword_pairs(argument, file.data).get("do")
        if body is not None and nodes.encloses(body, node):
            return Loop(call, "for", subject, body)
    return None
