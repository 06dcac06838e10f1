"""The module with a schema's composable queries: which it is, what it has already, what comes to it."""

from __future__ import annotations

import re
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.findings import FileChange
from otpwise_analyzers.project import places
from otpwise_analyzers.project.roles import is_web_name
from otpwise_analyzers.project.view import FixContext
from otpwise_analyzers.rewrite import aliases, layout, like_escape
from otpwise_analyzers.rewrite.context import NewFunction, Target, added
from otpwise_analyzers.rewrite.naming import plural, schema_word, spoken, underscored
from otpwise_analyzers.rewrite.query_chain import chain_of
from otpwise_analyzers.rewrite.query_conditions import filter_of, nameless, parts_of
from otpwise_analyzers.rewrite.query_filters import BINDING, Filter, is_free
from otpwise_analyzers.rewrite.query_steps import ordering_of, preload_of
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition, Module

_VALUE = re.compile(r"\^(\d)")
_FORMS = (
    "{parent}.{last}Query",
    "{parent}.{last}Queries",
    "{schema}.Query",
    "{schema}.Queries",
    "{schema}Query",
    "{parent}.Queries.{last}",
    "{parent}.Queries.{last}Query",
)
# One module for all of a context: taken where it is about the schema, never made.
_SHARED = ("{parent}.Queries", "{parent}.Query")


class Step(NamedTuple):
    """A function of the module, and which of its filter's values it takes at which place."""

    name: str
    order: tuple[int, ...]


class QueryModule:
    """The module for one schema. `binding` is the name of the query's rows, `""` where the base gives none."""

    def __init__(self, target: Target, schema: str, binding: str, variable: str, *, specs: bool) -> None:
        self.target = target
        self.schema = schema
        self.binding = binding
        self.variable = variable
        self._specs = specs
        self._has_base = False
        self._functions: list[tuple[str, int, str]] = []
        self._known: dict[tuple[str, str, str], Step] = {}
        self._escapes = False
        if target.module is not None and target.file is not None:
            self._read(target.file, target.module)

    @property
    def name(self) -> str:
        return self.target.name

    # -- what there is -----------------------------------------------------------------------------

    def _read(self, file: ElixirFile, module: Module) -> None:
        for name, clauses in module.definitions_by_name.items():
            clause = clauses[0]
            if name == "base" and any(one.min_arity == 0 for one in clauses):
                self._has_base = True
            if len(clauses) != 1 or clause.kind != "def" or len(clause.statements) != 1 or not clause.params:
                continue
            found = _as_filter(file, clause)
            if found is None:
                continue
            one, params = found
            order = [_place(one, argument) for argument in params]
            if None in order or sorted(o for o in order if o is not None) != list(range(len(one.arguments))):
                continue
            step = Step(name, tuple(o for o in order if o is not None))
            self._known.setdefault(_key(one), step)

    # -- what comes --------------------------------------------------------------------------------

    def step(self, wanted: Filter) -> Step | None:
        """The function for a filter, an old one where one means the same; None when all names are taken."""
        key = _key(wanted)
        known = self._known.get(key)
        if known is not None:
            return known
        arity = len(wanted.params) + 1
        name = next((name for name in wanted.names if self._is_free(name, arity)), None)
        if name is None:
            return None
        step = self._known[key] = Step(name, tuple(range(len(wanted.params))))
        self._functions.append((name, arity, self._text(name, wanted)))
        self._escapes = self._escapes or bool(wanted.escapes)
        return step

    def _is_free(self, name: str, arity: int) -> bool:
        if name != "paginate" and not is_free(name):
            return False
        module = self.target.module
        if module is not None and module.defines(name):
            return False
        return all(taken != name for taken, _, _ in self._functions)

    def _text(self, name: str, wanted: Filter) -> str:
        lines = [f'@doc "{wanted.doc}"']
        if wanted.is_nameless:
            lines.insert(0, "# TODO: name this for what the condition means.")
        if self._specs:
            types = ", ".join(["Ecto.Queryable.t()", *(_type(param) for param in wanted.params)])
            lines.append(f"@spec {name}({types}) :: Ecto.Query.t()")
        head = f"def {name}({', '.join(['query', *wanted.params])})"
        if wanted.guard:
            head += f" when {wanted.guard}({wanted.params[0]})"
        if wanted.word == "paginate":
            body = "query |> limit(^per_page) |> offset(^((page - 1) * per_page))"
            return "\n".join([*lines, f"{head} do", f"  {body}", "end"])
        body = self._body(wanted)
        one_line = f"{head}, do: {body}"
        if layout.fits(one_line, "  "):
            return "\n".join([*lines, one_line])
        return "\n".join([*lines, f"{head} do", f"  {body}", "end"])

    def _body(self, wanted: Filter) -> str:
        if wanted.word == "preload":
            return f"preload(query, {wanted.condition})"
        clause = _VALUE.sub(lambda m: f"^{_value(wanted, int(m[1]))}", wanted.condition)
        clause = re.sub(rf"(?<![\w.]){BINDING}(?![\w])", self.variable, clause)
        return f"{wanted.word}(query, {self.bindings}, {clause})"

    @property
    def bindings(self) -> str:
        return f"[{self.binding}: {self.variable}]" if self.binding else f"[{self.variable}]"

    def _written_schema(self) -> tuple[str, bool]:
        """The schema as the module writes it, and whether that takes a new alias."""
        if self.target.module is None:
            return self.schema.rpartition(".")[2], "." in self.schema
        return aliases.short_name(self.target.module, self.schema) or (self.schema, False)

    def change(self) -> FileChange | None:
        """What comes to the module; None when it cannot be written."""
        word = schema_word(self.schema)
        many = spoken(plural(word))
        about = f"Queries of {many}, to be composed: each function takes a query and returns one."
        texts = [text for _, _, text in self._functions]
        aliased: tuple[str, ...] = ()
        if not self._has_base:
            schema, is_new = self._written_schema()
            aliased = (self.schema,) if is_new else ()
            lines = [f'@doc "All {many}; a query calls them `:{self.binding}`."']
            if self._specs:
                lines.append("@spec base() :: Ecto.Query.t()")
            lines.append(f"def base, do: from({self.variable} in {schema}, as: :{self.binding})")
            texts.insert(0, "\n".join(lines))
        if self._escapes and (self.target.module is None or not self.target.module.defines("escape_like", 1)):
            texts.append(like_escape.FUNCTION)
        if not texts:
            return FileChange(self.target.path, ())
        if any(
            len(line) + 2 > layout.WIDTH for text in texts for line in text.split("\n") if "@doc" not in line
        ):
            return None
        functions = [
            NewFunction(text, aliased if n == 0 else (), ("Ecto.Query",)) for n, text in enumerate(texts)
        ]
        return added(self.target, functions, about)


def _key(one: Filter) -> tuple[str, str, str]:
    return one.word, one.condition, one.escapes


def _value(wanted: Filter, index: int) -> str:
    param = wanted.params[index]
    if not wanted.escapes:
        return param
    return '"' + wanted.escapes.replace("#{}", f"#{{escape_like({param})}}") + '"'


def _type(param: str) -> str:
    name = param.partition(" ")[0]
    if name in ("page", "per_page"):
        return "pos_integer()"
    if name in ("term", "pattern"):
        return "String.t()"
    return "term()"


def _place(one: Filter, param: str) -> int | None:
    return one.arguments.index(param) if param in one.arguments else None


def _as_filter(file: ElixirFile, clause: Definition) -> tuple[Filter, list[str]] | None:
    """The filter that a function of one clause is, and the names of its parameters behind the query."""
    params = [_param(file, param) for param in clause.params]
    names = [param for param in params if param is not None]
    if len(names) != len(params):
        return None
    if clause.name == "paginate" and len(names) == 3 and "offset" in file.text(clause.node):
        return Filter(("paginate",), "", "", arguments=tuple(names[1:]), word="paginate"), names[1:]
    clause_of = _only_clause(file, clause.statements[0], names[0])
    if clause_of is None:
        return None
    word, value, base = clause_of
    found: Filter | None = None
    if word == "where" and len(parts_of(value)) == 1:
        part = parts_of(value)[0]
        found = filter_of(file, part, base) or nameless(file, part, base)
    elif word == "order_by":
        found = ordering_of(file, value, base)
    elif word == "preload":
        found = preload_of(file, value)
    if found is not None and len(found.arguments) == 1 and found.params == ("pattern",):
        # `"%#{escape_like(term)}%"`: what a filter of ours looks like from outside.
        matched = re.fullmatch(r'"(%?)#\{escape_like\((\w+)\)\}(%?)"', found.arguments[0])
        if matched is not None:
            shape = f"{matched[1]}#{{}}{matched[3]}"
            found = found._replace(escapes=shape, arguments=(matched[2],))
    return (found, names[1:]) if found is not None else None


def _param(file: ElixirFile, node: Node) -> str | None:
    if nodes.is_operator(node, "\\\\"):
        left = node.child_by_field_name("left")
        return nodes.identifier(left, file.data)
    return nodes.identifier(node, file.data)


def _only_clause(file: ElixirFile, body: Node, query: str) -> tuple[str, Node, str | None] | None:
    """The word, the value and the binding of `where(query, [u], ...)` and of `from(u in query, where: ...)`."""
    stages = nodes.pipeline(nodes.unwrap(body))
    call = stages[-1]
    target = call.child_by_field_name("target") if call.type == "call" else None
    word = nodes.identifier(target, file.data)
    arguments = nodes.arguments_of(call)
    if len(stages) == 2:
        arguments = [stages[0], *arguments]
    if word is None or len(stages) > 2 or len(arguments) < 2:
        return None
    first = nodes.unwrap(arguments[0])
    if word == "from":
        left, right = first.child_by_field_name("left"), first.child_by_field_name("right")
        if nodes.operator_of(first) != "in" or nodes.identifier(right, file.data) != query:
            return None
        pairs = nodes.keyword_pairs(arguments[1], file.data)
        if len(pairs) != 1:
            return None
        ((word, value),) = pairs.items()
        return word, value, nodes.identifier(left, file.data)
    if nodes.identifier(first, file.data) != query:
        return None
    if len(arguments) == 2:
        return word, arguments[1], None
    names = nodes.named(arguments[1]) if arguments[1].type == "list" else []
    if len(arguments) != 3 or len(names) != 1:
        return None
    if names[0].type == "keywords":
        variables = list(nodes.keyword_pairs(names[0], file.data).values())
        return word, arguments[2], nodes.identifier(variables[0], file.data)
    return word, arguments[2], nodes.identifier(names[0], file.data)


def query_module(ctx: FixContext, schema: str, name: str | None, caller: Module) -> QueryModule | None:
    """The module for a schema of the project: the one that is there, else one named as the project names them.

    `name` is the `as:` that queries give the schema already. None when it has another in the module.
    """
    located = ctx.project.module(schema)
    if located is None or located.facts.schema is None or is_web_name(schema):
        return None
    word = schema_word(schema)
    target = _target(ctx, schema, located.path)
    if target is None or target.name == caller.name:
        return None
    binding = name or word
    specs = b"@spec" in (target.file.data if target.file is not None else ctx.file.data)
    if target.file is not None and target.module is not None:
        if "Ecto.Query" not in target.module.imports or target.file.root.has_error:
            return None
        base = _base_name(target.file, target.module, schema)
        if base is None:
            return None
        if base != "?":
            binding = base
        if name is not None and name != binding:
            return None
    return QueryModule(target, schema, binding, word[0], specs=specs)


def _base_name(file: ElixirFile, module: Module, schema: str) -> str | None:
    """The `as:` of the module's `base/0`: "" for none, "?" without such a function, None for another base."""
    clauses = module.definitions_by_name.get("base", [])
    if not clauses:
        return "?"
    if len(clauses) != 1 or clauses[0].kind != "def" or clauses[0].params or len(clauses[0].statements) != 1:
        return None
    body = nodes.unwrap(clauses[0].statements[0])
    if body.type == "alias" and file.resolve(file.text(body), body.start_byte) == schema:
        return ""
    chain = chain_of(file, body)
    if chain is None or chain.stages or chain.tail or chain.schema != schema:
        return None
    return chain.name or ""


def _target(ctx: FixContext, schema: str, path: str) -> Target | None:
    parent, _, last = schema.rpartition(".")
    for form in (*_FORMS, *_SHARED):
        name = form.format(parent=parent, last=last, schema=schema).lstrip(".")
        located = ctx.project.module(name)
        if located is None or located.facts.schema is not None:
            continue
        file = ctx.open(located.path)
        module = next((m for m in file.modules if m.name == name), None) if file is not None else None
        is_readable = file is not None and module is not None and places.is_production_code(located.path)
        if form in _SHARED:
            if file is None or module is None or not is_readable or not _is_about(ctx, file, module, schema):
                continue
        elif not is_readable:
            return None
        return Target(name, located.path, file, module)
    form = _form_of(ctx)
    name = form.format(parent=parent, last=last, schema=schema).lstrip(".")
    folder, slash, _ = path.rpartition("/")
    inside = name.removeprefix(f"{parent}.") if parent else name
    new = f"{folder}{slash}{underscored(inside)}.ex"
    if ctx.exists(new) or ctx.project.module(name) is not None:
        return None
    return Target(name, new, None, None)


def _is_about(ctx: FixContext, file: ElixirFile, module: Module, schema: str) -> bool:
    """Whether the queries of a module are of this schema and of no other."""
    named = {
        file.resolve(file.text(alias), alias.start_byte)
        for definition in module.definitions
        for alias in nodes.descendants(definition.node, "alias")
    }
    return {name for name in named if ctx.project.schema(name) is not None} == {schema}


def _form_of(ctx: FixContext) -> str:
    """How the project names its query modules; as the guide does where it has none."""
    counts = dict.fromkeys(_FORMS, 0)
    schemas: set[str] = set()
    others: list[str] = []
    for located in ctx.project.modules():
        facts = located.facts
        if facts.schema is not None:
            schemas.add(facts.name)
        elif "Quer" in facts.name:
            others.append(facts.name)
    wanted = set(others)
    for schema in schemas if wanted else ():
        parent, _, last = schema.rpartition(".")
        for form in _FORMS:
            if form.format(parent=parent, last=last, schema=schema).lstrip(".") in wanted:
                counts[form] += 1
                break
    best = max(_FORMS, key=lambda form: counts[form])
    return best if counts[best] else _FORMS[0]
