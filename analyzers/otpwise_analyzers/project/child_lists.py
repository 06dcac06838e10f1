"""Reads the expressions that children lists are made of.

A list is followed through variables, `++`, branches, filters, comprehensions and the module's own functions.
What it holds in one branch only is conditional; what cannot be known without running it stays in its place
as an entry without a module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tree_sitter import Node

from otpwise_analyzers.project.child_entries import MOST_TEXT, WITH_DEFAULT, Entry, EntryReader
from otpwise_analyzers.project.child_facts import Child
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.following import Called, Chosen, Value

_MOST_ELEMENTS = 32
_NIL_TESTS = re.compile(
    r"&\s*(is_nil/1|Kernel\.is_nil/1|\(?\s*(not\s+is_nil\(&1\)|!?is_nil\(&1\)|&1\s*[!=]=\s*nil|&1|!&1|!!&1)\s*\)?)$"
)
_ENDS = frozenset({"raise", "reraise", "throw", "exit"})
_ENDING = frozenset({"System.halt", "System.stop", ":erlang.halt", ":init.stop", "Kernel.exit"})
_ELIXIR_OWN = frozenset(
    {"Access", "Application", "Code", "Kernel", "Keyword", "Map", "MapSet", "Module", "Process", "System"}
)
_SPEC_CHANGES = frozenset({"put", "put_new", "merge", "replace", "replace!", "update", "update!"})


class ChildReader(EntryReader):
    """Reads the children lists of one module."""

    # -- lists -------------------------------------------------------------------------------------

    def entries(self, value: Value) -> list[Entry]:
        """The children that an expression stands for, be it one of them or a list of them."""
        return self._entries(value) or []

    def answered(self, at: Value, name: str, args: Sequence[Value]) -> list[Entry]:
        """The children that a function of the module answers with."""
        return self._of_helper(at, name, args) or []

    def _entries(self, value: Value) -> list[Entry] | None:
        """The same; None for an expression that never answers (`raise`)."""
        node, scope = nodes.unwrap(value.node), value.scope
        value = value.at(node)
        if not self.spend(scope):
            return [self._unknown(value)]
        match node.type:
            case "list":
                return self._of_list(value)
            case "nil" | "boolean":
                return []
            case "alias":
                return [self._of_module(value)]
            case "atom":
                return [] if self.text(node) in (":ok", ":ignore", ":error") else [self._of_module(value)]
            case "identifier":
                return self._of_identifier(value)
            case "tuple":
                return [self._of_tuple(value)]
            case "map":
                return self._of_map(value)
            case "block":
                statements = nodes.block_statements(node)
                return self._entries(value.at(statements[-1])) if statements else []
            case "binary_operator" | "unary_operator":
                return self._of_operator(value)
            case "call":
                called = self.called(value)
                return self._of_call(value, called) if called is not None else [self._unknown(value)]
        return [self._unknown(value)]

    def _of_list(self, value: Value) -> list[Entry]:
        found: list[Entry] = []
        for item in nodes.named(value.node):
            if item.type == "keywords":
                continue
            if nodes.is_operator(item, "|"):
                for side in nodes.named(item):
                    found.extend(self.entries(value.at(side)))
            else:
                found.extend(self.entries(value.at(item)))
        return found

    def _of_identifier(self, value: Value) -> list[Entry] | None:
        node, scope = value
        if self.text(node) == "__MODULE__":
            return [Entry(Child(self.module.name), node)]
        bound = self.variable(node, scope)
        if bound is not None:
            return self._entries(bound)
        if self.is_unbound(node, scope):
            return self._of_helper(value, self.text(node), [])
        return [self._unknown(value)]

    def _of_operator(self, value: Value) -> list[Entry] | None:
        node = value.node
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        match nodes.operator_of(node):
            case "++" if left is not None and right is not None:
                one, other = self._entries(value.at(left)), self._entries(value.at(right))
                return None if one is None or other is None else [*one, *other]
            case "--" if left is not None:
                return [entry.under("unless taken out") for entry in self.entries(value.at(left))]
            case "|>":
                called = self.called(value)
                return self._of_call(value, called) if called is not None else [self._unknown(value)]
            case "=" if right is not None:
                return self._entries(value.at(right))
            case "&&" | "and" if left is not None and right is not None:
                return [one.under(f"if {self._brief(left)}") for one in self.entries(value.at(right))]
            case "||" | "or" if left is not None and right is not None:
                sides = [(self._brief(left), self.entries(value.at(left)))]
                return merged([*sides, (f"unless {self._brief(left)}", self.entries(value.at(right)))])
            case "@":
                attribute = self.attribute(node)
                return self._entries(attribute) if attribute is not None else [self._unknown(value)]
            case "&":
                known = self.resolve(value)
                if known is not None and known.node != node:
                    return self._entries(known)
        return [self._unknown(value)]

    # -- calls -------------------------------------------------------------------------------------

    def _of_call(self, value: Value, called: Called) -> list[Entry] | None:
        if called.receiver is None:
            return self._of_local_call(value, called)
        module = self.module_name(value.at(called.receiver))
        name, args = called.name, called.args
        if module is None:
            return [self._unknown(value)]
        written = f"{module}.{name}"
        if written in _ENDING:
            return None
        if module == self.module.name and self.module.clauses(name, len(args)):
            return self._of_helper(value, name, args)
        if written == "Supervisor.child_spec" and args:
            return self._overridden(self.entries(args[0]), args[1] if len(args) > 1 else None)
        if module == "Supervisor.Spec" and name in ("worker", "supervisor") and args:
            return [self._of_old_spec(value, name, args)]
        if module in ("Enum", "List", "Stream", "Kernel"):
            return self._of_collection(value, name, args)
        if written in WITH_DEFAULT and len(args) == 3:
            return [entry.under("by default") for entry in self.entries(args[2])]
        if module in ("Map", "Keyword") and name in _SPEC_CHANGES and args:
            return self._changed_spec(called)
        if "child_spec" in name:
            return [self._of_child_spec(value, module, name, args)]
        if not args and called.node.child_by_field_name("target") is not None:
            if nodes.arguments_node(called.node) is None and called.receiver.type != "alias":
                return [self._unknown(value)]
        if module.partition(".")[0] in _ELIXIR_OWN or module.startswith(":"):
            return [self._unknown(value)]
        return [Entry(Child(source=f"{written}/{len(args)}"), value.node)]

    def _of_local_call(self, value: Value, called: Called) -> list[Entry] | None:
        name, args = called.name, called.args
        if name in _ENDS:
            return None
        match name:
            case "if" | "unless":
                return self._of_if(value, called)
            case "case":
                return self._of_case(value, called)
            case "cond" | "with" | "try" | "receive":
                return self._of_clauses(value, called)
            case "for":
                return self._of_comprehension(value, called)
            case "then" if len(args) == 2:
                return self._applied(args[1], [args[0]])
        if self.module.clauses(name, len(args)):
            return self._of_helper(value, name, args)
        if name in ("worker", "supervisor") and args:
            return [self._of_old_spec(value, name, args)]
        return [self._unknown(value)]

    def _of_helper(self, value: Value, name: str, args: Sequence[Value]) -> list[Entry] | None:
        """The children that a function of the module answers with."""
        if not self.spend(value.scope):
            return [self._unknown(value)]
        reached = self.reached(name, args, value.scope)
        if not reached:
            return [Entry(Child(source=f"{name}/{len(args)}"), value.node)]
        options = []
        for chosen in reached:
            result = self._entries(Value(chosen.clause.statements[-1], chosen.scope))
            if result is not None:
                options.append((self._clause_label(chosen), result))
        if not options:
            return None
        return options[0][1] if len(reached) == 1 else merged(options)

    def _clause_label(self, chosen: Chosen) -> str:
        clause = chosen.clause
        around = nodes.whole_pipeline(clause.node).parent
        while around is not None and around.type in ("do_block", "else_block", "body"):
            is_else = around.type == "else_block"
            around = around.parent
            if around is not None and around.type == "call":
                word = nodes.identifier(around.child_by_field_name("target"), self.data)
                condition = nodes.first_argument(around)
                if word in ("if", "unless") and condition is not None:
                    return f"{_word(word, is_else)} {self._brief(condition)}"
        label = self._brief(clause.head) if clause.head is not None else clause.name
        return f"{label} when {self._brief(clause.guard)}"[:MOST_TEXT] if clause.guard else label

    # -- branches ----------------------------------------------------------------------------------

    def _of_if(self, value: Value, called: Called) -> list[Entry] | None:
        if not called.args:
            return [self._unknown(value)]
        test = called.args[0].node
        condition = self._brief(test)
        block = nodes.child_of_type(called.node, "do_block")
        if block is not None:
            then = nodes.block_statements(block)[-1:]
            other = nodes.child_of_type(block, "else_block")
            otherwise = nodes.block_statements(other)[-1:] if other is not None else []
        else:
            keywords = nodes.last_keywords(called.node, self.data)
            then = [keywords["do"]] if "do" in keywords else []
            otherwise = [keywords["else"]] if "else" in keywords else []
        if test.type in ("boolean", "nil"):
            return self._last(value, then if (condition == "true") == (called.name == "if") else otherwise)
        return self._alternatives(
            (
                (f"{_word(called.name, is_else)} {condition}", self._last(value, branch))
                for branch, is_else in ((then, False), (otherwise, True))
            )
        )

    def _of_case(self, value: Value, called: Called) -> list[Entry] | None:
        block = nodes.child_of_type(called.node, "do_block")
        if block is None or not called.args:
            return [self._unknown(value)]
        subject = self._brief(called.args[0].node)
        found: list[tuple[str, list[Entry] | None]] = []
        for clause in nodes.block_statements(block):
            left = clause.child_by_field_name("left") if clause.type == "stab_clause" else None
            if left is None:
                continue
            bound: dict[str, Value] = {}
            patterns = nodes.named(left)
            fits = None
            if len(patterns) == 1 and left.type == "arguments":
                fits = self.matches(patterns[0], called.args[0], bound)
                if patterns[0].type == "identifier" and not self.text(patterns[0]).startswith("_"):
                    fits = None
            if fits is False:
                continue
            inner = Value(clause, value.scope.binding(bound))
            label = f"{subject} is {self._brief(left)}"
            if patterns and patterns[0].type == "identifier":
                label = f"{subject} is anything else"
            found.append((label, self._last(inner, self._body(clause))))
            if fits:
                break
        return self._alternatives(found)

    def _of_clauses(self, value: Value, called: Called) -> list[Entry] | None:
        """`cond`, `with`, `try`, `receive`: each way out is an alternative."""
        block = nodes.child_of_type(called.node, "do_block")
        if block is None:
            keywords = nodes.last_keywords(called.node, self.data)
            if "do" not in keywords:
                return [self._unknown(value)]
            return self._alternatives(
                (called.name if key == "do" else "otherwise", self._last(value, [keywords[key]]))
                for key in ("do", "else")
                if key in keywords
            )
        found: list[tuple[str, list[Entry] | None]] = []
        statements = nodes.block_statements(block)
        if not any(one.type == "stab_clause" for one in statements):
            found.append((called.name, self._last(value, statements[-1:])))
        blocks = [block, *(one for one in block.named_children if one.type in nodes.CLAUSE_BLOCKS)]
        for part in blocks:
            if part.type == "after_block" and called.name == "try":
                continue
            for clause in nodes.block_statements(part):
                if clause.type == "stab_clause":
                    left = clause.child_by_field_name("left")
                    label = self._brief(left) if left is not None else ""
                    label = "otherwise" if label in ("true", "_") else f"if {label}"
                    found.append((label, self._last(value, self._body(clause))))
        return self._alternatives(found)

    def _body(self, clause: Node) -> list[Node]:
        right = clause.child_by_field_name("right")
        return nodes.block_statements(right)[-1:] if right is not None else []

    def _last(self, value: Value, statements: list[Node]) -> list[Entry] | None:
        return self._entries(value.at(statements[-1])) if statements else []

    def _alternatives(self, found: Iterable[tuple[str, list[Entry] | None]]) -> list[Entry] | None:
        alive = [(label, entries) for label, entries in found if entries is not None]
        return merged(alive) if alive else None

    # -- collections -------------------------------------------------------------------------------

    def _of_collection(self, value: Value, name: str, args: list[Value]) -> list[Entry] | None:
        if not args:
            return [self._unknown(value)]
        match name:
            case "concat" | "++" if len(args) == 2:
                return [*self.entries(args[0]), *self.entries(args[1])]
            case "concat" | "flatten" | "wrap" | "uniq" | "to_list" | "into" | "uniq_by" | "dedup":
                return self._entries(args[0])
            case "reverse":
                return list(reversed(self.entries(args[0])))
            case "filter" | "reject":
                entries = self.entries(args[0])
                if len(args) > 1 and _NIL_TESTS.match(" ".join(self.text(args[1].node).split())):
                    return entries
                if len(args) > 1 and args[1].node.type == "anonymous_function":
                    if "nil" in self.text(args[1].node) and len(self.text(args[1].node)) < 40:
                        return entries
                kept = "if Enum.filter keeps it" if name == "filter" else "unless Enum.reject drops it"
                return [entry.under(kept) for entry in entries]
            case "map" | "flat_map" if len(args) == 2:
                return self._mapped(args[0], args[1])
            case "insert_at" if len(args) == 3:
                at, entries = self.integer(args[1]), self.entries(args[0])
                if at is not None and at >= 0:
                    return [*entries[:at], *self.entries(args[2]), *entries[at:]]
                return [*entries, *self.entries(args[2])]
            case "reduce" if len(args) == 3:
                return [*self.entries(args[1]), *self._reduced(args[1], args[2])]
        return [self._unknown(value)]

    def _mapped(self, collection: Value, function: Value) -> list[Entry]:
        elements = self._elements(collection)
        if elements is not None:
            return [entry for one in elements for entry in self._applied(function, [one]) or []]
        return [entry.changed(is_repeated=True) for entry in self._applied(function, [None]) or []]

    def _reduced(self, start: Value, function: Value) -> list[Entry]:
        """What one round of a reduction adds."""
        known = self.resolve(start)
        empty = known is not None and known.node.type == "list" and not nodes.named(known.node)
        found = self._applied(function, [None, start if empty else None])
        return [entry.changed(is_repeated=True) for entry in found or []]

    def _elements(self, collection: Value) -> list[Value] | None:
        """The expressions in a list that is written out."""
        known = self.resolve(collection)
        if known is None or known.node.type != "list":
            return None
        items = nodes.named(known.node)
        if len(items) > _MOST_ELEMENTS or any(
            item.type == "keywords" or nodes.is_operator(item, "|") for item in items
        ):
            return None
        return [known.at(item) for item in items]

    def _of_comprehension(self, value: Value, called: Called) -> list[Entry] | None:
        block = nodes.child_of_type(called.node, "do_block")
        if block is not None:
            body = nodes.block_statements(block)[-1:]
        else:
            keywords = nodes.last_keywords(called.node, self.data)
            body = [keywords["do"]] if "do" in keywords else []
        parts = [argument.node for argument in called.args if argument.node.type != "keywords"]
        if len(parts) == 1 and nodes.is_operator(parts[0], "<-"):
            left, right = parts[0].child_by_field_name("left"), parts[0].child_by_field_name("right")
            elements = self._elements(value.at(right)) if right is not None else None
            if elements is not None and left is not None:
                found: list[Entry] = []
                for one in elements:
                    bound: dict[str, Value] = {}
                    if self.matches(left, one, bound) is not False:
                        found.extend(self._last(Value(value.node, value.scope.binding(bound)), body) or [])
                return found
        return [entry.changed(is_repeated=True) for entry in self._last(value, body) or []]

    def _applied(self, function: Value, args: Sequence[Value | None]) -> list[Entry] | None:
        """What a function that is written there answers for these arguments (None: not known)."""
        node = nodes.unwrap(function.node)
        if node.type == "identifier":
            known = self.resolve(function)
            if known is None or known.node == node:
                return [self._unknown(function)]
            function, node = known, known.node
        if node.type == "anonymous_function":
            return self._applied_clauses(function.at(node), args)
        if not nodes.is_operator(node, "&"):
            return [self._unknown(function)]
        operand = node.child_by_field_name("operand")
        if operand is None:
            return [self._unknown(function)]
        operand = nodes.unwrap(operand)
        given = {f"&{index}": one for index, one in enumerate(args, 1) if one is not None}
        if nodes.is_operator(operand, "/"):
            return self._applied_name(function.at(operand), args)
        return self._entries(Value(operand, function.scope.binding(given)))

    def _applied_name(self, function: Value, args: Sequence[Value | None]) -> list[Entry] | None:
        """`&build/1` and `&MyApp.Specs.build/1`."""
        left = function.node.child_by_field_name("left")
        if left is None:
            return [self._unknown(function)]
        if left.type == "identifier":
            name = self.text(left)
            if self.module.clauses(name, len(args)):
                # An argument that is not known is a variable that is bound nowhere.
                placed = [one if one is not None else Value(function.node, function.scope) for one in args]
                return self._of_helper(function, name, placed)
            return [self._unknown(function)]
        return [Entry(Child(source=f"{self.text(left).removesuffix('()')}/{len(args)}"), function.node)]

    def _applied_clauses(self, function: Value, args: Sequence[Value | None]) -> list[Entry] | None:
        found: list[tuple[str, list[Entry] | None]] = []
        for clause in nodes.named(function.node):
            if clause.type != "stab_clause":
                continue
            left = clause.child_by_field_name("left")
            params = nodes.named(left) if left is not None and left.type == "arguments" else []
            bound: dict[str, Value] = {}
            fits = [self.matches(param, arg, bound) for param, arg in zip(params, args, strict=False)]
            if False in fits:
                continue
            inner = Value(clause, function.scope.binding(bound))
            found.append(("", self._last(inner, self._body(clause))))
            if None not in fits and all(arg is not None for arg in args):
                break
        return self._alternatives(found)


def _word(word: str, is_else: bool) -> str:
    return "unless" if (word == "if") == is_else else "if"


def merged(alternatives: Sequence[tuple[str, list[Entry]]]) -> list[Entry]:
    """The entries of several branches in one order: what all of them have is unconditional, what only some
    have carries the labels of those. A branch that is missing (an `if` without `else`) counts as empty."""
    if len(alternatives) == 1:
        return alternatives[0][1]
    # Each with the condition that it has in each of its branches.
    result: list[tuple[Entry, dict[int, str]]] = []
    for index, (_, entries) in enumerate(alternatives):
        at = 0
        for number, entry in enumerate(entries):
            found = _place_of(entry, index, result, at)
            if found is None:
                # Behind what only earlier branches have, before what this one shares with them.
                coming = {later.key for later in entries[number + 1 :]}
                while at < len(result) and result[at][0].key not in coming:
                    at += 1
                result.insert(at, (entry, {index: entry.child.condition}))
                at += 1
            else:
                known, conditions = result[found]
                conditions[index] = entry.child.condition
                result[found] = (
                    known.changed(has_options=known.child.has_options or entry.child.has_options),
                    conditions,
                )
                at = found + 1
    labels = [label for label, _ in alternatives]
    return [entry.changed(condition=_condition(labels, conditions)) for entry, conditions in result]


def _place_of(entry: Entry, index: int, result: list[tuple[Entry, dict[int, str]]], start: int) -> int | None:
    for place in range(start, len(result)):
        known, conditions = result[place]
        if known.key == entry.key and index not in conditions:
            return place
    return None


def _condition(labels: list[str], conditions: dict[int, str]) -> str:
    """When an entry is there that these branches have, each under a condition of its own."""
    inner = set(conditions.values())
    if len(conditions) == len(labels) and len(inner) == 1:
        return inner.pop()
    parts: list[str] = []
    for index, own in conditions.items():
        part = ", ".join(filter(None, (labels[index], own)))
        subject, word, rest = part.partition(" is ")
        if word and parts and parts[-1].startswith(f"{subject} is "):
            part = rest
        parts.append(part)
    text = " or ".join(dict.fromkeys(filter(None, parts)))
    return text if len(text) <= 2 * MOST_TEXT else f"{text[: 2 * MOST_TEXT - 1]}…"
