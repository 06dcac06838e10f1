"""What the writes of a function have to do with one another, and who else thought of it."""

from __future__ import annotations

import re

from otpwise_analyzers.project.repo_calls import BULK_WRITES
from otpwise_analyzers.project.roles import Role, has_role
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.variables import bound_by, uses_of

# Anything of these in a function says that its author thought of it, or that its caller did.
_HANDLED = re.compile(
    rb"\.transact(ion)?\b|\bMulti\b|\block:|\block\(|\bcheckout\b|in_transaction"
    rb"|\b(not|non|without|no|a|an|one|the)[ -]transact(ion|ional)\b"
)
_NAMED = re.compile(r"(_in_transaction|_multi|_in_tx|_transaction)[?!]?$")
_SETUP = re.compile(r"^(seed|setup|populate|reset_db)|_(seeds?|fixture)$")
# Stores that have no transactions over several statements.
_WITHOUT_TRANSACTIONS = re.compile(r"Exandra|Mongo|ClickHouse|Clickhouse|Dynamo|Xandra|Riak|Elastic")
# What must not happen while a transaction is held open.
_SLOW = re.compile(
    r"HTTP|Http|Tesla|Req$|^Finch|^File$|:httpc|ExAws|Mint|^Stripe|^Arc|Waffle|Upload|Storage|Client$|Github|S3"
)
# A changeset that stores an upload: file or network I/O, which needs the id of the row first.
_UPLOAD = re.compile(
    rb"\b(file|image|avatar|upload|attachment|photo|picture|cover|logo)s?_changeset\b|\bcast_(attachments|upload)"
)
_COUNTED = re.compile(rb"\.\w+ [+-] 1\b")
_COUNTER = re.compile(rb"\binc:")


def is_accounted_for(module: Module, definition: Definition) -> bool:
    """Whether the function or one of its callers here has a transaction, or needs none by what it is."""
    file = definition.file
    if _HANDLED.search(file.data, _start_of(definition), definition.node.end_byte) or definition.quoted:
        return True
    if _NAMED.search(definition.name) or _SETUP.search(definition.name):
        return True
    if has_role(module, Role.TEST, Role.MIGRATION, Role.MIX_TASK):
        return True
    callers = [
        call.definition
        for call in file.calls(definition.name)
        if (call.is_local or call.module == module.name) and call.definition not in (None, definition)
    ]
    return any(
        caller is not None
        and _HANDLED.search(file.data, caller.node.start_byte, caller.node.end_byte) is not None
        for caller in callers
    )


def _start_of(definition: Definition) -> int:
    """The first byte of the comments and attributes above a clause."""
    first = definition.node
    while (above := first.prev_named_sibling) is not None:
        if above.type != "comment" and not nodes.is_operator(above, "@"):
            break
        first = above
    return first.start_byte


def matters(file: ElixirFile, definition: Definition, path: list[Call]) -> bool:
    """Whether a transaction could hold these writes, and half of them would be worse than none."""
    if _WITHOUT_TRANSACTIONS.search(file.project.adapter(path[0].module)):
        return False
    if all(call.name in BULK_WRITES for call in path) and not any(counts(file, call) for call in path):
        return False
    linked = any(counts(file, call) or depends(file, definition, path[0], call) for call in path)
    if not linked and len({_branch_of(definition, call) for call in path}) == len(path) > 1:
        if all(_branch_of(definition, call) is not None for call in path):
            # Each is made on a condition of its own.
            return False
    if any(stores_upload(file, call) for call in path[1:]):
        return False
    start, end = path[0].node.end_byte, path[-1].node.start_byte
    return not any(
        _SLOW.search(full.rpartition(".")[2]) or _SLOW.search(full)
        for alias in nodes.descendants(definition.node, "alias")
        if start <= alias.start_byte < end
        and alias.parent is not None
        and alias.parent.type == "dot"
        and (full := file.resolve(file.text(alias), alias.start_byte))
    )


def stores_upload(file: ElixirFile, call: Call) -> bool:
    """Whether a write stores a file on its way."""
    node = call.expression
    return _UPLOAD.search(file.data, node.start_byte, node.end_byte) is not None


def counts(file: ElixirFile, call: Call) -> bool:
    """Whether a write moves a counter: `inc: [...]`, or `count: row.count + 1`."""
    node = call.expression
    if call.name == "update_all":
        return _COUNTER.search(file.data, node.start_byte, node.end_byte) is not None
    by_hand = call.name in ("update", "update!")
    return by_hand and _COUNTED.search(file.data, node.start_byte, node.end_byte) is not None


def depends(file: ElixirFile, definition: Definition, first: Call, later: Call) -> bool:
    """Whether a later write reads what the first one returned, itself or through one assignment."""
    names = set(_results_of(file, first))
    if not names:
        return False
    for statement in nodes.descendants(definition.node, "binary_operator"):
        if first.node.end_byte <= statement.start_byte and statement.end_byte <= later.node.start_byte:
            left, right = statement.child_by_field_name("left"), statement.child_by_field_name("right")
            if nodes.is_operator(statement, "=") and left is not None and right is not None:
                if right.type != "identifier" and any(uses_of(name, right, file.data) for name in names):
                    names.update(bound_by(left, file.data))
    expression = later.expression
    return any(uses_of(name, expression, file.data) for name in names)


def _results_of(file: ElixirFile, call: Call) -> list[str]:
    """The variables that hold a write's result: `user = ...`, `{:ok, user} <- ...`, `{:ok, user} ->`."""
    node = nodes.whole_pipeline(call.expression)
    parent = node.parent
    found: list[str] = []
    if parent is not None and nodes.operator_of(parent) in ("=", "<-"):
        left = parent.child_by_field_name("left")
        if left is not None:
            found.extend(bound_by(left, file.data))
    case = node
    if parent is not None and parent.type == "arguments" and parent.parent is not None:
        case = parent.parent
    for clause in nodes.descendants(case, "stab_clause"):
        left = clause.child_by_field_name("left")
        if left is not None and file.text(left).startswith("{:ok"):
            found.extend(bound_by(left, file.data))
    return found


def _branch_of(definition: Definition, call: Call) -> int | None:
    """The first byte of the outermost branch that a write stands in; None on the way of every run."""
    found: int | None = None
    inner = call.node
    for ancestor in nodes.ancestors(call.node):
        if ancestor == definition.node:
            break
        if (
            ancestor.type == "stab_clause"
            or ancestor.type in nodes.CLAUSE_BLOCKS
            or (
                ancestor.type == "do_block"
                and ancestor.parent != definition.node
                and inner.type != "stab_clause"
            )
        ):
            found = ancestor.start_byte
        inner = ancestor
    return found


def is_best_effort(file: ElixirFile, call: Call) -> bool:
    """`with {:error, reason} <- Repo.delete(row)`: a failure is noted and the rest goes on."""
    parent = nodes.whole_pipeline(call.expression).parent
    left = (
        parent.child_by_field_name("left") if nodes.is_operator(parent, "<-") and parent is not None else None
    )
    return left is not None and file.text(left).startswith("{:error")
