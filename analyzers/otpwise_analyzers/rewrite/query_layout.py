"""An Ecto query as the formatter has it: a call on one line, or one clause of its `from` a line."""

from __future__ import annotations

from typing import NamedTuple

from otpwise_analyzers.rewrite import layout
from otpwise_analyzers.rewrite.ecto_query import Named, Query, source_text
from otpwise_analyzers.rewrite.ecto_terms import conjunction

_RUN = {"DELETE": "delete_all", "UPDATE": "update_all", "INSERT": "insert_all"}


class Written(NamedTuple):
    """A call of a repo that runs a query: `repo` and `options` as written, `run` its function.

    `head` is the `from`'s first part, `clauses` the others. With `bare` the `from` takes no parentheses.
    """

    repo: str
    run: str
    head: str
    clauses: tuple[tuple[str, tuple[str, ...]], ...]
    options: str
    bare: bool
    source: str
    rows: tuple[str, ...] = ()


def written(
    query: Query, named: Named, repo: str, options: str, *, bare: bool, select: str, run: str = ""
) -> Written:
    """`select` is the term of the select clause, empty for none; `run` the function for a SELECT."""
    clauses: list[tuple[str, tuple[str, ...]]] = []
    for word, term in query.clauses[1:]:
        if isinstance(term, str):
            clauses.append((word, (term,)))
        else:
            clauses.append((word, (conjunction(term), *(text for text, _ in term))))
    if select:
        clauses.append(("select", (select,)))
    head = str(query.clauses[0][1]) if query.clauses else ""
    source = query.sources[0]
    function = _RUN.get(query.verb, run)
    return Written(
        repo, function, head, tuple(clauses), options, bare, source_text(source, named), query.rows
    )


def one_line(made: Written) -> str:
    """The whole call on one line."""
    behind = f", {made.options}" if made.options else ""
    if made.run == "insert_all":
        return f"{made.repo}.insert_all({made.source}, [{', '.join(made.rows)}]{behind})"
    if not made.clauses:
        return f"{made.repo}.{made.run}({made.source}{behind})"
    terms = ", ".join(f"{word}: {texts[0]}" for word, texts in made.clauses)
    query = f"{made.head}, {terms}"
    query = f"from {query}" if made.bare and not made.options else f"from({query})"
    return f"{made.repo}.{made.run}({query}{behind})"


def is_short(made: Written) -> bool:
    """Whether the call is read at a glance: a condition at most besides its table, or one row."""
    return len(made.clauses) <= 1 and len(made.rows) <= 1


def lines(made: Written, indent: str) -> list[str] | None:
    """The call on several lines, the first without its indentation; None when a line is too long."""
    if made.run == "insert_all":
        rows = [
            f"{indent}  {row}{',' if index < len(made.rows) else ''}"
            for index, row in enumerate(made.rows, 1)
        ]
        if made.options:
            return None
        found = [f"{made.repo}.insert_all({made.source}, [", *rows, f"{indent}])"]
    else:
        if not made.clauses:
            return None
        bare = made.bare and not made.options
        inner = _from(made, indent + "  ", bare=bare)
        if inner is None:
            return None
        if made.options:
            inner[-1] += ","
            inner.append(f"{indent}  {made.options}")
        found = [f"{made.repo}.{made.run}(", *inner, f"{indent})"]
    return found if all(layout.fits(line) for line in found[1:]) else None


def piped(made: Written, indent: str) -> list[str] | None:
    """The query with `|> Repo.all()` behind it, for a pipeline that goes on."""
    if not made.clauses:
        return None
    inner = _from(made, indent, bare=False)
    if inner is None:
        return None
    inner[0] = inner[0].strip()
    found = [*inner, f"{indent}|> {made.repo}.{made.run}({made.options})"]
    return found if all(layout.fits(line) for line in found[1:]) else None


def _from(made: Written, indent: str, *, bare: bool) -> list[str] | None:
    opening = "from " if bare else "from("
    inside = indent + "  "
    found = [f"{indent}{opening}{made.head},"]
    clauses: list[str] = []
    for word, texts in made.clauses:
        clauses.extend(_clause(word, texts, inside))
    found.extend(f"{inside}{clause}," for clause in clauses[:-1])
    found.append(f"{inside}{clauses[-1]}")
    if not bare:
        found.append(f"{indent})")
    return found


def _clause(word: str, texts: tuple[str, ...], indent: str) -> list[str]:
    """A clause; conditions that do not fit on a line as one clause each."""
    whole = f"{word}: {texts[0]}"
    if layout.fits(whole, indent, behind=1):
        return [whole]
    if len(texts) > 2:
        return [f"{word}: {text}" for text in texts[1:]]
    return [whole]
