"""Queries of the supported grammar, said in Ecto and read back by a reader of our own: the same query."""

from __future__ import annotations

import re

import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from otpwise_analyzers.project.sql_calls import sql_calls
from otpwise_analyzers.rewrite.ecto_statement import query_of
from otpwise_analyzers.rewrite.sql_statement import statement_of
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.languages import open_file
from tests.proof import project_of
from tests.rewrite.sql_samples import PATH, files_of

_WORD = re.compile(
    r"\s*(?:(?P<atom>:[a-z]+)|(?P<string>\"[^\"]*\")|(?P<number>-?\d[\d_]*)|(?P<word>[a-z_]\w*(?:\.[a-z_]\w*)?:?)"
    r"|(?P<sign>==|!=|<=|>=|[-+*/<>()\[\],^]))"
)
_LEVELS = (("or",), ("and",), ("==", "!="), ("<", "<=", ">", ">="), ("in", "not in"), ("+", "-"), ("*", "/"))
_SQL = {"==": "=", "!=": "<>", "or": "OR", "and": "AND"}


class Reader:
    """Reads a term of Ecto's by Elixir's precedences, and writes it as SQL with every parenthesis."""

    def __init__(self, text: str) -> None:
        self.words: list[str] = []
        at = 0
        while at < len(text.rstrip()):
            match = _WORD.match(text, at)
            assert match is not None, text[at:]
            self.words.append(match[0].strip())
            at = match.end()

    def next(self) -> str:
        return self.words.pop(0) if self.words else ""

    def peek(self) -> str:
        if self.words[:2] == ["not", "in"]:
            return "not in"
        return self.words[0] if self.words else ""

    def expect(self, word: str) -> None:
        found = self.next()
        assert found == word, (found, word)

    def term(self, level: int = 0) -> str:
        if level == len(_LEVELS):
            return self.unary()
        left = self.term(level + 1)
        while self.peek() in _LEVELS[level]:
            sign = self.peek()
            self.next()
            if sign == "not in":
                self.next()
            right = self.term(level + 1)
            left = {
                "in": f"({left} IN {right})",
                "not in": f"(NOT ({left} IN {right}))",
            }.get(sign, f"({left} {_SQL.get(sign, sign)} {right})")
        return left

    def unary(self) -> str:
        word = self.next()
        if word == "not":
            return f"(NOT {self.unary()})"
        if word == "(":
            inner = self.term()
            self.expect(")")
            return inner
        if word == "[":
            return f"({', '.join(self.listed(']'))})"
        if word.startswith('"'):
            return f"'{word[1:-1]}'"
        if word == "^":
            return f":{self.next()}"
        if self.peek() == "(":
            self.next()
            items = self.listed(")")
            if word == "is_nil":
                return f"({items[0]} IS NULL)"
            if word in ("like", "ilike"):
                return f"({items[0]} {word.upper()} {items[1]})"
            if items[-1:] == [":distinct"]:
                return f"{word}(DISTINCT {items[0]})"
            return f"{word}({', '.join(items) or '*'})"
        return word.replace("_", "") if word[:1].isdigit() else word

    def listed(self, closing: str) -> list[str]:
        items = []
        while self.peek() != closing:
            items.append(self.term())
            if self.peek() == ",":
                self.next()
        self.next()
        return items


def said_again(clauses: list[tuple[str, str]]) -> str:
    """The clauses of a `from` as SQL."""
    parts: dict[str, str] = {"join": ""}
    for word, text in clauses:
        if word == "from" or word.endswith("join"):
            binding, _, table = text.partition(" in ")
            named = f"{table.strip(chr(34))} AS {binding}"
            if word == "from":
                parts["from"] = named
            else:
                parts["join"] += f" {word.replace('_', ' ')} {named}"
        elif word == "on":
            parts["join"] += f" ON {Reader(text).term()}"
        elif word in ("order_by", "group_by", "select"):
            parts[word] = text
        else:
            parts[word] = Reader(text).term()
    distinct = "DISTINCT " if "distinct" in parts else ""
    selected = ", ".join(Reader(parts["select"][1:-1] + "]").listed("]"))
    sql = f"SELECT {distinct}{selected} FROM {parts['from']}{parts['join']}"
    if "where" in parts:
        sql += f" WHERE {parts['where']}"
    if "group_by" in parts:
        sql += f" GROUP BY {', '.join(Reader(parts['group_by'].strip('[]') + ']').listed(']'))}"
    if "having" in parts:
        sql += f" HAVING {parts['having']}"
    if "order_by" in parts:
        sql += f" ORDER BY {_order(parts['order_by'])}"
    for word in ("limit", "offset"):
        if word in parts:
            sql += f" {word.upper()} {parts[word]}"
    return sql


def _order(text: str) -> str:
    found = []
    for item in re.split(r", (?![^(]*\))", text.strip("[]")):
        match = re.fullmatch(r"(asc|desc)(_nulls_first|_nulls_last)?: (.*)", item)
        direction = (match[1] + (match[2] or "").replace("_", " ")).upper() if match else ""
        found.append(f"{Reader(match[3] if match else item).term()} {direction}")
    return ", ".join(found)


# -- the grammar -----------------------------------------------------------------------------------

columns = st.sampled_from(["v.age", "v.page", "w.kind", "w.id"])
literals = st.one_of(st.integers(0, 3_000_000).map(str), st.sampled_from(["'x'", "'a%'", "-5", "$1", "$2"]))
numbers = st.recursive(
    st.one_of(columns, st.integers(0, 999).map(str)),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
    max_leaves=3,
)
atoms = st.one_of(
    st.tuples(numbers, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), literals).map(" ".join),
    st.tuples(columns, st.sampled_from(["IS NULL", "IS NOT NULL"])).map(" ".join),
    st.tuples(columns, st.sampled_from(["IN", "NOT IN"]), literals, literals).map(
        lambda t: f"{t[0]} {t[1]} ({t[2]}, {t[3]})"
    ),
    st.tuples(columns, st.sampled_from(["LIKE", "NOT LIKE", "ILIKE"]), st.sampled_from(["'a%'", "$1"])).map(
        " ".join
    ),
    st.tuples(columns, st.sampled_from(["BETWEEN", "NOT BETWEEN"]), literals, literals).map(
        lambda t: f"{t[0]} {t[1]} {t[2]} AND {t[3]}"
    ),
    columns,
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(" ".join),
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda t: f"({' '.join(t)})"),
        inner.map(lambda c: f"NOT ({c})"),
    ),
    max_leaves=6,
)
outputs = st.one_of(
    numbers,
    st.sampled_from(
        ["count(*)", "count(v.age)", "count(DISTINCT w.id)", "sum(v.age)", "avg(w.id)", "min(v.age)"]
    ),
)
orders = st.tuples(
    columns, st.sampled_from(["", "ASC", "DESC"]), st.sampled_from(["", "NULLS FIRST", "NULLS LAST"])
).map(" ".join)


@st.composite
def statements(draw: st.DrawFn) -> str:
    join = draw(st.sampled_from(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]))
    chosen = ", ".join(draw(st.lists(outputs, min_size=1, max_size=3)))
    distinct = draw(st.sampled_from(["", "DISTINCT "]))
    sql = f"SELECT {distinct}{chosen} FROM visits v {join} wishes w ON {draw(conditions)}"
    if draw(st.booleans()):
        sql += f" WHERE {draw(conditions)}"
    if draw(st.booleans()):
        sql += f" GROUP BY {', '.join(draw(st.lists(columns, min_size=1, max_size=2)))}"
        if draw(st.booleans()):
            sql += f" HAVING count(*) > {draw(st.integers(0, 9))}"
    if draw(st.booleans()):
        sql += f" ORDER BY {', '.join(draw(st.lists(orders, min_size=1, max_size=2)))}"
    if draw(st.booleans()):
        sql += f" LIMIT {draw(st.integers(1, 99))} OFFSET {draw(st.integers(0, 9))}"
    return sql


def same(sql: str) -> str:
    """A statement in one form: no parentheses but those of its tree, BETWEEN and negations spelt out."""
    (tree,) = sqlglot.parse(sql, read="postgres")
    assert tree is not None

    def plain(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Paren):
            return node.this
        if isinstance(node, exp.Column) and not node.args.get("table"):
            return node
        if isinstance(node, exp.Not) and isinstance(node.this, exp.Not):
            return node.this.this
        if isinstance(node, exp.Between):
            made: exp.Expression = exp.And(
                this=exp.GTE(this=node.this.copy(), expression=node.args["low"]),
                expression=exp.LTE(this=node.this.copy(), expression=node.args["high"]),
            )
            return exp.Not(this=made) if node.args.get("negate") else made
        if isinstance(node, (exp.Like, exp.ILike, exp.Is, exp.In)) and node.args.get("negate"):
            node.set("negate", None)
            return exp.Not(this=node)
        return node

    def flat(node: exp.Expression) -> str:
        if isinstance(node, (exp.And, exp.Or)):
            return f"[{type(node).__name__} {' '.join(flat(one) for one in node.flatten())}]"
        if isinstance(node, (exp.Join, exp.Ordered)):
            node.set("kind", None)
        inner = " ".join(
            f"{key}={'; '.join(flat(v) if isinstance(v, exp.Expression) else str(v) for v in (value if isinstance(value, list) else [value]))}"
            for key, value in sorted(node.args.items())
            if value not in (None, False, [])
        )
        return f"({type(node).__name__} {inner})"

    previous = ""
    while previous != repr(tree):
        previous = repr(tree)
        tree = tree.transform(plain)
    return flat(tree)


@settings(max_examples=150, deadline=None)
@given(statements())
def test_said_again_it_is_the_same(sql: str) -> None:
    used = sorted(set(re.findall(r"\$\d", sql)))
    if used == ["$2"]:
        sql = sql.replace("$2", "$1")
    parameters = ", ".join(["p1", "p2"][: len(used)])
    files = files_of(f'Repo.query!("{sql}", [{parameters}])')
    file = open_file(PATH, files[PATH], project=project_of(files).view(PATH))
    assert isinstance(file, ElixirFile)
    (call,) = sql_calls(file)
    query = query_of(statement_of(file, call), file.project, str)
    clauses: list[tuple[str, str]] = []
    for clause in query.clauses:
        if clause.source is not None:
            clauses.append((clause.word, f"{clause.source.binding} in {clause.table}"))
        else:
            terms = [text for text, _ in clause.terms]
            clauses.append((clause.word, " and ".join(f"({text})" for text in terms) or clause.term))
    clauses.append(("select", f"[{', '.join(query.selected)}]"))
    again = said_again(clauses)
    given = re.sub(r"\$(\d)", r":p\1", sql)
    assert same(again) == same(given), again
