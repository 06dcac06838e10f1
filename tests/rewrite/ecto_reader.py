"""Reads a call of a repo with an Ecto query in it, and says the query as SQL with every parenthesis.

Knows the words that the translation of SQL writes, and nothing of how it writes them.
"""

from __future__ import annotations

from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.parser import parse

_SIGNS = {"==": "=", "!=": "<>", "or": "OR", "and": "AND", "in": "IN"}
_JOINS = {
    ":inner": "JOIN",
    ":left": "LEFT JOIN",
    ":right": "RIGHT JOIN",
    ":full": "FULL JOIN",
    ":cross": "CROSS JOIN",
}
_KEYWORD_JOINS = {
    "join": ":inner",
    "left_join": ":left",
    "right_join": ":right",
    "full_join": ":full",
    "cross_join": ":cross",
}
# The table and the keys of the associations that the samples have.
ASSOCIATIONS = {
    (":team"): ("teams", "id", "team_id"),
    (":members"): ("users", "team_id", "id"),
    (":owner"): ("users", "id", "owner_id"),
    (":boss"): ("users", "id", "boss_id"),
    (":reports"): ("users", "boss_id", "id"),
    (":owned"): ("teams", "owner_id", "id"),
}
_TABLES = {"User": "users", "Team": "teams"}


class Reader:
    """One text; `called` are the bindings by the names that inner queries have for them."""

    def __init__(self, text: str) -> None:
        self.data = text.encode()
        self.called: dict[str, str] = {}

    def text(self, node: Node | None) -> str:
        assert node is not None
        return nodes.text_of(node, self.data)

    # -- the call ------------------------------------------------------------------------------------

    def statement(self) -> str:
        """The SQL of the first call of `Repo`."""
        for call in nodes.descendants(parse(self.data).root_node, "call"):
            target = call.child_by_field_name("target")
            if target is None or not self.text(target).startswith("Repo."):
                continue
            function = self.text(target).removeprefix("Repo.")
            given = nodes.arguments_of(call)
            pipe = call.parent
            if (
                nodes.is_operator(pipe, "|>")
                and pipe is not None
                and pipe.child_by_field_name("right") == call
            ):
                query = self.piped(pipe.child_by_field_name("left"))
            elif function == "insert_all":
                return self.inserted(given)
            else:
                query = self.query(given.pop(0))
            if function in ("update_all",):
                assert self.text(given[0]) == "[]"
            return said(query, {"delete_all": "DELETE", "update_all": "UPDATE"}.get(function, "SELECT"))
        raise AssertionError("no call of Repo")

    def inserted(self, given: list[Node]) -> str:
        rows = []
        names: list[str] = []
        for row in nodes.named(given[1]):
            pairs = self.pairs(next(nodes.descendants(row, "keywords")))
            names = [key for key, _ in pairs]
            rows.append(f"({', '.join(self.inserted_value(value) for _, value in pairs)})")
        sql = f"INSERT INTO {self.table(given[0])} ({', '.join(names)}) VALUES {', '.join(rows)}"
        options = dict(self.pairs(given[2])) if len(given) > 2 else {}
        if "on_conflict" in options:
            assert self.text(options["on_conflict"]) == ":nothing"
            target = (
                [self.text(one)[1:] for one in nodes.named(options["conflict_target"])]
                if ("conflict_target" in options)
                else []
            )
            columns = f"({', '.join(target)}) " if target else ""
            sql += f" ON CONFLICT {columns}DO NOTHING"
        return sql

    def inserted_value(self, node: Node) -> str:
        return f":{self.text(node)}" if node.type == "identifier" else self.term(node)

    # -- queries -------------------------------------------------------------------------------------

    def query(self, node: Node) -> dict[str, list[str]]:
        """A query in keywords, or a table by itself."""
        target = node.child_by_field_name("target")
        parts: dict[str, list[str]] = {}
        if node.type != "call" or target is None or self.text(target) != "from":
            parts["from"] = [f"{self.table(node)} AS x"]
            return parts
        given = nodes.arguments_of(node)
        pairs = self.pairs(given[1]) if len(given) > 1 else []
        self.first(parts, given[0], pairs)
        for key, value in pairs:
            if key in _KEYWORD_JOINS:
                self.joined(parts, _KEYWORD_JOINS[key], value, pairs[pairs.index((key, value)) + 1 :])
            elif key not in ("as", "on", "prefix"):
                self.clause(parts, key, value)
        return parts

    def piped(self, node: Node | None) -> dict[str, list[str]]:
        assert node is not None
        if not nodes.is_operator(node, "|>"):
            parts: dict[str, list[str]] = {"start": [self.text(node)]}
            return parts
        parts = self.piped(node.child_by_field_name("left"))
        call = node.child_by_field_name("right")
        assert call is not None
        macro = self.text(call.child_by_field_name("target"))
        given = nodes.arguments_of(call)
        if macro == "join":
            bindings = [self.text(one) for one in nodes.named(given[1])]
            self.start(parts, bindings[0])
            options = self.pairs(given[3]) if len(given) > 3 else []
            self.joined(parts, self.text(given[0]), given[2], options)
            return parts
        if macro in ("limit", "offset", "lock") or len(given) == 1:
            self.clause(parts, macro, given[0])
            return parts
        bindings = [self.text(one) for one in nodes.named(given[0])]
        self.start(parts, bindings[0])
        known = [one.rpartition(" ")[2] for one in parts["bindings"]]
        assert bindings == known[: len(bindings)], (bindings, known)
        self.clause(parts, macro, given[1])
        return parts

    def start(self, parts: dict[str, list[str]], binding: str) -> None:
        """The first table gets its binding by the first step that names one."""
        if "start" not in parts:
            return
        start = parts.pop("start")[0]
        made = Reader(start)
        node = made.expression()
        if start.startswith("from("):
            given = nodes.arguments_of(node)
            source, options = given[0], made.pairs(given[1])
        else:
            source, options = node, []
        made.called = self.called
        parts["from"] = [f"{made.prefixed(options)}{made.table(source)} AS {binding}"]
        parts["bindings"] = [binding]
        for key, value in options:
            if key == "as":
                self.called[made.text(value)] = binding

    def first(self, parts: dict[str, list[str]], node: Node, pairs: list[tuple[str, Node]]) -> None:
        own = []
        for key, value in pairs:
            if key not in ("as", "prefix"):
                break
            own.append((key, value))
        self.named(parts, "from", "", node, own)

    def joined(
        self, parts: dict[str, list[str]], kind: str, node: Node, pairs: list[tuple[str, Node]]
    ) -> None:
        own = []
        for key, value in pairs:
            if key not in ("as", "prefix", "on"):
                break
            own.append((key, value))
        self.named(parts, "join", f"{_JOINS[kind]} ", node, own)

    def named(
        self, parts: dict[str, list[str]], word: str, before: str, node: Node, pairs: list[tuple[str, Node]]
    ) -> None:
        binding = self.text(node.child_by_field_name("left"))
        source = node.child_by_field_name("right")
        assert source is not None
        options = dict(pairs)
        if "as" in options:
            self.called[self.text(options["as"])] = binding
        conditions = []
        if self.text(source).startswith("assoc("):
            of, name = (self.text(one) for one in nodes.arguments_of(source))
            table, related, owner = ASSOCIATIONS[name]
            conditions.append(f"({binding}.{related} = {of}.{owner})")
        else:
            table = self.table(source)
        if "on" in options:
            conditions.append(self.term(options["on"]))
        on = f" ON {' AND '.join(conditions)}" if conditions else ""
        parts.setdefault(word, []).append(f"{before}{self.prefixed(pairs)}{table} AS {binding}{on}")
        parts.setdefault("bindings", []).append(binding)

    def prefixed(self, pairs: list[tuple[str, Node]]) -> str:
        found = [self.text(value).strip('"') for key, value in pairs if key == "prefix"]
        return f"{found[0]}." if found else ""

    def table(self, node: Node) -> str:
        text = self.text(node)
        if node.type == "string":
            return text.strip('"')
        if node.type == "call":
            return f"({said(self.query(nodes.arguments_of(node)[0]), 'SELECT')})"
        return _TABLES[text]

    def clause(self, parts: dict[str, list[str]], word: str, node: Node) -> None:
        if word in ("order_by", "distinct"):
            made = ["true"] if self.text(node) == "true" else self.orders(node)
        elif word == "select":
            made = self.selected(node)
        elif word == "group_by":
            made = [self.term(one) for one in (nodes.named(node) if node.type == "list" else [node])]
        elif word == "update":
            keywords = node if node.type == "keywords" else nodes.named(node)[0]
            ((_, changes),) = self.pairs(keywords)
            inner = changes if changes.type == "keywords" else nodes.named(changes)[0]
            made = [f"{key} = {self.term(value)}" for key, value in self.pairs(inner)]
        elif word == "lock":
            made = [self.text(node).strip('"')]
        else:
            made = [self.term(node)]
        parts.setdefault(word, []).extend(made)

    def selected(self, node: Node) -> list[str]:
        if node.type == "list":
            return [self.term(one) for one in nodes.named(node)]
        if node.type == "map":
            keywords = next(nodes.descendants(node, "keywords"))
            return [f"{self.term(value)} AS {key}" for key, value in self.pairs(keywords)]
        return [self.term(node)]

    def orders(self, node: Node) -> list[str]:
        if node.type == "list" and nodes.named(node) and nodes.named(node)[0].type == "keywords":
            node = nodes.named(node)[0]
        if node.type != "keywords":
            return [self.term(one) for one in (nodes.named(node) if node.type == "list" else [node])]
        return [
            f"{self.term(value)} {key.replace('_', ' ', 1).replace('_', ' ').upper()}"
            for key, value in self.pairs(node)
        ]

    def pairs(self, node: Node) -> list[tuple[str, Node]]:
        found = []
        for pair in nodes.named(node):
            key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
            assert value is not None
            found.append((self.text(key).strip().removesuffix(":"), value))
        return found

    # -- terms ---------------------------------------------------------------------------------------

    def expression(self) -> Node:
        return parse(self.data).root_node.named_children[0]

    def term(self, node: Node) -> str:
        node = nodes.unwrap(node)
        text = self.text(node)
        if node.type == "binary_operator":
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            assert left is not None and right is not None
            sign = " ".join((nodes.operator_of(node) or "").split())
            if sign == "not in":
                return f"(NOT ({self.term(left)} IN {self.term(right)}))"
            return f"({self.term(left)} {_SIGNS.get(sign, sign)} {self.term(right)})"
        if node.type == "unary_operator":
            operand = nodes.named(node)[0]
            sign = nodes.operator_of(node)
            if sign == "^":
                return f":{self.text(operand)}"
            return f"(NOT {self.term(operand)})" if sign == "not" else f"-{self.term(operand)}"
        if node.type == "integer":
            return text.replace("_", "")
        if node.type == "boolean":
            return text.upper()
        if node.type == "nil":
            return "NULL"
        if node.type == "string":
            return "'" + text[1:-1].replace('\\"', '"').replace("'", "''") + "'"
        if node.type == "list":
            return f"({', '.join(self.term(one) for one in nodes.named(node))})"
        assert node.type == "call", (node.type, text)
        return self.called_term(node)

    def called_term(self, node: Node) -> str:
        target = node.child_by_field_name("target")
        assert target is not None
        if target.type == "dot":
            left, right = target.child_by_field_name("left"), target.child_by_field_name("right")
            assert left is not None
            if left.type == "call":
                return f"{self.called[self.text(nodes.arguments_of(left)[0])]}.{self.text(right)}"
            return f"{self.text(left)}.{self.text(right)}"
        name, given = self.text(target), nodes.arguments_of(node)
        if name in ("subquery", "exists"):
            inner = f"({said(self.query(given[0]), 'SELECT')})"
            return f"(EXISTS {inner})" if name == "exists" else inner
        if name == "fragment":
            pieces = self.text(given[0])[1:-1].replace('\\"', '"').split("?")
            values = [self.term(one) for one in given[1:]]
            assert len(pieces) == len(values) + 1
            return "(" + pieces[0] + "".join(v + p for v, p in zip(values, pieces[1:], strict=True)) + ")"
        if given and self.text(given[-1]) == ":distinct":
            return f"{name}(DISTINCT {self.term(given[0])})"
        items = [self.term(one) for one in given]
        if name == "is_nil":
            return f"({items[0]} IS NULL)"
        if name in ("like", "ilike"):
            return f"({items[0]} {name.upper()} {items[1]})"
        if name == "filter":
            return f"{items[0]} FILTER (WHERE {items[1]})"
        assert name in ("count", "sum", "avg", "min", "max", "coalesce"), name
        return f"{name}({', '.join(items) or '*'})"


def said(parts: dict[str, list[str]], verb: str) -> str:
    """The clauses of a query as SQL."""
    joins = "".join(f" {one}" for one in parts.get("join", []))
    where = f" WHERE {' AND '.join(parts['where'])}" if "where" in parts else ""
    table = parts["from"][0]
    if verb == "DELETE":
        assert not joins
        return f"DELETE FROM {table}{where}"
    if verb == "UPDATE":
        assert not joins
        return f"UPDATE {table} SET {', '.join(parts['update'])}{where}"
    distinct = ""
    orders = parts.get("order_by", [])
    if "distinct" in parts and parts["distinct"] == ["true"]:
        distinct = "DISTINCT "
    elif "distinct" in parts:
        bare = [one.removesuffix(" ASC").partition(" DESC")[0] for one in parts["distinct"]]
        distinct = f"DISTINCT ON ({', '.join(bare)}) "
        orders = parts["distinct"] + orders
    sql = f"SELECT {distinct}{', '.join(parts['select'])} FROM {table}{joins}{where}"
    for word, keyword in (("group_by", "GROUP BY"), ("having", "HAVING")):
        if word in parts:
            sql += f" {keyword} {(', ' if word == 'group_by' else ' AND ').join(parts[word])}"
    if orders:
        sql += f" ORDER BY {', '.join(orders)}"
    for word in ("limit", "offset"):
        if word in parts:
            sql += f" {word.upper()} {parts[word][0]}"
    return sql + (f" {parts['lock'][0]}" if "lock" in parts else "")
