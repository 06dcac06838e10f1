"""What the function is called that some repo calls of an action become."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tree_sitter import Node

from otpwise_analyzers.project.repo_calls import TRANSACTIONS
from otpwise_analyzers.rewrite.naming import (
    VERBS,
    Purpose,
    article,
    listed,
    plural,
    purpose_of,
    purpose_of_query,
    singular,
    third_person,
)
from otpwise_analyzers.rewrite.subject import Subject
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile

# More associations than these are no sentence any more.
_TOLD = 3
_VAGUE = re.compile(r"^(do|handle|maybe|apply|on|run|process|perform)_")


def purpose_for(
    file: ElixirFile, call: Call, calls: Sequence[Call], within: Sequence[Node], subject: Subject
) -> Purpose | None:
    """The name and the sentence for `call`, the one of `calls` that says what the code in `within` is for.

    None for calls that say too little of it.
    """
    if call.name in TRANSACTIONS:
        return _of_transaction(call, subject)
    preload = next((other for other in calls if other.name == "preload"), None)
    if preload is not None and call.name == "preload":
        return _of_preload(preload, subject)
    source = subject.source
    purpose = purpose_of_query(call, source, subject.word) if source is not None else None
    if purpose is None:
        purpose = purpose_of(call, subject.word, _changeset(file, within))
    if purpose is None or preload is None:
        return purpose
    with_ = joined_keys(preloaded(preload))
    stem = purpose.name.rstrip("!?")
    return Purpose(f"{stem}_with_{with_}{purpose.name[len(stem) :]}" if with_ else purpose.name, purpose.doc)


def says_enough(name: str, subject: Subject) -> bool:
    """Whether the name that a web module gave its function is one for a context, too."""
    if _VAGUE.match(name) or (subject.source is not None and name == subject.source.rstrip("!?")):
        return False
    asked = re.match(r"(?:get|list|find|fetch|load)_(\w+)", name)
    if asked is not None and "_" not in asked.group(1):
        row = singular(asked.group(1))
        return row in subject.word or subject.word in row
    return "_" in name.strip("_") or subject.word in name or plural(subject.word) in name


def doc_of_name(name: str) -> str:
    """`Marks an order paid.` would be better, but `Marks order paid.` is what `mark_order_paid` says."""
    words = name.rstrip("!?").split("_")
    said = [
        third_person(word) if word in VERBS and (index == 0 or words[index - 1] == "and") else word
        for index, word in enumerate(words)
    ]
    return f"{' '.join(said).capitalize()}."


def _of_transaction(call: Call, subject: Subject) -> Purpose | None:
    """The name for a transaction, after the action that makes it: `create_order` of `create`, of `"create"`."""
    definition = call.definition
    if definition is None:
        return None
    name = definition.name.rstrip("?!")
    if name.startswith("handle_") and definition.params:
        data = definition.file.data
        event = nodes.string_literal(definition.params[0], data) or nodes.atom_literal(
            definition.params[0], data
        )
        name = re.sub(r"\W+", "_", (event or "").rpartition(":")[2])
    name = re.sub(r"^new_", "create_", name.removeprefix("do_"))
    verb = name.partition("_")[0]
    if verb not in VERBS | {"open", "complete"}:
        return None
    if name == verb or name == f"{verb}_{subject.word}":
        said = f"{third_person(verb).capitalize()} {article(subject.word)}"
        return Purpose(f"{verb}_{subject.word}", f"{said}, all or nothing.")
    return Purpose(name, f"{doc_of_name(name)[:-1]}, all or nothing.")


def _of_preload(call: Call, subject: Subject) -> Purpose:
    keys = preloaded(call)
    source = subject.source
    if source is None:
        what = f"the {listed(keys)}" if 0 < len(keys) <= _TOLD else "the associations"
        name = joined_keys(keys) or subject.word
        return Purpose(f"preload_{name}", f"Loads {what} of {article(subject.word)}.")
    stem = source.rstrip("!?")
    told = f"its {listed(keys)}" if 0 < len(keys) <= _TOLD else "its associations"
    return Purpose(
        f"{stem}_with_{joined_keys(keys) or 'associations'}{source[len(stem) :]}",
        f"As `{source}`, with {told} loaded.",
    )


def _changeset(file: ElixirFile, within: Sequence[Node]) -> str | None:
    """The function that makes what is written: `registration_changeset`; `title_changeset` of `change(post,
    title: title)`, which has no name of its own."""
    named = next(
        (
            name
            for node in within
            for target in nodes.descendants(node, "dot")
            if (right := target.child_by_field_name("right")) is not None
            and (name := file.text(right)).endswith("changeset")
        ),
        None,
    )
    changes = [
        call
        for call in file.calls("change")
        if call.module == "Ecto.Changeset" and any(nodes.encloses(node, call.node) for node in within)
    ]
    if named is not None or len(changes) != 1 or len(changes[0].all_args) != 2:
        return named
    keys = list(nodes.keyword_pairs(changes[0].all_args[1], file.data))
    return f"{keys[0]}_changeset" if len(keys) == 1 and keys[0].isidentifier() else None


def preloaded(call: Call) -> list[str]:
    """The associations that a preload names: `author` and `tags` of `[:author, tags: :kind]`."""
    if len(call.all_args) < 2:
        return []
    found: list[str] = []
    pending = [call.all_args[1]]
    while pending:
        node = pending.pop(0)
        name = nodes.atom_literal(node, call.file.data)
        if name is not None:
            found.append(name)
        elif node.type == "list":
            pending = [*nodes.named(node), *pending]
        elif node.type == "keywords":
            found.extend(nodes.keyword_pairs(node, call.file.data))
        else:
            return []
    return [name for name in dict.fromkeys(found) if re.fullmatch(r"[a-z]\w*", name)]


def joined_keys(keys: Sequence[str]) -> str | None:
    """`author_and_tags`; None for none, and for more than a name can hold."""
    return "_and_".join(keys) if 0 < len(keys) <= 2 else None
