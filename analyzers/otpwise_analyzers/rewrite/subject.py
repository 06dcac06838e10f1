"""What a repo call is about: which schema's rows, which context they belong to, what one is called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.project import places
from otpwise_analyzers.project.roles import app_prefix, is_web_name
from otpwise_analyzers.project.view import ProjectView
from otpwise_analyzers.rewrite.naming import camelized, schema_word, singular
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call, as_call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.modules import Definition
from otpwise_analyzers.syntax.variables import bound_by

# Modules that may call a repo but are about something else than a domain.
_NO_DOMAIN = re.compile(
    r"(Serializer|Mailer|Emails?|Release|Telemetry|Factory|Helpers?|Guardian|Seeds?|Seeder|Migrator|Worker|Query|"
    r"Queries|Policy|Loader|Resolver|Plug|Auth|Application|Repo|Cache|Notifier|Schemas?|Models?|Types|Entities)$"
)
# What follows the resource in the name of a web module.
RESOURCE = re.compile(r"(Controller|Live|Channel|Component|View)$")
# Name spaces of one kind of module, whatever it is about.
_GATHERS = re.compile(r"(^|\.)(Schemas?|Models?|Types|Entities|Structs|Queries)$")
_VERB = re.compile(
    r"^(get|list|fetch|find|load|all|read|search|create|update|insert|build|new|change|query)_"
)
_TAIL = re.compile(r"_(by|for|with|of|from|in|query)(_.*)?$")
# What is left of `get_by`, `all`, `find_one` and says nothing of the rows.
_NO_NOUN = frozenset(
    {"by", "all", "one", "first", "last", "base", "get", "list", "find", "fetch", "scope", "id"}
)
# Variables that say nothing of what is in them.
_VAGUE = frozenset(
    {
        *(
            "changeset",
            "query",
            "data",
            "struct",
            "record",
            "row",
            "rows",
            "item",
            "items",
            "result",
            "value",
        ),
        *("params", "attrs", "conn", "socket", "assigns", "self", "schema", "queryable", "model", "resource"),
        *("acc", "opts", "state", "multi", "list", "entity", "object", "existing", "updated", "new"),
    }
)
_NO_ROWS = frozenset({"params", "attrs", "opts", "conn", "socket", "assigns"})


class Subject(NamedTuple):
    """What a repo call is about.

    `word` names one row. `context` is the module that its function belongs into, None when that has to be
    chosen. `source` is the function of that context which gave the value: `get_user!`.
    """

    word: str
    schema: str | None = None
    context: str | None = None
    source: str | None = None


def subject_of(file: ElixirFile, definition: Definition, call: Call) -> Subject | None:
    """What a repo call reads or writes; None when nothing says it."""
    values = call.all_args
    if not values:
        return None
    value = nodes.unwrap(values[0])
    if nodes.identifier(value, file.data) in _NO_ROWS:
        return None
    found = _of_source(file, value)
    if found is not None:
        return found
    schema = schema_of_call(file, definition, call)
    associated = _association_in(file, value)
    if schema is None and associated is not None:
        # A `has_many` through another association says no module.
        one = singular(associated[1])
        schema = schema_named(file.project, [one])
        return Subject(one, schema, home_of(file, definition, schema) if schema is not None else None)
    if schema is None:
        pattern = answer_pattern(call)
        schema = _struct_in(file, pattern) if pattern is not None else None
    if schema is not None:
        return Subject(schema_word(schema), schema, home_of(file, definition, schema))
    if value.type == "identifier":
        found = _of_binding(file, definition, value)
        if found is not None:
            return found
    word = _word_of(file, call, value)
    schema = schema_named(file.project, [word]) if word is not None else None
    if schema is None:
        schema = _schema_in_spec(file, definition) or _schema_of_module(file, definition)
    if schema is not None:
        return Subject(schema_word(schema), schema, home_of(file, definition, schema))
    return Subject(singular(word)) if word is not None else None


def home_of(file: ElixirFile, definition: Definition, schema: str) -> str | None:
    """The context above a schema; None when it stands directly below the app, or in the web layer."""
    parent = schema.rpartition(".")[0]
    while parent and (_GATHERS.search(parent) or file.project.schema(parent) is not None):
        parent = parent.rpartition(".")[0]
    prefix = prefix_of(file, definition, schema)
    return parent if parent and "." in parent and parent != prefix and not is_web_name(parent) else None


def prefix_of(file: ElixirFile, definition: Definition, schema: str | None) -> str:
    """`MyApp`: the name space of the application that has the schema, or that a web module belongs to."""
    name = definition.module.name if definition.module is not None else ""
    prefix = app_prefix(name) or name.partition(".")[0]
    root = schema.partition(".")[0] if schema is not None and "." in schema else ""
    return root if root and root != prefix.partition(".")[0] else prefix


def is_domain(project: ProjectView, name: str) -> bool:
    """Whether a module of the project could be a context: no schema, process, helper, or web module."""
    located = project.module(name)
    if located is None or is_web_name(name) or _NO_DOMAIN.search(name):
        return False
    facts = located.facts
    return (
        facts.schema is None
        and facts.adapter is None
        and not facts.behaviours
        and not facts.supervisors
        and places.is_production_code(located.path)
        and not any(
            use.module.partition(".")[0] in ("GenServer", "Agent", "Supervisor", "Phoenix", "Plug", "Oban")
            or use.argument is not None
            for use in facts.uses
        )
    )


def _of_source(file: ElixirFile, value: Node) -> Subject | None:
    """`Blog.get_post!(id) |> ...`: what a function of a context gives belongs to that context."""
    for stage in nodes.pipeline(value):
        if stage.type == "alias":
            return None
        call = as_call(file, stage)
        if call is None or call.receiver is None or call.module is None or not call.is_invocation:
            if stage.type in ("identifier", "access_call", "call"):
                continue
            return None
        full = known_module(file, call.module) or call.module
        if file.project.is_repo(full) or not is_domain(file.project, full):
            return None
        word, schema = _row_of(file.project, full, call.name)
        return Subject(word, schema, full, call.name)
    return None


def _row_of(project: ProjectView, context: str, function: str) -> tuple[str, str | None]:
    """The word for one row of what a context's function gives, and its schema when its name says that."""
    stem = _TAIL.sub("", _VERB.sub("", function.rstrip("!?")))
    parts = stem.split("_")
    own = schema_word(context)
    for word in [*("_".join(parts[index:]) for index in range(len(parts))), own]:
        name = f"{context}.{camelized(singular(word))}"
        if project.schema(name) is not None:
            return singular(word), name
    if stem in _NO_NOUN or "changeset" in stem or not stem:
        return singular(own), None
    return singular(stem), None


def _of_binding(file: ElixirFile, definition: Definition, variable: Node) -> Subject | None:
    """The same, of the variable that such a value was given to."""
    name = file.text(variable)
    found: Subject | None = None
    for value, pattern in _matches(definition):
        if value.end_byte <= variable.start_byte and any(
            node.type == "identifier" and file.text(node) == name
            for node in (pattern, *nodes.descendants(pattern, "identifier"))
        ):
            found = _of_source(file, nodes.unwrap(value)) or found
    if found is None:
        return None
    schema = schema_named(file.project, [found.word]) if found.schema is None else None
    if schema is not None:
        return Subject(found.word, schema, home_of(file, definition, schema) or found.context)
    return found._replace(source=None)


def _matches(definition: Definition) -> Iterator[tuple[Node, Node]]:
    """Each value with the pattern that it is matched against: `=`, `<-`, the clauses of a `case`."""
    for node in nodes.descendants(definition.node, "binary_operator", "stab_clause"):
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            continue
        if node.type == "stab_clause":
            subject = _subject_of_clause(node)
            if subject is not None:
                yield subject, left
        elif nodes.operator_of(node) in ("=", "<-"):
            yield right, left


def _subject_of_clause(clause: Node) -> Node | None:
    case = clause.parent.parent if clause.parent is not None else None
    target = case.child_by_field_name("target") if case is not None and case.type == "call" else None
    if case is None or target is None or target.text != b"case":
        return None
    arguments = nodes.arguments_of(case)
    if arguments:
        return arguments[0]
    pipe = case.parent
    return pipe.child_by_field_name("left") if pipe is not None and nodes.is_operator(pipe, "|>") else None


def answer_pattern(call: Call) -> Node | None:
    """What a call's result is matched against: left of `=` or `<-`, or a `case`'s clause for success."""
    node = call.expression
    parent = node.parent
    if parent is not None and nodes.operator_of(parent) in ("=", "<-"):
        left = parent.child_by_field_name("left")
        return left if left != node else None
    if parent is None:
        return None
    case = parent.parent if parent.type == "arguments" else None
    if nodes.is_operator(parent, "|>") and parent.child_by_field_name("left") == node:
        case = parent.child_by_field_name("right")
    target = case.child_by_field_name("target") if case is not None and case.type == "call" else None
    block = nodes.child_of_type(case, "do_block") if case is not None else None
    if target is None or target.text != b"case" or block is None:
        return None
    for clause in nodes.named(block):
        left = clause.child_by_field_name("left") if clause.type == "stab_clause" else None
        if left is not None and not call.file.text(left).startswith(("{:error", "nil", "_", ":error")):
            return left
    return None


def _struct_in(file: ElixirFile, pattern: Node) -> str | None:
    """The schema of the outermost struct in a pattern."""
    for node in (pattern, *nodes.descendants(pattern, "struct")):
        name = nodes.child_of_type(node, "alias") if node.type == "struct" else None
        if name is not None:
            full = file.resolve(file.text(name), name.start_byte)
            known = known_module(file, full)
            return known if known is not None and file.project.schema(known) is not None else None
    return None


def _whole_of(file: ElixirFile, pattern: Node) -> str | None:
    """The variable for the row in `post`, `{:ok, post}`, `{:ok, %{id: id} = post}`."""
    if pattern.type == "arguments" and len(nodes.named(pattern)) == 1:
        pattern = nodes.named(pattern)[0]
    items = nodes.named(pattern) if pattern.type == "tuple" else []
    if len(items) == 2 and nodes.atom_literal(items[0], file.data) == "ok":
        pattern = items[1]
    sides = nodes.named(pattern) if nodes.is_operator(pattern, "=") else [pattern]
    return next((name for side in sides if (name := nodes.identifier(side, file.data))), None)


def _schema_in_spec(file: ElixirFile, definition: Definition) -> str | None:
    """The schema of `@spec confirm(Order.t()) :: ...`, when it names one alone."""
    spec = definition.attributes.get("spec")
    found = {
        known
        for alias in (nodes.descendants(spec, "alias") if spec is not None else ())
        if (known := known_module(file, file.resolve(file.text(alias), alias.start_byte)))
        and file.project.schema(known) is not None
    }
    return found.pop() if len(found) == 1 else None


def _schema_of_module(file: ElixirFile, definition: Definition) -> str | None:
    """The schema that a controller, a LiveView or a channel is named for."""
    if definition.module is None:
        return None
    return schema_named(file.project, [schema_word(RESOURCE.sub("", definition.module.name))])


def _word_of(file: ElixirFile, call: Call, value: Node) -> str | None:
    """What the code calls one of the rows: by the variable, the field or the result's own name."""
    pattern = answer_pattern(call)
    names = [file.text(value)] if value.type == "identifier" else []
    if pattern is not None:
        bound = [
            name for name in bound_by(pattern, file.data) if name not in ("changeset", "error", "reason")
        ]
        if len(bound) == 1:
            names.append(bound[0])
    stages = nodes.pipeline(value)
    if stages[0].type in ("identifier", "call"):
        names.append(file.text(stages[0]).rpartition(".")[2])
    for name in names:
        if re.fullmatch(r"[a-z]\w+", name) and name not in _VAGUE:
            return name.removeprefix("current_")
    return None


def written_schema(file: ElixirFile, node: Node) -> str | None:
    """The schema that an expression names, in full: the first module in it that is one."""
    candidates: list[str] = []
    for alias in [node, *nodes.descendants(node, "alias")]:
        if alias.type != "alias" or _is_receiver_of_repo(file, alias):
            continue
        full = file.resolve(file.text(alias), alias.start_byte)
        known = known_module(file, full)
        if known is not None and file.project.schema(known) is not None:
            return known
        parent = alias.parent
        named = parent is not None and (
            parent.type in ("struct", "arguments") or nodes.operator_of(parent) in ("in", "|>")
        )
        if known is None and named:
            candidates.append(full)
    for full in candidates:
        if not full.startswith(("Ecto.", "Phoenix.", "Plug.")) and not is_web_name(full):
            return full
    return None


def _is_receiver_of_repo(file: ElixirFile, alias: Node) -> bool:
    return bool(file.project.is_repo(file.resolve(file.text(alias), alias.start_byte)))


def known_module(file: ElixirFile, full: str) -> str | None:
    """The project's module that a name means; a bare name without an alias may be one of the app's."""
    project: ProjectView = file.project
    if project.module(full) is not None:
        return full
    if "." in full:
        return None
    prefix = web_prefix(file)
    if prefix is not None and project.module(f"{prefix}.{full}") is not None:
        return f"{prefix}.{full}"
    ending = f".{full}"
    named = [m.facts.name for m in project.modules() if m.facts.name.endswith(ending) and m.facts.schema]
    return named[0] if len(named) == 1 else None


def web_prefix(file: ElixirFile) -> str | None:
    """`MyApp` for a file of `MyAppWeb`, by the first module in it."""
    for module in file.modules:
        prefix = app_prefix(module.name)
        if prefix is not None:
            return prefix
    return None


def schema_of_value(file: ElixirFile, definition: Definition, value: Node) -> str | None:
    """The schema of the rows that an expression is about, looked up through one variable."""
    found = written_schema(file, value)
    if found is not None:
        return found
    names = {
        file.text(node)
        for node in [value, *nodes.descendants(value, "identifier")]
        if node.type == "identifier"
    }
    for pattern in [*nodes.descendants(definition.node, "binary_operator")]:
        if not nodes.is_operator(pattern, "=") and not nodes.is_operator(pattern, "<-"):
            continue
        left, right = pattern.child_by_field_name("left"), pattern.child_by_field_name("right")
        if left is None or right is None or pattern.start_byte >= value.end_byte:
            continue
        sides = {
            file.text(n) for n in [left, *nodes.descendants(left, "identifier")] if n.type == "identifier"
        }
        if not names & sides and not (right.type == "identifier" and file.text(right) in names):
            continue
        found = written_schema(file, left) or written_schema(file, right)
        if found is not None:
            return found
    return None


def schema_named(project: ProjectView, words: Iterable[str]) -> str | None:
    """The project's only schema that a variable is named for: `user`, `current_user`."""
    wanted = {word.removeprefix("current_") for word in words}
    found = [
        m.facts.name for m in project.modules() if m.facts.schema and schema_word(m.facts.name) in wanted
    ]
    return found[0] if len(found) == 1 else None


def schema_of_call(file: ElixirFile, definition: Definition, call: Call) -> str | None:
    """The schema that a repo call reads or writes."""
    values = call.all_args
    if not values:
        return None
    first = nodes.unwrap(values[0])
    associated = _association_in(file, first)
    if associated is not None:
        return _associated_schema(file, definition, *associated)
    found = schema_of_value(file, definition, first)
    if found is not None:
        return found
    words = {file.text(n) for n in [first, *nodes.descendants(first, "identifier")] if n.type == "identifier"}
    return schema_named(file.project, words)


def _association_in(file: ElixirFile, value: Node) -> tuple[Node, str] | None:
    """The owner and the name in `assoc(user, :posts)`, `user |> build_assoc(:posts) |> ...`."""
    for call in file.calls("assoc", "build_assoc"):
        if not nodes.encloses(value, call.node) or len(call.all_args) < 2:
            continue
        if any(nodes.is_operator(node, "in") for node in (call.node.parent,)):
            continue
        name = nodes.atom_literal(call.all_args[1], file.data)
        if name is not None:
            return call.all_args[0], name
    return None


def _associated_schema(file: ElixirFile, definition: Definition, owner: Node, name: str) -> str | None:
    words = [file.text(n) for n in [owner, *nodes.descendants(owner, "identifier")] if n.type == "identifier"]
    of = schema_of_value(file, definition, owner) or schema_named(file.project, words)
    project: ProjectView = file.project
    schema = project.schema(of) if of is not None else None
    for association in schema.associations if schema is not None else ():
        if association.name == name:
            return association.module
    return None
