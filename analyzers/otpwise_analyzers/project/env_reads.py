"""Where code reads the environment of the machine that it runs on."""

from __future__ import annotations

import re
from typing import NamedTuple

from tree_sitter import Node

from otpwise_analyzers.syntax import nodes
from otpwise_analyzers.syntax.calls import Call
from otpwise_analyzers.syntax.file import ElixirFile

READERS = ("get_env", "fetch_env", "fetch_env!")

# What only the building machine knows, or is asked on purpose while it builds.
_OF_THE_BUILD = re.compile(
    r"MIX_.*|CI|CI_.*|GITHUB_(ACTIONS|SHA|REF|REF_NAME|RUN_ID|RUN_NUMBER|WORKSPACE)|HOME|PWD|PATH|USER|TMPDIR"
    r"|((APP|RELEASE|SOURCE|BUILD|DOCKER|IMAGE)_)?(VERSION|VSN)"
    r"|(\w+_)?(GIT|COMMIT|SHA|REVISION|BUILD)(_(SHA|REV|REF|HASH|ID|TAG|TIME|DATE|NUMBER|COMMIT|BRANCH|REVISION))*"
    r"|\w*FORCE_BUILD|HEROKU_SLUG_COMMIT|HEROKU_RELEASE_VERSION",
    re.IGNORECASE,
)
_LOOKUPS = frozenset({"Map.get", "Map.fetch", "Map.fetch!", "Map.has_key?"})


class EnvRead(NamedTuple):
    """One read. `name` is the variable's, None when it is worked out or the whole environment is read.

    `node` is the expression that reads it, its own pipe included; `call` the call of `System` itself.
    """

    node: Node
    call: Call
    name: str | None

    @property
    def is_of_the_build(self) -> bool:
        """Whether the variable is one that says something of the build: `MIX_ENV`, `GIT_SHA`."""
        return self.name is not None and _OF_THE_BUILD.fullmatch(self.name) is not None

    @property
    def has_default(self) -> bool:
        """Whether the call itself says what there is without the variable, be it by raising."""
        return self.call.arity != 1 or self.call.name != "get_env"


def env_reads(file: ElixirFile) -> list[EnvRead]:
    """All reads of the environment in a file, in source order."""
    names = [name for name in READERS if name.encode() in file.names]
    return [_read(call) for call in file.calls(*names) if call.module == "System" and call.is_invocation]


def _read(call: Call) -> EnvRead:
    data = call.file.data
    if call.all_args:
        return EnvRead(call.expression, call, nodes.string_literal(call.all_args[0], data))
    return EnvRead(call.expression, call, _looked_up(call))


def _looked_up(call: Call) -> str | None:
    """`X` of `Map.get(System.get_env(), "X")`, piped or not, and of `System.get_env()["X"]`."""
    data = call.file.data
    parent = call.node.parent
    if parent is not None and parent.type == "access_call":
        key = parent.child_by_field_name("key")
        return nodes.string_literal(key, data) if key is not None else None
    lookup, at = parent, 1
    if parent is not None and nodes.is_operator(parent, "|>"):
        lookup, at = parent.child_by_field_name("right"), 0
    elif parent is not None and parent.type == "arguments":
        lookup = parent.parent
    if lookup is None or lookup.type != "call":
        return None
    target = lookup.child_by_field_name("target")
    arguments = nodes.arguments_of(lookup)
    if target is None or call.file.text(target) not in _LOOKUPS or len(arguments) <= at:
        return None
    return nodes.string_literal(arguments[at], data)
