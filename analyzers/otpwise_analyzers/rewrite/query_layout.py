"""An Ecto query as the formatter has it: a call on one line, or one clause of its `from` a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from otpwise_analyzers.rewrite import layout, term_layout
from otpwise_analyzers.rewrite.ecto_clause import Named, Query, source_text, table_words

_RUN = {"DELETE": "delete_all", "UPDATE": "update_all", "INSERT": "insert_all"}


class Line(NamedTuple):
    """A clause of a `from`: the word, its term, and the terms that may stand in clauses of their own."""

    word: str
    term: str
    terms: tuple[str, ...] = ()


class Written(NamedTuple):
    """A call of a repo that runs a query: `repo` as written, `run` its function, `options` what it is told
    besides. With `bare` the `from` takes no parentheses.

    `select` are the terms that are selected, in a list or (`is_single`) one by itself.
    """

    query: Query
    repo: str
    run: str
    options: tuple[str, ...]
    bare: bool
    source: str
    select: tuple[str, ...]
    is_single: bool

    @property
    def selected(self) -> str:
        """The select clause's term, empty without one."""
        if self.is_single:
            return self.select[0]
        return f"[{', '.join(self.select)}]" if self.select else ""

    @property
    def lines(self) -> list[Line]:
        """The clauses behind the first table."""
        found: list[Line] = []
        for clause in self.query.clauses:
            if clause.source is not None:
                words = list(table_words(clause))
                found.extend(Line(word, text) for word, text in words if word)
            else:
                found.append(Line(clause.word, clause.term, tuple(text for text, _ in clause.terms)))
        if self.select:
            found.append(Line("select", self.selected))
        return found

    @property
    def head(self) -> str:
        return next(table_words(self.query.clauses[0]))[1]


def written(
    query: Query,
    named: Named,
    repo: str,
    options: str,
    *,
    bare: bool,
    select: tuple[str, ...] = (),
    is_single: bool = False,
    run: str = "",
) -> Written:
    """`select` is what is selected, empty for whole rows; `run` the function for a SELECT."""
    given = (*query.options, *((options,) if options else ()))
    function = _RUN.get(query.verb, run)
    if function == "update_all":
        # Its second argument is for changes that the query does not say.
        given = ("[]", *given)
    source = source_text(query.sources[0], named)
    return Written(query, repo, function, given, bare, source, select, is_single)


def one_line(made: Written) -> str:
    """The whole call on one line."""
    behind = "".join(f", {option}" for option in made.options)
    if made.run == "insert_all":
        return f"{made.repo}.insert_all({made.source}, [{', '.join(made.query.rows)}]{behind})"
    if not made.lines:
        return f"{made.repo}.{made.run}({made.source}{behind})"
    terms = ", ".join(f"{line.word}: {line.term}" for line in made.lines)
    query = f"{made.head}, {terms}"
    query = f"from {query}" if _is_bare(made) else f"from({query})"
    return f"{made.repo}.{made.run}({query}{behind})"


def is_short(made: Written) -> bool:
    """Whether the call is read at a glance: a condition at most besides its table, or one row."""
    return (
        len(made.lines) <= 1 and len(made.query.rows) <= 1
        if made.query.clauses
        else len(made.query.rows) <= 1
    )


def lines(made: Written, indent: str) -> list[str] | None:
    """The call on several lines, the first without its indentation; None when a line is too long."""
    if made.run == "insert_all":
        return _inserted(made, indent)
    if not made.lines:
        return None
    inner = _from(made, indent + "  ", bare=_is_bare(made))
    for option in made.options:
        inner[-1] += ","
        inner.append(f"{indent}  {option}")
    found = [f"{made.repo}.{made.run}(", *inner, f"{indent})"]
    return found if all(layout.fits(line) for line in found[1:]) else None


def _inserted(made: Written, indent: str) -> list[str] | None:
    rows = made.query.rows
    inner = [f"{row}{',' if index < len(rows) else ''}" for index, row in enumerate(rows, 1)]
    if not made.options:
        found = [f"{made.repo}.insert_all({made.source}, ["]
        found += [*(f"{indent}  {row}" for row in inner), f"{indent}])"]
    else:
        found = [f"{made.repo}.insert_all(", f"{indent}  {made.source},"]
        if len(rows) == 1:
            found.append(f"{indent}  [{rows[0]}],")
        else:
            found += [f"{indent}  [", *(f"{indent}    {row}" for row in inner), f"{indent}  ],"]
        found += [f"{indent}  {option}," for option in made.options]
        found[-1] = found[-1].removesuffix(",")
        found.append(f"{indent})")
    return found if all(layout.fits(line) for line in found[1:]) else None


def before_pipe(made: Written, indent: str) -> list[str] | None:
    """The `from` with `|> Repo.all()` behind it, for a pipeline that goes on."""
    if not made.lines:
        return None
    inner = _from(made, indent, bare=False)
    inner[0] = inner[0].strip()
    found = [*inner, f"{indent}|> {made.repo}.{made.run}({', '.join(made.options)})"]
    return found if all(layout.fits(line) for line in found[1:]) else None


def _is_bare(made: Written) -> bool:
    # A `from` without parentheses would take what follows for its own.
    return made.bare and not made.options


def _from(made: Written, indent: str, *, bare: bool) -> list[str]:
    inside = indent + "  "
    found = [f"{indent}{'from ' if bare else 'from('}{made.head},"]
    clauses = [clause for line in made.lines for clause in _clause(line, inside)]
    found.extend(f"{inside}{clause}," for clause in clauses[:-1])
    found.append(f"{inside}{clauses[-1]}")
    if not bare:
        found.append(f"{indent})")
    return [one for clause in found for one in clause.split("\n")]


def _clause(line: Line, indent: str) -> Iterator[str]:
    """A clause without its first indentation; conditions that do not fit on a line as one clause each."""
    whole = f"{line.word}: {line.term}"
    if layout.fits(whole, indent, behind=1):
        yield whole
        return
    is_split = len(line.terms) > 1 and line.word in ("where", "having")
    for text in line.terms if is_split else (line.term,):
        yield "\n".join(term_layout.item(f"{line.word}: {text}", indent)).removeprefix(indent)
