"""An Ecto query in pipe form, a step a line as the formatter has it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from otpwise_analyzers.rewrite import layout, term_layout
from otpwise_analyzers.rewrite.ecto_clause import Clause, table_words
from otpwise_analyzers.rewrite.query_layout import Line, Written

_KEYWORD = re.compile(r"[a-z_]\w*: ")
_QUALIFIERS = {
    "join": ":inner",
    "left_join": ":left",
    "right_join": ":right",
    "full_join": ":full",
    "cross_join": ":cross",
}


# A step: its macro, its bindings (empty for none), and what it says.
Step = tuple[str, str, Line]


def macros_of(made: Written) -> frozenset[str]:
    """The macros that the pipe form calls."""
    words = {"join" if clause.word in _QUALIFIERS else clause.word for clause in made.query.clauses}
    if not _needs_from(made):
        words.discard("from")
    return frozenset((words - {"on"}) | ({"select"} if made.select else set()))


def piped_line(made: Written) -> str | None:
    """The whole pipe on one line; None when there is no step besides the call of the repo."""
    steps = _steps(made)
    if not steps:
        return None
    return " |> ".join([_start(made), *(_call(step) for step in steps), _run(made)])


def piped(made: Written, indent: str) -> list[str] | None:
    """The pipe on several lines, the first without its indentation; None when a line is too long."""
    steps = _steps(made)
    if not steps:
        return None
    found = [_start(made)]
    for step in steps:
        found.extend(_broken(step, indent))
    found.append(f"{indent}|> {_run(made)}")
    found = [line for one in found for line in one.split("\n")]
    return found if all(layout.fits(line) for line in found) else None


def _needs_from(made: Written) -> bool:
    return len(list(table_words(made.query.clauses[0]))) > 1


def _start(made: Written) -> str:
    words = list(table_words(made.query.clauses[0]))[1:]
    table = made.query.clauses[0].table
    if not words:
        return table
    return f"from({', '.join([table, *(f'{word}: {text}' for word, text in words)])})"


def _run(made: Written) -> str:
    return f"{made.repo}.{made.run}({', '.join(made.options)})"


def _steps(made: Written) -> list[Step]:
    """For each step its macro, its bindings and the rest."""
    found: list[Step] = []
    clauses = list(made.query.clauses[1:])
    seen = 1
    while clauses:
        clause = clauses.pop(0)
        if clause.source is None:
            found.append((clause.word, _bindings(made, clause.uses, clause.word), _argument(clause)))
            continue
        on = clauses.pop(0) if clauses and clauses[0].word == "on" else None
        before = [one.binding for one in made.query.sources[:seen]]
        words = list(table_words(clause))
        options = [f"{word}: {text}" for word, text in words[1:]]
        if on is not None:
            options.append(f"on: {on.term}")
        text = ", ".join([words[0][1], *options])
        qualifier = _QUALIFIERS[clause.word]
        found.append(("join", f"{qualifier}, [{', '.join(before)}]", Line("join", text)))
        seen += 1
    if made.select:
        found.append(("select", _bindings(made, made.query.uses, "select"), Line("select", made.selected)))
    return found


def _argument(clause: Clause) -> Line:
    term = clause.term
    if term.startswith("[") and term.endswith("]") and clause.word in ("update", "order_by", "distinct"):
        inner = term[1:-1]
        first = inner.partition(" ")[0]
        if first.endswith(":"):
            # Keywords as the last argument need no brackets.
            term = inner
    return Line(clause.word, term, tuple(text for text, _ in clause.terms))


def _bindings(made: Written, uses: frozenset[str], word: str) -> str:
    """`[u, t]` up to the last binding that the step uses; the first for one that counts rows, say."""
    names = [one.binding for one in made.query.sources]
    last = max((index for index, name in enumerate(names) if name in uses), default=-1)
    if last < 0:
        return f"[{names[0]}]" if word in ("select", "where", "having", "update", "order_by") else ""
    return f"[{', '.join(names[: last + 1])}]"


def _call(step: Step) -> str:
    macro, bindings, line = step
    return f"{macro}({', '.join(part for part in (bindings, line.term) if part)})"


def _broken(step: Step, indent: str) -> Iterator[str]:
    """A step; conditions that do not fit on a line as one step each, else its last argument broken."""
    macro, bindings, line = step
    if layout.fits(f"{indent}|> {_call(step)}"):
        yield f"{indent}|> {_call(step)}"
        return
    is_split = len(line.terms) > 1 and macro in ("where", "having")
    for text in line.terms if is_split else (line.term,):
        whole = f"{indent}|> {macro}({', '.join(part for part in (bindings, text) if part)})"
        if layout.fits(whole):
            yield whole
            continue
        yield from _lines_of(macro, bindings, text, indent)


def _lines_of(macro: str, bindings: str, text: str, indent: str) -> Iterator[str]:
    given = [*term_layout.arguments(bindings), *term_layout.arguments(text)]
    keywords = [one for one in given if _KEYWORD.match(one)]
    plain = given[: len(given) - len(keywords)]
    inner = indent + "  "
    head = f"{indent}|> {macro}({', '.join(plain)},"
    if keywords and layout.fits(head):
        # Keywords at the end go on lines of their own, what is ahead of them stays.
        yield head
        yield from _with_commas(keywords, inner)
        yield f"{indent})"
    elif len(plain) > 1 and (opening := term_layout.opened(plain[-1])):
        yield f"{indent}|> {macro}({', '.join(plain[:-1])}, {opening}"
        yield from _with_commas(term_layout.arguments(plain[-1][len(opening) : -1]), inner)
        yield f"{indent}{plain[-1][-1]})"
    else:
        yield f"{indent}|> {macro}("
        yield from _with_commas(given, inner)
        yield f"{indent})"


def _with_commas(given: list[str], indent: str) -> Iterator[str]:
    for index, one in enumerate(given, 1):
        lines = term_layout.item(one, indent, behind=1 if index < len(given) else 0)
        if index < len(given):
            lines[-1] += ","
        yield from lines
