"""When a line that reads the environment runs."""

from __future__ import annotations

from otpwise_analyzers.guide.token import Token
from otpwise_analyzers.project.places import is_config
from otpwise_analyzers.syntax import nodes

_AT_BOOT = ("runtime.exs", "releases.exs")


def when_read(token: Token) -> str:
    """A sentence on when the call under the token runs; empty when that cannot be told."""
    path = token.file.path
    name = path.rpartition("/")[2]
    if is_config(path):
        if name in _AT_BOOT:
            return f"Here (`{name}`): read at each boot."
        if name in ("dev.exs", "test.exs"):
            return f"Here (`{name}`): read when `mix` starts; no release has this file."
        return f"Here (`{name}`): read on the machine that builds the release, while it is built."
    definition = token.definition
    if definition is not None and definition.name:
        if definition.kind in ("defmacro", "defmacrop") or definition.quoted:
            return ""
        return f"Here: read each time that `{definition.name}/{definition.arity}` runs."
    # Between the module's own `do` and the call only blocks that run with it: a plug's route runs later.
    for ancestor in nodes.ancestors(token.node):
        if ancestor.type == "anonymous_function":
            return ""
        if ancestor.type == "do_block" and ancestor.parent is not None:
            target = ancestor.parent.child_by_field_name("target")
            if target is not None and token.file.text(target) == "defmodule":
                return "Here: read once, when the module is compiled."
            if target is None or token.file.text(target) not in ("if", "unless", "case", "cond"):
                return ""
    return ""
