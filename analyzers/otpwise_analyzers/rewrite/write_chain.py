"""`case Repo.insert(changeset) do {:ok, user} -> Repo.insert!(...)`: writes that belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tree_sitter import Node

from otpwise_analyzers.project.repo_calls import ROW_WRITES, is_bang
from otpwise_analyzers.project.roles import is_web_name
from otpwise_analyzers.project.write_risk import stores_upload
from otpwise_analyzers.rewrite.error_clause import error_clause
from otpwise_analyzers.rewrite.excerpt import Excerpts, block_of
from otpwise_analyzers.rewrite.multi import OPERATIONS, Step, answered, pipeline_of, unique
from otpwise_analyzers.rewrite.naming import schema_word
from otpwise_analyzers.rewrite.subject import schema_of_call
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition
from otpwise_analyzers.syntax.variables import bound_by, bound_in_statement, uses_of

if TYPE_CHECKING:
    from otpwise_analyzers.project.view import FixContext
    from otpwise_analyzers.rewrite.piece import Piece

_OF_THE_REQUEST = ("conn", "socket", "assigns")


@dataclass(slots=True)
class Chain:
    """The writes after the first, and the calls after them that belong to the domain (a mail)."""

    case: Node | None
    clause: Node
    variable: str
    writes: list[Call]
    followers: list[Node] = field(default_factory=list)
    # of a `with`, what goes: the clauses of the later writes
    clauses: list[Node] = field(default_factory=list)

    @property
    def given(self) -> set[str]:
        return {self.variable}

    @property
    def statements(self) -> list[Node]:
        return [*(statement_of(call) for call in self.writes), *self.followers]

    @property
    def deletions(self) -> list[Span]:
        """The bytes that go with the later clauses of a `with`, the comma before each included."""
        spans: list[Span] = []
        for clause in self.clauses:
            before = clause.prev_named_sibling
            while before is not None and before.type == "comment":
                before = before.prev_named_sibling
            spans.append(Span(before.end_byte if before is not None else clause.start_byte, clause.end_byte))
        return spans


def statement_of(call: Call) -> Node:
    """The statement that a write makes: its pipeline, with the match before it."""
    node = nodes.whole_pipeline(call.expression)
    return node.parent if node.parent is not None and nodes.is_operator(node.parent, "=") else node


def chain_at(
    file: ElixirFile,
    definition: Definition,
    node: Node,
    first: Call,
    calls: Sequence[Call],
    *,
    whole: bool = False,
) -> Chain | None:
    """The chain that begins with the write `node`, when a `case` on it goes on writing.

    With `whole` the chain stays in its function: what the later writes bind may be used after them, bulk
    writes are steps too, and nothing follows.
    """
    case = _case_on(node)
    if case is None or first.name.endswith("!"):
        return None
    block = nodes.child_of_type(case, "do_block")
    clause = _ok_clause(block, file) if block is not None else None
    if clause is None:
        return None
    variable = _ok_variable(clause, file)
    body = clause.child_by_field_name("right")
    if variable is None or body is None:
        return None
    statements = nodes.named(body)
    by_statement = {statement_of(call).start_byte: call for call in calls if call.name in OPERATIONS}
    writes: list[Call] = []
    for statement in statements:
        call = by_statement.get(statement.start_byte)
        if call is None or call.module != first.module or (call.name not in ROW_WRITES and not whole):
            break
        writes.append(call)
    if any(stores_upload(file, call) for call in writes):
        return None
    rest = statements[len(writes) :]
    if not writes or not rest:
        return None
    chain = Chain(case, clause, variable, writes)
    if whole:
        return chain
    bound = [name for call in writes for name in bound_in_statement(statement_of(call), file.data)]
    if any(uses_of(name, statement, file.data) for name in bound for statement in rest):
        return None
    for statement in rest[:-1]:
        if not _is_domain_call(file, statement, variable):
            break
        chain.followers.append(statement)
    return chain


def with_chain_at(
    file: ElixirFile, definition: Definition, node: Node, first: Call, calls: Sequence[Call]
) -> Chain | None:
    """The chain of a `with` whose neighbouring clauses write, the first of them `node`, when nothing but that
    one's result is used after them."""
    clause = node.parent
    call = clause.parent.parent if clause is not None and clause.parent is not None else None
    target = call.child_by_field_name("target") if call is not None and call.type == "call" else None
    if clause is None or call is None or target is None or target.text != b"with" or is_bang(first):
        return None
    clauses = nodes.arguments_of(call)
    by_value = {other.expression.start_byte: other for other in calls if other.name in ROW_WRITES}
    taken: list[tuple[Node, Call]] = []
    for one in clauses[clauses.index(clause) :] if clause in clauses else ():
        value = one.child_by_field_name("right") if nodes.is_operator(one, "<-") else None
        write = by_value.get(value.start_byte) if value is not None else None
        if write is None or write.expression != value or is_bang(write) or write.module != first.module:
            break
        if written_row(one, file) is None or stores_upload(file, write):
            break
        taken.append((one, write))
    variable = written_row(clause, file)
    if len(taken) < 2 or variable is None or variable.startswith("_"):
        return None
    used = [*clauses[clauses.index(clause) + len(taken) :], *nodes.descendants(call, "do_block")]
    for one, _ in taken[1:]:
        name = written_row(one, file) or ""
        if any(uses_of(name, place, file.data) for place in used):
            return None
    later = [one for one, _ in taken[1:]]
    chain = Chain(None, clause, variable, [write for _, write in taken[1:]], clauses=later)
    if any(
        span.start <= comment.start_byte < span.end for span in chain.deletions for comment in file.comments
    ):
        return None
    return chain


def written_row(clause: Node, file: ElixirFile) -> str | None:
    """`user` of the clause `{:ok, %User{} = user} <- ...`."""
    left = clause.child_by_field_name("left") if nodes.is_operator(clause, "<-") else None
    items = nodes.named(left) if left is not None and left.type == "tuple" else []
    if len(items) != 2 or nodes.atom_literal(items[0], file.data) != "ok":
        return None
    sides = nodes.named(items[1]) if nodes.is_operator(items[1], "=") else [items[1]]
    return next((name for side in sides if (name := nodes.identifier(side, file.data))), None)


def _bound_by_write(call: Call) -> list[str]:
    """The variable that a write's result is given to, by `=` or by a clause of a `with`."""
    clause = call.expression.parent
    if clause is not None and nodes.is_operator(clause, "<-"):
        name = written_row(clause, call.file)
        return [name] if name is not None and not name.startswith("_") else []
    return bound_in_statement(statement_of(call), call.file.data)


def _case_on(node: Node) -> Node | None:
    """The `case` whose subject is `node`, written or piped."""
    parent = node.parent
    if parent is None:
        return None
    case: Node | None = None
    if parent.type == "arguments":
        case = parent.parent
    elif nodes.is_operator(parent, "|>") and parent.child_by_field_name("left") == node:
        case = parent.child_by_field_name("right")
    target = case.child_by_field_name("target") if case is not None and case.type == "call" else None
    if target is None or target.type != "identifier" or target.text != b"case":
        return None
    return case


def _ok_clause(block: Node, file: ElixirFile) -> Node | None:
    found = [
        clause
        for clause in nodes.named(block)
        if clause.type == "stab_clause" and _ok_variable(clause, file) is not None
    ]
    return found[0] if len(found) == 1 else None


def _ok_variable(clause: Node, file: ElixirFile) -> str | None:
    """`user` of `{:ok, user} ->`, `{:ok, %User{} = user} ->`."""
    left = clause.child_by_field_name("left")
    pattern = nodes.named(left)[0] if left is not None and nodes.named(left) else None
    if pattern is None or pattern.type != "tuple":
        return None
    items = nodes.named(pattern)
    if len(items) != 2 or nodes.atom_literal(items[0], file.data) != "ok":
        return None
    names = bound_by(items[1], file.data)
    return names[0] if len(names) == 1 and items[1].type == "identifier" else None


def _is_domain_call(file: ElixirFile, statement: Node, variable: str) -> bool:
    """A call whose result nobody reads, of a module of the application, with nothing of the request."""
    target = statement.child_by_field_name("target") if statement.type == "call" else None
    left = target.child_by_field_name("left") if target is not None and target.type == "dot" else None
    if left is None or left.type != "alias":
        return False
    full = file.resolve(file.text(left), left.start_byte)
    if is_web_name(full) or full.partition(".")[0] in ("Logger", "Task", "Process", "IO", "Phoenix", "Plug"):
        return False
    names = {file.text(node) for node in nodes.descendants(statement, "identifier")}
    if names & set(_OF_THE_REQUEST):
        return False
    return variable in names and not any(
        True for _ in nodes.descendants(statement, "sigil", "anonymous_function")
    )


def chain_body(piece: Piece, excerpts: Excerpts) -> str:
    """The body of the context's function: the folded statements, the Multi, its results."""
    chain = piece.chain
    assert chain is not None
    moved = piece.mover.moved
    steps, lead, told = steps_of(piece, excerpts)
    first = piece.call
    multi = excerpts.aliased("Ecto.Multi")
    repo_node = first.receiver
    repo = excerpts.text(repo_node, moved) if repo_node is not None else "Repo"
    pipeline = pipeline_of(steps, multi, repo, 4)
    done = [excerpts.text(statement, moved) for statement in chain.followers]
    ok = "\n".join([*done, f"{{:ok, {chain.variable}}}"])
    clauses = [
        (f"{{:ok, %{{{steps[0].name}: {chain.variable}}}}}", ok),
        ("{:error, _step, changeset, _changes}", "{:error, changeset}"),
    ]
    text = answered(pipeline, clauses)
    text = f"{told}\n{text}" if told else text
    return f"{lead}\n\n{text}" if lead else text


def steps_of(piece: Piece, excerpts: Excerpts) -> tuple[list[Step], str, str]:
    """The steps of a chain, the folded statements that stay before the Multi, and the comments that go above it."""
    chain = piece.chain
    assert chain is not None
    file, moved = piece.file, piece.mover.moved
    folded = list(piece.folded)
    value_node = nodes.unwrap(piece.call.all_args[0])
    value = excerpts.text(value_node, moved)
    if len(folded) == 1 and value_node.type == "identifier":
        names = bound_in_statement(folded[0], file.data)
        right = folded[0].child_by_field_name("right")
        used = [use for node in chain.statements for use in uses_of(value, node, file.data)]
        if (
            names == [value]
            and right is not None
            and not used
            and right.start_point.row == right.end_point.row
        ):
            value = excerpts.text(right, moved)
            folded = []
    variables: dict[str, str] = {chain.variable: chain.variable}
    rest = tuple(excerpts.text(node, moved) for node in piece.call.all_args[1:])
    steps = [Step(chain.variable, OPERATIONS[piece.call.name], value, (), rest)]
    for call in chain.writes:
        schema = schema_of_call(file, piece.definition, call)
        bound = _bound_by_write(call)
        own = bound[0] if bound else schema_word(schema) if schema else call.name.rstrip("!")
        name = unique(own, [step.name for step in steps])
        node = nodes.unwrap(call.all_args[0])
        needs = tuple(
            (step, variable) for variable, step in variables.items() if uses_of(variable, node, file.data)
        )
        extra = tuple(excerpts.text(argument, moved) for argument in call.all_args[1:])
        steps.append(Step(name, OPERATIONS[call.name], excerpts.text(node, moved), needs, extra))
        if bound:
            variables[bound[0]] = name
    told = [comment for statement in chain.statements for comment in piece.comments_of(statement)]
    lead = block_of([excerpts.lines(piece.lines_of(statement), moved) for statement in folded])
    if len(folded) < len(piece.folded):
        told = [*piece.comments_of(piece.folded[0]), *told]
    return steps, lead, "\n".join(told)


def error_answer(ctx: FixContext, piece: Piece) -> tuple[Edit, ...]:
    """The `{:error, changeset}` clause in the action's format, where it answers success alone."""
    chain = piece.chain
    if chain is None or chain.case is None:
        return ()
    block = nodes.child_of_type(chain.case, "do_block")
    if block is None:
        return ()
    if sum(node.type == "stab_clause" for node in nodes.named(block)) != 1:
        return ()
    case = Call(piece.file, chain.case, "case", None)
    change = error_clause(ctx, piece.definition, case, any_error=False)
    return change[0].edits if change is not None else ()
