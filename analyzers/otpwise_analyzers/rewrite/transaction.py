"""Puts the writes of a function into one transaction, where they stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tree_sitter import Node

from otpwise_analyzers.findings import Change
from otpwise_analyzers.project.repo_calls import ROW_WRITES, WRITES, is_bang, repo_calls
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.project.write_paths import longest_path
from otpwise_analyzers.rewrite import aliases
from otpwise_analyzers.rewrite.bodies import deepened
from otpwise_analyzers.rewrite.excerpt import block_of, dedented
from otpwise_analyzers.rewrite.layout import (
    change_of,
    column,
    indent_of,
    line_end,
    line_start,
    reindent,
    statement_span,
)
from otpwise_analyzers.rewrite.multi import OPERATIONS, Step, TooWide, answered, pipeline_of, unique
from otpwise_analyzers.rewrite.naming import plural, schema_word
from otpwise_analyzers.rewrite.subject import schema_of_call
from otpwise_analyzers.rewrite.write_chain import Chain, chain_at, statement_of
from otpwise_analyzers.source.edits import Edit, Span
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module
from otpwise_analyzers.syntax.variables import bound_in_statement, uses_of


def in_transaction(at: int) -> Callable[[FixContext], Change | None]:
    """Builds the transaction around the writes of the clause that begins at byte `at`.

    None when their results are answered in a way that cannot be carried over.
    """
    return partial(_build, at)


def _build(at: int, ctx: FixContext) -> Change | None:
    file = ctx.file
    definition = file.definition_at(at)
    if definition is None or definition.node.start_byte != at or definition.module is None:
        return None
    writes = [call for call in repo_calls(file, WRITES) if call.definition is definition]
    path = longest_path(file, definition.statements, writes)
    if len(path) < 2 or len(path) != len(writes):
        return None
    try:
        edits = (
            _case(file, definition, definition.module, path)
            or _with(ctx, definition, definition.module, path)
            or _raising(file, definition, path)
        )
    except TooWide:
        return None
    return (change_of(file, edits),) if edits else None


# -- case Repo.insert(changeset) do {:ok, user} -> Repo.insert!(...) ----------------------------------


def _case(
    file: ElixirFile, definition: Definition, module: Module, path: Sequence[Call]
) -> list[Edit] | None:
    first = path[0]
    if first.name not in ROW_WRITES or is_bang(first):
        return None
    node = nodes.whole_pipeline(first.expression)
    subject = first.expression
    chain = chain_at(file, definition, subject, first, path, whole=True)
    if chain is None or chain.case is None or len(chain.writes) + 1 != len(path):
        return None
    whole = node if nodes.is_operator(node, "|>") and nodes.encloses(node, chain.case) else chain.case
    if whole.parent is None or whole.parent.type not in ("do_block", "body"):
        return None
    block = nodes.child_of_type(chain.case, "do_block")
    if block is None:
        return None
    clauses = [child for child in nodes.named(block) if child.type == "stab_clause"]
    steps, variables = _steps(file, first, chain)
    indent = indent_of(file, whole)
    repo = file.text(first.receiver) if first.receiver is not None else "Repo"
    multi = aliases.short_name(module, "Ecto.Multi") or ("Ecto.Multi", False)
    pipeline = pipeline_of(steps, multi[0], repo, len(indent))
    edits: list[Edit] = []
    for clause in clauses:
        pattern = _pattern(clause)
        if pattern is None:
            return None
        if clause == chain.clause:
            body = clause.child_by_field_name("right")
            rest = [s for s in nodes.named(body) if s not in chain.statements] if body is not None else []
            used = [
                f"{step}: {name}"
                for name, step in variables.items()
                if name == chain.variable or any(uses_of(name, s, file.data) for s in rest)
            ]
            edits.append(Edit(pattern.start_byte, pattern.end_byte, f"{{:ok, %{{{', '.join(used)}}}}}"))
            continue
        edit = _failed(file, pattern)
        if edit is None:
            return None
        edits.append(edit)
    do = block.children[0]
    edits.append(Edit(whole.start_byte, do.end_byte, reindent(f"{pipeline}\n|> case do", indent).lstrip()))
    edits.extend(Edit(*statement_span(file, statement), "") for statement in chain.statements)
    if multi[1]:
        edits.extend(aliases.added(module, ["Ecto.Multi"]) or [])
    return edits


def _pattern(clause: Node) -> Node | None:
    left = clause.child_by_field_name("left")
    inside = nodes.named(left) if left is not None and left.type == "arguments" else []
    return inside[0] if len(inside) == 1 else None


def _failed(file: ElixirFile, pattern: Node) -> Edit | None:
    """`{:error, _step, changeset, _changes}` of `{:error, changeset}`."""
    items = nodes.named(pattern) if pattern.type == "tuple" else []
    if len(items) != 2 or nodes.atom_literal(items[0], file.data) != "error":
        return None
    value = file.text(items[1])
    return Edit(pattern.start_byte, pattern.end_byte, f"{{:error, _step, {value}, _changes}}")


def _steps(file: ElixirFile, first: Call, chain: Chain) -> tuple[list[Step], dict[str, str]]:
    variables = {chain.variable: chain.variable}
    steps = [_step(file, first, chain.variable, {})]
    for call in chain.writes:
        bound = bound_in_statement(statement_of(call), file.data)
        name = unique(bound[0] if bound else _name_of(file, call), [step.name for step in steps])
        steps.append(_step(file, call, name, variables))
        if bound:
            variables[bound[0]] = name
    return steps, variables


def _name_of(file: ElixirFile, call: Call) -> str:
    schema = schema_of_call(file, call.definition, call) if call.definition is not None else None
    word = schema_word(schema) if schema is not None else call.name.rstrip("!")
    return plural(word) if call.name.endswith("_all") and schema is not None else word


def _step(file: ElixirFile, call: Call, name: str, variables: dict[str, str]) -> Step:
    arguments = call.all_args
    value = nodes.unwrap(arguments[0])
    if any(uses_of(v, rest, file.data) for v in variables for rest in arguments[1:]):
        # The updates of `Multi.update_all` are no function of the earlier results.
        raise TooWide
    needs = tuple(
        (step, variable)
        for variable, step in variables.items()
        if (value.type == "identifier" and file.text(value) == variable)
        or uses_of(variable, value, file.data)
    )
    rest = tuple(_text(file, argument) for argument in arguments[1:])
    return Step(name, OPERATIONS[call.name], _text(file, value), needs, rest)


def _text(file: ElixirFile, node: Node) -> str:
    return dedented(file.text(node).replace("\r\n", "\n"), indent_of(file, node))


# -- with {:ok, user} <- Repo.insert(...), {:ok, entry} <- Repo.insert(...) do ------------------------


def _with(ctx: FixContext, definition: Definition, module: Module, path: Sequence[Call]) -> list[Edit] | None:
    file = ctx.file
    found = [call for call in definition.calls("with") if nodes.encloses(call.node, path[0].node)]
    if len(found) != 1 or found[0].do_block is None or found[0].node.parent is None:
        return None
    call = found[0]
    block = call.do_block
    if block is None or call.node.parent is None or call.node.parent.type not in ("do_block", "body"):
        return None
    if any(child.type in nodes.CLAUSE_BLOCKS for child in block.named_children):
        return None
    body = nodes.block_statements(block)
    version = ctx.project.version("ecto")
    if version is not None and version >= (3, 13) and body and file.text(body[-1]).startswith("{:ok,"):
        return _transact(file, call.node, path[0])
    steps: list[Step] = []
    variables: dict[str, str] = {}
    for argument in call.args:
        left, right = argument.child_by_field_name("left"), argument.child_by_field_name("right")
        if not nodes.is_operator(argument, "<-") or left is None or right is None:
            return None
        write = next((w for w in path if w.expression == right), None)
        items = nodes.named(left) if left.type == "tuple" else []
        name = nodes.identifier(items[1], file.data) if len(items) == 2 else None
        if write is None or write.name not in ROW_WRITES or is_bang(write) or name is None:
            return None
        if nodes.atom_literal(items[0], file.data) != "ok":
            return None
        plain = name.lstrip("_") or _name_of(file, write)
        if plain in variables.values():
            return None
        steps.append(_step(file, write, plain, variables))
        if not name.startswith("_"):
            variables[name] = plain
    if len(steps) != len(path):
        return None
    indent = indent_of(file, call.node)
    repo = file.text(path[0].receiver) if path[0].receiver is not None else "Repo"
    multi = aliases.short_name(module, "Ecto.Multi") or ("Ecto.Multi", False)
    pipeline = pipeline_of(steps, multi[0], repo, len(indent))
    used = [f"{s}: {v}" for v, s in variables.items() if any(uses_of(v, n, file.data) for n in body)]
    done = block_of([_text(file, statement) for statement in body])
    if any(nodes.encloses(call.node, comment) for comment in file.comments):
        return None
    text = answered(
        pipeline,
        [
            (f"{{:ok, %{{{', '.join(used)}}}}}" if used else "{:ok, _changes}", done),
            ("{:error, _step, changeset, _changes}", "{:error, changeset}"),
        ],
    )
    edits = [Edit(call.node.start_byte, call.node.end_byte, reindent(text, indent).lstrip())]
    if multi[1]:
        edits.extend(aliases.added(module, ["Ecto.Multi"]) or [])
    return edits


def _transact(file: ElixirFile, node: Node, write: Call) -> list[Edit]:
    repo = file.text(write.receiver) if write.receiver is not None else "Repo"
    indent = indent_of(file, node)
    span = Span(line_start(file, node.start_byte), line_end(file, node.end_byte))
    return [
        Edit(span.start, span.start, f"{indent}{repo}.transact(fn ->\n"),
        *deepened(file, node, span),
        Edit(span.end, span.end, f"\n{indent}end)"),
    ]


# -- writes that raise, one below the other -----------------------------------------------------------


def _raising(file: ElixirFile, definition: Definition, path: Sequence[Call]) -> list[Edit] | None:
    block = definition.do_block
    if block is None or not all(is_bang(call) for call in path):
        return None
    statements = definition.statements
    tops = [statement_of(call) for call in path]
    if any(top not in statements for top in tops):
        return None
    first, last = statements.index(tops[0]), statements.index(tops[-1])
    inside, after = statements[first : last + 1], statements[last + 1 :]
    if any(column(file, s.start_byte) != column(file, inside[0].start_byte) for s in inside):
        return None
    bound = list(dict.fromkeys(n for s in inside for n in bound_in_statement(s, file.data)))
    used = [name for name in bound if any(uses_of(name, s, file.data) for s in after)]
    indent = indent_of(file, inside[0])
    repo = file.text(path[0].receiver) if path[0].receiver is not None else "Repo"
    answers = _answers_ok(file, after)
    span = Span(line_start(file, inside[0].start_byte), line_end(file, inside[-1].end_byte))
    if answers is not None:
        # `{:ok, user}` is what a transaction answers by itself.
        end = line_end(file, after[0].end_byte)
        between = file.data[span.end : after[0].start_byte]
        if between.strip():
            return None
        return [
            Edit(span.start, span.start, f"{indent}{repo}.transaction(fn ->\n"),
            *deepened(file, definition.node, span),
            Edit(after[0].start_byte, after[0].end_byte, f"  {answers}"),
            Edit(end, end, f"\n{indent}end)"),
        ]
    if not after:
        if nodes.is_operator(statements[-1], "=") or b"result" in file.data[span.start : span.end]:
            return None
        return [
            *_opened(
                file, definition, span, f"{indent}{{:ok, result}} =\n{indent}  {repo}.transaction(fn ->\n"
            ),
            Edit(span.end, span.end, f"\n{indent}  end)\n\n{indent}result"),
        ]
    if not used:
        return [
            Edit(span.start, span.start, f"{indent}{repo}.transaction(fn ->\n"),
            *deepened(file, definition.node, span),
            Edit(span.end, span.end, f"\n{indent}end)" + _gap(file, span.end)),
        ]
    value_text = used[0] if len(used) == 1 else "{" + ", ".join(used) + "}"
    return [
        Edit(
            span.start, span.start, f"{indent}{{:ok, {value_text}}} =\n{indent}  {repo}.transaction(fn ->\n"
        ),
        *[edit._replace(new="    ") for edit in deepened(file, definition.node, span)],
        Edit(span.end, span.end, f"\n{indent}    {value_text}\n{indent}  end)" + _gap(file, span.end)),
    ]


def _opened(file: ElixirFile, definition: Definition, span: Span, opening: str) -> list[Edit]:
    """`opening` before the lines of `span`, which go two levels deeper."""
    deeper = [edit._replace(new="    ") for edit in deepened(file, definition.node, span)]
    return [Edit(span.start, span.start, opening), *deeper]


def _gap(file: ElixirFile, end: int) -> str:
    """An empty line where none follows: the formatter wants one behind several lines."""
    following = file.data[end:].splitlines()[1:2]
    return "" if not following or not following[0].strip() else "\n"


def _answers_ok(file: ElixirFile, after: Sequence[Node]) -> str | None:
    """`user` when `{:ok, user}` is all that follows."""
    items = nodes.named(after[0]) if len(after) == 1 and after[0].type == "tuple" else []
    if len(items) != 2 or nodes.atom_literal(items[0], file.data) != "ok" or "\n" in file.text(items[1]):
        return None
    return file.text(items[1])
