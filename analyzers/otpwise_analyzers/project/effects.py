"""What the functions of a file do to the world outside of their process, each in its own body."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec
from tree_sitter import Node

from otpwise_analyzers.project.blocking_calls import http_calls, sleeps
from otpwise_analyzers.project.mail_calls import mail_candidates
from otpwise_analyzers.project.repo_calls import READS, TRANSACTIONS, WRITES
from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile
from otpwise_analyzers.syntax.loops import is_direct
from otpwise_analyzers.syntax.modules import Definition

_REPO_NAMES = READS | WRITES | TRANSACTIONS
# SQL of one's own may do anything, so it counts as a write.
_PLAIN_READS = READS - {"query", "query!", "query_many"}
_GUARDS = (b"assoc_loaded?", b"NotLoaded")


class Effect(StrEnum):
    """What a call of a function waits for."""

    READ = "read"
    WRITE = "write"
    HTTP = "http"
    SLEEP = "sleep"
    MAIL = "mail"


class Effects(msgspec.Struct, frozen=True, array_like=True):
    """What a function does directly: not in a loop, nor in a function that it hands to something else.

    `reads` and `writes` name the modules that may be repos, `mails` those that may be mailers; only the
    project knows which are.
    """

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    http: bool = False
    sleeps: bool = False
    mails: tuple[str, ...] = ()


NO_EFFECTS = Effects()


def repo_candidates(file: ElixirFile) -> list[Call]:
    """The calls with the name of a repo's function on a module that is called like a repo, in source order."""
    data = file.data
    if b"Repo" not in data:
        return []
    if b"Repo, as:" in data:
        calls = file.calls(*(name for name in _REPO_NAMES if name.encode() in file.names))
    else:
        calls = _written_on_repos(file)
    return [call for call in calls if _CALLED_LIKE_REPO.search(call.module or "") is not None]


_WRITTEN = re.compile(rb"Repo(?:[A-Z]\w*)?\.([a-z_]+[?!]?)")
_CALLED_LIKE_REPO = re.compile(r"Repo([A-Z]\w*)?$")


def _written_on_repos(file: ElixirFile) -> list[Call]:
    """The calls that are written as `Repo.name`. To look for their text takes less time than to ask every
    call of `get` and `all` for its receiver."""
    found = []
    root = file.root
    for match in _WRITTEN.finditer(file.data):
        name = match.group(1).decode()
        if name not in _REPO_NAMES:
            continue
        node = root.descendant_for_byte_range(match.start(1), match.end(1))
        dot = node.parent if node is not None and node.type == "identifier" else None
        if dot is None or dot.type != "dot" or dot.parent is None or dot.parent.type != "call":
            continue
        receiver = dot.child_by_field_name("left")
        if receiver is not None and receiver.type == "alias":
            found.append(Call(file, dot.parent, name, receiver))
    return found


def direct_effects(file: ElixirFile, repos: list[Call]) -> dict[int, dict[Effect, list[Call]]]:
    """What each clause does directly, by the clause's first byte; `repos` are the calls on repos."""
    found: dict[int, dict[Effect, list[Call]]] = {}

    def note(call: Call, effect: Effect) -> None:
        definition = call.definition
        if definition is not None and not _is_spared(call, effect, definition):
            found.setdefault(definition.node.start_byte, {}).setdefault(effect, []).append(call)

    for call in repos:
        note(call, Effect.READ if call.name in _PLAIN_READS else Effect.WRITE)
    for call in http_calls(file):
        note(call, Effect.HTTP)
    for call in sleeps(file):
        note(call, Effect.SLEEP)
    for call in mail_candidates(file):
        note(call, Effect.MAIL)
    return found


def _is_spared(call: Call, effect: Effect, definition: Definition) -> bool:
    if not is_direct(call.file, call.node, definition.node):
        return True
    # Read once and remembered, or read only when it was not loaded before.
    return effect is Effect.READ and ("decorate" in definition.attributes or is_fallback(call, definition))


def is_fallback(call: Call, definition: Definition) -> bool:
    """Whether the call only loads what was not loaded before: `if Ecto.assoc_loaded?(...)` around it, or a
    clause for `%Ecto.Association.NotLoaded{}`."""
    data = call.file.data
    node = definition.node
    if not _has_guard(data, node):
        return False
    for ancestor in nodes.ancestors(call.node):
        if ancestor == node:
            break
        if ancestor.type != "call":
            continue
        target = nodes.identifier(ancestor.child_by_field_name("target"), data)
        if target in ("if", "unless", "case", "cond", "with") and _has_guard(data, ancestor):
            return True
    return definition.head is not None and _has_guard(data, definition.head)


def _has_guard(data: bytes, node: Node) -> bool:
    text = data[node.start_byte : node.end_byte]
    return any(guard in text for guard in _GUARDS)
