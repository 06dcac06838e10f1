"""The calls that hand SQL to a database, and the text that they hand over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.sql_positions import Sql
from otpwise_analyzers.syntax.strings import Template, template_of

SQL_CALLS = frozenset({"query", "query!", "query_many", "query_many!", "stream"})

_DRIVERS = {"Postgrex": "Ecto.Adapters.Postgres", "MyXQL": "Ecto.Adapters.MyXQL"}
_STYLES = {
    "Ecto.Adapters.Postgres": "$",
    "Ecto.Adapters.MyXQL": "?",
    "Ecto.Adapters.SQLite3": "?",
    "Ecto.Adapters.Tds": "@",
    "Exandra": "?",
}
_BY_DEPENDENCY = {"myxql": "Ecto.Adapters.MyXQL", "ecto_sqlite3": "Ecto.Adapters.SQLite3"}


@dataclass(frozen=True)
class SqlCall:
    """A call such as `Repo.query!(sql, params)`.

    `sql_index` is the place of the SQL among the arguments that the function receives; the parameters
    come behind it. `adapter` is the repo's, `Ecto.Adapters.Postgres` when nothing is known.
    """

    call: Call
    sql_index: int
    adapter: str
    through_repo: bool

    @property
    def placeholder(self) -> str:
        """`$`, `?` or `@`; empty for an adapter whose parameters are written in another way."""
        return _STYLES.get(self.adapter, "")

    @property
    def argument(self) -> Node:
        """The SQL as it is handed over: a string, or the variable that holds one."""
        return self.call.all_args[self.sql_index]

    @property
    def parameters(self) -> Node | None:
        """The written list of parameters."""
        arguments = self.call.all_args
        return arguments[self.sql_index + 1] if len(arguments) > self.sql_index + 1 else None

    @cached_property
    def source(self) -> Node:
        """The SQL expression itself: the argument, or what the variable was last given (one step back)."""
        file = self.call.file
        name = nodes.identifier(self.argument, file.data)
        if name is None:
            return self.argument
        found = assignments_of(file, name, self.call.node)
        return found[0] if len(found) == 1 else self.argument

    @cached_property
    def template(self) -> Template | None:
        return template_of(self.source, self.call.file.data)

    @cached_property
    def sql(self) -> Sql | None:
        """The SQL read; None when it is no string that stands here."""
        if self.template is None:
            return None
        return Sql(self.template, mysql=self.adapter == "Ecto.Adapters.MyXQL")


def sql_calls(file: ElixirFile) -> Iterator[SqlCall]:
    """All calls of a file that hand SQL to a database, those inside of `quote` left out."""
    for call in file.calls(*(name for name in sorted(SQL_CALLS) if name.encode() in file.names)):
        if call.receiver is None or call.quoted or call.capture_arity is not None:
            continue
        module = call.module
        if module is None:
            continue
        found: SqlCall | None = None
        if module == "Ecto.Adapters.SQL":
            found = _through_adapter(file, call)
        elif module in _DRIVERS:
            found = SqlCall(call, 1, _DRIVERS[module], through_repo=False)
        elif call.name != "stream" and file.project.is_repo(module):
            found = SqlCall(call, 0, adapter_of(file, module), through_repo=True)
        if found is not None and len(call.all_args) > found.sql_index:
            yield found


_UNSAFE = re.compile(rb"\bunsafe_fragment\b")


def unsafe_fragments(file: ElixirFile) -> Iterator[Node]:
    """The texts that `unsafe_fragment(^text)` and `{:unsafe_fragment, text}` put into a query as they are."""
    if b"unsafe_fragment" not in file.data:
        return
    for match in _UNSAFE.finditer(file.data):
        node = file.root.descendant_for_byte_range(match.start(), match.end())
        parent = node.parent if node is not None else None
        if node is None or parent is None or file.is_quoted(node.start_byte):
            continue
        if node.type == "identifier" and parent.type == "call":
            argument = nodes.first_argument(parent)
            if argument is not None and nodes.operator_of(argument) == "^":
                yield nodes.unwrap(nodes.named(argument)[0])
        elif node.type == "atom" and parent.type == "tuple":
            items = nodes.named(parent)
            if len(items) == 2 and items[0] == node:
                yield nodes.unwrap(items[1])


def _through_adapter(file: ElixirFile, call: Call) -> SqlCall | None:
    if not call.all_args:
        return None
    repo = file.module_name(call.all_args[0])
    return SqlCall(call, 1, adapter_of(file, repo), through_repo=True)


def adapter_of(file: ElixirFile, repo: str | None) -> str:
    """The adapter of a repo; by the dependencies when no repo says so, else PostgreSQL's."""
    known: str = file.project.adapter(repo)
    if known:
        return known
    deps = file.project.deps
    if "postgrex" not in deps:
        for dep, adapter in _BY_DEPENDENCY.items():
            if dep in deps:
                return adapter
    return "Ecto.Adapters.Postgres"


def assignments_of(file: ElixirFile, name: str, before: Node) -> list[Node]:
    """What is assigned to a variable by `name = ...` ahead of a place, in the same definition (or, outside
    of any, in the same file)."""
    definition = file.definition_at(before.start_byte)
    scope = definition.node if definition is not None else file.root
    # Most variables are bound by heads: their text alone says that there is nothing to walk for.
    if (
        re.search(rf"\b{re.escape(name)}\s*=[^=~>]".encode(), file.data[scope.start_byte : before.start_byte])
        is None
    ):
        return []
    found = []
    for node in nodes.descendants(scope, "binary_operator"):
        if node.start_byte >= before.start_byte:
            break
        if not nodes.is_operator(node, "=") or node.end_byte > before.start_byte:
            continue
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is not None and right is not None and nodes.identifier(left, file.data) == name:
            found.append(right)
    return found
