"""Questions about single nodes of the Elixir grammar.

The grammar has no node for `def`, `if` or `case`: nearly everything is a `call`. What is asked again
and again about its shapes has its answer here.
"""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

CLAUSE_BLOCKS = frozenset({"after_block", "rescue_block", "catch_block", "else_block"})


def text_of(node: Node, data: bytes) -> str:
    """The node's source text."""
    return data[node.start_byte : node.end_byte].decode("utf-8", "replace")


def named(node: Node) -> list[Node]:
    """The named children without comments."""
    return [child for child in node.named_children if child.type != "comment"]


def child_of_type(node: Node, kind: str) -> Node | None:
    for child in node.named_children:
        if child.type == kind:
            return child
    return None


def ancestors(node: Node) -> Iterator[Node]:
    """From the parent up to the root."""
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent


def descendants(node: Node, *kinds: str) -> Iterator[Node]:
    """All named nodes below `node`, in source order; only those of `kinds` when there are any."""
    stack = list(reversed(node.named_children))
    while stack:
        current = stack.pop()
        if not kinds or current.type in kinds:
            yield current
        stack.extend(reversed(current.named_children))


def encloses(outer: Node, inner: Node) -> bool:
    """Whether `inner` lies within `outer`, or is it."""
    return outer.start_byte <= inner.start_byte and inner.end_byte <= outer.end_byte


def operator_of(node: Node) -> str | None:
    """The operator of a binary or unary expression."""
    if node.type not in ("binary_operator", "unary_operator"):
        return None
    operator = node.child_by_field_name("operator")
    return operator.type if operator is not None else None


def is_operator(node: Node | None, operator: str) -> bool:
    return (
        node is not None
        and node.type in ("binary_operator", "unary_operator")
        and operator_of(node) == operator
    )


def unwrap(node: Node) -> Node:
    """The expression inside of any parentheses."""
    while node.type == "block":
        inner = named(node)
        if len(inner) != 1:
            return node
        node = inner[0]
    return node


def arguments_of(call: Node) -> list[Node]:
    """A call's own arguments; trailing keywords are one node of type `keywords`, a do block is none."""
    arguments = arguments_node(call)
    return named(arguments) if arguments is not None else []


def arguments_node(call: Node) -> Node | None:
    """The node that holds a call's arguments, with or without parentheses."""
    # Nearly always the second child; asking for it alone makes no list of nodes.
    if call.named_child_count > 1:
        arguments = call.named_child(1)
        if arguments is not None and arguments.type == "arguments":
            return arguments
    return child_of_type(call, "arguments")


def first_argument(call: Node) -> Node | None:
    """A call's first written argument; cheaper than asking for all."""
    arguments = arguments_node(call)
    if arguments is None or arguments.named_child_count == 0:
        return None
    first = arguments.named_child(0)
    if first is not None and first.type == "comment":
        return next(iter(named(arguments)), None)
    return first


def keyword_pairs(node: Node | None, data: bytes) -> dict[str, Node]:
    """The values by key of `keywords`, of a keyword list, or of a map with atom keys."""
    if node is None:
        return {}
    if node.type in ("list", "map"):
        pairs: dict[str, Node] = {}
        for child in named(node):
            if child.type in ("keywords", "map_content"):
                pairs.update(keyword_pairs(child, data))
        return pairs
    if node.type == "map_content":
        inner = child_of_type(node, "keywords")
        return keyword_pairs(inner, data)
    if node.type != "keywords":
        return {}
    found: dict[str, Node] = {}
    for pair in named(node):
        if pair.type == "pair":
            key = pair.child_by_field_name("key")
            value = pair.child_by_field_name("value")
            if key is not None and value is not None:
                found[keyword_name(key, data)] = value
    return found


def keyword_name(key: Node, data: bytes) -> str:
    """`name` of a `name: ` keyword; the grammar keeps the colon and the blank in the token."""
    return text_of(key, data).rstrip().rstrip(":").strip('"')


def last_keywords(call: Node, data: bytes) -> dict[str, Node]:
    """The trailing keywords of a call, by name."""
    arguments = arguments_of(call)
    if not arguments:
        return {}
    last = arguments[-1]
    return keyword_pairs(last, data) if last.type in ("keywords", "list") else {}


def block_statements(block: Node) -> list[Node]:
    """The expressions of a `do` block, a `body`, an `else` block or parentheses, in order."""
    return [child for child in named(block) if child.type not in CLAUSE_BLOCKS]


def string_literal(node: Node, data: bytes) -> str | None:
    """The value of a string or heredoc without interpolation and escapes, else None."""
    if node.type != "string":
        return None
    parts: list[str] = []
    for child in node.named_children:
        if child.type != "quoted_content":
            return None
        parts.append(text_of(child, data))
    return "".join(parts)


def atom_literal(node: Node, data: bytes) -> str | None:
    """`name` of `:name`, else None."""
    return text_of(node, data)[1:] if node.type == "atom" else None


def identifier(node: Node | None, data: bytes) -> str | None:
    """The name when the node is a plain variable (or a local call without parentheses)."""
    return text_of(node, data) if node is not None and node.type == "identifier" else None


def is_within(node: Node, kind: str, stop: Node | None = None) -> bool:
    """Whether an ancestor (below `stop`) is of `kind`."""
    for ancestor in ancestors(node):
        if stop is not None and ancestor == stop:
            return False
        if ancestor.type == kind:
            return True
    return False


def pipeline(node: Node) -> list[Node]:
    """The stages of `a |> b |> c`, first to last; the node alone when it is no pipe."""
    stages: list[Node] = []
    while is_operator(node, "|>"):
        left = node.child_by_field_name("left")
        right = node.child_by_field_name("right")
        if left is None or right is None:
            break
        stages.append(right)
        node = left
    stages.append(node)
    stages.reverse()
    return stages


def whole_pipeline(node: Node) -> Node:
    """The outermost `|>` expression in which `node` is a stage, or the node itself."""
    current = node
    while True:
        parent = current.parent
        if parent is None or not is_operator(parent, "|>"):
            return current
        current = parent


def value_is_dropped(node: Node) -> bool:
    """Whether nothing uses the value of `node`: it is a statement, and not the last of its block.

    The last statement of the file counts as dropped, the last of a body as returned.
    """
    parent = node.parent
    if parent is None or parent.type == "source":
        return True
    if parent.type not in ("do_block", "body", "block", *CLAUSE_BLOCKS):
        return False
    statements = block_statements(parent)
    return bool(statements) and statements[-1] != node
