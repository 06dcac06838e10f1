"""A query as a chain: the schema that it begins with, its clauses in order, and what runs it.

`from` with keywords, a pipeline of macros and macros around each other all become the same chain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tree_sitter import Node

from otpwise_analyzers.project.sql_calls import assignments_of
from otpwise_analyzers.rewrite.layout import is_statement
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition

CLAUSES = frozenset(
    {
        *("where", "or_where", "select", "select_merge", "order_by", "group_by", "having", "or_having"),
        *("distinct", "preload", "limit", "offset", "lock", "update"),
    }
)
"""The clauses that are the same in `from` and as macros of their own."""

JOINS = {
    "join": ":inner",
    "inner_join": ":inner",
    "left_join": ":left",
    "right_join": ":right",
    "full_join": ":full",
    "cross_join": ":cross",
}
# Functions and macros of a pipeline that take a query and return one with the same bindings.
_NEUTRAL = frozenset({"join", "first", "last", "exclude", "reverse_order", "put_query_prefix"})
# What changes the meaning of the clauses around it.
_REFUSED = frozenset(
    {
        *("union", "union_all", "except", "except_all", "intersect", "intersect_all", "windows"),
        *("with_cte", "recursive_ctes", "subquery", "with_named_binding"),
    }
)
_AS = re.compile(rb"\bas:\s*:(\w+)")


@dataclass(slots=True, eq=False)
class Join:
    """A join of a `from`: its kind, `p in assoc(u, :posts)`, its other options, the binding's variable."""

    kind: str
    source: Node
    options: list[Node] = field(default_factory=list)
    variable: str | None = None
    name: str | None = None


@dataclass(slots=True, eq=False)
class Stage:
    """One clause. `node` is the `key: value` of a `from`, or the macro's call.

    `base` is the variable that stands for the rows of the schema in `value`; None where there is none. `others`
    are the variables of joins. `bindings` is the list that a macro was given. `comments` stand above it.
    """

    word: str
    node: Node
    value: Node | None
    base: str | None
    others: frozenset[str] = frozenset()
    bindings: Node | None = None
    join: Join | None = None
    in_from: bool = False
    comments: list[Node] = field(default_factory=list)

    @property
    def arguments(self) -> list[Node]:
        """What a macro is given behind the query."""
        found = nodes.arguments_of(self.node)
        return found if self.is_piped else found[1:]

    @property
    def is_piped(self) -> bool:
        parent = self.node.parent
        return (
            parent is not None
            and nodes.is_operator(parent, "|>")
            and parent.child_by_field_name("right") == self.node
        )


@dataclass(slots=True, eq=False)
class Chain:
    """A query from its schema on. `query` is the query itself, `whole` that and what runs it.

    `schema_node` is the schema as it is written, or a variable that holds a query of it. `runner` is the call around
    the query (`Repo.all(query)`), `tail` what its value is piped through.
    """

    file: ElixirFile
    schema_node: Node
    schema: str
    name: str | None
    stages: list[Stage]
    query: Node
    whole: Node
    runner: Node | None = None
    tail: list[Node] = field(default_factory=list)
    # The chain that the variable was given which this one begins with.
    given: Chain | None = None
    # From this stage on it is not known what the query is: a function of somebody else has had it.
    known: int = 0

    @property
    def definition(self) -> Definition | None:
        return self.file.definition_at(self.whole.start_byte)


def chain_at(file: ElixirFile, start: int, end: int) -> Chain | None:
    """The chain that bytes `start` to `end` lie in, with all that belongs to it."""
    node = file.root.descendant_for_byte_range(start, end)
    if node is None:
        return None
    found: Chain | None = None
    for candidate in (node, *nodes.ancestors(node)):
        if candidate.type == "do_block" or _is_definition(file, candidate):
            break
        if candidate.type not in ("call", "binary_operator"):
            continue
        chain = chain_of(file, candidate)
        if chain is None:
            continue
        if found is not None and chain.schema_node != found.schema_node:
            break
        found = chain
    return found


def chains_in(file: ElixirFile) -> list[Chain]:
    """All chains of a file, in source order; those inside of another left out."""
    found: dict[int, Chain] = {}
    for call in file.calls("from", *(CLAUSES & {name.decode() for name in file.names})):
        chain = chain_at(file, call.node.start_byte, call.node.end_byte)
        if chain is not None:
            found.setdefault(chain.whole.start_byte, chain)
    chains = [found[at] for at in sorted(found)]
    return [c for c in chains if not any(o is not c and nodes.encloses(o.whole, c.whole) for o in chains)]


def _is_definition(file: ElixirFile, node: Node) -> bool:
    definition = file.definition_at(node.start_byte)
    return definition is not None and definition.node == node


def chain_of(file: ElixirFile, node: Node) -> Chain | None:
    """The chain that an expression is; None when it is none, or none that can be taken apart."""
    first, *rest = nodes.pipeline(nodes.unwrap(node))
    first = nodes.unwrap(first)
    runner: Node | None = None
    query = first
    if first.type == "call" and _is_repo_call(file, first):
        arguments = nodes.arguments_of(first)
        if not arguments or arguments[0].type == "keywords":
            return None
        runner, query = first, nodes.unwrap(arguments[0])
    root = _root(file, query)
    if root is None:
        return None
    schema_node, name, stages = root
    given = _given(file, schema_node) if schema_node.type == "identifier" else None
    if schema_node.type == "identifier" and given is None:
        return None
    if runner is None:
        while rest and (stage := _piped_stage(file, rest[0], name)) is not None:
            stages.append(stage)
            query = rest.pop(0).parent or query
    if any(stage.word in _REFUSED for stage in stages) or (given is not None and not stages):
        return None
    if rest and _called(file, rest[0]) in _REFUSED:
        return None
    schema = (
        given.schema if given is not None else file.resolve(file.text(schema_node), schema_node.start_byte)
    )
    name = given.name if given is not None else name
    known = next((n for n, stage in enumerate(stages) if stage.word == ""), len(stages))
    chain = Chain(file, schema_node, schema, name, stages, query, node, runner, rest, given, known)
    _give_comments(chain)
    return chain


def _given(file: ElixirFile, variable: Node) -> Chain | None:
    """The chain that a variable holds wherever it is used: assigned once, and not in a branch."""
    values = assignments_of(file, file.text(variable), variable)
    assignment = values[0].parent if len(values) == 1 else None
    block = assignment.parent if assignment is not None else None
    if block is None or not nodes.encloses(block, variable) or assignment is None:
        return None
    if not nodes.is_operator(assignment, "=") or not is_statement(assignment):
        return None
    chain = chain_of(file, values[0])
    if chain is None or chain.given is not None or chain.runner is not None or chain.tail:
        return None
    return chain if chain.known == len(chain.stages) else None


def _is_repo_call(file: ElixirFile, call: Node) -> bool:
    target = call.child_by_field_name("target")
    left = target.child_by_field_name("left") if target is not None and target.type == "dot" else None
    return left is not None and bool(file.project.is_repo(file.module_name(left)))


_Root = tuple[Node, str | None, list[Stage]]


def _root(file: ElixirFile, node: Node) -> _Root | None:
    """The schema, its `as:` and the clauses of a query that is no pipe; of what is inside of it, all."""
    node = nodes.unwrap(node)
    if node.type in ("alias", "identifier"):
        return node, None, []
    if nodes.is_operator(node, "|>"):
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        inner = _root(file, left) if left is not None else None
        if inner is None or right is None:
            return None
        stage = _piped_stage(file, right, inner[1])
        if stage is None:
            return None
        inner[2].append(stage)
        return inner
    name = _called(file, node)
    if name == "from":
        return _from(file, node)
    arguments = nodes.arguments_of(node) if node.type == "call" else []
    if name is None or not arguments or name not in CLAUSES | _NEUTRAL | _REFUSED:
        return None
    inner = _root(file, arguments[0])
    if inner is None:
        return None
    stage = _macro(file, node, name, arguments[1:], inner[1])
    if stage is not None:
        inner[2].append(stage)
    return inner if stage is not None else None


def _piped_stage(file: ElixirFile, call: Node, name: str | None) -> Stage | None:
    word = _called(file, call)
    if word is None or call.type != "call":
        return None
    if word in CLAUSES | _NEUTRAL | _REFUSED:
        return _macro(file, call, word, nodes.arguments_of(call), name)
    target = call.child_by_field_name("target")
    if target is not None and target.type == "identifier" and nodes.child_of_type(call, "do_block") is None:
        # A function of the module: what it does to the query is its own affair.
        definition = file.definition_at(call.start_byte)
        module = definition.module if definition is not None else None
        if module is not None and module.defines(word, len(nodes.arguments_of(call)) + 1):
            return Stage("", call, None, None)
    return None


def _macro(file: ElixirFile, call: Node, word: str, arguments: list[Node], name: str | None) -> Stage | None:
    """`arguments` are those behind the query."""
    if any(argument.type == "comment" for argument in nodes.descendants(call)):
        return Stage(word, call, None, None)
    bindings = arguments[0] if len(arguments) > 1 and arguments[0].type == "list" else None
    if word == "preload" and bindings is not None and len(arguments) == 1:
        bindings = None
    value = arguments[-1] if arguments else None
    if word not in CLAUSES or len(arguments) > 2 or (len(arguments) == 2 and bindings is None):
        value = None
    base: str | None = None
    others: set[str] = set()
    if bindings is not None:
        for index, (key, variable) in enumerate(_listed(file, bindings)):
            if (index == 0 and key is None) or (key is not None and key == name):
                base = variable
            else:
                others.add(variable)
        if file.text(bindings).find("...") >= 0 and base is not None and _opens_with_dots(file, bindings):
            others.add(base)
            base = None
    return Stage(word, call, value, base, frozenset(others), bindings)


def _opens_with_dots(file: ElixirFile, bindings: Node) -> bool:
    return file.text(bindings).lstrip("[ ").startswith("...")


def _listed(file: ElixirFile, bindings: Node) -> Iterator[tuple[str | None, str]]:
    """The names and variables of `[u, post: p]`."""
    for item in nodes.named(bindings):
        if item.type == "identifier":
            yield None, file.text(item)
        elif item.type == "keywords":
            for key, value in nodes.keyword_pairs(item, file.data).items():
                yield key, file.text(value)
        else:
            yield "", file.text(item)


def _from(file: ElixirFile, call: Node) -> _Root | None:
    arguments = nodes.arguments_of(call)
    if not arguments or len(arguments) > 2:
        return None
    source = nodes.unwrap(arguments[0])
    variable: str | None = None
    if nodes.operator_of(source) == "in":
        left, right = source.child_by_field_name("left"), source.child_by_field_name("right")
        variable = nodes.identifier(left, file.data)
        if right is None or variable is None:
            return None
        source = nodes.unwrap(right)
    if source.type not in ("alias", "identifier"):
        return None
    stages: list[Stage] = []
    name: str | None = None
    joined: list[str] = []
    join: Join | None = None
    pairs = [] if len(arguments) == 1 else _pairs(arguments[1])
    if pairs is None:
        return None
    for pair in pairs:
        key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        if key is None or value is None:
            return None
        word = nodes.keyword_name(key, file.data)
        if word == "as" and join is None:
            name = nodes.atom_literal(value, file.data)
            if stages or name is None:
                return None
        elif word in ("as", "on") and join is not None and stages[-1].join is join:
            if word == "as":
                join.name = nodes.atom_literal(value, file.data)
                if join.name is None:
                    return None
            else:
                join.options.append(pair)
        elif word in JOINS:
            join = Join(JOINS[word], value)
            if nodes.operator_of(value) == "in":
                left = value.child_by_field_name("left")
                join.variable = nodes.identifier(left, file.data)
                if join.variable is None:
                    return None
                joined.append(join.variable)
            stages.append(Stage("join", pair, None, variable, frozenset(joined), join=join, in_from=True))
        elif word in CLAUSES:
            stages.append(Stage(word, pair, value, variable, frozenset(joined), in_from=True))
        else:
            # Hints, prefixes, unions, windows, lateral joins.
            return None
    variables = [variable, *joined]
    if len(set(variables)) != len(variables):
        return None
    return source, name, stages


def _pairs(argument: Node) -> list[Node] | None:
    if argument.type == "list":
        inner = nodes.named(argument)
        argument = inner[0] if len(inner) == 1 else argument
    if argument.type != "keywords":
        return None
    return [child for child in nodes.named(argument) if child.type == "pair"]


def _called(file: ElixirFile, node: Node) -> str | None:
    """The name of a macro written by itself; one with its module in front is let be."""
    target = node.child_by_field_name("target") if node.type == "call" else None
    return file.text(target) if target is not None and target.type == "identifier" else None


def _give_comments(chain: Chain) -> None:
    """Gives each comment inside of the query to the clause that it stands above, or behind."""
    file, query = chain.file, chain.query
    loose = [comment for comment in file.comments if nodes.encloses(query, comment)]
    for comment in loose:
        if any(nodes.encloses(stage.node, comment) for stage in chain.stages):
            continue
        row = comment.start_point.row
        behind = [s for s in chain.stages if s.node.end_point.row == row]
        after = [s for s in chain.stages if s.node.start_byte > comment.start_byte]
        owner = behind[-1] if behind else after[0] if after else None
        if owner is not None:
            owner.comments.append(comment)


def comments_have_owners(chain: Chain) -> bool:
    """Whether every comment of the query has a place in the new one."""
    owned = {comment.start_byte for stage in chain.stages for comment in stage.comments}
    return all(
        comment.start_byte in owned or any(nodes.encloses(stage.node, comment) for stage in chain.stages)
        for comment in chain.file.comments
        if nodes.encloses(chain.whole, comment)
        and not any(nodes.encloses(stage, comment) for stage in chain.tail)
    )


def names_in(file: ElixirFile, leaving_out: Node) -> set[str]:
    """The binding names that a file gives with `as:` outside of one expression."""
    data = file.data
    outside = data[: leaving_out.start_byte] + b" " + data[leaving_out.end_byte :]
    return {name.decode() for name in _AS.findall(outside)}
