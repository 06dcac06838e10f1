"""Filters: clauses of a query as functions, and what they are called."""

from __future__ import annotations

import re
from typing import NamedTuple

from otpwise_analyzers.rewrite.ecto_names import KERNEL, QUERY_API, QUERY_MACROS
from otpwise_analyzers.rewrite.naming import plural, singular

BINDING = "_"
"""Stands for the binding in a filter's condition, as `_.name`; `^0` and `^1` for its values."""

STATES = frozenset({"status", "state", "phase", "stage", "visibility"})
_KINDS = frozenset({"type", "kind", "category"})
_PARTICIPLE = re.compile(
    r"(?:\w+_)?(?:\w+ed|sent|read|seen|hidden|paid|left|begun|done|sold|built|lost|won|held|kept|made|taken|"
    r"written|withdrawn|frozen|chosen|given|drawn|shown|known|broken|spent|met|run|begun|born|bought)"
)
WORD = re.compile(r"[a-z][a-z0-9_]*")
_WORDS = frozenset(
    {
        "after",
        "and",
        "catch",
        "do",
        "else",
        "end",
        "false",
        "fn",
        "in",
        "nil",
        "not",
        "or",
        "rescue",
        "true",
        "when",
    }
)
RESERVED = _WORDS | frozenset(
    {
        *("if", "unless", "case", "cond", "with", "for", "def", "import", "alias", "use"),
        *("base", "paginate", "like", "ilike", "values", "as", "quote", "unquote", "binding", "self", "node"),
        *(
            "send",
            "spawn",
            "exit",
            "throw",
            "apply",
            "tap",
            "then",
            "get_in",
            "put_in",
            "round",
            "max",
            "min",
        ),
    }
)


class Filter(NamedTuple):
    """A clause as a function: `names` to choose from, best first. `word` is the clause's.

    `condition` has `_.` for the binding and `^0`, `^1` for the values; `params` are what the values are called,
    `arguments` what the query gave for them. `guard` is what is certain of the first. With `escapes` the first
    value is put into a pattern of LIKE, `condition` being what is compared (`ilike(_.name, ^0)`).
    """

    names: tuple[str, ...]
    condition: str
    doc: str
    params: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    guard: str = ""
    escapes: str = ""
    # Named for nothing in particular: what it means is for a person to say.
    is_nameless: bool = False
    word: str = "where"


def is_free(name: str) -> bool:
    """Whether a function may have this name beside Kernel's, Ecto's and the language's own words."""
    return name not in RESERVED | KERNEL | QUERY_MACROS | QUERY_API and WORD.fullmatch(name) is not None


def said(text: str) -> str:
    return f"`{text.strip(chr(34))}`"


def named_for(field: str, word: str) -> tuple[str, ...]:
    """The names for `field == value`: `active` says it for a status, `of_type_x` for a type."""
    whole = f"with_{field}_{word}"
    if field in STATES and not word[0].isdigit() and is_free(word):
        return (word, whole)
    if field in _KINDS:
        return (f"of_{field}_{word}", whole)
    return (whole,)


def flag(field: str, *, holds: bool, equals: bool = False) -> Filter:
    said = field.removeprefix("is_")
    names = (said, f"is_{said}") if holds else (f"not_{said}", f"not_{field}")
    condition = f"_.{field} == {'true' if holds else 'false'}" if equals else f"_.{field}"
    if not holds and not equals:
        condition = f"not _.{field}"
    return Filter(names, condition, f"Those whose `{field}` is {'true' if holds else 'false'}.")


def is_participle(word: str) -> bool:
    """Whether a word says what was done: `deleted`, `last_seen`."""
    return _PARTICIPLE.fullmatch(word) is not None


def _stem(field: str) -> str | None:
    """`deleted` of `deleted_at`."""
    stem = re.sub(r"_(at|on)$", "", field)
    return stem if stem != field and is_participle(stem) else None


def without(field: str) -> Filter:
    stem = _stem(field)
    names = (f"not_{stem}", f"without_{field}") if stem is not None else _bare(f"without_{field}")
    return Filter(names, f"is_nil(_.{field})", f"Those without `{field}`.")


def having(field: str) -> Filter:
    stem = _stem(field)
    names = (stem, f"having_{field}") if stem is not None else _bare(f"having_{field}")
    return Filter(names, f"not is_nil(_.{field})", f"Those with `{field}`.")


def _bare(name: str) -> tuple[str, ...]:
    return (name.removesuffix("_id"), name) if name.endswith("_id") else (name,)


def recent(field: str, stem: str, operator: str, written: str, pinned: str, unit: str) -> Filter | None:
    recent = operator in (">", ">=")
    many = plural(singular(unit))
    amount = "^0" if pinned else written
    count = f"{written}_{unit if written == '1' else many}" if not pinned else many
    name = f"{stem}_within_{count}" if recent else f"{stem}_over_{count}_ago"
    given = f"the given {many}" if pinned else f"{written} {unit if written == '1' else many}"
    doc = f"Those whose `{field}` is {'within' if recent else 'more than'} {given}{'' if recent else ' ago'}."
    condition = f'_.{field} {operator} ago({amount}, "{unit}")'
    return Filter((name,), condition, doc, (many,) if pinned else (), (pinned,) if pinned else ())


def param_of(name: str) -> str:
    """A parameter named for a field; the language's own words make none, and `query` is the first one's."""
    return f"{name}_value" if name in _WORDS or name == "query" else name
