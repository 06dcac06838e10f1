"""What a context's function is called, by what it does with which schema."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_IRREGULAR = {
    "person": "people",
    "child": "children",
    "man": "men",
    "woman": "women",
    "medium": "media",
    "quiz": "quizzes",
}
_UNCOUNTED = ("news", "series", "data", "metadata", "info", "information", "settings", "equipment")
# Changesets named for what they do: `archive_changeset` archives.
_CHANGES = frozenset(
    [
        "accept",
        "activate",
        "approve",
        "archive",
        "assign",
        "ban",
        "block",
        "cancel",
        "close",
        "complete",
        "confirm",
        "deactivate",
        "decline",
        "disable",
        "enable",
        "finish",
        "invite",
        "lock",
        "mute",
        "open",
        "pause",
        "pin",
        "publish",
        "register",
        "reject",
        "rename",
        "reopen",
        "resolve",
        "restore",
        "revoke",
        "start",
        "stop",
        "suspend",
        "unarchive",
        "unblock",
        "unlock",
        "unpin",
        "unpublish",
        "verify",
    ]
)
# `open` and `complete` begin the names of what is open and complete more often.
VERBS = (_CHANGES - {"open", "complete"}) | frozenset(
    [
        "add",
        "aggregate",
        "append",
        "attach",
        "build",
        "change",
        "check",
        "clear",
        "clone",
        "copy",
        "count",
        "create",
        "decrement",
        "delete",
        "detach",
        "ensure",
        "expire",
        "fetch",
        "find",
        "generate",
        "get",
        "import",
        "increment",
        "insert",
        "join",
        "leave",
        "list",
        "load",
        "log",
        "make",
        "mark",
        "merge",
        "move",
        "paginate",
        "persist",
        "preload",
        "record",
        "refresh",
        "remove",
        "replace",
        "reset",
        "save",
        "search",
        "set",
        "store",
        "sync",
        "toggle",
        "touch",
        "track",
        "transfer",
        "update",
        "upsert",
        "validate",
    ]
)
"""What a function's name begins with when it says what the function does."""


class Purpose(NamedTuple):
    """A function's name and the sentence of its `@doc`."""

    name: str
    doc: str


def underscored(module: str) -> str:
    """`user_token` of `MyApp.Accounts.UserToken`; `my_app/accounts` has one part for each of the name's."""
    return "/".join(_WORDS.sub("_", part).lower() for part in module.split("."))


def schema_word(schema: str) -> str:
    """`user_token` of `MyApp.Accounts.UserToken`, and of `UserTokens`: a row is one of them."""
    return singular(underscored(schema.rpartition(".")[2]))


def camelized(word: str) -> str:
    """`UserToken` of `user_token`."""
    return "".join(part.capitalize() for part in word.split("_"))


def singular(word: str) -> str:
    """The singular of a word that is plainly a plural: `user_tokens`, `categories`."""
    last = word.rpartition("_")[2]
    if last in _UNCOUNTED or not re.search(r"[^suix]s$", last) or len(last) < 4:
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if re.search(r"(ss|x|z|ch|sh)es$", word) else word[:-1]


def plural(word: str) -> str:
    """The plural of an English word, of the last one in `user_token`."""
    head, separator, last = word.rpartition("_")
    if last in _UNCOUNTED:
        return word
    if last in _IRREGULAR:
        return head + separator + _IRREGULAR[last]
    if re.search(r"[^aeiou]y$", last):
        return head + separator + last[:-1] + "ies"
    if re.search(r"(s|x|z|ch|sh)$", last):
        return head + separator + last + "es"
    return word + "s"


def spoken(word: str) -> str:
    return word.replace("_", " ")


def purpose_of(call: Call, word: str, changeset: str | None) -> Purpose | None:
    """The name for a single repo call about rows called `word`. `changeset` is the function that made what
    is written.

    None for calls that say too little of what they are for.
    """
    many, said = plural(word), spoken(word)
    a = article(word).partition(" ")[0]
    bang = "!" if call.name.endswith("!") else ""
    raises = "; raises when there is none" if bang else ", or nil"
    match call.name.rstrip("!"):
        case "get":
            return Purpose(f"get_{word}{bang}", f"Gets one {said} by its id{raises}.")
        case "get_by":
            keys, fixed = _keys(call)
            only = "".join(f", where {key} is {value}" for key, value in fixed[:1])
            suffix = f"_by_{'_and_'.join(keys)}" if 0 < len(keys) < 3 else ""
            by = f" by its {' and '.join(map(spoken, keys))}" if suffix else ""
            return Purpose(f"get_{word}{suffix}{bang}", f"Gets one {said}{by}{only}{raises}.")
        case "one":
            return Purpose(f"find_{word}{bang}", f"Finds one {said}{raises}.")
        case "all" | "all_by":
            return Purpose(f"list_{many}", f"Lists {spoken(many)}.")
        case "paginate":
            return Purpose(f"paginate_{many}", f"Lists one page of {spoken(many)}.")
        case "exists?":
            return Purpose(f"{word}_exists?", f"Whether there is such {a} {said}.")
        case "aggregate":
            if any(nodes.atom_literal(argument, call.file.data) == "count" for argument in call.args):
                return Purpose(f"count_{many}", f"Counts {spoken(many)}.")
            return Purpose(f"aggregate_{many}", f"Aggregates {spoken(many)}.")
        case "reload":
            return Purpose(f"reload_{word}{bang}", f"Reads {a} {said} again.")
        case "insert":
            verb = _verb(changeset) or "create"
            return Purpose(f"{verb}_{word}{bang}", f"{third_person(verb).capitalize()} {a} {said}.")
        case "update":
            topic = _topic(changeset)
            if _verb(changeset) is None and topic is not None:
                return Purpose(f"update_{word}_{topic}{bang}", f"Updates the {spoken(topic)} of {a} {said}.")
            verb = _verb(changeset) or "update"
            return Purpose(f"{verb}_{word}{bang}", f"{third_person(verb).capitalize()} {a} {said}.")
        case "delete":
            return Purpose(f"delete_{word}{bang}", f"Deletes {a} {said}.")
        case "insert_or_update":
            return Purpose(f"save_{word}{bang}", f"Creates or updates {a} {said}.")
        case "insert_all":
            return Purpose(f"create_{many}", f"Creates {spoken(many)}; returns how many, and nil.")
        case "update_all":
            return Purpose(f"update_{many}", f"Updates {spoken(many)}; returns how many, and nil.")
        case "delete_all":
            return Purpose(f"delete_{many}", f"Deletes {spoken(many)}; returns how many, and nil.")
    return None


def article(word: str) -> str:
    """`an order`, `a user token`."""
    return f"{'an' if word[:1] in 'aeio' else 'a'} {spoken(word)}"


_ASKED = {
    "all": ("list", "Lists"),
    "paginate": ("paginate", "Lists one page of"),
    "one": ("find", "Finds one of"),
    "exists?": ("any", "Whether there are"),
    "aggregate": ("aggregate", "Aggregates"),
}


def purpose_of_query(call: Call, source: str, word: str) -> Purpose | None:
    """The name for a repo call that runs the query of a context's function, after that function's name.

    `list_public_posts` of `public_posts`, `published` and `public_posts_query`; where the query itself is
    called so, `all_public_posts`.
    """
    verb, says = _ASKED.get(call.name.rstrip("!"), ("", ""))
    if not verb:
        return None
    stem = source.rstrip("!?").removesuffix("_query").removesuffix("_queryable")
    rest = re.sub(r"^(get|list|fetch|find|all|query|load)_", "", stem)
    many = plural(word)
    if not {word, many} & {rest, *_runs(rest)}:
        rest = f"{rest}_{many}"
    if verb == "list" and f"list_{rest}" == source:
        verb = "all"
    mark = "?" if call.name == "exists?" else "!" if call.name.endswith("!") else ""
    return Purpose(f"{verb}_{rest}{mark}", f"{says} {spoken(rest)}.")


def _runs(words: str) -> set[str]:
    """All runs of neighbouring words: `a_b_c` has `a`, `a_b`, `b_c` and so on."""
    parts = words.split("_")
    return {"_".join(parts[i:j]) for i in range(len(parts)) for j in range(i + 1, len(parts) + 1)}


def listed(words: Sequence[str]) -> str:
    """`user`, `user and tags`, `user, tags and cover blob`."""
    said = [spoken(word) for word in words]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


def _keys(call: Call) -> tuple[list[str], list[tuple[str, str]]]:
    """The fields that a row is asked for by; those with a value that is written there apart, with it."""
    asked: list[str] = []
    fixed: list[tuple[str, str]] = []
    for key, value in call.keywords.items():
        if not re.fullmatch(r"[a-z_]\w*", key) or key in ("prefix", "timeout"):
            continue
        if value.type in ("boolean", "nil", "atom", "integer"):
            fixed.append((key, call.file.text(value).lstrip(":")))
        else:
            asked.append(key)
    return asked, fixed


def _verb(changeset: str | None) -> str | None:
    stem = (changeset or "").removesuffix("_changeset")
    if stem == "registration":
        return "register"
    return stem if stem in _CHANGES else None


def _topic(changeset: str | None) -> str | None:
    """`password` of `password_changeset`."""
    if changeset is None or not changeset.endswith("_changeset"):
        return None
    stem = changeset.removesuffix("_changeset").removeprefix("update_")
    return None if stem in ("", "update", "edit", "create", "base", "admin", "form") else stem


def third_person(verb: str) -> str:
    """`creates` of `create`, `publishes` of `publish`, `applies` of `apply`."""
    word = verb
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    if re.search(r"(s|x|z|ch|sh)$", word):
        return word + "es"
    return word + "s"
