"""The expressions whose values a body, or a branching expression, may answer with."""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.modules import Definition

BRANCHING = frozenset({"if", "unless", "case", "cond", "with", "try", "receive"})


def results_of(definition: Definition) -> list[Node]:
    """The last expressions of all branches of a clause, in source order; empty for a bare head.

    An `if` without `else` and a `with` without `else` stand in the list themselves, besides their
    branches: what they answer otherwise is not written anywhere.
    """
    found: list[Node] = []
    if definition.statements:
        found.extend(results(definition.statements[-1], definition.file.data))
    for block in definition.clause_blocks:
        if block.type != "after_block":
            found.extend(_of_block(block, definition.file.data))
    return found


def results(node: Node, data: bytes) -> list[Node]:
    """The same for one expression; the expression itself when it does not branch."""
    found: list[Node] = []
    stack = [node]
    while stack:
        current = nodes.unwrap(stack.pop())
        branches = _branches(current, data)
        if branches is None:
            found.append(current)
        else:
            stack.extend(branches)
    return sorted(found, key=lambda one: one.start_byte)


def _branches(node: Node, data: bytes) -> list[Node] | None:
    """The next expressions to look at; None when `node` is a result itself."""
    call = node
    if nodes.is_operator(node, "|>"):
        right = node.child_by_field_name("right")
        if right is None:
            return None
        call = right
    if node.type == "block":
        statements = nodes.block_statements(node)
        return [statements[-1]] if statements and statements[-1].type != "stab_clause" else None
    if call.type != "call":
        return None
    target = call.child_by_field_name("target")
    name = nodes.identifier(target, data)
    if name not in BRANCHING:
        return None
    block = nodes.child_of_type(call, "do_block")
    if block is None:
        keywords = nodes.last_keywords(call, data)
        if "do" not in keywords or "else" not in keywords:
            return None
        return [keywords["do"], keywords["else"]]
    found = _last_of(block)
    has_else = False
    for clause_block in block.named_children:
        if clause_block.type in nodes.CLAUSE_BLOCKS and clause_block.type != "after_block":
            has_else = has_else or clause_block.type == "else_block"
            found.extend(_last_of(clause_block))
    if clauses_after := nodes.child_of_type(block, "after_block"):
        if name == "receive":
            found.extend(_last_of(clauses_after))
    if name in ("if", "unless", "with") and not has_else:
        found.append(block)
    return found


def _of_block(block: Node, data: bytes) -> list[Node]:
    return [one for last in _last_of(block) for one in results(last, data)]


def _last_of(block: Node) -> list[Node]:
    """The last expression of a block, or of each of its `->` clauses."""
    found: list[Node] = []
    statements = nodes.block_statements(block)
    clauses = [statement for statement in statements if statement.type == "stab_clause"]
    if not clauses:
        return statements[-1:]
    for clause in clauses:
        right = clause.child_by_field_name("right")
        if right is not None:
            found.extend(nodes.block_statements(right)[-1:])
    return found


def is_tagged(node: Node, tag: str, data: bytes) -> bool:
    """Whether the node is `{:tag, ...}`."""
    if node.type != "tuple":
        return False
    items = nodes.named(node)
    return bool(items) and items[0].type == "atom" and nodes.atom_literal(items[0], data) == tag
