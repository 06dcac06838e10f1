"""What a context's function is called, by what it does with which schema."""

from __future__ import annotations

import re
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
_VERBS = frozenset(
    {
        *(
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
        ),
        *(
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
        ),
        *(
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
        ),
        *("start", "stop", "suspend", "unarchive", "unblock", "unlock", "unpin", "unpublish", "verify"),
    }
)


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


def purpose_of(call: Call, schema: str, changeset: str | None) -> Purpose | None:
    """The name for a single repo call. `changeset` is the function that made what is written.

    None for calls that say too little of what they are for.
    """
    word = schema_word(schema)
    many, said = plural(word), spoken(word)
    a = "an" if said[:1] in "aeio" else "a"
    bang = "!" if call.name.endswith("!") else ""
    raises = "; raises when there is none" if bang else ", or nil"
    match call.name.rstrip("!"):
        case "get":
            return Purpose(f"get_{word}{bang}", f"Gets one {said} by its id{raises}.")
        case "get_by":
            keys = _keys(call)
            suffix = f"_by_{'_and_'.join(keys)}" if 0 < len(keys) < 3 else ""
            by = f" by its {' and '.join(map(spoken, keys))}" if suffix else ""
            return Purpose(f"get_{word}{suffix}{bang}", f"Gets one {said}{by}{raises}.")
        case "one":
            return Purpose(f"find_{word}{bang}", f"Finds one {said}{raises}.")
        case "all" | "all_by":
            return Purpose(f"list_{many}", f"Lists {spoken(many)}.")
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
            return Purpose(f"{verb}_{word}{bang}", f"{_sentence(verb)} {a} {said}.")
        case "update":
            topic = _topic(changeset)
            if _verb(changeset) is None and topic is not None:
                return Purpose(f"update_{word}_{topic}{bang}", f"Updates the {spoken(topic)} of {a} {said}.")
            verb = _verb(changeset) or "update"
            return Purpose(f"{verb}_{word}{bang}", f"{_sentence(verb)} {a} {said}.")
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


def _keys(call: Call) -> list[str]:
    return [
        key for key in call.keywords if re.fullmatch(r"[a-z_]\w*", key) and key not in ("prefix", "timeout")
    ]


def _verb(changeset: str | None) -> str | None:
    stem = (changeset or "").removesuffix("_changeset")
    if stem == "registration":
        return "register"
    return stem if stem in _VERBS else None


def _topic(changeset: str | None) -> str | None:
    """`password` of `password_changeset`."""
    if changeset is None or not changeset.endswith("_changeset"):
        return None
    stem = changeset.removesuffix("_changeset").removeprefix("update_")
    return None if stem in ("", "update", "edit", "create", "base", "admin", "form") else stem


def _sentence(verb: str) -> str:
    word = verb.capitalize()
    if re.search(r"[^aeiou]y$", word):
        return word[:-1] + "ies"
    if re.search(r"(s|x|z|ch|sh)$", word):
        return word + "es"
    return word + "s"
